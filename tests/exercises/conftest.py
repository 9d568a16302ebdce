"""No test writes into the data of whoever runs it."""

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
