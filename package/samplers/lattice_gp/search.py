"""Maximise the acquisition function over the lattice and the continuous parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from .arrays import FloatArray
from .space import SearchSpace
from .visits import Visits


# Candidates of the first round: from the whole space, and around the best points so far.
_N_GLOBAL = 400
_N_LOCAL = 200
_N_CENTRES = 4
_LOCAL_SCALE = 0.15
# The rounds after it: around the best candidates, ever closer.
_N_ROUNDS = 4
_N_PER_ROUND = 96
_ROUND_SCALE = 0.1
_ROUND_SHRINKAGE = 0.4
# Candidates of the first round with parameters at the ends of their ranges.
_N_EDGES = 100
# Expected number of coordinates that a perturbation moves.
_N_MOVED = 1.5
_MIN_MOVED_SHARE = 0.25
_SCALE_SPREAD = 0.8

Acquisition: TypeAlias = Callable[[FloatArray], FloatArray]


def maximize(
    acquisition: Acquisition,
    space: SearchSpace,
    visits: Visits,
    best_points: FloatArray,
    rng: np.random.Generator,
    tries_edges: bool = True,
) -> FloatArray:
    """Find an open point of high acquisition.

    Scores random points and perturbations of the best observed ones, then perturbations of the
    best candidates in shrinking rounds. Every candidate is snapped to the lattice before it is
    scored. If few points are open, scores them all instead.

    Args:
        acquisition: Maps points (m, d) to scores (m,).
        space: The search space.
        visits: Says which points may be proposed.
        best_points: Array (k, d) of observed points, best first.
        rng: Source of randomness.
        tries_edges: Whether some candidates are sent to the edges of the space.

    Returns:
        A point (d,) that is open.
    """
    if visits.n_open <= _N_GLOBAL + _N_LOCAL:
        candidates = visits.sample_open(_N_GLOBAL + _N_LOCAL, rng)
        return _best(candidates, acquisition(candidates))
    centres = best_points[:_N_CENTRES]
    first = [
        space.from_quantiles(rng.random((_N_GLOBAL, space.n_params))),
        perturb(space, centres, _N_LOCAL, _LOCAL_SCALE, rng),
    ]
    if tries_edges:
        first.append(edges(space, centres, _N_EDGES, rng))
    candidates = np.concatenate(first)
    candidates = candidates[visits.is_open(candidates)]
    if len(candidates) == 0:  # a lattice of which all but a few points are spent
        candidates = visits.sample_open(_N_GLOBAL, rng)
    scores = acquisition(candidates)
    scale = _ROUND_SCALE
    for _ in range(_N_ROUNDS):
        top = np.argsort(-scores, kind="stable")[:_N_CENTRES]
        neighbours = perturb(space, candidates[top], _N_PER_ROUND, scale, rng)
        neighbours = neighbours[visits.is_open(neighbours)]
        candidates = np.concatenate([candidates[top], neighbours])
        scores = np.concatenate([scores[top], acquisition(neighbours)])
        scale *= _ROUND_SHRINKAGE
    return _best(candidates, scores)


def perturb(
    space: SearchSpace, centres: FloatArray, n: int, scale: float, rng: np.random.Generator
) -> FloatArray:
    """Random neighbours of given points.

    Each moves a few coordinates of one centre: numeric ones by a normal step of at least one
    lattice place, reflected at the bounds or stopped there; categorical ones to any choice.

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
    points = centres[rng.integers(len(centres), size=n)]
    moved = rng.random((n, d)) < max(_MIN_MOVED_SHARE, _N_MOVED / d)
    moved[np.arange(n), rng.integers(d, size=n)] = True
    scales = scale * np.exp(_SCALE_SPREAD * rng.standard_normal((n, 1)))
    steps = scales * rng.standard_normal((n, d))
    places = 1.0 / np.maximum(space.n_values - 1.0, 1.0)  # 0 for continuous parameters
    steps = np.copysign(np.maximum(np.abs(steps), places), steps)
    stopped = np.clip(points + steps, 0.0, 1.0)
    reflected = 1.0 - np.abs(1.0 - np.abs(points + steps))
    # Half of the steps beyond a bound end on it: optima at bounds are common.
    stepped = np.where(rng.random((n, d)) < 0.5, stopped, reflected)
    chosen = space.from_quantiles(rng.random((n, d)))
    target = np.where(space.is_categorical, chosen, stepped)
    return space.snap(np.where(moved, target, points))


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
    ends = np.rint(rng.random((len(points), d)))
    share = np.repeat([_N_MOVED / d, 0.5, 0.0], [len(near), len(anywhere), 2 * d])
    sent = rng.random((len(points), d)) < share[:, None]
    for end, rows in enumerate(np.split(np.arange(n, n + 2 * d), 2)):
        sent[rows, np.arange(d)] = True
        ends[rows, np.arange(d)] = end
    sent &= ~space.is_categorical
    return space.snap(np.where(sent, ends, points))


def _best(candidates: FloatArray, scores: FloatArray) -> FloatArray:
    best: FloatArray = candidates[np.argmax(scores)]
    return best
