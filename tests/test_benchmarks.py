"""The referee of the benchmarks: it compares before it times, and names who was left out."""

import gc
import json
import os
from importlib import util
from pathlib import Path

import numpy as np
import pytest

from benchmarks import __main__ as command
from benchmarks import growth, networks, plots, report, timing
from benchmarks.timing import Contestant, Goal, Race, Settings, check_equality, race
from benchmarks.works import WORKS
from dlcalc.backpropagation import MLP


def contestant(name, value):
    return Contestant(name, run=lambda: None, check=lambda: [np.array([1.0, value])])


def test_contestants_that_differ_are_told_apart_by_name():
    with pytest.raises(AssertionError, match=r"second differs from first by 0\.001"):
        check_equality([contestant("first", 1.0), contestant("second", 1.001)], tolerance=1e-4)
    check_equality([contestant("first", 1.0), contestant("second", 1.001)], tolerance=1e-2)


def test_nan_equals_nothing():
    with pytest.raises(AssertionError, match="second differs"):
        check_equality([contestant("first", 1.0), contestant("second", np.nan)], tolerance=1.0)


def test_who_is_not_installed_is_left_out_and_named():
    def missing():
        message = "No module named 'torch'"
        raise ImportError(message)

    outcome = race("sums", {"ours": lambda: contestant("ours", 1.0), "torch": missing}, rounds=3, tolerance=0.0)
    assert list(outcome.seconds) == ["ours"]
    assert len(outcome.seconds["ours"]) == 3
    assert "- left out: torch (No module named 'torch')" in report.markdown(outcome)


def test_a_ratio_is_the_median_of_the_ratios_within_rounds():
    outcome = Race("r", {"a": [2.0, 30.0, 8.0], "b": [1.0, 10.0, 2.0]})
    assert outcome.ratio("a", "b") == 3.0


def folded_numpy():
    return networks.specialised_numpy(folded=True)


@pytest.mark.parametrize("peer", [networks.textbook_numpy, networks.specialised_numpy, folded_numpy])
def test_the_peers_in_numpy_make_the_same_steps_as_fit(peer):
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((64, 5)), rng.standard_normal(64)
    net = MLP([5, 3, 1], rng=0)
    weights = [W.copy() for W in net.weights]
    _, train = peer()
    trained = train(weights, [(X, y)] * 20, 1e-2)
    net.fit(X, y, epochs=20, batch_size=64, learning_rate=1e-2)
    for V, W in zip(trained, net.weights, strict=True):
        np.testing.assert_allclose(V, W, rtol=1e-12, atol=1e-14)


def test_results_of_another_shape_or_number_are_not_compared_entry_by_entry():
    ours = Contestant("ours", lambda: None, lambda: [np.ones((3, 1))])
    for result in ([np.ones(3)], [np.ones((3, 1))] * 2, []):
        other = Contestant("other", lambda: None, lambda result=result: result)
        with pytest.raises(AssertionError, match="other"):
            check_equality([ours, other], tolerance=1.0)


def test_a_wrong_contestant_stops_its_race_before_anything_is_timed():
    ran = []
    wrong = Contestant("wrong", lambda: ran.append(1), lambda: [np.array([1.0, 2.1])])
    with pytest.raises(AssertionError, match="wrong differs from right"):
        race("r", {"right": lambda: contestant("right", 2.0), "wrong": lambda: wrong}, tolerance=1e-6)
    assert not ran


def test_every_work_of_the_issue_is_registered_and_its_module_defines_its_functions():
    assert list(WORKS) == [f"w{number}" for number in range(1, 12)]
    for work in WORKS.values():
        for runner in work.runners:
            module, function = runner.split(":")
            source = Path(util.find_spec(f"benchmarks.{module}").origin).read_text(encoding="utf-8")
            assert f"\ndef {function}(settings: Settings)" in source, runner


def finished_race():
    seconds = {"ours": [1e-6, 1e-6, 2e-6], "theirs": [5e-6, 6e-6, 7e-6]}
    goals = [
        Goal("theirs", "ours", at_least=5),
        Goal("theirs", "ours", at_least=50),
        Goal("ours", at_most=1e-3),
        Goal("absent", "ours", at_least=2),
    ]
    return Race("sums", seconds, {"absent": "not installed"}, goals=goals)


def finished_growth():
    points = [growth.Point(n, 2.0 * n, 3.0 * n, 1e-6 * n, 100.0 * n**2) for n in (1, 10)]
    return growth.Growth("growth", "units", points)


def test_goals_are_met_missed_or_open():
    outcome = finished_race()
    assert [goal.met(outcome) for goal in outcome.goals] == [True, False, True, None]


def test_tables_are_aligned_markdown_with_the_fastest_first():
    lines = report.markdown(finished_race()).splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert len({len(line) for line in table}) == 1
    assert [line.split("|")[1].strip() for line in table[2:]] == ["ours", "theirs"]
    assert "| theirs     | 6.00 µs |   5.50–6.50 |    5.00 |" in table
    assert "- goal theirs ≥ 50 × ours: 5.00, missed" in lines
    assert "- goal absent ≥ 2 × ours: open: a contestant is missing" in lines


