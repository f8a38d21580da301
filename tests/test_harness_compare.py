"""Comparison across problems: statistics against closed forms, curves, and the command."""

from __future__ import annotations

from collections.abc import Mapping
import csv
import itertools
import json
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

from benchmarks import cli
from benchmarks.analysis.comparisons import across_problems
from benchmarks.analysis.comparisons import comparison
from benchmarks.analysis.curves import curve_files
from benchmarks.analysis.curves import curve_merging
from benchmarks.analysis.curves import run_curves
from benchmarks.analysis.curves.curve_set import Curve
from benchmarks.analysis.curves.curve_set import CurveSet
from benchmarks.analysis.curves.curve_set import Facts
from benchmarks.analysis.curves.regret import Scale
from benchmarks.analysis.numerics import paired
from benchmarks.analysis.numerics import resampling
from benchmarks.analysis.numerics.losses import normalised_regret
from benchmarks.analysis.studies.results import load_runs
from benchmarks.analysis.studies.results import Run
from benchmarks.analysis.studies.run_arrays import run_arrays
from benchmarks.analysis.studies.samples import to_samples
from benchmarks.arrays import FloatArray
from benchmarks.contenders import grid
from benchmarks.errors import UsageError
from benchmarks.reporting import compare as compare_command
from benchmarks.reporting import compare_tables
from benchmarks.reporting.target_table import target_table
from benchmarks.storage import opening
from benchmarks.storage import store
from benchmarks.suite import references


def test_normalised_regret() -> None:
    values = np.array([math.nan, math.inf, 9.0, 5.0, 3.0, 1.0, 0.0])
    found = normalised_regret(values, best=1.0, median=5.0)
    assert found.tolist() == [1, 1, 1, 1, 0.5, 0, 0]
    # All points are as good as the best.
    flat = normalised_regret(np.array([1.0, 2.0]), best=1.0, median=1.0)
    assert flat.tolist() == [0, 1]


def test_mean_gives_every_problem_the_same_weight() -> None:
    groups = [np.array([[0.0, 1.0]]), np.array([[1.0, 1.0], [1.0, 0.0], [1.0, 0.5]])]
    assert resampling.mean_of_groups(groups).tolist() == [0.5, 0.75]


def test_bootstrap_within_problems_has_the_right_width() -> None:
    rng = np.random.default_rng(1)
    groups = [rng.normal(offset, 1.0, size=(40, 1)) for offset in (0.0, 100.0)]
    resampled = resampling.resampled_means(groups)
    # Seeds vary within their problem; that the problems differ makes no uncertainty.
    variance = sum(group.var() / len(group) for group in groups) / 4
    assert resampled.std() == pytest.approx(math.sqrt(variance), rel=0.03)
    lower, upper = resampling.interval(resampled)
    half = 1.96 * math.sqrt(variance)
    assert (upper - lower)[0] == pytest.approx(2 * half, rel=0.03)


def test_bootstrap_keeps_pairs_together() -> None:
    noise = np.random.default_rng(2).normal(size=20)
    resampled = resampling.resampled_means([np.stack([noise, noise + 1], axis=1)], 200)
    np.testing.assert_allclose(resampled[:, 1] - resampled[:, 0], 1.0)


def test_bootstrap_needs_rows() -> None:
    for groups in ([], [np.empty((0, 1))]):
        with pytest.raises(ValueError, match="needs a row"):
            resampling.resampled_means(groups)
    with pytest.raises(ValueError, match="level is 1"):
        resampling.interval(np.zeros((3, 1)), level=1.0)


def test_holm() -> None:
    p_values = np.array([0.01, 0.04, math.nan, 0.03, 0.005])
    # Of four: 0.005 x 4, 0.01 x 3, 0.03 x 2, and 0.04 x 1 is less than its predecessor.
    expected = [0.03, 0.06, math.nan, 0.06, 0.02]
    np.testing.assert_allclose(paired.holm(p_values), expected)
    assert paired.holm(np.array([0.6, 0.7])).tolist() == [1.0, 1.0]


