"""Chromium for the tests that need one.

Playwright keeps an event loop running in the thread that started it, in which neither a second Playwright nor a
notebook's kernel client can work: hence one for each module of tests, closed when the module is done.
"""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "browser"))
from jupyter_browser import chromium, find_browser
from playwright.sync_api import sync_playwright


@pytest.fixture(scope="module")
def browser():
    """Headless Chromium; without one the tests are skipped, but never on a CI machine."""
    if find_browser() is None:
        reason = "no Chromium (Debian's package chromium, or Google Chrome) on this machine"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    with sync_playwright() as playwright, chromium(playwright) as opened:
        yield opened
