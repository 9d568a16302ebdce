import json
import re

import pytest

from dlcalc import lessons
from dlcalc.lessons import MANIFEST, copy_lessons


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    folder = tmp_path / "shipped"
    folder.mkdir()
    (folder / "00_a.ipynb").write_text("first")
    (folder / "01_b.ipynb").write_text("second")
    (folder / "README.md").write_text("not a notebook")
    monkeypatch.setattr(lessons, "shipped_lessons", lambda: folder)
    return folder


def test_an_empty_folder_gets_every_notebook_and_nothing_else(shipped, tmp_path):
    copied = copy_lessons(tmp_path / "deep" / "mine")
    assert copied.new == ("00_a.ipynb", "01_b.ipynb")
    assert sorted(path.name for path in (tmp_path / "deep" / "mine").iterdir()) == [MANIFEST, *copied.new]


def test_the_pages_that_notebooks_link_to_come_along(shipped, tmp_path):
    (shipped / "NOTATION.md").write_text("symbols")
    assert copy_lessons(tmp_path / "mine").new == ("00_a.ipynb", "01_b.ipynb", "NOTATION.md")


def test_every_page_that_a_notebook_of_this_checkout_links_to_comes_along(tmp_path):
    copied = copy_lessons(tmp_path / "mine")
    for notebook in (tmp_path / "mine").glob("*.ipynb"):
        links = re.findall(r"\]\((\w+\.(?:md|ipynb))\)", notebook.read_text(encoding="utf-8"))
        assert set(links) <= set(copied.new), notebook.name


def test_a_changed_notebook_is_kept_when_a_new_edition_comes(shipped, tmp_path):
    mine = tmp_path / "mine"
    copy_lessons(mine)
    (mine / "00_a.ipynb").write_text("my work")
    (shipped / "00_a.ipynb").write_text("first, new edition")
    assert copy_lessons(mine).kept == ("00_a.ipynb",)
    assert (mine / "00_a.ipynb").read_text() == "my work"


def test_an_unchanged_notebook_follows_the_new_edition(shipped, tmp_path):
    mine = tmp_path / "mine"
    copy_lessons(mine)
    (shipped / "01_b.ipynb").write_text("second, new edition")
    assert copy_lessons(mine).updated == ("01_b.ipynb",)
    assert (mine / "01_b.ipynb").read_text() == "second, new edition"


def test_a_file_of_the_same_name_that_was_there_before_is_kept(shipped, tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "00_a.ipynb").write_text("older than the course")
    copied = copy_lessons(mine)
    assert copied.kept == ("00_a.ipynb",)
    assert copied.new == ("01_b.ipynb",)


@pytest.mark.parametrize("damage", ["", "{", "[1, 2]", '"text"', "null", "\x00"])
def test_a_damaged_manifest_never_costs_work(shipped, tmp_path, damage):
    mine = tmp_path / "mine"
    copy_lessons(mine)
    (mine / "00_a.ipynb").write_text("my work")
    (mine / MANIFEST).write_text(damage)
    (shipped / "00_a.ipynb").write_text("first, new edition")
    assert copy_lessons(mine).kept == ("00_a.ipynb",)
    assert json.loads((mine / MANIFEST).read_text()) == {}


def test_a_folder_in_the_place_of_a_notebook_is_left_alone(shipped, tmp_path):
    mine = tmp_path / "mine"
    (mine / "00_a.ipynb").mkdir(parents=True)
    assert copy_lessons(mine).kept == ("00_a.ipynb",)


def test_a_dangling_link_in_the_place_of_a_notebook_is_left_alone(shipped, tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "00_a.ipynb").symlink_to(tmp_path / "nowhere")
    assert copy_lessons(mine).kept == ("00_a.ipynb",)


def test_the_shipped_folder_itself_is_opened_as_it_is(shipped):
    copied = copy_lessons(shipped)
    assert copied == lessons.Copied((), (), ())
    assert not (shipped / MANIFEST).exists()


def test_a_file_where_the_folder_should_be_is_refused(shipped, tmp_path):
    (tmp_path / "mine").write_text("a file")
    with pytest.raises(NotADirectoryError, match="is a file; the lessons need a folder"):
        copy_lessons(tmp_path / "mine")


def test_the_lessons_of_this_checkout_are_found():
    assert any(lessons.shipped_lessons().glob("04_*.ipynb"))
