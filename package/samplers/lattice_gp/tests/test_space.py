"""Coordinates, lattices, visits and the search over them."""

from __future__ import annotations

from importlib import import_module
import math
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies
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
SearchSpace = import_module(f"{PACKAGE}.space.search_space").SearchSpace
Visits = import_module(f"{PACKAGE}.search.visits").Visits
axes = import_module(f"{PACKAGE}.space.axes")
candidates = import_module(f"{PACKAGE}.search.candidates")
search = import_module(f"{PACKAGE}.search.maximize")
startup_point = import_module(f"{PACKAGE}.search.design").startup_point

MIXED: dict[str, BaseDistribution] = {
    "stepped": IntDistribution(128, 512, step=64),
    "log_int": IntDistribution(1, 1000, log=True),
    "grid": FloatDistribution(-10.2, 10.2, step=0.1),
    "log": FloatDistribution(1e-7, 10, log=True),
    "plain": FloatDistribution(-1.7e308, 1.7e308),
    "choice": CategoricalDistribution(("a", None, 3, 1.5)),
    "listed": CategoricalDistribution((8, 2.5, 1024, -1)),
}
DISCRETE: dict[str, BaseDistribution] = {
    "stepped": IntDistribution(-4, 4, step=2),
    "log_int": IntDistribution(1, 7, log=True),
    "choice": CategoricalDistribution((True, False)),
}


@pytest.mark.parametrize("name", list(MIXED))
@given(quantile=strategies.floats(0, 1, exclude_max=True))
def test_values_survive_the_unit_cube(name: str, quantile: float) -> None:
    space = SearchSpace({name: MIXED[name]})
    point = space.from_quantiles(np.array([[quantile]]))[0]
    params = space.to_params(point)
    value = MIXED[name].to_internal_repr(params[name])
    assert MIXED[name]._contains(value)
    assert type(params[name]) in (int, float, str, type(None))
    back = space.to_coordinates({name: value})
    np.testing.assert_allclose(back, point, atol=1e-12)
    again = MIXED[name].to_internal_repr(space.to_params(back)[name])
    assert again == pytest.approx(value, rel=1e-12)
    np.testing.assert_allclose(space.snap(point[None, :])[0], point, atol=1e-12)


@pytest.mark.parametrize("name", ["stepped", "log_int", "grid", "choice", "listed"])
@given(coordinate=strategies.floats(-2, 3))
def test_snapping_finds_the_nearest_value(name: str, coordinate: float) -> None:
    space = SearchSpace({name: MIXED[name]})
    lattice = space.from_flat_index(np.arange(space.size))[:, 0]
    snapped = space.snap(np.array([[coordinate]]))[0, 0]
    assert snapped in lattice
    if name != "log_int":  # there the nearest value is looked for among values, not logarithms
        assert abs(snapped - coordinate) <= np.abs(lattice - coordinate).min() + 1e-9


def test_ends_and_order_of_a_log_int() -> None:
    space = SearchSpace({"k": IntDistribution(1, 64, log=True)})
    points = space.from_flat_index(np.arange(64))
    assert points[0, 0] == 0 and points[-1, 0] == 1
    assert [space.to_params(p)["k"] for p in points] == list(range(1, 65))
    eight = space.to_coordinates({"k": 8})[0]
    assert eight == pytest.approx(0.5)


def test_quantiles_give_every_lattice_value_the_same_share() -> None:
    space = SearchSpace({"n": IntDistribution(0, 6)})
    quantiles = (np.arange(7000) + 0.5) / 7000
    values = space.from_quantiles(quantiles[:, None])[:, 0]
    assert (np.unique(values, return_counts=True)[1] == 1000).all()


def test_quantiles_give_the_values_of_a_log_int_the_shares_that_optuna_gives_them() -> None:
    space = SearchSpace({"n": IntDistribution(2, 8, log=True)})
    quantiles = (np.arange(7000) + 0.5) / 7000
    points = space.from_quantiles(quantiles[:, None])
    values, counts = np.unique([space.to_params(p)["n"] for p in points], return_counts=True)
    assert values.tolist() == list(range(2, 9))
    # Log-uniform from half below the lowest to half above the highest, then rounded.
    shares = np.log((values + 0.5) / (values - 0.5)) / math.log(8.5 / 1.5)
    np.testing.assert_allclose(counts, 7000 * shares, atol=1.0)


def test_flat_index_numbers_every_point_once() -> None:
    space = SearchSpace(DISCRETE)
    assert space.size == 5 * 7 * 2
    points = space.from_flat_index(np.arange(space.size))
    assert len(np.unique(points, axis=0)) == space.size
    np.testing.assert_array_equal(space.flat_index(points), np.arange(space.size))


