"""The `dlcalc` command."""

from __future__ import annotations

import importlib
import importlib.util
import os
import signal
import subprocess
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

import dlcalc
from dlcalc.lessons import Copied, copy_lessons

FIRST_LESSON = "00_start_here.ipynb"
# Options of JupyterLab that stand alone; any other option takes the word after it as its value.
SWITCHES = frozenset(
    [
        "--allow-root",
        "--app-dir-in-use",
        "--autoreload",
        "--collaborative",
        "--core-mode",
        "--custom-css",
        "--debug",
        "--dev-mode",
        "--expose-app-in-browser",
        "--extensions-in-dev-mode",
        "--generate-config",
        "--help",
        "--help-all",
        "--json",
        "--no-browser",
        "--no-mathjax",
        "--no-script",
        "--script",
        "--show-config",
        "--show-config-json",
        "--skip-dev-build",
        "--splice-source",
        "--version",
        "--watch",
        "-h",
        "-y",
    ]
)


# Commands that live with what they do, loaded when they are asked for: `dlcalc lab` need not wait for the grader.
ELSEWHERE = {
    "grade": ("dlcalc.grading.command", "grade", "Grade the notebooks of a class in a sandbox."),
    "export": ("dlcalc.grading.export", "export", "Write the course or its grades in other systems' formats."),
    "site": ("dlcalc.site.command", "site", "Write the course as a static site."),
}


class Commands(click.Group):
    """The commands of this module and those of `ELSEWHERE`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command's name, in the order of the help."""
        return sorted({*super().list_commands(ctx), *ELSEWHERE})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, or None."""
        if cmd_name not in ELSEWHERE:
            return super().get_command(ctx, cmd_name)
        module, name, sentence = ELSEWHERE[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), name)
        command.short_help = sentence
        return command


# Each of these decides what JupyterLab shows first, and a user's configuration may have set any of them for other work.
ROOT_OPTIONS = ("--ServerApp.root_dir", "--FileContentsManager.root_dir")
FIRST_OPTIONS = ("--ServerApp.preferred_dir", "--FileContentsManager.preferred_dir")


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(dlcalc.__version__, prog_name="dlcalc")
def main() -> None:
    """The calculus behind backpropagation: open the lessons, see your progress, grade a class."""


@main.command(
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    options_metavar="",
    short_help="Open the lessons in JupyterLab.",
)
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[FOLDER] [JUPYTERLAB OPTIONS]...")
def lab(words: tuple[str, ...]) -> None:
    """Open the lessons in JupyterLab.

    The lessons are put into FOLDER (default: my-lessons). What you have changed there is never overwritten; what you
    have not changed is brought up to date. Every other option goes to JupyterLab, for instance --no-browser or
    --port=9000.
    """
    if importlib.util.find_spec("jupyterlab") is None:
        raise click.ClickException('JupyterLab is not installed: python -m pip install "dlcalc[lab]"')
    folder, options = split_folder(words)
    try:
        copied = copy_lessons(folder)
    except OSError as error:
        message = f"The lessons cannot be put into {folder}: {error}"
        raise click.ClickException(message) from None
    tell(folder, copied)
    command = jupyterlab_command(folder.resolve(), options)
    with subprocess.Popen(command) as server:
        # Whoever ends this command, as a container does, means the server.
        signal.signal(signal.SIGTERM, lambda *_: server.terminate())
        sys.exit(wait(server))


@main.command(short_help="Show your points, attempts and predictions.")
@click.option("--export", "target", type=click.Path(path_type=Path, dir_okay=False), help="Write it all as JSON.")
def progress(target: Path | None) -> None:
    """Show your points, attempts and predictions, which are kept on this computer alone.

    What a class has exported, dlcalc slips counts.
    """
    standing = importlib.import_module("dlcalc.exercises").progress()
    if target is None:
        click.echo(repr(standing))
        return
    try:
        click.echo(f"written to {standing.export(target)}")
    except OSError as error:
        message = f"{target} cannot be written: {error}"
        raise click.ClickException(message) from None


@main.command(short_help="Show which slips a class makes, as a histogram.")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
def slips(files: tuple[Path, ...]) -> None:
    """Show which slips a class makes, from exported progress (JSON) or tables of grades (CSV)."""
    slip_histogram = importlib.import_module("dlcalc.exercises").slip_histogram
    readable = []
    for file in files:
        try:
            slip_histogram([file])
        except (OSError, ValueError) as error:
            click.echo(f"left out: {error}", err=True)
        else:
            readable.append(file)
    if not readable:
        message = "none of these files could be read"
        raise click.ClickException(message)
    histogram = slip_histogram(readable)
    if not histogram:
        click.echo("No slips in these files.")
        return
    table = Table("exercise", "slip", "learners", "")
    most = max(count for counts in histogram.values() for count in counts.values())
    for exercise, counts in histogram.items():
        for slip, count in counts.items():
            table.add_row(exercise, slip, str(count), "█" * max(1, round(30 * count / most)))
    Console().print(table)


def split_folder(words: tuple[str, ...]) -> tuple[Path, list[str]]:
    """The folder among these words, and the words that are JupyterLab's."""
    folders, options, expects_value = [], [], False
    for word in words:
        is_option = word.startswith("-") and word != "-"
        if is_option or expects_value:
            options.append(word)
        else:
            folders.append(word)
        expects_value = is_option and "=" not in word and word not in SWITCHES
    if len(folders) > 1:
        message = f"one folder at a time, not {len(folders)}: {', '.join(folders)}"
        raise click.UsageError(message)
    return Path(folders[0] if folders else "my-lessons").expanduser(), options


def tell(folder: Path, copied: Copied) -> None:
    """Say in a line each what was put into the folder and what was left alone."""
    if copied.new:
        click.echo(f"{len(copied.new)} lessons put into {folder}")
    if copied.updated:
        click.echo(f"brought up to date: {', '.join(copied.updated)}")
    if copied.kept:
        click.echo(f"kept as you left them: {', '.join(copied.kept)}")


def jupyterlab_command(folder: Path, options: list[str]) -> list[str]:
    """The command line that shows this folder first and opens the first lesson; the user's options come after ours."""
    command = [sys.executable, "-m", "jupyterlab"]
    if not any(option.startswith((*ROOT_OPTIONS, "--notebook-dir")) for option in options):
        command.extend(f"{name}={folder}" for name in ROOT_OPTIONS)
        if not any(option.startswith((*FIRST_OPTIONS, "--preferred-dir")) for option in options):
            command.extend(f"{name}={folder}" for name in FIRST_OPTIONS)
    # Jupyter refuses to start as root unless told; in a container root is the only user there is.
    if hasattr(os, "geteuid") and os.geteuid() == 0 and "--allow-root" not in options:
        command.append("--allow-root")
    command.extend(options)
    if (folder / FIRST_LESSON).exists():
        command.append(str(folder / FIRST_LESSON))
    return command


def wait(server: subprocess.Popen[bytes]) -> int:
    """The server's exit status; Ctrl-C is the server's to answer, which asks before it stops."""
    while True:
        try:
            return server.wait()
        except KeyboardInterrupt:
            continue
