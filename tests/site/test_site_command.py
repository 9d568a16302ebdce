"""`dlcalc site` on the command line: what it says when it cannot, in one sentence."""

import pytest
from click.testing import CliRunner

from dlcalc.site import build, command, pyodide
from dlcalc.site.command import site


def say(*arguments):
    done = CliRunner().invoke(site, [str(argument) for argument in arguments])
    return done.exit_code, done.output


@pytest.fixture
def quick(monkeypatch):
    """No films, whose lessons would have to be run."""
    monkeypatch.setattr(build, "films_of", lambda *_: [])


def one_sentence(output):
    lines = [line for line in output.splitlines() if line.startswith("Error: ")]
    assert len(lines) == 1
    assert "Traceback" not in output
    return lines[0]


def test_the_help_names_every_option_and_what_it_does():
    status, output = say("--help")
    assert status == 0
    for word in ("--out", "--offline", "--reading-only", "--lesson", "GitHub Pages", "left alone"):
        assert word in output


def test_a_folder_with_something_else_in_it_is_refused(tmp_path, quick):
    (tmp_path / "thesis.txt").write_text("years of work")
    status, output = say("--out", tmp_path, "--reading-only", "--lesson", "03")
    assert status == 1
    assert "is not empty and holds no site: name another folder" in one_sentence(output)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_folder_that_cannot_be_made_is_named(tmp_path, quick):
    (tmp_path / "file").write_text("")
    status, output = say("--out", tmp_path / "file" / "site", "--reading-only", "--lesson", "03")
    assert status == 1
    assert str(tmp_path / "file") in one_sentence(output)
    assert "cannot be written" in output


def test_a_lesson_that_is_not_there_is_named_and_nothing_is_left(tmp_path):
    status, output = say("--out", tmp_path / "site", "--reading-only", "--lesson", "42")
    assert status == 1
    assert "There is no lesson 42; there are 00, 01" in one_sentence(output)
    assert not (tmp_path / "site").exists()


def test_without_a_network_the_older_site_stays_and_one_sentence_says_why(tmp_path, quick, monkeypatch):
    assert say("--out", tmp_path / "site", "--reading-only", "--lesson", "03")[0] == 0
    before = sorted(path.name for path in (tmp_path / "site").iterdir())
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    for variable in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"):
        monkeypatch.setenv(variable, "")
    monkeypatch.setattr(pyodide.platformdirs, "user_cache_path", lambda _name: tmp_path / "cache")
    status, output = say("--out", tmp_path / "site", "--offline", "--lesson", "03")
    assert status == 1
    assert "cannot be downloaded from PyPI; is there a network? pip says: ERROR" in one_sentence(output)
    assert sorted(path.name for path in (tmp_path / "site").iterdir()) == before


def test_an_interruption_is_said_in_one_sentence_and_leaves_nothing(tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(build, "films_of", interrupt)
    status, output = say("--out", tmp_path / "site", "--reading-only", "--lesson", "03")
    assert status == 1
    assert "interrupted; " in one_sentence(output)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_library_is_named(monkeypatch):
    def missing(name):
        raise ModuleNotFoundError(name=name)

    monkeypatch.setattr(command.importlib, "import_module", lambda _name: missing("latex2mathml"))
    status, output = say("--reading-only")
    assert status == 1
    assert "dlcalc site needs latex2mathml: " in one_sentence(output)


def test_offline_needs_an_edition_that_runs(tmp_path):
    status, output = say("--out", tmp_path / "site", "--offline", "--reading-only")
    assert status == 2
    assert "--reading-only leaves out" in output