def test_win_tie_loss_and_ranks() -> None:
    ours = np.array([1.0, 2.0, 3.0, 0.1 + 0.2])
    theirs = np.array([2.0, 2.0, 1.0, 0.3])
    assert paired.win_tie_loss(ours, theirs) == (1, 2, 1)
    ranks = paired.mean_ranks(np.array([[1.0, 2.0, 2.0], [3.0, 1.0, 2.0]]))
    assert ranks.tolist() == [2.0, 1.75, 2.25]
    assert np.isnan(paired.mean_ranks(np.empty((0, 2)))).all()


def _set(regret: dict[str, FloatArray], n_problems: int) -> CurveSet:
    """Studies of one trial each, from values of shape (n_problems, n_seeds) by sampler."""
    found = {}
    for sampler, values in regret.items():
        for problem, seed in itertools.product(range(n_problems), range(values.shape[1])):
            if not np.isnan(values[problem, seed]):
                found[f"p{problem}", sampler, seed] = Curve(
                    np.array([1]), values[problem, seed : seed + 1], 1
                )
    medians = {f"p{problem}": (1.0, 100) for problem in range(n_problems)}
    # Makes 0 the best value seen.
    for problem in range(n_problems):
        found[f"p{problem}", "oracle", 99] = Curve(np.array([1]), np.array([0.0]), 1)
    return CurveSet(found, Facts(random_medians=medians))


@pytest.mark.slow
def test_samplers_that_do_not_differ_are_rarely_called_different() -> None:
    rng = np.random.default_rng(3)
    n_rejected = n_outside = 0
    for _ in range(100):
        values = {name: rng.random((4, 6)) for name in ("lattice_gp", "tpe")}
        found = comparison.compare(_set(values, 4), [1], "lattice_gp")
        versus = found.versus["tpe", "1"]
        n_rejected += versus.p_value < 0.05
        n_outside += not versus.ratio_lower <= 1 <= versus.ratio_upper
        assert versus.n_pairs == 24
    # Binomial with 0.05 (the bootstrap of so few seeds is a little narrow): more than these have a
    # chance of one in a thousand.
    assert 0 < n_rejected <= 12
    assert n_outside <= 25


def test_sampler_that_is_better_is_found() -> None:
    rng = np.random.default_rng(4)
    theirs = rng.random((5, 8))
    ours = 0.5 * theirs
    found = comparison.compare(_set({"lattice_gp": ours, "tpe": theirs}, 5), [1], "lattice_gp")
    versus = found.versus["tpe", "1"]
    assert versus.ratio == pytest.approx(0.5)
    assert versus.ratio_lower == pytest.approx(0.5) and versus.ratio_upper == pytest.approx(0.5)
    assert (versus.wins, versus.ties, versus.losses) == (40, 0, 0)
    assert versus.p_value < 1e-6
    # The oracle's pairs are its own.
    assert ("oracle", "1") not in found.versus
    assert versus.p_holm == versus.p_value
    assert not found.worse
    assert found.overall["tpe", "1"].mean == pytest.approx(theirs.mean())


def test_only_pairs_that_both_have_are_compared() -> None:
    ours = np.array([[0.1, 0.2, 0.3], [0.5, 0.5, 0.5]])
    theirs = np.array([[math.nan, 0.1, 0.4], [math.nan, math.nan, math.nan]])
    curve_set = _set({"lattice_gp": ours, "hebo": theirs}, 2)
    found = comparison.compare(curve_set, [1], "lattice_gp")
    versus = found.versus["hebo", "1"]
    assert versus.n_pairs == 2
    assert [versus.ours, versus.theirs] == pytest.approx([0.25, 0.25])
    assert (versus.wins, versus.ties, versus.losses) == (1, 0, 1)
    overall = found.overall["lattice_gp", "1"]
    assert (overall.n_problems, overall.n_pairs) == (2, 6)
    assert overall.mean == pytest.approx((0.2 + 0.5) / 2)
    assert math.isnan(overall.rank)


