"""The speed benchmark: its history, its workers and its command. No test asserts on a time."""

from __future__ import annotations

import csv
import dataclasses
import json
import math
import os
from pathlib import Path
import signal
import subprocess
import sys
import time
from typing import Any

import numpy as np
import optuna
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution
import pytest

from benchmarks import cli
from benchmarks.errors import UsageError
from benchmarks.speed import command as speed
from benchmarks.speed import history as speed_history
from benchmarks.speed import measure as speed_measure
from benchmarks.speed import report as speed_report
from benchmarks.speed.measurement import load
from benchmarks.speed.measurement import Measurement
from benchmarks.speed.measurement import store
from tests.commands import exit_status


_ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("n_params", [1, 4, 20])
def test_history_is_that_of_a_tuning_run(n_params: int) -> None:
    trials = speed_history.history(200, n_params)
    space = speed_history.space(n_params)
    assert len(space) == n_params
    n_ints = sum(isinstance(one, IntDistribution) for one in space.values())
    n_logs = sum(isinstance(one, FloatDistribution) and one.log for one in space.values())
    assert (n_ints, n_logs) == ((n_params + 1) // 2, n_params // 2)
    assert all(trial.distributions == space for trial in trials)
    # It gets better, and gathers around the best.
    units = np.array([speed_history.to_unit(trial.params) for trial in trials])
    losses = [speed_history.loss(unit) for unit in units]
    assert np.mean(losses[-50:]) < np.mean(losses[:10])
    best = units[int(np.argmin(losses))]
    away = np.abs(units - best).mean(axis=1)
    assert np.median(away[-50:]) < np.median(away[:10])
    # Values are noisy, but not much.
    noise = np.array([trial.values[0] for trial in trials]) - losses
    assert 0.005 < noise.std() < 0.02


def test_histories_are_the_same_for_all_and_begin_alike() -> None:
    long, short = speed_history.history(50, 4), speed_history.history(20, 4)
    assert [t.params for t in long[:20]] == [t.params for t in short]
    assert [t.values for t in long[:20]] == [t.values for t in short]
    other = speed_history.history(20, 4, seed=1)
    assert [t.params for t in other] != [t.params for t in short]


def test_unit_cube_and_back() -> None:
    rng = np.random.default_rng(0)
    for unit in rng.random((20, 10)):
        params = speed_history.to_params(unit)
        for name, distribution in speed_history.space(10).items():
            assert distribution._contains(distribution.to_internal_repr(params[name]))
        again = speed_history.to_params(speed_history.to_unit(params))
        assert again == pytest.approx(params)


@pytest.mark.slow
def test_worker_measures(tmp_path: Path) -> None:
    one = Measurement("random", "v", 12, 3, "1", "now")
    other = dataclasses.replace(one, sampler="tpe", wall=[], cpu=[], tell=[])
    speed_measure.measure([one, other], "", 7, 60)
    for measurement in (one, other):
        assert measurement.note == ""
        assert len(measurement.wall) == len(measurement.cpu) == len(measurement.tell) == 7
        assert min(measurement.wall) > 0 and measurement.first > 0
        assert measurement.median == float(np.median(measurement.wall))
        assert 0 < measurement.before_mb <= measurement.peak_mb


def test_last_measurement_counts_and_one_that_was_cut_off_does_not(tmp_path: Path) -> None:
    # All numbers, as NaN is not equal to itself.
    one = Measurement(
        "random", "v", 12, 3, "1", "now", first=1.0, built=0.1, before_mb=90.0, peak_mb=95.0
    )
    other = dataclasses.replace(one, sampler="tpe")
    newer = dataclasses.replace(one, round="later")
    path = tmp_path / "speed.jsonl"
    store(path, [one])
    store(path, [other, newer])
    assert load(path) == [other, newer]
    # Killed in the middle of a line.
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    assert load(path) == [one, other]
    store(path, [newer])
    assert path.read_bytes() == whole
    path.write_text("{}\n")
    with pytest.raises(UsageError, match="line 1 of .* is no measurement"):
        load(path)
    path.write_bytes(b"\xff\n")
    with pytest.raises(UsageError, match="--out: cannot read .*speed.jsonl"):
        load(path)


_ODD_SAMPLERS = """
import time
import optuna

class Slow(optuna.samplers.RandomSampler):
    def sample_relative(self, study, trial, space):
        time.sleep(600)

class Broken(optuna.samplers.RandomSampler):
    def sample_relative(self, study, trial, space):
        print("@spe", "some library says something")
        raise RuntimeError("out of ideas")

class Threads(optuna.samplers.RandomSampler):
    def __init__(self, seed):
        super().__init__(seed)
        import os
        if os.environ.get("OMP_NUM_THREADS") != "3":
            raise RuntimeError("told otherwise")
"""


@pytest.fixture
def odd_samplers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "odd.py").write_text(_ODD_SAMPLERS)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.slow
@pytest.mark.usefixtures("odd_samplers")
def test_slow_and_broken_samplers_are_told_and_the_rest_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limit = 60.0
    wait, patience = speed_measure._Worker.wait, []

    def wait_briefly(self: Any, seconds: float) -> dict[str, Any]:
        # For the slow one, once it has been asked: the others may be slow too, on a busy machine.
        if self.measurement.sampler == "odd:Slow" and not math.isnan(self.measurement.built):
            patience.append(seconds)
            seconds = 1.5
        return wait(self, seconds)

    monkeypatch.setattr(speed_measure._Worker, "wait", wait_briefly)
    found = [
        Measurement(name, "v", 5, 2, threads, "now")
        for name, threads in (
            ("odd:Slow", "1"),
            ("odd:Broken", "1"),
            ("odd:Threads", "3"),
            ("odd:Threads", "default"),
        )
    ]
    speed_measure.measure(found, "", 2, limit)
    slow, broken, three, default = found
    assert slow.note == "no suggestion within 1.5 s" and not slow.wall
    assert patience == [3 * limit]
    assert broken.note == "failed: RuntimeError: out of ideas" and not broken.wall
    assert three.note == "" and len(three.wall) == 2
    assert default.note == "failed: RuntimeError: told otherwise"


