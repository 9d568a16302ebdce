"""One Chromium for all tests of a worker that need one: Playwright cannot be started twice in a thread."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "browser"))
from jupyter_browser import chromium, find_browser
from playwright.sync_api import sync_playwright


@pytest.fixture(scope="session")
def browser():
    """Headless Chromium; without one the tests are skipped, but never on a CI machine."""
    if find_browser() is None:
        reason = "no Chromium (Debian's package chromium, or Google Chrome) on this machine"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    with sync_playwright() as playwright, chromium(playwright) as opened:
        yield opened
