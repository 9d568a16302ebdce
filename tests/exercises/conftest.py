"""No test writes into the data of whoever runs it."""

import gc

import pytest

from dlcalc.exercises import journal
from dlcalc.exercises.predictions import forget_predictions, set_view


@pytest.fixture(autouse=True)
def _own_data(tmp_path, monkeypatch):
    monkeypatch.setenv("DLCALC_DATA", str(tmp_path / "data"))
    journal.UNWRITTEN.clear()
    forget_predictions()
    yield
    journal.UNWRITTEN.clear()
    forget_predictions()
    set_view(None)


@pytest.fixture(autouse=True)
def _no_callback_of_the_garbage_collector():
    """Hypothesis leaves one, in which a deadline's exception is lost (it comes again) and reported as a fault."""
    callbacks, gc.callbacks[:] = gc.callbacks[:], []
    yield
    gc.callbacks[:] = callbacks