def test_sampler_that_was_too_slow_is_not_tried_at_larger_sizes() -> None:
    slow = Measurement("gp", "v", 100, 4, "1", "a", note="no suggestion within 30 s")
    quick = Measurement("tpe", "v", 100, 4, "1", "a", wall=[0.1])
    known = [slow, quick]
    for changes, tried in (
        ({"n_trials": 300}, False),
        ({"n_trials": 30}, True),
        ({"n_trials": 300, "n_params": 10}, True),
        ({"n_trials": 300, "version": "newer"}, True),
        ({"n_trials": 300, "threads": "default"}, True),
        ({"n_trials": 300, "sampler": "tpe"}, True),
    ):
        new = dataclasses.replace(slow, note="", **changes)
        assert (speed._too_slow(new, known) == "") == tried
    note = speed._too_slow(dataclasses.replace(slow, n_trials=300), known)
    assert note == "not tried: no suggestion within 30 s at 100 trials"
    skipped = dataclasses.replace(slow, n_trials=300, note=note)
    again = dataclasses.replace(slow, n_trials=1000)
    assert speed._too_slow(again, [skipped]) == note


def test_tables() -> None:
    made: dict[str, Any] = {"machine": {"versions": {}, "command": "", "system": "", "cores": 2}}
    ours = Measurement("lattice_gp", "v", 10, 4, "1", "a", wall=[0.01, 0.03, 0.02], **made)
    ours = dataclasses.replace(ours, before_mb=70.0, peak_mb=130.0, cpu=[0.04], built=0.5, first=1)
    theirs = dataclasses.replace(ours, sampler="gp", wall=[0.2])
    apart = dataclasses.replace(ours, sampler="hebo", wall=[2.0], round="b")
    none = dataclasses.replace(ours, sampler="tpe", wall=[], cpu=[], note="no suggestion")
    time_table, cpu, first, memory = speed_report.tables([ours, theirs, apart, none])
    assert time_table.columns == ["trials", "lattice_gp", "tpe", "gp", "hebo"]
    assert time_table.rows == [["10", "20 ms", "no suggestion", "200 ms (10)", "2 s (1e+02*)"]]
    assert cpu.rows == [["10", "40 ms", "–", "40 ms", "40 ms"]]
    assert first.rows[0][1] == "1.5 s"
    assert memory.rows[0][1] == "130 (+60)"
    notes = speed_report._notes([ours, theirs, none])
    assert notes == [
        "gp, 4 parameters, 10 trials, threads 1: 1 suggestions instead of 3",
        "tpe, 4 parameters, 10 trials, threads 1: no suggestion",
    ]