def test_problems_where_the_reference_is_worse() -> None:
    ours = np.array([[0.4, 0.6], [0.1, 0.1], [0.2, 0.2]])
    theirs = np.array([[0.2, 0.2], [0.3, 0.3], [0.2, 0.2]])
    found = comparison.compare(_set({"lattice_gp": ours, "tpe": theirs}, 3), [1], "lattice_gp")
    worse = [one for one in found.worse if one.column == "1"]
    assert [(one.problem, one.sampler) for one in worse] == [("p0", "tpe")]
    assert worse[0].ours - worse[0].theirs == pytest.approx(0.3)
    assert found.by_problem["p1", "tpe", "1"] == pytest.approx(0.3)


def test_trials_to_a_target() -> None:
    made_up = {
        # Best value 0, median of the first values 1: the values are their own regret.
        ("p", "a", 0): Curve(np.array([1, 3]), np.array([1.0, 1e-12]), 4),
        ("p", "a", 1): Curve(np.array([1, 2]), np.array([1.0, 0.5]), 4),
        ("p", "b", 0): Curve(np.array([1, 4]), np.array([1.0, 0.0]), 4),
        ("p", "b", 1): Curve(np.array([1]), np.array([1.0]), 2),
    }
    curve_set = CurveSet(made_up, Facts())
    scales = {"p": Scale(0.0, 1.0)}
    # A study of two trials does not count.
    table = target_table(curve_set, scales, 0.0, 4)
    assert table.rows == [["p", "4 (1/2)", "4 (1/1)"], ["mean", "4.0", "4.0"]]
    table = target_table(curve_set, scales, 0.5, 4)
    assert table.rows == [["p", "2 (2/2)", "4 (1/1)"], ["mean", "2.5", "4.0"]]
    # A sampler that has not got so far anywhere.
    table = target_table(curve_set.only(["p"], ["a"]), scales, 0.5, 5)
    assert table.rows == [["p", "–"], ["mean", "–"]]


def test_target_is_looked_for_within_each_number_of_trials(tmp_path: Path) -> None:
    made = {
        ("p", "tpe", 0): Curve(np.array([1, 4]), np.array([1.0, 0.0]), 4),
        ("p", "random", 0): Curve(np.array([1, 2]), np.array([1.0, 0.5]), 2),
    }
    curve_files.write(CurveSet(made, Facts()), tmp_path / "curves.csv")
    base = ["compare", "--curves", str(tmp_path / "curves.csv"), "--out", str(tmp_path)]
    assert cli.main([*base, "--at", "2,4", "--target", "0.5"]) == 0
    text = (tmp_path / "compare.md").read_text(encoding="utf-8")
    titles = [f"**Trials until the regret is at most 0.5 within the first {n}," for n in (2, 4)]
    first, last = text.split(titles[0])[1].split(titles[1])
    assert "| p | 3 (0/1) | 2 (1/1) |" in first
    assert "| p | 4 (1/1) | – |" in last


def test_scale_is_the_suites_reference() -> None:
    known = references.load()["shekel_d4"]
    curve = Curve(np.array([1]), np.array([known.random_median]), 1)
    found = comparison.compare(CurveSet({("shekel_d4", "tpe", 0): curve}, Facts()), [1], "")
    assert found.overall["tpe", "1"].mean == 1.0
    assert found.scales["shekel_d4"] == Scale(known.best_known, known.random_median)
    assert found.reference == "" and not found.versus


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


def test_area_is_the_mean_over_all_trials() -> None:
    random = Curve(np.array([1]), np.array([10.0]), 4)
    tpe = Curve(np.array([2, 4]), np.array([5.0, 0.0]), 4)
    facts = Facts(random_medians={"p": (10.0, 4)})
    curve_set = CurveSet({("p", "random", 0): random, ("p", "tpe", 0): tpe}, facts)
    found = comparison.compare(curve_set, [2, 4], "random")
    assert found.columns == ["2", "4", "area"]
    assert found.overall["tpe", "area"].mean == pytest.approx((1 + 0.5 + 0.5 + 0) / 4)
    assert [found.overall["tpe", column].mean for column in ("2", "4")] == [0.5, 0.0]


