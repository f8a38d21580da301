"""The trust region, to which the search for every second trial of a longer study is confined."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution
import optunahub
import pytest


PACKAGE = optunahub.load_local_module(
    "samplers/lattice_gp", registry_root=str(Path(__file__).parents[3])
).__name__
chooser = import_module(f"{PACKAGE}.search.chooser")
maximize = import_module(f"{PACKAGE}.search.maximize").maximize
SearchSpace = import_module(f"{PACKAGE}.space.search_space").SearchSpace
trust_region = import_module(f"{PACKAGE}.search.trust_region")
Visits = import_module(f"{PACKAGE}.search.visits").Visits

MIXED: dict[str, BaseDistribution] = {
    "stepped": IntDistribution(128, 512, step=64),
    "log_int": IntDistribution(1, 1000, log=True),
    "grid": FloatDistribution(-10.2, 10.2, step=0.1),
    "log": FloatDistribution(1e-7, 10, log=True),
    "plain": FloatDistribution(-1.7e308, 1.7e308),
    "choice": CategoricalDistribution(("a", None, 3, 1.5)),
}


def test_search_does_not_leave_the_region_that_it_is_confined_to() -> None:
    space = SearchSpace({"x": FloatDistribution(0, 1), "y": FloatDistribution(0, 1)})
    rng = np.random.default_rng(0)
    # Everything is better farther away.
    centre = np.full(2, 0.5)
    region = trust_region.TrustRegion.around(space, centre, 12, np.ones(2))
    visits = Visits(space, centre[None, :])
    found = maximize(
        lambda points: points.sum(axis=1), space, visits, region.candidates(rng), rng, region
    )
    assert region.contains(found[None, :]).all()
    np.testing.assert_allclose(found, centre + region.half_sides, atol=0.2 * region.side)


def test_region_shrinks_while_nothing_improves_and_then_restarts() -> None:
    space = SearchSpace(MIXED)
    scales = np.ones(space.n_params)
    centre = space.centre()

    def side(n_failed: int) -> float:
        return float(trust_region.TrustRegion.around(space, centre, n_failed, scales).side)

    sides = [side(n) for n in range(60)]
    assert sides[0] == max(sides)
    assert min(sides) < 0.05
    falls = np.flatnonzero(np.diff(sides))
    assert (np.diff(sides)[falls] < 0).sum() > (np.diff(sides)[falls] > 0).sum() > 0


def test_region_candidates_lie_in_it_and_on_the_lattice() -> None:
    space = SearchSpace(MIXED)
    scales = np.linspace(0.1, 10.0, space.n_params)
    region = trust_region.TrustRegion.around(space, space.centre(), 0, scales)
    points = region.candidates(np.random.default_rng(0))
    np.testing.assert_array_equal(space.snap(points), points)
    # Snapping moves a coordinate by half a step at most.
    steps = 0.5 / np.maximum(space.n_values - 1, 1)
    near = np.abs(points - region.centre) <= region.half_sides + steps + 1e-9
    assert (near | space.is_categorical).all()
    assert region.contains(region.centre[None, :]).all()


def test_region_is_wide_enough_along_the_parameters_that_matter_most() -> None:
    space = SearchSpace({f"x{i}": FloatDistribution(0, 1) for i in range(3)})
    scales = np.array([1e-6, 1.0, 1e6])
    region = trust_region.TrustRegion.around(space, space.centre(), 0, scales)
    assert (np.diff(region.half_sides) > 0.0).all()
    assert region.half_sides.min() > 0.05 * region.side
    assert region.half_sides.max() < 5.0 * region.side


def test_a_tenth_of_the_choices_is_drawn_anew() -> None:
    space = SearchSpace({f"c{i}": CategoricalDistribution(("a", "b", "c")) for i in range(5)})
    centre = space.centre()
    region = trust_region.TrustRegion.around(space, centre, 0, np.ones(5))
    rng = np.random.default_rng(0)
    differs = np.concatenate([region.candidates(rng) != centre for _ in range(20)])
    # Two of three draws are another choice.
    assert differs.mean() == pytest.approx(0.1 * 2 / 3, abs=0.01)


def test_region_is_around_the_best_trial_and_shrinks_with_those_since() -> None:
    space = SearchSpace({"x": FloatDistribution(0, 1), "y": FloatDistribution(0, 1)})
    points = np.random.default_rng(0).random((20, 2))

    def region(best: int) -> Any:
        order = np.array([best, *(i for i in range(20) if i != best)])
        fit = SimpleNamespace(hyperparameters=SimpleNamespace(length_scales=np.ones(2)))
        beliefs = SimpleNamespace(objectives=(SimpleNamespace(fit=fit),))
        view = SimpleNamespace(order=order, beliefs=beliefs)
        return chooser._trust_region(space, SimpleNamespace(points=points), view)

    for best in range(20):
        expected = trust_region.TrustRegion.around(space, points[best], 19 - best, np.ones(2))
        assert region(best).side == expected.side
        np.testing.assert_array_equal(region(best).centre, points[best])
    assert region(0).side < region(19).side


@pytest.mark.parametrize("unit", [1e-2, 1.0, 1e2])
def test_region_has_the_proportions_of_the_length_scales(unit: float) -> None:
    space = SearchSpace({f"x{i}": FloatDistribution(0, 1) for i in range(3)})
    scales = unit * np.array([0.5, 1.0, 2.0])
    region = trust_region.TrustRegion.around(space, space.centre(), 0, scales)
    np.testing.assert_allclose(region.half_sides, 0.5 * region.side * np.array([0.5, 1.0, 2.0]))
