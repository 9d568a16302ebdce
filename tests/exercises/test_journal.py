"""Nothing a learner has done is lost: several notebooks at once, crashes, folders that cannot be written."""

import html
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dlcalc.exercises import check, hint, journal, predict, progress, slip_histogram, solution
from dlcalc.exercises.predictions import forget_predictions, set_view
from dlcalc.exercises.progress import Progress

WRITER = """
import sys
from dlcalc.exercises import journal
for number in range(200):
    journal.record("check", exercise="01.augment", verdict="wrong", slip="", writer=sys.argv[1], number=number)
"""


def right(X):
    from dlcalc.exercises import EXERCISES

    return EXERCISES["01.augment"].reference(X)


def test_three_processes_that_write_at_once_lose_nothing():
    command = [sys.executable, "-c", WRITER]
    root = str(Path(__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])}
    writers = [subprocess.Popen([*command, str(number)], env=environment) for number in range(3)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    found = {(event["writer"], event["number"]) for event in journal.events()}
    assert found == {(str(writer), number) for writer in range(3) for number in range(200)}


@pytest.mark.parametrize(
    "debris", [b'{"kind": "che', b"\x00\xff\xfe", b"[]\n17\nnull\n", b'{"no": "kind"}\n', b"[" * 5000]
)
def test_an_unfinished_or_damaged_line_harms_no_other(debris):
    journal.record("hint", exercise="01.augment", layer=1)
    with (journal.folder() / journal.FILE).open("ab") as file:
        file.write(debris)
    journal.record("hint", exercise="01.augment", layer=2)
    assert [event["layer"] for event in journal.events()] == [1, 2]


def test_where_nothing_can_be_written_the_process_remembers(tmp_path, monkeypatch):
    blocked = tmp_path / "a file, not a folder"
    blocked.write_text("")
    monkeypatch.setenv("DLCALC_DATA", str(blocked / "data"))
    assert check("01.augment", right).passed
    assert progress().exercises["01.augment"].points == 1


def test_the_folder_is_the_systems_place_for_a_users_data(monkeypatch):
    platformdirs = pytest.importorskip("platformdirs")
    monkeypatch.delenv("DLCALC_DATA")
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    assert journal.folder() == Path(platformdirs.user_data_dir("dlcalc", appauthor=False))


def test_the_folders_of_the_other_systems(monkeypatch, tmp_path):
    monkeypatch.delenv("DLCALC_DATA")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "win32")
    assert journal.folder() == tmp_path / "dlcalc"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert journal.folder() == Path.home() / "Library" / "Application Support" / "dlcalc"


def test_progress_counts_attempts_points_and_slips():
    check("01.augment", None)
    assert progress().exercises["01.augment"].attempts == 0
    check("01.augment", lambda X: __import__("numpy").c_[__import__("numpy").ones(len(X)), X])
    standing = progress().exercises["01.augment"]
    assert (standing.attempts, standing.points, standing.last_slip) == (1, 0, "ones prepended")
    check("01.augment", right)
    standing = progress().exercises["01.augment"]
    assert (standing.attempts, standing.points, standing.last_slip) == (2, 1, "")
    assert standing.slips == {"ones prepended": 1}
    check("01.augment", lambda X: X)
    assert progress().points == 1


def test_progress_shows_itself_and_exports_json(tmp_path):
    check("01.augment", right)
    predict("02.is-gradient-descent", "b", confidence=0.9)
    now = progress()
    assert f"1 of {now.max_points} points" in repr(now)
    assert "<table>" in now._repr_html_()
    data = json.loads(now.export(tmp_path / "me.json").read_text(encoding="utf-8"))
    assert data["exercises"]["01.augment"]["points"] == 1
    assert data["predictions"] == [{"question": "02.is-gradient-descent", "right": True, "confidence": 0.9}]
    assert [path.name for path in tmp_path.glob("*.json")] == ["me.json"]


def test_calibration_compares_confidence_with_success():
    events = [
        {"kind": "prediction", "question": name, "right": right, "confidence": confidence}
        for name, right, confidence in [("a", True, 0.9), ("b", False, 0.9), ("c", True, 0.6), ("d", True, None)]
    ]
    found = Progress([*events, {**events[1], "right": True}]).calibration()
    assert (found["answered"], found["right"], found["with_confidence"]) == (4, 3, 3)
    assert found["mean_confidence"] == pytest.approx(0.8)
    assert found["brier_score"] == pytest.approx((0.01 + 0.81 + 0.16) / 3)


def test_the_histogram_counts_learners_by_slip(tmp_path):
    check("01.augment", lambda X: X)
    check("04.dsigmoid", lambda z: z * (1 - z))
    check("04.dsigmoid", lambda z: z * (1 - z))
    one = progress().to_dict()
    path = progress().export(tmp_path / "two.json")
    assert slip_histogram([one, path, str(path)]) == {"04.dsigmoid": {"z(1−z)": 3}}
    with pytest.raises(ValueError, match="no exported progress"):
        slip_histogram([{"format": "another"}])


def test_the_histogram_reads_tables_of_grades(tmp_path):
    path = tmp_path / "grades.csv"
    rows = ["a.ipynb,01.augment,0,1,slip:ones prepended,text", "b.ipynb,01.augment,0,1,wrong,", "c.ipynb,,0,0,error,"]
    path.write_text("\n".join(["submission,exercise,points,max_points,verdict,message", *rows]), encoding="utf-8")
    assert slip_histogram([path]) == {"01.augment": {"ones prepended": 1}}
    path.write_text("name,mark\n", encoding="utf-8")
    with pytest.raises(ValueError, match="no table of grades"):
        slip_histogram([path])