_SETTINGS = {
    "command": "x",
    "versions": {"optuna": "5"},
    "threads": 1,
    "sampler": "tpe",
    "sampler_version": "5.0.0",
}


def test_curves_survive_the_file(tmp_path: Path) -> None:
    facts = Facts(
        n_params={"p": 3},
        random_medians={"p": (2.0, 7)},
        ask_seconds={"tpe": (0.5, 6)},
        settings=[_SETTINGS],
    )
    both = {
        ("p", "tpe", 0): Curve(np.array([2, 4]), np.array([1 / 3, -1e-20]), 6),
        # Nothing found.
        ("p", "my.module:Class", 12): Curve(np.array([], dtype=int), np.array([]), 3),
        ("q", "tpe", 0): Curve(np.array([2]), np.array([0.5]), 6, np.array([1.25]), 1234.56),
    }
    for name in ("curves.csv", "curves.csv.gz"):
        curve_files.write(CurveSet(both, facts), tmp_path / name)
        read = curve_files.read(tmp_path / name)
        assert read.facts == facts
        assert list(read.curves) == list(both)
        for key, curve in both.items():
            assert read.curves[key].n_trials == curve.n_trials
            assert read.curves[key].trials.tolist() == curve.trials.tolist()
            np.testing.assert_allclose(read.curves[key].values, curve.values, rtol=1e-9)
        assert read.curves["p", "tpe", 0].seconds is None
        timed = read.curves["q", "tpe", 0]
        assert timed.seconds is not None
        assert (timed.seconds.tolist(), timed.total_seconds) == ([1.25], 1234.56)
    assert np.isnan(read.curves["p", "my.module:Class", 12].at(np.array([3]))).all()
    for text in ("", "problem,sampler\n", "# curves of python -m benchmarks: {}\nx\n1\n"):
        (tmp_path / "wrong.csv").write_text(text)
        with pytest.raises(UsageError, match="cannot read"):
            curve_files.read(tmp_path / "wrong.csv")


@pytest.mark.parametrize(
    "told",
    [
        [],
        {"settings": [{key: value for key, value in _SETTINGS.items() if key != "versions"}]},
        {"settings": [_SETTINGS | {"threads": [1]}]},
        {"settings": [_SETTINGS | {"sampler_seeds": ["own"]}]},
        {"settings": ["x"]},
        {"n_params": {"p": [3]}},
        {"ask_seconds": {"tpe": [0.5, "many"]}},
        {"random_medians": {"p": [2.0]}},
        {"unlike_suite": [{}]},
        {"seeds": 3},
    ],
    ids=str,
)
def test_damaged_facts_are_one_line(tmp_path: Path, told: object) -> None:
    file = tmp_path / "curves.csv"
    curve = Curve(np.array([1]), np.ones(1), 1)
    curve_files.write(CurveSet({("p", "tpe", 0): curve}, Facts()), file)
    first, *rest = file.read_text(encoding="utf-8").splitlines()
    mark, facts = first.split(": ", 1)
    changed = json.loads(facts) | told if isinstance(told, dict) else told
    file.write_text("\n".join([f"{mark}: {json.dumps(changed)}", *rest]), encoding="utf-8")
    with pytest.raises(UsageError, match="--curves: cannot read"):
        curve_files.read(file)


