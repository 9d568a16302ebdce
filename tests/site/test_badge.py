"""The Binder badge is made from the repository's own remote."""

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
