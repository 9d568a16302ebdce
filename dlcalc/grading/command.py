"""``dlcalc grade``: the command line of the grader."""

from __future__ import annotations

import importlib
import importlib.util
import os
import signal
import sys
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from dlcalc.grading.assembly import SANDBOXES, assemble
from dlcalc.grading.docker import IMAGE
from dlcalc.grading.launching import SandboxError
from dlcalc.grading.report import write_reports
from dlcalc.grading.rows import write_table
from dlcalc.grading.runner import grade_all, grade_one
from dlcalc.grading.settings import Settings
from dlcalc.grading.state import State, StateError
from dlcalc.grading.submission import find_submissions
from dlcalc.grading.trial import try_known_answers
from dlcalc.grading.worker_process import Interrupted

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from types import FrameType

    from dlcalc.grading.grader import Grader


ALL_READ, SOME_UNREADABLE, NOTHING_GRADED, INTERRUPTED = 0, 1, 2, 130

DANGER = """Without a sandbox every submission can read, change and delete whatever you can, other submissions and the
grades included. Grade without a sandbox?"""


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILES-OR-FOLDERS")
@click.option("--seed", type=click.IntRange(min=0), required=True, help="Draws the secret inputs; keep it to yourself.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Where to write the table of grades (CSV).")
@click.option("--jobs", type=click.IntRange(min=1), help="Submissions at a time (as many as there are processors).")
@click.option("--report", type=click.Path(path_type=Path), help="A folder for the reports in HTML.")
@click.option("--sandbox", type=click.Choice(SANDBOXES), default="bwrap", show_default=True)
@click.option("--image", default=IMAGE, show_default=True, help="The image for --sandbox docker.")
@click.option("--cluster", metavar="ADDRESS", help='A Dask scheduler to spread the work over, or "local".')
@click.option("--yes", is_flag=True, help="Answer yes to the question that --sandbox none asks.")
@click.option("--fresh", is_flag=True, help="Grade everything anew, also what an earlier run has graded.")
def grade(
    files: tuple[str, ...],
    seed: int,
    out: Path,
    jobs: int | None,
    report: Path | None,
    sandbox: str,
    image: str,
    cluster: str | None,
    yes: bool,
    fresh: bool,
) -> None:
    """Grade notebooks: their exercise cells only, each in a sandbox, on secret inputs.

    Writes one row for each exercise of every lesson that a submission holds a cell of. What is graded is kept beside
    the table, so the same command goes on after an interruption.

    Exit status: 0 if every file was read, 1 if some could not be, 2 if nothing was graded.
    """
    if sandbox == "none" and not yes:
        _confirm_danger()
    paths = find_submissions(list(files))
    if not paths:
        _refuse("No notebooks (*.ipynb) were found there.")
    _check_places(out, report)
    settings = Settings(seed, sandbox, image)
    try:
        with _stoppable(), ExitStack() as stack:
            grader, close = assemble(settings)
            stack.callback(close)
            try_known_answers(grader)
            state = stack.enter_context(State(out))
            if fresh:
                state.forget()
            if cluster is None:
                done = grade_all(paths, partial(grade_one, grader, settings, state), jobs or _processors())
            else:
                spread = _cluster_module()
                client = stack.enter_context(spread.connected(cluster, jobs or _processors()))
                done = spread.grade_on_cluster(client, settings, state, paths)
            graded = _run(grader, done, len(paths))
            status = _write(state, paths, out, report)
    except (SandboxError, StateError, OSError) as error:
        _refuse(str(error))
    except (KeyboardInterrupt, Interrupted):
        click.echo("\nStopped. What was graded is kept; the same command goes on from there.", err=True)
        sys.exit(INTERRUPTED)
    count = f"{len(paths)} submission{'s' if len(paths) != 1 else ''}"
    click.echo(f"{count} ({graded} of them graded now): {out}", err=True)
    sys.exit(status)


def _confirm_danger() -> None:
    try:
        agreed = click.confirm(DANGER.replace("\n", " "), default=False, err=True)
    except click.Abort:
        agreed = False
    if not agreed:
        _refuse("Nothing was graded: --sandbox none needs an explicit yes (or --yes).")


def _refuse(sentence: str) -> NoReturn:
    click.echo(sentence, err=True)
    sys.exit(NOTHING_GRADED)


def _check_places(out: Path, report: Path | None) -> None:
    """Refuse, before anything is graded, what could not be written afterwards."""
    if out.is_dir():
        _refuse(f"--out {out} is a folder; name a file, such as {out / 'grades.csv'}.")
    if not out.parent.is_dir():
        _refuse(f"The folder of --out {out} does not exist.")
    if report is not None:
        try:
            report.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            _refuse(f"--report {report} cannot be made: {error.strerror}.")


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def _stoppable() -> Iterator[None]:
    """Let the end of the session (SIGTERM, SIGHUP) stop a run as Ctrl-C does: with no sandbox left behind."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    names = [name for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {name: signal.signal(getattr(signal, name), stop) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)


def _cluster_module() -> Any:
    """`dlcalc.grading.cluster`, whose library is an extra."""
    if importlib.util.find_spec("distributed") is None:
        raise SandboxError('--cluster needs Dask: python -m pip install "dlcalc[cluster]"')
    return importlib.import_module("dlcalc.grading.cluster")


def _run(grader: Grader, done: Generator[bool, None, None], total: int) -> int:
    """Wait for all submissions behind a progress bar, and count those that had to be graded."""
    columns = (TextColumn("Grading"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    # Judging redirects standard output for a moment; the bar keeps to the real one.
    console = Console(file=sys.__stderr__)
    graded = 0
    with Progress(*columns, console=console, disable=not console.is_terminal, redirect_stdout=False) as progress:
        task = progress.add_task("grade", total=total)
        try:
            for was_graded in done:
                graded += was_graded
                progress.advance(task)
        except BaseException:
            # The threads of the pool wait for their sandboxes: end these first.
            grader.watcher.close()
            done.close()
            raise
    return graded


def _write(state: State, paths: list[str], out: Path, report: Path | None) -> int:
    write_table(out, state.rows(paths))
    if report is not None:
        write_reports(report, state.rows(paths))
    unread = any(not row.exercise and row.verdict == "error" for row in state.rows(paths))
    return SOME_UNREADABLE if unread else ALL_READ