def test_a_file_that_was_cut_or_changed_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "curves.csv.gz"
    curves = {("p", "tpe", s): Curve(np.array([1]), np.array([0.5 * s]), 1) for s in range(40)}
    curve_files.write(CurveSet(curves, Facts()), file)
    whole = file.read_bytes()
    for damaged in (whole[: len(whole) // 2], whole[:20] + b"\xff" * 9 + whole[29:]):
        file.write_bytes(damaged)
        with pytest.raises(UsageError, match="--curves: cannot read"):
            curve_files.read(file)


def test_files_without_times_are_as_they_were(tmp_path: Path) -> None:
    text = '# curves of python -m benchmarks: {"n_params": {}, "random_medians": {}, '
    text += '"ask_seconds": {}, "settings": []}\n'
    text += "problem,sampler,seed,trial,value\np,tpe,0,1,2.5\np,tpe,0,3,\n"
    (tmp_path / "old.csv").write_text(text)
    old = curve_files.read(tmp_path / "old.csv")
    curve = old.curves["p", "tpe", 0]
    assert curve.seconds is None and math.isnan(curve.total_seconds)
    assert math.isnan(curve.seconds_at(2))
    curve_files.write(old, tmp_path / "new.csv")
    assert (tmp_path / "new.csv").read_text() == text


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


def test_samplers_are_compared_where_the_first_of_them_ends() -> None:
    rng = np.random.default_rng(0)
    found = {
        (f"p{problem}", sampler, seed): Curve(np.array([1]), rng.random(1), n_trials)
        for problem, seed in itertools.product(range(2), range(6))
        for sampler, n_trials in (("lattice_gp", 60), ("tpe", 25))
    }
    # A study that was stopped does not keep the others from it.
    found["p0", "tpe", 0] = Curve(np.array([1]), np.array([0.5]), 3)
    medians = {"p0": (1.0, 100), "p1": (1.0, 100)}
    curve_set = CurveSet(found, Facts(random_medians=medians))
    assert curve_set.common_budget == 25
    at = compare_command._checkpoints(curve_set, None)
    assert at == [10, 20, 25, 30, 60]
    analysis = across_problems.analyse(curve_set, comparison.compare(curve_set, at, "lattice_gp"))
    assert analysis.column == "25"
    assert len(analysis.statements) == 1
    compared = comparison.compare(curve_set, at, "lattice_gp")
    assert compared.ranked_column == "25"
    table = compare_tables.overall_table(compared)
    assert "rank after 25 trials over the 11 pairs" in table.title
    assert all(row[-1] != "–" for row in table.rows)
    # Where nothing so early is looked at, as late as it is.
    late = comparison.compare(curve_set, [30, 60], "lattice_gp")
    assert across_problems.analyse(curve_set, late).column == "60"


def test_merging_files() -> None:
    one = Curve(np.array([1]), np.array([1.0]), 3)
    other = Curve(np.array([1]), np.array([2.0]), 3)
    first = CurveSet({("p", "tpe", 0): one}, Facts(ask_seconds={"tpe": (1.0, 2)}))
    second = CurveSet({("p", "tpe", 1): other}, Facts(ask_seconds={"tpe": (3.0, 2)}))
    both = curve_merging.merge([first, second, first], ["a", "b", "c"])
    assert list(both.curves) == [("p", "tpe", 0), ("p", "tpe", 1)]
    assert both.facts.ask_seconds["tpe"] == (5.0, 6)
    timed = Curve(one.trials, one.values, 3, np.array([0.5]), 2.0)
    with_times = CurveSet({("p", "tpe", 0): timed}, Facts())
    for order in ([first, with_times], [with_times, first]):
        assert curve_merging.merge(order, ["a", "b"]).curves["p", "tpe", 0].seconds is not None
    conflicting = CurveSet({("p", "tpe", 0): other}, Facts())
    with pytest.raises(UsageError, match="a and b tell different things of sampler tpe on p"):
        curve_merging.merge([first, conflicting], ["a", "b"])


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small run over two problems of the suite and one toy."""
    out = tmp_path_factory.mktemp("results")
    arguments = ["run", "--problems", "discrete_125,levy_idle_d20,quadratic"]
    arguments += ["--samplers", "tpe,random", "--seeds", "2", "--trials", "12", "--jobs", "1"]
    assert cli.main([*arguments, "--out", str(out)]) == 0
    assert cli.main(["compare", "--out", str(out)]) == 0
    return out


@pytest.mark.slow
def test_command_and_its_curves_say_the_same(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = ["--at", "5,12", "--reference", "tpe", "--target", "0.5"]
    assert cli.main(["compare", "--out", str(results), *base]) == 0
    shown = capsys.readouterr().out
    assert "3 problems, 2 samplers, 12 studies; seeds 0-1." in shown
    assert "quadratic has no reference" in shown and "trials of random" in shown
    assert "between tpe and random after 12 trials: mean regret" in shown
    # Samplers have other seeds on every problem: these are six independent pairs.
    assert "Too few seeds" not in shown
    assert "Share of targets reached" in shown and "Mean rank over 3 problems" in shown
    names = ["compare.md", "compare.csv", "curves.csv.gz"]
    pictures = ("compare", "ecdf", "critical_difference")
    names += [f"{name}.{kind}" for name in pictures for kind in ("png", "svg")]
    assert all((results / name).stat().st_size > 0 for name in names)
    rows = _rows(results / "compare.csv")
    kinds = {"overall", "versus", "problem", "scale", "pair", "rank", "ert", "ecdf"}
    assert {row["kind"] for row in rows} == kinds | ({"worse"} & {row["kind"] for row in rows})
    assert {row["against"] for row in rows if row["kind"] == "ert"} == {"trials", "seconds"}
    # The file against the storage.
    stored = load_runs(opening.open_storage(opening.default_url(results)))
    (run,) = [r for r in stored if (r.problem, r.sampler, r.seed) == ("discrete_125", "tpe", 1)]
    found = min(trial.values[0] for trial in run.trials[:5] if trial.values)
    curve = curve_files.read(results / "curves.csv.gz").curves["discrete_125", "tpe", 1]
    assert curve.at(np.array([5]))[0] == pytest.approx(found)
    text = (results / "compare.md").read_text()
    assert "Trials until the regret is at most 0.5" in text
    for words in ("Expected trials to regret 0.2", "Expected seconds to regret 0.05"):
        assert words in text
    assert "optuna" in text and "compare --out" in text and "run --problems" in text
    again = ["compare", "--curves", str(results / "curves.csv.gz"), "--out", str(tmp_path)]
    assert cli.main([*again, *base]) == 0
    assert _rows(tmp_path / "compare.csv") == rows
    before = (results / "curves.csv.gz").read_bytes()
    assert (tmp_path / "curves.csv.gz").read_bytes() == before


@pytest.mark.slow
def test_filters(results: Path, tmp_path: Path) -> None:
    base = ["compare", "--curves", str(results / "curves.csv.gz"), "--out", str(tmp_path)]
    for arguments, problems in (
        (["--tag", "noisy"], {"levy_idle_d20"}),
        (["--min-dims", "4"], {"levy_idle_d20"}),
        (["--max-dims", "3"], {"discrete_125", "quadratic"}),
        (["--problems", "quadratic"], {"quadratic"}),
    ):
        assert cli.main([*base, *arguments]) == 0
        rows = _rows(tmp_path / "compare.csv")
        assert {row["problem"] for row in rows if row["kind"] == "problem"} == problems
    assert cli.main([*base, "--samplers", "random"]) == 0
    assert {row["sampler"] for row in _rows(tmp_path / "compare.csv")} == {"random", ""}


def test_sampler_is_found_however_its_arguments_are_spaced(tmp_path: Path) -> None:
    names = ("tpe(n_startup_trials=5, multivariate=True)", "random", "gp")
    curve = Curve(np.array([1, 2]), np.array([0.5, 0.25]), 2)
    made = {("quadratic", name, seed): curve for name in names for seed in range(2)}
    curve_files.write(CurveSet(made, Facts()), tmp_path / "curves.csv")
    base = ["compare", "--curves", str(tmp_path / "curves.csv"), "--out", str(tmp_path / "out")]
    text = "tpe(n_startup_trials=5,multivariate=True)"
    assert cli.main([*base, "--samplers", f"{text},random", "--reference", text]) == 0
    found = {row["sampler"] for row in _rows(tmp_path / "out" / "compare.csv")}
    assert found - {""} == {names[0], "random"}


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--at", "x"], ["--at", "'x'", "1 or more"]),
        (["--at", "13"], ["--at", "13", "12 trials"]),
        (["--reference", "tpo"], ["--reference", "'tpo'", "mean 'tpe'"]),
        (["--tag", "noisi"], ["--tag", "'noisi'", "mean 'noisy'"]),
        (["--min-dims", "0"], ["--min-dims", "'0'", "1 or more"]),
        (["--target", "-1"], ["--target", "'-1'", "from 0"]),
        (["--target", "nan"], ["--target", "'nan'", "from 0"]),
        (["--target", "1"], ["--target", "'1'", "less than 1"]),
        (["--targets", "0.1,1"], ["--targets", "'0.1,1'", "less than 1"]),
        (["--targets", "0.1,"], ["--targets", "'0.1,'", "separated by commas"]),
        (["--min-dims", "21"], ["--min-dims: nothing to compare"]),
        (["--samplers", "gp"], ["--samplers", "'gp'", "tpe, random"]),
        (["--problems", "lattice"], ["--problems", "'lattice'", "quadratic"]),
        (["--curves", "/no/such/file"], ["--curves", "/no/such/file"]),
    ],
)
def test_wrong_argument_of_compare(
    results: Path,
    tmp_path: Path,
    arguments: list[str],
    words: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    base = ["compare", "--curves", str(results / "curves.csv.gz"), "--out", str(tmp_path / "o")]
    try:
        status = cli.main([*base, *arguments])
    except SystemExit as error:  # From argparse.
        status = int(error.code or 0)
    assert status == 2
    last = capsys.readouterr().err.strip().splitlines()[-1]
    for word in words:
        assert word in last
    assert not (tmp_path / "o").exists()


def test_filter_that_leaves_nothing_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    curve = Curve(np.array([1]), np.array([0.5]), 1)
    made = {("p", "tpe", 0): curve, ("q", "random", 0): curve}
    curve_files.write(CurveSet(made, Facts(n_params={"p": 3, "q": 3})), tmp_path / "some.csv")
    curve_files.write(CurveSet({}, Facts()), tmp_path / "none.csv")
    base = ["compare", "--out", str(tmp_path / "out"), "--curves"]
    for arguments, named in (
        (["--tag", "noisy"], "--tag: "),
        (["--min-dims", "5", "--max-dims", "2"], "--min-dims/--max-dims: "),
        (["--problems", "p", "--samplers", "random"], "--problems/--samplers: "),
    ):
        assert cli.main([*base, str(tmp_path / "some.csv"), *arguments]) == 2
        assert f"error: {named}nothing to compare" in capsys.readouterr().err
    # No filter is to blame for what was never there.
    assert cli.main([*base, str(tmp_path / "none.csv"), "--tag", "noisy"]) == 2
    assert "error: nothing to compare: no study has a finished trial" in capsys.readouterr().err


def test_compare_without_results(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["compare"]) == 2
    assert "--out: missing" in capsys.readouterr().err
    assert cli.main(["compare", "--out", str(tmp_path)]) == 2
    assert "holds no results" in capsys.readouterr().err


@pytest.mark.slow
def test_suite_is_a_list_of_problems(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = ["--samplers", "random", "--seeds", "1", "--trials", "2", "--out", str(tmp_path)]
    assert cli.main(["run", "--suite", "discrete_dev", *out]) == 0
    capsys.readouterr()
    assert cli.main(["compare", "--out", str(tmp_path)]) == 0
    assert "3 problems, 1 sampler," in capsys.readouterr().out
    assert cli.main(["run", "--suite", "devel", *out]) == 2
    assert "--suite: got 'devel'. Did you mean 'dev'? Accepts dev" in capsys.readouterr().err
    assert cli.main(["run", "--suite", "dev", "--problems", "lattice", *out]) == 2
    assert "--suite: not allowed with --problems" in capsys.readouterr().err


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))
