"""Makes the notebooks from their sources.

python lessons/build.py            the learners' notebooks and the worked edition (runs every lesson)
python lessons/build.py 04 07      only these
python lessons/build.py --learner  only the learners' notebooks, which takes a second
python lessons/build.py --check    write nothing; exit with 1 if a notebook is out of step with its source

`source/NN_name.py` (jupytext's py:percent format, with solutions) is the only form that people edit. Between
`### BEGIN SOLUTION` and `### END SOLUTION` a learner's notebook has `...`, or what stands after `### LEARNERS GET`, as
with a mistake to mend; in the worked edition each `predict` has its answer. Before the first code of a lesson stands a
folded cell that installs dlcalc where it is missing, from the repository's address in pyproject.toml. Notes to tools
are for those who edit: the worked edition keeps nbval's `# NBVAL_CHECK_OUTPUT` alone, above the outputs with the
lecture's numbers; a learner's notebook, which has no outputs to check, has none. `--check` compares everything but the
outputs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import sys
import tempfile
import tomllib
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

from dlcalc.exercises import QUESTIONS

LESSONS = Path(__file__).resolve().parent
ROOT = LESSONS.parent
SOLUTION = re.compile(
    r"\n*^([ \t]*)### BEGIN SOLUTION\n.*?(?:^[ \t]*### LEARNERS GET\n(.*?))?^[ \t]*### END SOLUTION\n?",
    re.MULTILINE | re.DOTALL,
)
FOR_LEARNERS = re.compile(r"^[ \t]*### LEARNERS GET\n.*?(?=^[ \t]*### END SOLUTION)", re.MULTILINE | re.DOTALL)
QUESTION = re.compile(r"""predict\("([^"]+)"\)""")
MARKER = re.compile(r"^[ \t]*### (BEGIN|END) SOLUTION\n?", re.MULTILINE)
FOR_NBVAL = re.compile(r"^# NBVAL_\w+\n", re.MULTILINE)
FOR_RUFF = re.compile(r"  # fmt: skip$", re.MULTILINE)
# On PyPI the name belongs to another project, so the address is the repository's.
INSTALL = """\
# Installs dlcalc where it is missing.
# That is so on Google Colab or in VS Code, for instance; anywhere else this does nothing.
import importlib.util, subprocess, sys

if importlib.util.find_spec("dlcalc") is None:
    source = "dlcalc[lab] @ git+{repository}"
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", source], check=True)"""
FOLDED = {"cellView": "form", "jupyter": {"source_hidden": True}, "tags": ["install"]}
KERNEL = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"},
}


def main() -> int:
    """Build or check the lessons named on the command line; all of them by default."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lessons", nargs="*", metavar="NN", help="numbers of lessons, such as 04 (default: all)")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if something is out of step")
    parser.add_argument("--learner", action="store_true", help="leave the worked edition as it is")
    options = parser.parse_args()
    sources = chosen_sources(options.lessons)
    if options.check:
        stale = [path for source in sources for path in out_of_step(source)]
        for path in stale:
            print(f"{path.relative_to(LESSONS)} is out of step with its source: run python lessons/build.py")
        return 1 if stale else 0
    for source in sources:
        write(learner_path(source), learner_edition(source))
        if not options.learner:
            write(worked_path(source), run(worked_edition(source)))
        print(source.stem)
    return 0


def chosen_sources(numbers: list[str]) -> list[Path]:
    """The sources of these lessons, in order."""
    sources = sorted((LESSONS / "source").glob("[0-9][0-9]_*.py"))
    unknown = set(numbers) - {source.name[:2] for source in sources}
    if unknown:
        known = ", ".join(source.name[:2] for source in sources)
        sys.exit(f"There is no lesson {', '.join(sorted(unknown))}; there are {known}.")
    return [source for source in sources if not numbers or source.name[:2] in numbers]


def learner_path(source: Path) -> Path:
    """Where the learner's notebook of this source lies."""
    return LESSONS / f"{source.stem}.ipynb"


def worked_path(source: Path) -> Path:
    """Where the worked edition of this source lies."""
    return LESSONS / "solutions" / f"{source.stem}.ipynb"