def test_lattice_is_all_of_a_small_one_and_some_of_a_large_one() -> None:
    space, rng = SearchSpace(DISCRETE), np.random.default_rng(0)
    everything = np.unique(space.from_flat_index(np.arange(70)), axis=0)
    np.testing.assert_array_equal(space.lattice(70, rng), everything)
    some = space.lattice(69, rng)
    assert 20 < len(some) < 69
    assert set(space.flat_index(some)) < set(range(70))
    assert len(SearchSpace(MIXED).lattice(70, rng)) == 0


def test_features_of_choices_are_at_distance_one() -> None:
    space = SearchSpace({"c": CategoricalDistribution("abc"), "x": FloatDistribution(0, 1)})
    points = np.array([[0.0, 0.0], [0.5, 0.0], [1.0, 1.0]])
    features = space.features(points)
    assert features.shape == (3, 4)
    np.testing.assert_array_equal(space.feature_params, [0, 0, 0, 1])
    assert np.linalg.norm(features[0] - features[1]) == pytest.approx(1)
    assert np.linalg.norm(features[0] - features[2]) == pytest.approx(math.sqrt(2))


@pytest.mark.parametrize(
    ("choices", "ascending"),
    [
        ([64, 16, 32], [16, 32, 64]),
        ([0.5, 0, 0.1], [0, 0.1, 0.5]),
        ([3, 1, 2], [1, 2, 3]),
        ([0.0, 1.0, 2.0], [0.0, 1.0, 2.0]),
        ([1, 10, True, 100, 1.0], None),
        ([2.0, 1, 10, 2, 1.0], [1, 2, 10]),
        ([2**70, 2**71, -(2**70)], [-(2**70), 2**70, 2**71]),
        ([np.int64(4), np.float32(1.0), 9], [1.0, 4, 9]),
        # Places of a list, two values, and what is no number, or none that has a place.
        ([0, 1, 2], None),
        ([2, 0, 3, 1], None),
        ([16, 32], None),
        ([16, 32, 16.0], None),
        ([16, 32, "64"], None),
        ([16, 32, None], None),
        # One choice that is no number comes last.
        ([16, None, 64, 32], [16, 32, 64, None]),
        (["auto", 0.1, 0.2, 0.3], [0.1, 0.2, 0.3, "auto"]),
        ([4, 2, math.inf, 1], [1, 2, 4, math.inf]),
        ([16, "64", None, 32, 8], None),
        ([None, 0, 1, 2], None),
        ([1.0, 2.0, math.nan], None),
        ([1, 10, math.inf], None),
        ([1, 10, 10**400], None),
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore:Choices for a categorical distribution should be")
def test_choices_that_are_numbers_have_an_order(
    choices: list[Any], ascending: list[Any] | None
) -> None:
    distribution = CategoricalDistribution(choices)
    space = SearchSpace({"listed": distribution})
    assert axes.are_listed_numbers(distribution) == (ascending is not None)
    assert space.is_categorical.tolist() == [ascending is None]
    points = space.coordinates_of(0)[:, None]
    values = [space.to_params(point)["listed"] for point in points]
    for value, point in zip(values, points):
        there = space.to_coordinates({"listed": distribution.to_internal_repr(value)})
        np.testing.assert_array_equal(there, point)
    one_hot = space.choices(points)
    np.testing.assert_allclose(one_hot, np.eye(len(points)) * math.sqrt(0.5))
    if ascending is None:
        np.testing.assert_array_equal(space.features(points), one_hot)
        assert space.to_params(space.centre())["listed"] == choices[0]
    else:
        assert values == ascending
        np.testing.assert_array_equal(space.features(points), points)
        assert space.to_params(space.centre())["listed"] == ascending[len(ascending) // 2]


def test_many_numbers_of_a_list_are_told_apart_by_their_order_alone() -> None:
    short, long = (
        SearchSpace({"n": CategoricalDistribution(range(1, n + 1))}) for n in (32, 10_000)
    )
    assert short.choices(short.centre()[None, :]).shape == (1, 32)
    assert long.choices(long.centre()[None, :]).shape == (1, 0)
    assert long.features(long.centre()[None, :]).shape == (1, 1)
    labels = SearchSpace({"n": CategoricalDistribution(range(100))})
    assert labels.choices(labels.centre()[None, :]).shape == (1, 100)


def test_huge_ranges() -> None:
    space = SearchSpace({"i": IntDistribution(0, 2**60), "j": IntDistribution(1, 2**62, log=True)})
    assert not space.is_enumerable
    for quantile in (0.0, 0.3, 1 - 1e-16):
        params = space.to_params(space.from_quantiles(np.full((1, 2), quantile))[0])
        assert 0 <= params["i"] <= 2**60 and 1 <= params["j"] <= 2**62
    visits = Visits(space, space.centre()[None, :])
    assert not visits.is_open(space.centre()[None, :])[0]


@pytest.mark.slow
@given(strategies.lists(strategies.integers(0, 69), max_size=200))
def test_open_points_are_those_visited_least(visited: list[int]) -> None:
    space = SearchSpace(DISCRETE)
    visits = Visits(space, space.from_flat_index(np.array(visited, dtype=float)))
    counts = np.bincount(np.array(visited, dtype=int), minlength=70)
    expected = set(np.flatnonzero(counts == counts.min()))
    everything = space.from_flat_index(np.arange(70))
    assert set(np.flatnonzero(visits.is_open(everything))) == expected
    assert visits.n_open == len(expected)
    drawn = visits.sample_open(70, np.random.default_rng(0))
    assert set(space.flat_index(drawn).astype(int)) == expected
    assert len(visits.sample_open(1, np.random.default_rng(0))) == 1


def test_visits_with_a_continuous_parameter() -> None:
    space = SearchSpace({"x": FloatDistribution(0, 1), "n": IntDistribution(0, 1)})
    visits = Visits(space, np.array([[0.25, 0.0], [0.25, 0.0]]))
    candidates = np.array([[0.25, 0.0], [0.25, 1.0], [np.nextafter(0.25, 1), 0.0], [0.2501, 0.0]])
    np.testing.assert_array_equal(visits.is_open(candidates), [False, True, False, True])
    assert visits.n_open == math.inf
    nothing = Visits(space, np.empty((0, 2)))
    assert nothing.is_open(candidates).all()


def test_a_point_that_is_read_back_from_its_values_counts_as_visited() -> None:
    space = SearchSpace(
        {
            "x": FloatDistribution(-0.1, 0.3),
            "rate": FloatDistribution(1e-6, 0.3, log=True),
            "n": IntDistribution(1, 1000, log=True),
        }
    )
    points = space.from_quantiles(np.random.default_rng(0).random((200, 3)))
    read = np.array([space.to_coordinates(space.to_values(point)) for point in points])
    assert (read != points).any()
    assert not Visits(space, read).is_open(points).any()


def test_perturbations_are_points_near_their_centre() -> None:
    space = SearchSpace(MIXED)
    rng = np.random.default_rng(0)
    centre = space.snap(np.full((1, space.n_params), 0.4))
    neighbours = candidates.perturb(space, centre, 500, 0.01, rng)
    np.testing.assert_allclose(space.snap(neighbours), neighbours, atol=1e-12)
    assert (neighbours != centre).any(axis=1).mean() > 0.95
    numeric = ~space.is_categorical
    assert np.median(np.abs(neighbours - centre)[:, numeric].max(axis=1)) < 0.2


def test_perturbations_move_to_neighbouring_values_at_least() -> None:
    space = SearchSpace({"n": IntDistribution(0, 4), "x": FloatDistribution(0, 1)})
    np.testing.assert_array_equal(space.spacings, [0.25, 0.0])
    neighbours = candidates.perturb(
        space, np.array([[0.5, 0.5]]), 400, 1e-6, np.random.default_rng(0)
    )
    assert {0.25, 0.5, 0.75} == set(neighbours[:, 0].tolist())
    assert np.abs(neighbours[:, 1] - 0.5).max() < 1e-3


def test_perturbations_reach_the_bounds() -> None:
    space = SearchSpace({"x": FloatDistribution(0, 1)})
    neighbours = candidates.perturb(space, np.array([[0.02]]), 400, 0.1, np.random.default_rng(0))
    assert 0.1 < (neighbours == 0).mean() < 0.6


def test_search_finds_the_best_point_of_a_lattice() -> None:
    space = SearchSpace({f"n{i}": IntDistribution(0, 20) for i in range(4)})
    target = space.from_flat_index(np.array([12345.0]))[0]
    start = space.centre()[None, :]
    found = search.maximize(
        lambda points: -np.abs(points - target).sum(axis=1),
        space,
        Visits(space, start),
        candidates.everywhere(space, start, True, np.random.default_rng(1)),
        np.random.default_rng(0),
    )
    assert np.abs(found - target).max() <= 1 / 20 + 1e-9


def test_search_scores_every_point_of_a_small_lattice() -> None:
    space = SearchSpace(DISCRETE)
    everything = space.from_flat_index(np.arange(70))
    scores = np.random.default_rng(1).random(70)
    found = search.maximize(
        lambda points: scores[space.flat_index(points).astype(int)],
        space,
        Visits(space, everything[np.argsort(-scores)[:3]]),
        everything[:1],
        np.random.default_rng(0),
    )
    assert space.flat_index(found[None, :])[0] == np.argsort(-scores)[3]


@pytest.mark.parametrize("distributions", [MIXED, DISCRETE])
def test_startup_points_are_distinct_and_deterministic(
    distributions: dict[str, BaseDistribution],
) -> None:
    space = SearchSpace(distributions)
    points = np.empty((0, space.n_params))
    for index in range(min(int(min(space.size, 200)), 200)):
        point = startup_point(space, Visits(space, points), 7, index)
        np.testing.assert_array_equal(point, startup_point(space, Visits(space, points), 7, index))
        points = np.concatenate([points, point[None, :]])
    assert len(np.unique(points, axis=0)) == len(points)
    np.testing.assert_array_equal(points[0], space.centre())
    other = startup_point(space, Visits(space, points[:0]), 8, 1)
    assert (other != points[1]).any()


def test_spaces_of_other_names_or_ranges_have_other_startup_points() -> None:
    depth, rate = IntDistribution(1, 9), FloatDistribution(1e-4, 1e-1, log=True)

    def quantiles(names: str, distributions: list[BaseDistribution]) -> np.ndarray:
        space = SearchSpace(dict(zip(names, distributions)))
        point: np.ndarray = startup_point(space, Visits(space, np.empty((0, 2))), 7, 1)
        return point

    as_it_is = quantiles("ab", [depth, rate])
    np.testing.assert_array_equal(as_it_is, quantiles("ab", [depth, rate]))
    assert (as_it_is != quantiles("ac", [depth, rate])).any()
    assert (as_it_is != quantiles("ab", [depth, FloatDistribution(1e-4, 1.0, log=True)])).any()


def test_edge_candidates_reach_both_ends_of_every_numeric_parameter() -> None:
    space = SearchSpace(MIXED)
    centre = space.from_quantiles(np.full((1, space.n_params), 0.4))
    points = candidates.edges(space, centre, 40, np.random.default_rng(0))
    numeric = ~space.is_categorical
    np.testing.assert_array_equal(space.snap(points), points)
    for end in (0.0, 1.0):
        one_moved = (points == centre).sum(axis=1) == space.n_params - 1
        assert ((points == end) & one_moved[:, None]).any(axis=0)[numeric].all()


def test_random_edge_candidates_have_every_other_coordinate_at_an_end() -> None:
    space = SearchSpace({f"x{i}": FloatDistribution(0, 1) for i in range(8)})
    points = candidates.edges(space, np.full((1, 8), 0.4), 400, np.random.default_rng(0))
    at_end = (points == 0.0) | (points == 1.0)
    # After those near the centre, before those that differ from it in one coordinate.
    assert 0.4 < at_end[200:400].mean() < 0.6


@pytest.mark.parametrize(
    "distribution",
    [
        IntDistribution(0, 2**63 - 1),
        IntDistribution(0, 2**60 - 1),
        IntDistribution(1, 2**63 - 1, log=True),
        IntDistribution(0, 2**64 - 1, step=3),
    ],
)
def test_ends_that_floats_cannot_hold_are_not_passed(distribution: IntDistribution) -> None:
    axis = axes.make_axis(distribution)
    value = axis.to_value(1.0)
    assert distribution.low < value <= distribution.high
    assert axis.to_unit(value) == 1.0


def test_small_ints_of_a_very_long_log_range_are_told_apart() -> None:
    space = SearchSpace({"n": IntDistribution(1, 2**41, log=True)})
    quantiles = np.append(np.linspace(0.0, 0.1, 50), [0.5, 0.999, 1.0])[:, None]
    points = space.snap(quantiles.copy())
    values = [space.to_values(point) for point in points]
    assert {1.0, 2.0, 3.0, 4.0, 2.0**41} < {value["n"] for value in values}
    is_large = quantiles > 0.5
    np.testing.assert_allclose(points[is_large], quantiles[is_large], atol=1e-7)
    for point, value in zip(points, values):
        np.testing.assert_allclose(space.to_coordinates(value), point, atol=1e-14)
    np.testing.assert_array_equal(space.from_quantiles(quantiles), points)
    visits = Visits(space, np.array([space.to_coordinates({"n": n}) for n in (1.0, 2.0)]))
    assert not visits.is_open(space.snap(np.array([[0.002], [0.02]]))).any()
