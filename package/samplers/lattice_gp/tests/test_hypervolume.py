"""Box decompositions and expected hypervolume improvement against independent computations."""

from __future__ import annotations

from importlib import import_module
from itertools import combinations
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies
import numpy as np
import optunahub
import pytest
from scipy import special
from scipy import stats


PACKAGE = optunahub.load_local_module(
    "samplers/lattice_gp", registry_root=str(Path(__file__).parents[3])
).__name__
acquisition = import_module(f"{PACKAGE}.acquisition.expected_improvement")
hypervolume = import_module(f"{PACKAGE}.acquisition.hypervolume")


def sphere_front(m: int, k: int, seed: int = 0) -> np.ndarray:
    """Points (m, k), none of which dominates another."""
    directions = np.abs(np.random.default_rng(seed).standard_normal((m, k)))
    front: np.ndarray = 1.0 - directions / np.linalg.norm(directions, axis=1, keepdims=True)
    return front


def dominated_volume(points: np.ndarray, reference: np.ndarray) -> Any:
    """By inclusion and exclusion of points (..., m, k); shape (...)."""
    total = np.zeros(points.shape[:-2])
    for size in range(1, points.shape[-2] + 1):
        for subset in combinations(range(points.shape[-2]), size):
            worst = points[..., list(subset), :].max(axis=-2)
            total -= (-1) ** size * np.maximum(reference - worst, 0.0).prod(axis=-1)
    return total


def volume_left(front: np.ndarray, reference: np.ndarray) -> float:
    """What the open boxes leave of the region between the best of the front and the reference."""
    floor = np.vstack([front, reference]).min(axis=0)
    lower, upper = hypervolume.nondominated_boxes(front, reference)
    sides = np.maximum(upper - np.maximum(lower, floor), 0.0)
    return float(np.prod(reference - floor) - np.prod(sides, axis=1).sum())