@pytest.mark.slow
def test_command_measures_once_and_reports(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = ["speed", "--samplers", "random,tpe", "--dims", "2", "--repeats", "2"]
    base += ["--out", str(tmp_path)]
    assert cli.main([*base, "--sizes", "5"]) == 0
    assert cli.main([*base, "--sizes", "5,8"]) == 0
    shown = capsys.readouterr().out
    assert shown.count("2 parameters, 5 trials:") == 1
    assert shown.count("2 parameters, 8 trials:") == 1
    assert "2 parameters, threads: 1" in shown
    names = ("speed.md", "speed.csv", "speed.png", "speed.svg")
    assert all((tmp_path / name).stat().st_size > 0 for name in names)
    with (tmp_path / "speed.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["sampler"], row["trials"]) for row in rows] == [
        ("random", "5"),
        ("tpe", "5"),
        ("random", "8"),
        ("tpe", "8"),
    ]
    assert all(row["suggestions"] == "2" for row in rows)
    # One more sampler: all are measured again, side by side.
    more = ["speed", "--samplers", "random,tpe_univariate", "--sizes", "5", "--dims", "2"]
    assert cli.main([*more, "--repeats", "2", "--out", str(tmp_path)]) == 0
    stored = load(tmp_path / "speed.jsonl")
    rounds = {one.sampler: one.round for one in stored if one.n_trials == 5}
    assert rounds["random"] == rounds["tpe_univariate"] != rounds["tpe"]
    assert optuna.__version__ in (tmp_path / "speed.md").read_text()


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--sizes", "10,x"], ["--sizes", "'10,x'", "1 or more"]),
        (["--dims", "0"], ["--dims", "'0'", "1 or more"]),
        (["--threads", "many"], ["--threads", "'many'", "'default'"]),
        (["--threads", "0"], ["--threads", "'0'", "1 or more"]),
        (["--samplers", "tpo"], ["--samplers", "'tpo'", "mean 'tpe'"]),
        (["--samplers", "tpe(seed=1,multivariate=True)"], ["but seed is given by the harness"]),
        (["--repeats", "0"], ["--repeats", "'0'", "1 or more"]),
    ],
)
def test_wrong_argument_of_speed(
    tmp_path: Path,
    arguments: list[str],
    words: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert exit_status("speed", "--out", str(tmp_path / "o"), *arguments) == 2
    last = capsys.readouterr().err.strip().splitlines()[-1]
    for word in words:
        assert word in last
    assert not (tmp_path / "o").exists()


def test_arguments_of_a_sampler_may_have_commas(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: list[str] = []

    def measure(able: list[Measurement], *_: object) -> None:
        for one in able:
            measured.append(one.sampler)
            one.wall = one.cpu = one.tell = [0.01]

    monkeypatch.setattr(speed, "measure", measure)
    samplers = "tpe(n_startup_trials=5,multivariate=True),random"
    base = ["speed", "--sizes", "5", "--dims", "2", "--out", str(tmp_path)]
    assert cli.main([*base, "--samplers", samplers]) == 0
    assert measured == ["tpe(n_startup_trials=5, multivariate=True)", "random"]
    measured.clear()
    again = ["speed", "--sizes", "6", "--dims", "2", "--out", str(tmp_path)]
    assert cli.main([*again, "--samplers", "random,random()"]) == 0
    assert measured == ["random"]


@pytest.mark.slow
def test_interrupted_speed_run_keeps_what_it_has_and_leaves_no_process(tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = [sys.executable, "-m", "benchmarks", "speed", "--samplers", "random"]
    command += ["--sizes", "5,6,7,8,9,10,11,12,13,14,15,16", "--dims", "2", "--repeats", "1"]
    process = subprocess.Popen(
        [*command, "--out", str(out)],
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    path = out / "speed.jsonl"
    deadline = time.monotonic() + 600
    while not path.is_file() or not path.read_text():
        assert time.monotonic() < deadline, "the run does not get on"
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    shown, errors = process.communicate()
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert "stopped" in shown and "written" in shown
    n_measured = len([json.loads(line) for line in path.read_text().splitlines()])
    assert 1 <= n_measured < 12
    assert math.isfinite(load(path)[0].median)
