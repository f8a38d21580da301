"""Where to look for the maximum of the acquisition function: points on the lattice."""

from __future__ import annotations

import numpy as np

from ..basics.arrays import BoolArray
from ..basics.arrays import FloatArray
from ..space.search_space import SearchSpace


# From the whole space, around the best points so far, and at the edges of the space.
_N_GLOBAL = 240
_N_LOCAL = 120
_N_EDGES = 60
_N_CENTRES = 4
_LOCAL_SCALE = 0.15
# Expected number of coordinates that a perturbation moves.
_N_MOVED = 1.5
_MIN_MOVED_SHARE = 0.25
_SCALE_SPREAD = 0.8


def everywhere(
    space: SearchSpace, best_points: FloatArray, tries_edges: bool, rng: np.random.Generator
) -> FloatArray:
    """Candidates all over the space, more of them around the best points so far.

    Args:
        space: The search space.
        best_points: Array (k, d) of observed points, best first.
        tries_edges: Whether some are sent to the edges of the space.
        rng: Source of randomness.

    Returns:
        Array (m, d) of points.
    """
    centres = best_points[:_N_CENTRES]
    parts = [
        space.from_quantiles(rng.random((_N_GLOBAL, space.n_params))),
        perturb(space, centres, _N_LOCAL, _LOCAL_SCALE, rng),
    ]
    if tries_edges:
        parts.append(edges(space, centres, _N_EDGES, rng))
    return np.concatenate(parts)


def perturb(
    space: SearchSpace, centres: FloatArray, n: int, scale: float, rng: np.random.Generator
) -> FloatArray:
    """Random neighbours of given points.

    Each moves a few coordinates of one centre: numeric ones by a normal step of at least one
    lattice place (of small log ints, whose places are far apart, it may be too short to lead
    away), reflected at the bounds or stopped there; categorical ones to any choice.

    Args:
        space: The search space.
        centres: Array (k, d), k at least 1.
        n: Number of neighbours.
        scale: Median step, in units of the cube's side.
        rng: Source of randomness.

    Returns:
        Array (n, d) of points.
    """
    d = space.n_params
    chosen = centres[rng.integers(len(centres), size=n)]
    points, moved = space.fill(chosen, rng), _moved(space, chosen, rng)
    scales = scale * np.exp(_SCALE_SPREAD * rng.standard_normal((n, 1)))
    steps = scales * rng.standard_normal((n, d))
    steps = np.copysign(np.maximum(np.abs(steps), space.spacings), steps)
    moved_to = points + steps
    stopped = np.minimum(np.maximum(moved_to, 0.0), 1.0)
    reflected = 1.0 - np.abs(1.0 - np.abs(moved_to))
    # Half of the steps beyond a bound end on it: optima at bounds are common.
    stepped = np.where(rng.random((n, d)) < 0.5, stopped, reflected)
    if space.has_choices:
        redrawn = space.from_quantiles(rng.random((n, d)))
        stepped = np.where(space.is_categorical, redrawn, stepped)
    return space.snap(np.where(moved, stepped, points))


def _moved(space: SearchSpace, points: FloatArray, rng: np.random.Generator) -> BoolArray:
    """Which coordinates of points (n, d) to move: a few of those that exist, at least one."""
    n, d = points.shape
    moved: BoolArray
    if space.conditions is None:
        moved = rng.random((n, d)) < max(_MIN_MOVED_SHARE, _N_MOVED / d)
        moved[np.arange(n), rng.integers(d, size=n)] = True
        return moved
    is_active = space.active(points)
    share = np.maximum(_MIN_MOVED_SHARE, _N_MOVED / is_active.sum(axis=1))
    draws = np.where(is_active, rng.random((n, d)), np.inf)
    moved = draws < share[:, None]
    moved[np.arange(n), draws.argmin(axis=1)] = True
    return moved


def edges(space: SearchSpace, centres: FloatArray, n: int, rng: np.random.Generator) -> FloatArray:
    """Points with numeric parameters at the ends of their ranges, where optima are common.

    Half are the given points with one or two coordinates sent to an end, half are random points
    with every other coordinate at one; then the first centre with each coordinate in turn at
    either end.

    Args:
        space: The search space.
        centres: Array (k, d) of points, the best one first.
        n: Number of random ones.
        rng: Source of randomness.

    Returns:
        Array (n + 2 * d, d) of points.
    """
    d = space.n_params
    near = centres[rng.integers(len(centres), size=n // 2)]
    anywhere = space.from_quantiles(rng.random((n - n // 2, d)))
    points = np.concatenate([near, anywhere, np.repeat(centres[:1], 2 * d, axis=0)])
    points = space.fill(points, rng)
    ends = np.rint(rng.random((len(points), d)))
    share = np.repeat([_N_MOVED / d, 0.5, 0.0], [len(near), len(anywhere), 2 * d])
    sent = rng.random((len(points), d)) < share[:, None]
    for end, rows in enumerate(np.split(np.arange(n, n + 2 * d), 2)):
        sent[rows, np.arange(d)] = True
        ends[rows, np.arange(d)] = end
    sent &= ~space.is_categorical
    return space.snap(np.where(sent, ends, points))
