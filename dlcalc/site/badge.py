"""The Binder badge of this copy of the repository, in Markdown: ``python -m dlcalc.site.badge [REMOTE]``."""

from __future__ import annotations

import re
import subprocess
import sys
from urllib.parse import quote

LESSON = "lessons/00_start_here.ipynb"
# What stands before an @ is a name or a secret: neither is part of the address.
REMOTE = re.compile(
    r"^(?:(?:https?|ssh|git)://(?:[^/@]+@)?(?P<host>[^/:@]+)(?::\d+)?/|(?:[\w.-]+@)(?P<short>[^/:@]+):/?)"
    r"(?P<path>[^?#]+?)(?:\.git)?/?$"
)
# Where Binder looks for a repository; any other address goes under `git`.
PROVIDERS = {"github.com": "gh", "gitlab.com": "gl"}


def badge(remote: str, branch: str = "main") -> str:
    """The badge for a remote, in either of git's spellings.

    Raises
    ------
    ValueError
        If the remote is no address of a repository that a server could fetch.
    """
    found = REMOTE.match(remote.strip())
    if found is None:
        message = f"{remote!r} is no address that Binder could fetch; expected https://HOST/OWNER/REPOSITORY"
        raise ValueError(message)
    host, path = found["host"] or found["short"], found["path"]
    provider = PROVIDERS.get(host, "git")
    spec = path if provider == "gh" else quote(path if provider == "gl" else f"https://{host}/{path}", safe="")
    link = f"https://mybinder.org/v2/{provider}/{spec}/{quote(branch, safe='')}?labpath={quote(LESSON, safe='')}"
    return f"[![Open the lessons in Binder](https://mybinder.org/badge_logo.svg)]({link})"


def origin() -> str:
    """The address of the remote named origin.

    Raises
    ------
    ValueError
        If there is none.
    """
    done = subprocess.run(["git", "remote", "get-url", "origin"], capture_output=True, text=True, check=False)  # noqa: S607
    if done.returncode != 0:
        message = "This folder is no repository with a remote named origin; give its address."
        raise ValueError(message)
    return done.stdout.strip()


def main() -> None:
    """Print the badge."""
    try:
        sys.stdout.write(f"{badge(sys.argv[1] if len(sys.argv) > 1 else origin())}\n")
    except ValueError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
