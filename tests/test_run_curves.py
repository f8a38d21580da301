"""What each study had found after so many trials, and which studies are complete."""

from __future__ import annotations

from collections.abc import Mapping
import math
from pathlib import Path
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution
from optuna.trial import create_trial
from optuna.trial import FrozenTrial
from optuna.trial import TrialState
import pytest

from benchmarks.analysis.comparisons import comparison
from benchmarks.analysis.curves import curve_files
from benchmarks.analysis.curves import curve_merging
from benchmarks.analysis.curves import run_curves
from benchmarks.analysis.studies.results import Run
from benchmarks.analysis.studies.run_arrays import run_arrays
from benchmarks.analysis.studies.samples import to_samples
from benchmarks.contenders import grid
from benchmarks.errors import UsageError
from benchmarks.storage import store


def _run(
    values: list[float | None],
    expected: list[float] | None = None,
    settings: Mapping[str, object] = {},
    **changes: object,
) -> Run:
    trials: list[FrozenTrial] = []
    for number, value in enumerate(values):
        attrs = {} if expected is None else {"expected_loss": expected[number]}
        state = TrialState.FAIL if value is None else TrialState.COMPLETE
        trial = create_trial(state=state, value=value, user_attrs=attrs)
        trial.number = number
        trials.append(trial)
    details = {"problem": "p", "sampler": "tpe", "seed": 0, "planned": len(values), "sign": 1}
    made = {"command": "x", "versions": {}, "threads": 1, "sampler_version": "1"} | dict(settings)
    return Run(**(details | {"settings": made, "trials": trials} | changes))  # type: ignore[arg-type]


def test_the_suites_reference_is_not_that_of_another_problem_of_its_name(tmp_path: Path) -> None:
    """The losses of the large Perceiver lie far below the least of the small one."""
    large = {"problem": {"preset": "full", "mode": "table"}}
    runs = [
        _run([0.5, 0.42], problem="perceiver", settings=large),
        _run([0.6, 0.58], problem="perceiver", settings=large, sampler="random"),
        _run([300.0], problem="shekel_d4", settings={"problem": {"use": "my_problems:bowl"}}),
        _run([1.5], problem="mine", settings={"problem": {"use": "my_problems:bowl"}}),
    ]
    path = tmp_path / "curves.csv.gz"
    curve_files.write(run_curves.from_runs(runs), path)
    curve_set = curve_files.read(path)
    assert curve_set.facts.unlike_suite == ["perceiver", "shekel_d4"]
    scales = comparison.compare(curve_set, [2], "random").scales
    assert (scales["perceiver"].best, scales["perceiver"].median) == (0.42, 0.59)
    assert scales["perceiver"].note and scales["shekel_d4"].best == 300.0
    found = comparison.compare(curve_set.only(["perceiver"], ["tpe", "random"]), [2], "random")
    assert found.overall["tpe", "2"].mean == 0.0
    assert found.overall["random", "2"].mean == pytest.approx(0.16 / 0.17)
    for settings in ({}, {"problem": {"preset": "small", "mode": "table"}}):
        small = run_curves.from_runs([_run([1.5], problem="perceiver", settings=settings)])
        assert small.facts.unlike_suite == []
        with pytest.raises(UsageError, match="perceiver is the suite's in some .* b among them"):
            curve_merging.merge([curve_set, small], ["a", "b"])
    trained = {"problem": {"preset": "small", "mode": "train", "device": "cpu"}}
    live = run_curves.from_runs([_run([1.5], problem="perceiver", settings=trained)])
    assert live.facts.unlike_suite == ["perceiver"]


def test_curve_is_the_noise_free_value_of_the_incumbent_by_observed_value() -> None:
    run = _run([None, 3.0, 4.0, 2.0, 2.5, 1.0], expected=[0.0, 2.0, 0.1, 2.5, 0.2, 1.5])
    curve = run_curves.from_runs([run]).curves["p", "tpe", 0]
    assert curve.trials.tolist() == [2, 4, 6]
    at = curve.at(np.arange(1, 8))
    np.testing.assert_array_equal(at, [math.nan, 2.0, 2.0, 2.5, 2.5, 1.5, math.nan])
    # Without noise-free values, and with the larger the better.
    curve = run_curves.from_runs([_run([1.0, 3.0, 2.0], sign=-1)]).curves["p", "tpe", 0]
    assert curve.at(np.arange(1, 4)).tolist() == [-1, -3, -3]


def test_exhausted_grid_keeps_what_it_has_and_a_stopped_study_does_not() -> None:
    runs = [
        _run([1.0] * 5),
        _run([2.0, 1.5], sampler="grid"),
        _run([2.0, 1.5], sampler="random", planned=5),
    ]
    found = run_curves.from_runs(runs).curves
    assert [found["p", name, 0].n_trials for name in ("tpe", "grid", "random")] == [5, 5, 2]


