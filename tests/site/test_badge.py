"""The Binder badge is made from the repository's own remote."""

import subprocess
import sys

import pytest

from dlcalc.site.badge import badge

LINK = "https://mybinder.org/v2/gh/someone/course/main?labpath=lessons%2F00_start_here.ipynb"


@pytest.mark.parametrize(
    "remote",
    [
        "https://github.com/someone/course",
        "https://github.com/someone/course.git",
        "git@github.com:someone/course.git",
        "ssh://git@github.com/someone/course.git\n",
        "ssh://git@github.com:22/someone/course.git",
        "https://someone:a-secret@github.com/someone/course.git",
        "git://github.com/someone/course.git/",
    ],
)
def test_each_spelling_of_a_remote_gives_the_same_link(remote):
    assert badge(remote).endswith(f"({LINK})")


def test_another_host_goes_through_its_address():
    made = badge("https://git.example.org/group/course.git", "my/branch")
    assert "/v2/git/https%3A%2F%2Fgit.example.org%2Fgroup%2Fcourse/my%2Fbranch?" in made


@pytest.mark.parametrize("remote", ["", "/srv/course", "C:\\course", "file:///srv/course"])
def test_a_folder_is_no_address_for_binder(remote):
    with pytest.raises(ValueError, match="no address that Binder could fetch"):
        badge(remote)


def run_in(folder):
    command = [sys.executable, "-m", "dlcalc.site.badge"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_documented_command_prints_the_badge_of_the_repository_it_is_called_in(tmp_path):
    for arguments in (["init", "-q"], ["remote", "add", "origin", "git@github.com:someone/course.git"]):
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True)
    done = run_in(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"[![Open the lessons in Binder](https://mybinder.org/badge_logo.svg)]({LINK})\n"


def test_the_command_says_in_one_sentence_that_there_is_no_remote(tmp_path):
    done = run_in(tmp_path)
    assert done.returncode == 1
    assert done.stderr.strip() == "This folder is no repository with a remote named origin; give its address."