def test_growth_is_told_as_a_power_of_what_was_counted():
    assert finished_growth().exponent() == pytest.approx(1)
    assert finished_growth().memory_exponent() == pytest.approx(2)
    assert "operations to the power 1.00, memory as numbers kept to the power 2.00" in report.markdown(
        finished_growth()
    )


def test_files_hold_every_round_and_a_picture(tmp_path):
    results = {"w1": [finished_race()], "w11": [finished_growth()]}
    report.write(tmp_path / "new", results, report.machine("perf_counter"), {"w9": "no Chromium"})
    found = json.loads((tmp_path / "new" / "results.json").read_text(encoding="utf-8"))
    assert found["works"]["w1"][0]["contestants"]["theirs"]["rounds"] == [5e-6, 6e-6, 7e-6]
    assert found["left_out"] == {"w9": "no Chromium"}
    assert "### sums" in (tmp_path / "new" / "results.md").read_text(encoding="utf-8")
    axes = plots.draw(results).axes
    assert [panel.get_title(loc="left") for panel in axes] == ["sums", "growth"]
    assert [label.get_text() for label in axes[0].get_yticklabels()] == ["theirs", "ours"]


def test_peak_memory_is_that_of_the_work():
    assert 8e6 <= growth.peak_memory(lambda: np.ones(10**6)) < 8.2e6


def test_counted_operations_grow_with_each_size():
    small, large = growth.network_job(1, [4, 4, 4], 8), growth.network_job(1, [4, 4, 4], 80)
    assert large[1] == 10 * small[1]


def fake_work(monkeypatch, *outcomes):
    def function(settings):
        assert settings == Settings(3, quick=True)
        if isinstance(outcomes[0], Exception):
            raise outcomes[0]
        return list(outcomes)

    monkeypatch.setattr("benchmarks.works.Work.functions", lambda self: [function])


def test_one_command_runs_what_it_is_asked_and_writes_it(monkeypatch, tmp_path, capsys):
    fake_work(monkeypatch, finished_race())
    assert command.main(["--quick", "--only", "w1", "w6", "--out", str(tmp_path)]) == 0
    assert "goals: 4 met, 2 missed, 2 open" in capsys.readouterr().out
    assert {path.name for path in tmp_path.iterdir()} == {"results.md", "results.json", "results.png"}


def test_all_works_run_but_those_that_are_left_out_by_name(monkeypatch, tmp_path, capsys):
    fake_work(monkeypatch, finished_race())
    command.main(["--quick", "--without", "w9", "--out", str(tmp_path)])
    printed = capsys.readouterr()
    assert "w9 left out: as asked" in printed.out
    assert [line.split(":")[0] for line in printed.err.splitlines()] == [name for name in WORKS if name != "w9"]


def test_a_work_without_its_browser_is_left_out_and_named(monkeypatch, tmp_path, capsys):
    fake_work(monkeypatch, FileNotFoundError("no Chromium on this machine"))
    assert command.main(["--quick", "--only", "w9", "--out", str(tmp_path)]) == 0
    assert "w9 left out: no Chromium on this machine" in capsys.readouterr().out


def test_contestants_that_disagree_fail_the_command(monkeypatch, tmp_path, capsys):
    fake_work(monkeypatch, AssertionError("b differs from a"))
    assert command.main(["--quick", "--only", "w2", "--out", str(tmp_path)]) == 1
    assert "w2 left out: contestants disagree: b differs from a" in capsys.readouterr().out


def test_a_work_that_fails_is_named_and_takes_no_other_with_it(monkeypatch, tmp_path, capsys):
    def function(settings):
        calls.append(settings)
        if len(calls) == 1:
            raise RuntimeError("no server")
        return [finished_race()]

    calls = []
    monkeypatch.setattr("benchmarks.works.Work.functions", lambda self: [function])
    assert command.main(["--quick", "--only", "w9", "w1", "--out", str(tmp_path)]) == 1
    printed = capsys.readouterr()
    assert "w9 left out: failed: RuntimeError('no server')" in printed.out
    assert "### sums" in (tmp_path / "results.md").read_text(encoding="utf-8")
    assert "Traceback" in printed.err


def test_help_lists_every_work(capsys):
    with pytest.raises(SystemExit) as stop:
        command.main(["--help"])
    assert stop.value.code == 0
    printed = capsys.readouterr().out
    assert all(work.title in printed for work in WORKS.values())


def test_a_process_sees_a_single_processor_only_for_a_while():
    seen = getattr(os, "sched_getaffinity", lambda process: {0})
    before = seen(0)
    with timing.one_processor():
        assert len(seen(0)) == 1
    assert seen(0) == before


def test_work_is_timed_with_the_collector_off_and_then_on_again():
    states = []
    assert timing.seconds(lambda: states.append(gc.isenabled())) >= 0
    assert states == [False]
    assert gc.isenabled()