def test_hints_come_one_layer_at_a_time():
    shown = [hint("04.dsigmoid").text for _ in range(5)]
    assert [text[:11] for text in shown] == ["Hint 1 of 3", "Hint 2 of 3", "Hint 3 of 3", "Hint 3 of 3", "Hint 3 of 3"]
    assert progress().exercises["04.dsigmoid"].hints == 3
    assert "nearest" in hint("04.dsigmod").text


def test_the_solution_opens_after_an_attempt():
    assert "opens after an attempt" in solution("04.dsigmoid").text
    check("04.dsigmoid", None)
    assert solution("04.dsigmoid").code == ""
    check("04.dsigmoid", lambda z: z)
    assert "def dsigmoid(z):" in solution("04.dsigmoid").code
    assert "<pre" in solution("04.dsigmoid")._repr_html_()
    assert "nearest" in solution("nonsense").text


def test_a_prediction_is_committed_once_and_then_revealed():
    calls = []
    prediction = predict("02.is-gradient-descent")
    prediction.observe(calls.append)
    assert not prediction.committed
    assert "False" in repr(prediction)
    assert "computes the gradient" not in repr(prediction)
    assert predict("02.is-gradient-descent", "A", confidence=0.7) is prediction
    assert prediction.committed
    assert not prediction.right
    assert calls == [prediction]
    assert "Not so: backpropagation computes the gradient" in prediction.message
    predict("02.is-gradient-descent", "b")
    assert (prediction.value, prediction.right, len(calls)) == ("a", False, 1)


def test_a_prediction_outlives_the_kernel():
    predict("04.ten-layers", 1e-6, confidence=0.5)
    forget_predictions()
    again = predict("04.ten-layers")
    assert (again.committed, again.right, again.value, again.confidence) == (True, True, 1e-6, 0.5)
    assert len([event for event in journal.events() if event["kind"] == "prediction"]) == 1


@pytest.mark.parametrize(
    ("name", "value", "confidence"),
    [
        ("02.is-gradient-descent", "z", None),
        ("02.is-gradient-descent", 3, None),
        ("04.ten-layers", "much", None),
        ("04.ten-layers", float("nan"), None),
        ("04.ten-layers", True, None),
        ("04.ten-layers", 1.0, 80),
        ("04.ten-layers", 1.0, "sure"),
        ("nonsense", "a", None),
        (None, "a", None),
    ],
)
def test_what_is_no_answer_is_not_committed_and_says_why(name, value, confidence):
    prediction = predict(name, value, confidence=confidence)
    assert not prediction.committed
    assert prediction.message
    assert prediction._repr_mimebundle_()["text/plain"] == repr(prediction)
    assert not [event for event in journal.events() if event["kind"] == "prediction"]


def test_a_view_shows_the_prediction_where_there_is_one():
    class Widget:
        def _repr_mimebundle_(self):
            return {"application/vnd.jupyter.widget-view+json": {}}

    set_view(lambda prediction: Widget())
    assert "application/vnd.jupyter.widget-view+json" in predict("04.relu-slope")._repr_mimebundle_()
    set_view(None)
    assert list(predict("04.relu-slope")._repr_mimebundle_()) == ["text/plain", "text/html"]


def test_in_a_browser_the_journal_lies_beside_the_notebooks(monkeypatch, tmp_path):
    monkeypatch.delenv("DLCALC_DATA")
    monkeypatch.setattr(sys, "platform", "emscripten")
    monkeypatch.setattr(journal, "BROWSER_DRIVE", tmp_path)
    assert journal.folder() == tmp_path / "my-progress"


def test_a_python_without_locks_keeps_a_journal(monkeypatch):
    fcntl = pytest.importorskip("fcntl")
    monkeypatch.delattr(fcntl, "flock")
    journal.record("seen", what="in a browser")
    assert journal.events()[-1]["what"] == "in a browser"
    assert journal.UNWRITTEN == []


def test_a_confidence_that_is_none_is_left_out_of_the_calibration():
    journal.record("prediction", question="q1", value="a", confidence=float("nan"), right=True)
    journal.record("prediction", question="q2", value="a", confidence=7, right=False)
    journal.record("prediction", question="q3", value="a", confidence=0.5, right=True)
    found = progress().calibration()
    assert (found["answered"], found["with_confidence"], found["brier_score"]) == (3, 1, 0.25)


def test_the_slips_name_stands_on_the_card():
    card = check("04.drelu", np.sign)
    assert card.heading.endswith(f"slip: {card.slip}")
    assert html.escape(card.slip) in card._repr_html_()
    assert "slip" not in check("04.drelu", lambda z: (np.asarray(z) > 0) * 1.0).heading


@pytest.mark.parametrize(
    ("answer", "words"),
    [(None, "not attempted"), (np.sign, "not right"), (lambda z: (np.asarray(z) > 0) * 1.0, "right")],
    ids=["nothing", "sign", "step"],
)
def test_the_mark_is_in_words_for_those_who_hear_the_card(answer, words):
    assert f'role="img" aria-label="{words}"' in check("04.drelu", answer)._repr_html_()
