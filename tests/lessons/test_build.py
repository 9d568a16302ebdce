import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

LESSONS = Path(__file__).resolve().parents[2] / "lessons"
SOURCES = sorted((LESSONS / "source").glob("[0-9][0-9]_*.py"))


@pytest.fixture(scope="module")
def build():
    spec = importlib.util.spec_from_file_location("lessons_build", LESSONS / "build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SMALL = '''# %% [markdown]
# # A lesson

# %% tags=["exercise"] dlcalc={"exercise": "04.drelu"}
def drelu(z):
    """φ′(z)."""
    ### BEGIN SOLUTION
    return (z > 0) * 1.0
    ### END SOLUTION


# %%
print(6 * 7)
'''


@pytest.fixture
def small(tmp_path, build, monkeypatch):
    monkeypatch.setattr(build, "LESSONS", tmp_path)
    source = tmp_path / "source" / "77_small.py"
    source.parent.mkdir()
    source.write_text(SMALL, encoding="utf-8")
    return source


def test_the_learners_cell_keeps_signature_and_docstring_alone(build, small):
    cell = build.learner_edition(small).cells[1]
    assert cell.source == 'def drelu(z):\n    """φ′(z)."""\n    ...'
    assert cell.metadata == {"tags": ["exercise"], "dlcalc": {"exercise": "04.drelu"}}


def test_a_blank_line_before_the_solution_is_part_of_it(build, small):
    small.write_text(SMALL.replace("    ### BEGIN", "\n    ### BEGIN"), encoding="utf-8")
    assert build.learner_edition(small).cells[1].source == 'def drelu(z):\n    """φ′(z)."""\n    ...'


def test_a_mistake_to_mend_is_what_learners_get_and_the_worked_edition_has_it_mended(build, small):
    mistake = "    ### LEARNERS GET\n    return (z >= 0) * 1.0\n    ### END"
    small.write_text(SMALL.replace("    ### END", mistake), encoding="utf-8")
    assert build.learner_edition(small).cells[1].source.splitlines()[2:] == ["    return (z >= 0) * 1.0"]
    assert build.worked_edition(small).cells[1].source.splitlines()[2:] == ["    return (z > 0) * 1.0"]


def test_notes_to_tools_are_not_shown_but_the_worked_edition_keeps_nbvals(build, small):
    small.write_text("# %%\n# NBVAL_CHECK_OUTPUT\nprint([1,\n       2])  # fmt: skip\n", encoding="utf-8")
    assert build.learner_edition(small).cells[0].source == "print([1,\n       2])"
    assert build.worked_edition(small).cells[0].source == "# NBVAL_CHECK_OUTPUT\nprint([1,\n       2])"


def test_ids_survive_a_change_elsewhere(build, small):
    before = [cell.id for cell in build.learner_edition(small).cells]
    small.write_text("# %% [markdown]\n# New at the top\n\n" + SMALL, encoding="utf-8")
    after = [cell.id for cell in build.learner_edition(small).cells]
    assert after[1:] == before
    assert before[1] == "exercise-04-drelu"


def test_equal_cells_get_different_ids(build, small):
    small.write_text("# %%\n1 + 1\n\n# %%\n1 + 1\n", encoding="utf-8")
    first, second = build.learner_edition(small).cells
    assert first.id != second.id


def test_building_twice_gives_the_same_bytes(build, small, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["build.py"])
    assert build.main() == 0
    first = [build.learner_path(small).read_bytes(), build.worked_path(small).read_bytes()]
    assert build.main() == 0
    assert [build.learner_path(small).read_bytes(), build.worked_path(small).read_bytes()] == first


def test_the_worked_edition_has_outputs_and_no_marker(build, small, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["build.py", "77"])
    build.main()
    worked = nbformat.read(build.worked_path(small), as_version=4)
    assert worked.cells[2].outputs[0].text == "42\n"
    assert "SOLUTION" not in worked.cells[1].source
    assert "return (z > 0)" in worked.cells[1].source


@pytest.mark.parametrize("change", ["source", "learner", "worked", "missing"])
def test_check_sees_each_way_of_being_out_of_step(build, small, monkeypatch, capsys, change):
    monkeypatch.setattr(sys, "argv", ["build.py"])
    build.main()
    monkeypatch.setattr(sys, "argv", ["build.py", "--check"])
    assert build.main() == 0
    if change == "source":
        small.write_text(SMALL.replace("6 * 7", "6 * 8"), encoding="utf-8")
    elif change == "missing":
        build.worked_path(small).unlink()
    else:
        path = build.learner_path(small) if change == "learner" else build.worked_path(small)
        path.write_text(path.read_text(encoding="utf-8").replace("A lesson", "A lession"), encoding="utf-8")
    capsys.readouterr()
    assert build.main() == 1
    assert "is out of step with its source: run python lessons/build.py" in capsys.readouterr().out


def test_an_unknown_lesson_gets_a_sentence(build, small):
    with pytest.raises(SystemExit, match=re.escape("There is no lesson 78; there are 77.")):
        build.chosen_sources(["78"])


def test_the_notebooks_in_the_repository_are_in_step():
    run = subprocess.run([sys.executable, LESSONS / "build.py", "--check"], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
class TestEveryLesson:
    def test_no_code_cell_is_longer_than_ten_lines(self, build, source):
        for cell in build.worked_edition(source).cells:
            if cell.cell_type == "code" and "exercise" not in cell.metadata.get("tags", []):
                lines = [line for line in cell.source.splitlines() if line.strip()]
                assert len(lines) <= 10, cell.source

    def test_exercise_cells_carry_the_id_and_the_tag_and_no_solution(self, build, source):
        cells = [cell for cell in build.learner_edition(source).cells if "dlcalc" in cell.metadata]
        for cell in cells:
            assert cell.metadata.tags == ["exercise"]
            assert cell.metadata.dlcalc.exercise.split(".")[0] == source.name[:2]
            assert "..." in cell.source
            assert "SOLUTION" not in cell.source

    def test_the_learners_notebook_has_no_output(self, build, source):
        notebook = nbformat.read(build.learner_path(source), as_version=4)
        assert all(not cell.outputs for cell in notebook.cells if cell.cell_type == "code")

    def test_the_worked_edition_has_numbers_for_nbval_to_check(self, build, source):
        worked = nbformat.read(build.worked_path(source), as_version=4)
        checked = [cell for cell in worked.cells if cell.source.startswith("# NBVAL_CHECK_OUTPUT\n")]
        assert all(cell.outputs for cell in checked)
        assert checked or source.name[:2] == "00"
        assert "NBVAL" not in build.learner_path(source).read_text(encoding="utf-8")

    def test_every_check_of_the_worked_edition_has_full_points(self, build, source):
        worked = nbformat.read(build.worked_path(source), as_version=4)
        shown = [str(cell.outputs) for cell in worked.cells if cell.source.startswith("check(")]
        points = [re.search(r"(\d+) of (\d+) points?", text) for text in shown]
        assert points
        assert all(found[1] == found[2] for found in points)

    def test_no_widget_state_is_saved(self, build, source):
        for path in (build.learner_path(source), build.worked_path(source)):
            saved = path.read_text(encoding="utf-8")
            assert "widget-state" not in saved
            assert "widget-view" not in saved


# The cell that installs dlcalc where it is missing.


def install_cells(notebook):
    return [cell for cell in notebook.cells if "install" in cell.metadata.get("tags", [])]


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name[:2])
def test_every_lesson_begins_its_code_with_a_folded_cell_that_installs(build, source):
    for notebook in (build.learner_edition(source), build.worked_edition(source)):
        first = next(cell for cell in notebook.cells if cell.cell_type == "code")
        assert install_cells(notebook) == [first]
        assert first.id == "install"
        assert first.metadata["jupyter"]["source_hidden"]
        assert notebook.cells[0].cell_type == "markdown"


def test_the_cell_is_silent_where_dlcalc_is(build, capsys, monkeypatch):
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("it ran a program"))
    exec(build.install_cell().source, {})
    assert capsys.readouterr() == ("", "")


def test_where_dlcalc_is_missing_the_cell_installs_it_from_the_repository_and_not_from_pypi(build, monkeypatch):
    ran = []
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    monkeypatch.setattr(subprocess, "run", lambda command, **options: ran.append((command, options)))
    exec(build.install_cell().source, {})
    ((command, options),) = ran
    assert command[:4] == [sys.executable, "-m", "pip", "install"]
    assert re.fullmatch(r"dlcalc\[lab\] @ git\+https://[^ ]+", command[-1])
    assert options["check"]


def test_a_notebook_that_uses_no_dlcalc_installs_nothing(build, small):
    assert install_cells(build.learner_edition(small)) == []