def test_short_study_is_no_exhausted_grid() -> None:
    of_four = store.space_to_json({"x": IntDistribution(1, 4)})
    runs = [
        _run([1.0] * 6),
        _run([2.0, 1.5], sampler="random", settings={"trials": 2}),
        # Its own plan was two of the four points; by another name, all four of six.
        _run([2.0, 1.5], sampler="brute_force", settings={"trials": 2, "space": of_four}),
        _run([2.0] * 4, sampler="all_points", settings={"trials": 6, "space": of_four}),
        _run([2.0] * 4, sampler="brute_force", seed=1, settings={"trials": 2, "space": of_four}),
    ]
    assert [run.is_exhausted for run in runs] == [False, False, False, True, True]
    lengths = [curve.n_trials for curve in run_curves.from_runs(runs).curves.values()]
    assert lengths == [6, 2, 2, 6, 6]
    samples = {sample.sampler: sample for sample in to_samples(runs)}
    complete = {name: sample.complete for name, sample in samples.items()}
    assert complete == {
        "tpe": [True], "random": [False], "brute_force": [False, True], "all_points": [True]
    }  # fmt: skip
    assert samples["random"].reached(3) == [] and samples["brute_force"].reached(5) == [1]


def test_extended_grid_by_another_name_is_exhausted() -> None:
    space = {"x": FloatDistribution(1e-4, 1.0, log=True), "n": IntDistribution(1, 9)}
    finite = {"n": IntDistribution(1, 9), "kind": CategoricalDistribution(("a", "b"))}

    def made(sampler: str, points: list[dict[str, Any]], its: dict[str, BaseDistribution]) -> Run:
        trials = [create_trial(value=1.0, params=p, distributions=its) for p in points]
        # Begun with fewer trials than there are points.
        settings = {"trials": 2, "space": store.space_to_json(its)}
        return Run("p", sampler, 0, len(trials), 1, settings, trials)

    levels = [(x, n) for x in grid.grid_levels(space["x"]) for n in grid.grid_levels(space["n"])]
    points = [{"x": x, "n": n} for x, n in levels]
    everything_of = [{"n": n, "kind": kind} for n in range(1, 10) for kind in "ab"]
    moved = [*points[:-1], {"x": 0.5, "n": 9}]
    exhausted = {
        "whole": made("mygrid", points, space),
        "part": made("mygrid", points[:-1], space),
        "twice": made("mygrid", [*points[:-1], points[0]], space),
        "no grid": made("other", moved, space),
        "finite": made("mybrute", everything_of, finite),
        "part of it": made("mybrute", everything_of[1:], finite),
        "arguments": made("brute_force(avoid_premature_stop=True)", everything_of, finite),
        "by chance": made("tpe(n_startup_trials=5)", everything_of, finite),
    }
    found = [name for name, run in exhausted.items() if run.is_exhausted]
    assert found == ["whole", "finite", "arguments"]


def test_seconds_of_a_curve() -> None:
    run = _run([3.0, 4.0, 2.0, 5.0])
    for trial, objective in zip(run.trials, (1.0, 2.0, 3.0, 4.0)):
        trial.user_attrs.update(ask_seconds=0.25, tell_seconds=0.25, objective_seconds=objective)
    # What a table says that it cost counts, not how long it took to look up.
    run.trials[0].user_attrs["seconds"] = 10.0
    curve = run_curves.from_runs([run]).curves["p", "tpe", 0]
    assert curve.seconds is not None
    assert (curve.seconds.tolist(), curve.total_seconds) == ([10.5, 16.5], 21.0)
    known = [curve.seconds_at(trial) for trial in (1, 2, 3, 4)]
    assert known == [10.5, pytest.approx(13.5), 16.5, 21.0], "the second is taken to be between"
    assert math.isnan(curve.seconds_at(5))
    del run.trials[1].user_attrs["ask_seconds"]
    assert run_curves.from_runs([run]).curves["p", "tpe", 0].seconds is None


def test_trials_side_by_side_end_when_the_clock_says() -> None:
    trials = [
        create_trial(
            value=1.0,
            user_attrs={
                "seconds": 10.0,
                "ask_seconds": 0.0,
                "tell_seconds": 0.0,
                "finished_seconds": finished,
            },
        )
        for finished in (10.0, 10.0, 20.0)
    ]
    ended = run_arrays(Run("p", "s", 0, 3, 1, {}, trials)).ended
    assert ended is not None and ended.tolist() == [10.0, 10.0, 20.0]
