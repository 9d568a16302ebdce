import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import dlcalc
from dlcalc import __main__ as entry
from dlcalc import cli

NAMES = cli.main.list_commands(click.Context(cli.main))


def run(*words):
    return CliRunner().invoke(cli.main, words)


def test_help_names_every_command_with_a_sentence():
    shown = run("--help")
    assert shown.exit_code == 0
    for name in NAMES:
        assert re.search(rf"^  {name} +\w", shown.output, re.MULTILINE), name


def test_every_command_has_help():
    for name in NAMES:
        shown = run(name, "--help")
        assert shown.exit_code == 0
        assert shown.output.startswith("Usage:")


def test_version_is_the_packages():
    assert dlcalc.__version__ in run("--version").output


@pytest.mark.parametrize(
    ("words", "folder", "options"),
    [
        ((), "my-lessons", []),
        (("course",), "course", []),
        (("course", "--no-browser"), "course", ["--no-browser"]),
        (("--no-browser", "course"), "course", ["--no-browser"]),
        (("--port", "9000"), "my-lessons", ["--port", "9000"]),
        (("--port", "9000", "course"), "course", ["--port", "9000"]),
        (("--port=9000", "course", "--ip=127.0.0.1"), "course", ["--port=9000", "--ip=127.0.0.1"]),
        (("course", "--allow-root", "--debug"), "course", ["--allow-root", "--debug"]),
    ],
)
def test_the_folder_is_told_from_jupyterlabs_options(words, folder, options):
    assert cli.split_folder(words) == (Path(folder), options)


def test_two_folders_are_one_too_many():
    with pytest.raises(click.UsageError, match="one folder at a time, not 2: a, b"):
        cli.split_folder(("a", "b"))


def test_every_switch_of_jupyterlab_is_known_to_stand_alone():
    from jupyterlab.labapp import LabApp

    flags = {("-" if len(flag) == 1 else "--") + flag for flag in LabApp.flags}
    assert flags - {"-h"} <= cli.SWITCHES


def test_a_root_folder_of_the_users_own_is_not_overruled(tmp_path):
    command = cli.jupyterlab_command(tmp_path, ["--ServerApp.root_dir=/elsewhere"])
    assert [word for word in command if "_dir=" in word] == ["--ServerApp.root_dir=/elsewhere"]


def test_a_preferred_folder_of_the_users_own_is_not_overruled(tmp_path):
    command = cli.jupyterlab_command(tmp_path, ["--preferred-dir=part"])
    assert not any(word.startswith(cli.FIRST_OPTIONS) for word in command)
    assert f"--ServerApp.root_dir={tmp_path}" in command


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM to pass on")
def test_a_termination_reaches_jupyterlab(tmp_path):
    stub = "import pathlib, signal, sys, time\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\n"
    stub += "pathlib.Path('started').touch()\ntime.sleep(10)\n"
    (tmp_path / "jupyterlab.py").write_text(stub)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(Path(dlcalc.__file__).parents[1])])}
    command = [sys.executable, "-m", "dlcalc", "lab"]
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL) as process:
        while not (tmp_path / "started").exists() and process.poll() is None:
            time.sleep(0.05)
        process.terminate()
        assert process.wait(20) == 7


def test_the_first_lesson_opens(tmp_path):
    assert not cli.jupyterlab_command(tmp_path, [])[-1].endswith(".ipynb")
    (tmp_path / cli.FIRST_LESSON).write_text("{}")
    assert cli.jupyterlab_command(tmp_path, [])[-1] == str(tmp_path / cli.FIRST_LESSON)


def test_a_file_in_the_place_of_the_folder_gets_one_sentence(tmp_path):
    (tmp_path / "course").write_text("a file")
    shown = run("lab", str(tmp_path / "course"))
    assert shown.exit_code == 1
    assert "is a file; the lessons need a folder" in shown.output


def test_without_click_the_command_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "click", None)
    monkeypatch.delitem(sys.modules, "dlcalc.cli")
    with pytest.raises(SystemExit, match=re.escape('needs click: python -m pip install "dlcalc[lab]"')):
        entry.main()


def test_a_module_of_ours_that_is_missing_is_not_hidden(monkeypatch):
    monkeypatch.setitem(sys.modules, "dlcalc.lessons", None)
    monkeypatch.delitem(sys.modules, "dlcalc.cli")
    with pytest.raises(ModuleNotFoundError, match=re.escape("dlcalc.lessons")):
        entry.main()


def test_the_module_runs_as_a_command():
    shown = subprocess.run([sys.executable, "-m", "dlcalc", "--version"], capture_output=True, text=True, check=True)
    assert dlcalc.__version__ in shown.stdout


def test_importing_dlcalc_loads_numpy_and_nothing_else():
    code = (
        "import json, sys; import numpy; before = set(sys.modules); import dlcalc; "
        "print(json.dumps(sorted({name.partition('.')[0] for name in set(sys.modules) - before} - {'dlcalc'})))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"matplotlib", "ipywidgets", "IPython", "scipy", "anywidget", "click"}
    assert not heavy & set(json.loads(shown.stdout))


def test_an_unknown_command_is_named():
    shown = run("grad")
    assert shown.exit_code == 2
    assert "grad" in shown.output


def test_progress_is_shown_and_exported(tmp_path):
    assert "points" in run("progress").output
    shown = run("progress", "--export", str(tmp_path / "mine.json"))
    assert shown.exit_code == 0
    assert json.loads((tmp_path / "mine.json").read_text(encoding="utf-8"))["format"] == "dlcalc progress"


def test_progress_that_cannot_be_written_gets_a_sentence(tmp_path):
    shown = run("progress", "--export", str(tmp_path / "nowhere" / "mine.json"))
    assert shown.exit_code == 1
    assert "cannot be written" in shown.output


def test_slips_of_a_class_are_counted_from_grades(tmp_path):
    table = "submission,exercise,points,max_points,verdict,message\na,04.drelu,0,1,slip:mask v ≥ 0,m\n"
    (tmp_path / "grades.csv").write_text(table + table.splitlines()[1].replace("a,", "b,", 1), encoding="utf-8")
    shown = run("slips", str(tmp_path / "grades.csv"))
    assert re.search(r"04\.drelu +│ +mask v ≥ 0 +│ +2", shown.output)


def test_slips_of_something_else_get_a_sentence(tmp_path):
    (tmp_path / "other.json").write_text("{}", encoding="utf-8")
    shown = run("slips", str(tmp_path / "other.json"))
    assert shown.exit_code == 1
    assert "no exported progress" in shown.output


def test_a_damaged_file_is_named_and_the_rest_of_the_class_counted(tmp_path):
    table = "submission,exercise,points,max_points,verdict,message\na,04.drelu,0,1,slip:leaky,m\n"
    # As a spreadsheet saves it, with a byte order mark.
    (tmp_path / "grades.csv").write_text(table, encoding="utf-8-sig")
    (tmp_path / "half.json").write_text('{"format": "dlcalc pro', encoding="utf-8")
    shown = run("slips", str(tmp_path / "half.json"), str(tmp_path / "grades.csv"))
    assert shown.exit_code == 0
    assert re.search(r"04\.drelu +│ +leaky +│ +1", shown.output)
    assert "half.json is no exported progress" in shown.output


def test_no_slips_are_said_to_be_none(tmp_path):
    (tmp_path / "grades.csv").write_text("submission,exercise,points,max_points,verdict,message\n", encoding="utf-8")
    assert "No slips" in run("slips", str(tmp_path / "grades.csv")).output
