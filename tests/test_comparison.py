"""Samplers compared by their regret: means, pairs, and where one is worse."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from benchmarks.analysis.comparisons import across_problems
from benchmarks.analysis.comparisons import comparison
from benchmarks.analysis.curves.curve_set import Curve
from benchmarks.analysis.curves.curve_set import CurveSet
from benchmarks.analysis.curves.curve_set import Facts
from benchmarks.analysis.curves.regret import regret_by_trial
from benchmarks.analysis.curves.regret import Scale
from benchmarks.arrays import FloatArray
from benchmarks.contenders.seeding import OWN
from benchmarks.contenders.seeding import SHARED
from benchmarks.reporting import compare as compare_command
from benchmarks.reporting import compare_tables
from benchmarks.suite import references


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


def test_scale_is_the_suites_reference() -> None:
    known = references.load()["shekel_d4"]
    curve = Curve(np.array([1]), np.array([known.random_median]), 1)
    found = comparison.compare(CurveSet({("shekel_d4", "tpe", 0): curve}, Facts()), [1], "")
    assert found.overall["tpe", "1"].mean == 1.0
    assert found.scales["shekel_d4"] == Scale(known.best_known, known.random_median)
    assert found.reference == "" and not found.versus


def test_area_is_the_mean_over_all_trials() -> None:
    random = Curve(np.array([1]), np.array([10.0]), 4)
    tpe = Curve(np.array([2, 4]), np.array([5.0, 0.0]), 4)
    facts = Facts(random_medians={"p": (10.0, 4)})
    curve_set = CurveSet({("p", "random", 0): random, ("p", "tpe", 0): tpe}, facts)
    found = comparison.compare(curve_set, [2, 4], "random")
    assert found.columns == ["2", "4", "area"]
    assert found.overall["tpe", "area"].mean == pytest.approx((1 + 0.5 + 0.5 + 0) / 4)
    assert [found.overall["tpe", column].mean for column in ("2", "4")] == [0.5, 0.0]


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
    late = comparison.compare(curve_set, [30, 40, 60], "lattice_gp")
    assert across_problems.analyse(curve_set, late).column == "60"


def test_curve_of_a_sampler_is_over_its_own_longest_studies() -> None:
    steps = np.array([1, 3])
    studies = {
        ("p0", "lattice_gp", 0): Curve(steps, np.array([8.0, 2.0]), 4),
        ("p0", "lattice_gp", 1): Curve(steps, np.array([6.0, 4.0]), 4),
        # Stopped on the way.
        ("p0", "lattice_gp", 2): Curve(steps, np.array([0.0, 0.0]), 3),
        ("p1", "lattice_gp", 0): Curve(steps, np.array([10.0, 0.0]), 4),
        ("p0", "tpe", 0): Curve(steps, np.array([9.0, 9.0]), 9),
    }
    scales = {problem: Scale(0.0, 10.0) for problem in ("p0", "p1")}
    curve = regret_by_trial(CurveSet(studies, Facts()), scales, "lattice_gp", 60)
    np.testing.assert_array_equal(curve.x, [1.0, 2.0, 3.0, 4.0])
    # The mean over problems of the means over seeds.
    np.testing.assert_allclose(curve.mean, [0.85, 0.85, 0.15, 0.15])


@pytest.mark.parametrize(("sampler_seeds", "n_blocks"), [(OWN, 32), (SHARED, 16)])
def test_problems_that_share_seeds_and_size_are_exchanged_at_once(
    sampler_seeds: str, n_blocks: int
) -> None:
    rng = np.random.default_rng(5)
    curve_set = _set({"lattice_gp": rng.random((4, 8)), "tpe": rng.random((4, 8))}, 4)
    curve_set.facts.settings.append({"sampler_seeds": sampler_seeds})
    curve_set.facts.n_params.update({"p0": 3, "p1": 3, "p2": 5, "p3": 5})
    compared = comparison.compare(curve_set, [1], "lattice_gp")
    pairs = across_problems.analyse(curve_set, compared).pairs
    (found,) = (pair for pair in pairs if pair.other == "tpe" and pair.column == "1")
    assert found.n_blocks == n_blocks