def n_boxes_around(points: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    inside = (lower <= points[:, None]).all(axis=2) & (points[:, None] <= upper).all(axis=2)
    count: np.ndarray = inside.sum(axis=1)
    return count


def is_open(points: np.ndarray, front: np.ndarray, reference: np.ndarray) -> np.ndarray:
    dominated = np.any(np.all(front <= points[:, None], axis=2), axis=1)
    result: np.ndarray = np.logical_and(np.all(points < reference, axis=1), ~dominated)
    return result


@strategies.composite
def fronts(draw: strategies.DrawFn, max_points: int) -> tuple[np.ndarray, np.ndarray]:
    """Points (m, k) with few distinct coordinates, some beyond the reference (k,)."""
    k = draw(strategies.integers(1, 4))
    coordinates = strategies.tuples(*[strategies.integers(0, 4)] * k)
    points = draw(strategies.lists(coordinates, max_size=max_points))
    reference = draw(strategies.tuples(*[strategies.integers(2, 5)] * k))
    return np.array(points, dtype=float).reshape(-1, k), np.array(reference, dtype=float)


@given(fronts(max_points=12))
def test_nondominated_points_are_those_without_a_better_one(
    problem: tuple[np.ndarray, np.ndarray],
) -> None:
    values, _ = problem
    expected = [
        not any(
            (other <= value).all() and ((other < value).any() or j < i)
            for j, other in enumerate(values)
        )
        for i, value in enumerate(values)
    ]
    assert hypervolume.is_nondominated(values).tolist() == expected


@pytest.mark.slow
@given(fronts(max_points=12))
@settings(deadline=None)
def test_boxes_partition_the_open_region_whatever_the_ties(
    problem: tuple[np.ndarray, np.ndarray],
) -> None:
    front, reference = problem
    lower, upper = hypervolume.nondominated_boxes(front, reference)
    # Corners are integers or infinite, so that a point in every cell between integers tells all.
    cells = np.meshgrid(*[np.arange(-0.5, 6.0)] * len(reference))
    points = np.stack([axis.ravel() for axis in cells], axis=1)
    expected = is_open(points, front, reference)
    np.testing.assert_array_equal(n_boxes_around(points, lower, upper), expected)
    assert (lower < upper).all()


@pytest.mark.parametrize("k", [2, 3, 4])
def test_boxes_partition_the_open_region_of_a_large_front(k: int) -> None:
    front, reference = sphere_front(30, k), np.full(k, 0.9)
    lower, upper = hypervolume.nondominated_boxes(front, reference)
    points = np.random.default_rng(0).uniform(-0.5, 1.0, (5000, k))
    expected = is_open(points, front, reference)
    assert 0 < expected.sum() < len(expected)
    np.testing.assert_array_equal(n_boxes_around(points, lower, upper), expected)


@pytest.mark.parametrize("k, n_boxes", [(1, 1), (2, 41), (3, 81)])
def test_up_to_three_objectives_take_few_boxes(k: int, n_boxes: int) -> None:
    lower, _ = hypervolume.nondominated_boxes(sphere_front(40, k), np.full(k, 1.1))
    assert len(lower) == n_boxes


def test_without_a_front_one_box_is_open() -> None:
    reference = np.array([1.0, 2.0, 3.0])
    for front in (np.empty((0, 3)), np.array([[0.0, 0.0, 3.0]])):
        lower, upper = hypervolume.nondominated_boxes(front, reference)
        assert np.isneginf(lower).all() and upper.tolist() == [reference.tolist()]


@given(fronts(max_points=7))
@settings(deadline=None)
def test_what_boxes_leave_is_the_volume_by_inclusion_and_exclusion(
    problem: tuple[np.ndarray, np.ndarray],
) -> None:
    front, reference = problem
    assert volume_left(front, reference) == dominated_volume(front, reference)


@pytest.mark.parametrize("k", [2, 3, 4])
def test_what_boxes_leave_is_optunas_hypervolume(k: int) -> None:
    optunas = pytest.importorskip("optuna._hypervolume")
    front, reference = sphere_front(25, k), np.full(k, 1.1)
    expected = optunas.compute_hypervolume(front, reference)
    assert volume_left(front, reference) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("k", [2, 3, 4])
def test_expected_improvement_is_the_mean_over_samples(k: int) -> None:
    front, reference = sphere_front(4, k), np.full(k, 1.1)
    means = np.array([[0.2] * k, [0.5] * k, np.linspace(0.1, 0.9, k), [0.7] * k])
    deviations = np.array([[0.1] * k, [0.3] * k, np.linspace(0.4, 0.05, k), [0.2] * k])
    boxes = hypervolume.nondominated_boxes(front, reference)
    logs = hypervolume.log_expected_hypervolume_improvement(means, deviations, *boxes)

    normals = special.ndtri(stats.qmc.Sobol(k, seed=0).random(2**16))
    before = dominated_volume(front, reference)
    for log, mean, deviation in zip(logs, means, deviations):
        samples = mean + deviation * normals
        with_front = [np.broadcast_to(front, (len(samples), *front.shape)), samples[:, None]]
        after = dominated_volume(np.concatenate(with_front, axis=1), reference)
        assert np.exp(log) == pytest.approx((after - before).mean(), rel=2e-3)


def test_two_objectives_have_the_known_formula() -> None:
    """By strips: Yang et al., Efficient computation of expected hypervolume improvement using box
    decomposition algorithms, Journal of Global Optimization 2019."""
    front, reference = sphere_front(10, 2), np.array([1.2, 1.1])
    rng = np.random.default_rng(0)
    means, deviations = rng.uniform(0, 1.2, (20, 2)), rng.uniform(0.02, 0.5, (20, 2))

    def psi(a: float, b: float, mean: float, deviation: float) -> float:
        score = (b - mean) / deviation
        return float(deviation * stats.norm.pdf(score) + (a - mean) * special.ndtr(score))

    corners = [(reference[0], -np.inf), *front[np.argsort(-front[:, 0])], (-np.inf, reference[1])]
    expected = []
    for (m1, m2), (s1, s2) in zip(means, deviations):
        total = 0.0
        for (left, _), (x, y) in zip(corners, corners[1:]):
            height = psi(y, y, m2, s2)
            if np.isfinite(x):
                total += (left - x) * special.ndtr((x - m1) / s1) * height
            total += (psi(left, left, m1, s1) - psi(left, x, m1, s1)) * height
        expected.append(total)
    boxes = hypervolume.nondominated_boxes(front, reference)
    logs = hypervolume.log_expected_hypervolume_improvement(means, deviations, *boxes)
    np.testing.assert_allclose(np.exp(logs), expected, rtol=1e-9)


def test_one_objective_has_expected_improvement() -> None:
    means, deviations = np.linspace(-3, 60, 30)[:, None], np.full((30, 1), 1.3)
    front, reference = np.array([[0.7], [0.2], [0.5]]), np.array([1.0])
    boxes = hypervolume.nondominated_boxes(front, reference)
    logs = hypervolume.log_expected_hypervolume_improvement(means, deviations, *boxes)
    expected = acquisition.log_expected_improvement(means[:, 0], deviations[:, 0], 0.2)
    np.testing.assert_allclose(logs, expected)


@pytest.mark.parametrize("lower", [-200.0, -50.0, -5.0, -0.5, 0.5, 5.0, 500.0])
def test_expected_length_is_the_integral_however_narrow_the_box(lower: float) -> None:
    means, deviations = np.array([[0.0]]), np.array([[1.0]])
    nodes, weights = np.polynomial.legendre.leggauss(40)
    for width in np.logspace(-12, 1, 40):
        upper = lower + width
        # Of the cumulative distribution function, over what matters of the box.
        start = max(lower, upper - 20.0 / max(1.0, -upper))
        points = upper + (upper - start) * 0.5 * (nodes - 1.0)
        log_integral = special.logsumexp(
            special.log_ndtr(points) + np.log(weights * 0.5 * (upper - start))
        )
        log = hypervolume.log_expected_hypervolume_improvement(
            means, deviations, np.array([[lower]]), np.array([[upper]])
        )
        assert log[0] == pytest.approx(log_integral, abs=2e-7, rel=1e-10)


@pytest.mark.parametrize("distance", [10.0, 50.0, 1e3, 1e6])
def test_far_candidates_are_finite_and_the_nearer_the_better(distance: float) -> None:
    front, reference = sphere_front(20, 3), np.full(3, 1.1)
    boxes = hypervolume.nondominated_boxes(front, reference)
    deviations = np.full((50, 3), 0.1)
    for direction in ([1.0, 1.0, 1.0], [1.0, 0.0, 0.0], [0.0, 0.3, 1.0]):
        steps = distance * np.linspace(1.0, 2.0, 50)[:, None]
        means = 0.6 + deviations * steps * np.array(direction)
        with np.errstate(divide="raise", over="raise", invalid="raise"):
            logs = hypervolume.log_expected_hypervolume_improvement(means, deviations, *boxes)
        assert np.isfinite(logs).all()
        assert (np.diff(logs) < 0).all()


def test_candidates_do_not_depend_on_each_other() -> None:
    rng = np.random.default_rng(0)
    boxes = hypervolume.nondominated_boxes(sphere_front(40, 3), np.full(3, 1.1))
    means, deviations = rng.uniform(0, 1, (700, 3)), rng.uniform(0.01, 0.3, (700, 3))
    together = hypervolume.log_expected_hypervolume_improvement(means, deviations, *boxes)
    alone = [
        hypervolume.log_expected_hypervolume_improvement(
            means[i : i + 1], deviations[i : i + 1], *boxes
        )[0]
        for i in (0, 201, 202, 699)
    ]
    np.testing.assert_allclose(together[[0, 201, 202, 699]], alone)


@pytest.mark.parametrize(("k", "limit"), [(2, 100), (3, 100), (4, 80), (5, 30), (6, 12), (9, 4)])
def test_front_of_many_objectives_is_thinned_to_points_far_apart(k: int, limit: int) -> None:
    front = sphere_front(100, k)
    kept = hypervolume.thinned(front)
    assert len(np.unique(kept, axis=0)) == limit
    assert {tuple(point) for point in kept} <= {tuple(point) for point in front}

    def least_distance(points: np.ndarray) -> float:
        apart = ((points[:, None] - points) ** 2).sum(axis=2)
        return float(apart[~np.eye(len(points), dtype=bool)].min())

    assert least_distance(kept) >= least_distance(front[:limit])
