"""The pages of two lessons, built once for all workers, since making their films runs the lessons."""

import sys
from pathlib import Path

import pytest
from filelock import FileLock

from dlcalc.site import build

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def site(tmp_path_factory, worker_id):
    """A site with the lessons 00 and 03; whoever needs it first builds it."""
    base = tmp_path_factory.getbasetemp()
    out = (base if worker_id == "master" else base.parent) / "site"
    with FileLock(f"{out}.lock"):
        if not out.exists():
            build.build(out, only=["00", "03"], runs=True)
    return out