def read(source: Path) -> NotebookNode:
    """The notebook that a source stands for, with ids that depend on the cells alone."""
    parsed = jupytext.read(source, fmt="py:percent")
    cells, taken = [], set()
    for cell in parsed.cells:
        metadata = {key: value for key, value in cell.metadata.items() if key in ("tags", "dlcalc")}
        make = nbformat.v4.new_code_cell if cell.cell_type == "code" else nbformat.v4.new_markdown_cell
        if "dlcalc" in cell.source and cell.cell_type == "code" and "install" not in taken:
            cells.append(install_cell())
            taken.add("install")
        cells.append(make(cell.source, metadata=metadata, id=cell_id(cell, taken)))
    return nbformat.v4.new_notebook(cells=cells, metadata={**KERNEL, "dlcalc": {"lesson": source.name[:2]}})


def install_cell() -> NotebookNode:
    """The folded cell before a lesson's first code."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    code = INSTALL.format(repository=pyproject["project"]["urls"]["Repository"])
    return nbformat.v4.new_code_cell(code, metadata=FOLDED, id="install")


def cell_id(cell: NotebookNode, taken: set[str]) -> str:
    """An id that survives changes elsewhere in the notebook: the exercise's, else a digest of the text."""
    exercise = cell.metadata.get("dlcalc", {}).get("exercise")
    digest = hashlib.sha256(cell.source.encode()).hexdigest()[:12]
    base = "exercise-" + exercise.replace(".", "-") if exercise else f"{cell.cell_type}-{digest}"
    candidates = (base if n == 1 else f"{base}-{n}" for n in range(1, 1000))
    free = next(candidate for candidate in candidates if candidate not in taken)
    taken.add(free)
    return free


def learner_edition(source: Path) -> NotebookNode:
    """The notebook with every solution taken out."""
    notebook = read(source)
    for cell in notebook.cells:
        cell.source = SOLUTION.sub(lambda found: f"\n{found[2] or found[1] + '...'}\n", cell.source).rstrip("\n")
        cell.source = FOR_RUFF.sub("", FOR_NBVAL.sub("", cell.source))
    return notebook


def worked_edition(source: Path) -> NotebookNode:
    """The notebook with its solutions, not yet run."""
    notebook = read(source)
    for cell in notebook.cells:
        cell.source = MARKER.sub("", FOR_LEARNERS.sub("", cell.source)).rstrip("\n")
        if cell.cell_type == "code":
            cell.source = FOR_RUFF.sub("", QUESTION.sub(answered, cell.source))
    return notebook


def answered(call: re.Match[str]) -> str:
    """The call of `predict` with the right answer, which opens the figures that wait for it."""
    question = QUESTIONS[call[1]]
    right = next((choice.key for choice in question.choices if choice.right), question.number)
    return f'predict("{question.id}", {json.dumps(right)})'


def run(notebook: NotebookNode) -> NotebookNode:
    """The notebook with its outputs, without what changes from run to run or needs a kernel to be seen."""
    with tempfile.TemporaryDirectory() as scratch:
        environment = {**os.environ, "DLCALC_DATA": scratch}
        client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": scratch}})
        client.execute(env=environment, cleanup_kc=True)
    notebook.metadata.pop("widgets", None)
    notebook.metadata["language_info"] = dict(KERNEL["language_info"])
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = [output for output in map(without_widget, cell.outputs) if output is not None]
    return notebook


def without_widget(output: NotebookNode) -> NotebookNode | None:
    """The output without a live widget, of which a saved notebook would show a broken frame; None if that was all."""
    if output.get("data", {}).pop("application/vnd.jupyter.widget-view+json", None) is None:
        return output
    return output if "text/html" in output.data else None


def write(path: Path, notebook: NotebookNode) -> None:
    """Write a notebook, the same bytes for the same content on every system."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(text(notebook), encoding="utf-8", newline="\n")


def text(notebook: NotebookNode) -> str:
    """The notebook file's text."""
    nbformat.validate(notebook)
    return nbformat.writes(notebook) + "\n"


def out_of_step(source: Path) -> list[Path]:
    """The notebooks of this source that are missing or differ from what it would give."""
    stale = []
    learner, worked = learner_path(source), worked_path(source)
    if not learner.exists() or learner.read_text(encoding="utf-8") != text(learner_edition(source)):
        stale.append(learner)
    if not worked.exists() or text(without_outputs(worked)) != text(worked_edition(source)):
        stale.append(worked)
    return stale


def without_outputs(path: Path) -> NotebookNode:
    """The notebook at this path as it was before it ran."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


if __name__ == "__main__":
    sys.exit(main())
