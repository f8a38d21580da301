"""The problems of parts: their references, curves, logarithms and prices."""

from __future__ import annotations

from collections.abc import Iterable
import math
from typing import Any

import numpy as np
from optuna.distributions import FloatDistribution
import pytest

from benchmarks.parts import references
from benchmarks.parts.compared import cost
from benchmarks.parts.problems import by_name as problems
from benchmarks.parts.problems import priced
from benchmarks.parts.problems.curve_problems import FreezeThaw
from benchmarks.parts.problems.curve_problems import ladder_pace
from benchmarks.parts.problems.logarithms import LogProblem
from benchmarks.parts.problems.logarithms import LogQuadratic
from benchmarks.suite import references as of_suites
from benchmarks.suite.catalog import CATALOG
from benchmarks.suite.imitations import LadderNetwork
from benchmarks.suite.imitations import NoisyQuadratic
from benchmarks.suite.space import sample


pytestmark = pytest.mark.usefixtures("needs_suite")
FORMULAS = ("levy", "griewank", "alpine", "hartmann", "zakharov", "dixon_price")
# Left out of the common run for the seconds that they take: training, and tables that are asked
# many times a trial.
LONG = ("digits_curves", "naval_priced", "vehicle_priced")


def long_ones_slow(names: Iterable[str]) -> list[Any]:
    return [pytest.param(n, marks=pytest.mark.slow) if n in LONG else n for n in names]


@pytest.mark.parametrize("name", FORMULAS)
def test_best_points_by_construction(name: str) -> None:
    problem = problems.OWN[name]()
    reference = references.load()[name]
    assert reference == references.compute(name)
    assert problem.loss(problem.optimum) == pytest.approx(0.0, abs=1e-12)
    rng = np.random.default_rng(0)
    losses = [problem.loss(sample(problem.search_space, rng)) for _ in range(500)]
    assert min(losses) > reference.best_known
    assert np.median(losses) == pytest.approx(reference.random_median, rel=0.15)


def test_searched_references_are_as_good_as_those_of_the_suites() -> None:
    ours, suites = references.load(), of_suites.load()
    assert set(problems.OWN) | set(problems.SAME_AS) <= set(ours)
    for name, other in (("log_quadratic", "noisy_quadratic"), ("log_naval", "hpolib_naval")):
        assert ours[name].best_known <= math.log(suites[other].best_known) + 0.01


@pytest.mark.parametrize("name", long_ones_slow(problems.CURVES))
def test_curves(name: str) -> None:
    problem, same, other = (problems.CURVES[name](seed) for seed in (0, 0, 1))
    space = problem.search_space
    assert space == other.search_space
    rng = np.random.default_rng(0)
    some = [sample(space, rng) for _ in range(3)]
    curves = [list(problem.curve(params)) for params in some]
    assert curves == [list(same.curve(params)) for params in some]
    assert all(len(curve) == problem.n_steps for curve in curves)
    assert all(math.isfinite(value) for curve in curves for value in curve)
    is_live = name in ("digits_curves", "cancer_curves")
    assert (curves == [list(other.curve(params)) for params in some]) == is_live
    if not problem.noisy:
        assert [curve[-1] for curve in curves] == [problem.loss(params) for params in some]


@pytest.mark.parametrize(
    "name",
    long_ones_slow(
        ["ladder_curves", "levy_curves", "digits_curves", "quadratic_curves", "alpine_curves"]
    ),
)
def test_curves_descend_to_good_values(name: str) -> None:
    problem = problems.CURVES[name](0)
    rng = np.random.default_rng(0)
    some = sorted((sample(problem.search_space, rng) for _ in range(24)), key=problem.loss)[:3]
    for params in some:
        curve = np.array(list(problem.curve(params)))
        third = len(curve) // 3
        assert curve[:third].mean() > curve[-third:].mean()


def test_freeze_thaw_by_hand() -> None:
    base = LadderNetwork()
    params = {
        "depth": 5, "width": 512, "heads": 5, "batch_size": 64, "learning_rate": 1e-3
    }  # fmt: skip
    problem = FreezeThaw(base, 4, start=10.0, pace=lambda params: 2.0, noise=0.0)
    final = base.loss(params)
    expected = [
        final + (10.0 - final) * (math.exp(-step / 2) - math.exp(-2)) / (1 - math.exp(-2))
        for step in (1, 2, 3, 4)
    ]
    assert list(problem.curve(params)) == pytest.approx(expected)
    assert expected[-1] == final
    # Three of four orders of magnitude above the lowest rate would be 1 + 6 at depth 1.
    assert ladder_pace({**params, "learning_rate": 1e-2}) == pytest.approx(7.0 - 0.25 * 4)


def test_quadratic_curves_cross() -> None:
    problem = problems.CURVES["quadratic_curves"](0)
    params = {
        "width": 512, "depth": 8, "batch_size": 32, "one_minus_momentum": 1.0,
        "weight_decay": 1e-6, "dropout": 0.0,
    }  # fmt: skip
    quick, slow = (list(problem.curve({**params, "learning_rate": rate})) for rate in (0.5, 0.1))
    assert quick[0] < slow[0] and quick[-1] > slow[-1]


def test_perceiver_curve_ends_at_its_loss() -> None:
    problem = problems.CURVES["perceiver_small_curves"](3)
    params = {"depth": 4, "latent_dim": 16, "num_latents": 8, "learning_rate": 5e-3}
    table = CATALOG["perceiver"].build(3)
    assert list(problem.curve(params))[-1] == pytest.approx(table.evaluate(params))
    assert problem.loss(params) == table.expected_loss(params)


def test_logarithms() -> None:
    params = sample(NoisyQuadratic().search_space, np.random.default_rng(1))
    value = NoisyQuadratic().loss(params)
    assert LogQuadratic().loss(params) == pytest.approx(math.log(value))
    assert LogProblem(NoisyQuadratic()).measure(params).value == pytest.approx(math.log(value))


@pytest.mark.parametrize("name", long_ones_slow(problems.PRICED))
def test_prices(name: str) -> None:
    problem = problems.PRICED[name](0)
    # Of the first thousand of the points behind the table.
    mean = priced.mean_seconds(problem, 1000)
    assert cost.MEAN_SECONDS[name] == pytest.approx(mean, rel=0.2)
    rng = np.random.default_rng(0)
    seconds = [problem.seconds(sample(problem.search_space, rng)) for _ in range(50)]
    assert min(seconds) > 0
    assert (max(seconds) == min(seconds)) == ("flat_rate" in name)


def test_prices_by_hand() -> None:
    assert priced.size_of_network({"depth": 4, "width": 128}) == 2.0
    best = problems.ALPINE.optimum
    assert priced.near(problems.ALPINE, dear=True)(best) == pytest.approx(20.0)
    assert priced.near(problems.ALPINE, dear=False)(best) == pytest.approx(1.0)
    price = priced.along_direction({"x": FloatDistribution(0, 1)}, 0)
    assert sorted(price({"x": x}) for x in (0, 0.5, 1)) == pytest.approx([1.0, 20**0.5, 20.0])
