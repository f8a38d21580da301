"""Maximise the acquisition function over the lattice and the continuous parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol
from typing import TypeAlias

import numpy as np

from ..basics.arrays import BoolArray
from ..basics.arrays import FloatArray
from ..space.search_space import SearchSpace
from .candidates import perturb
from .visits import Visits


# The acquisition is evaluated at all of so few open points, and at so many
# points of a nearly spent lattice.
_MAX_EXHAUSTIVE = 600
# Rounds of perturbations of the best candidates, ever closer.
_N_ROUNDS = 3
_N_PER_ROUND = 80
_N_CENTRES = 4
_ROUND_SCALE = 0.1
_ROUND_SHRINKAGE = 0.3

Acquisition: TypeAlias = Callable[[FloatArray], FloatArray]


class Region(Protocol):
    """A part of the space to which a search is confined."""

    @property
    def side(self) -> float:
        """How wide it is, 1 for as wide as the space."""

    def contains(self, points: FloatArray) -> BoolArray:
        """Whether points (n, d) lie in it; bool array (n,)."""


def maximize(
    acquisition: Acquisition,
    space: SearchSpace,
    visits: Visits,
    candidates: FloatArray,
    rng: np.random.Generator,
    region: Region | None = None,
) -> FloatArray:
    """Find an open point of high acquisition.

    Evaluates it at the candidates, then at perturbations of the best of them in shrinking rounds.
    Every point is snapped to the lattice first. If few points are open, evaluates it at all of
    them instead.

    Args:
        acquisition: Maps points (m, d) to acquisition values (m,).
        space: The search space.
        visits: Says which points may be proposed.
        candidates: Array (k, d) of points to begin with.
        rng: Source of randomness.
        region: Where perturbations must stay; None for the whole space.

    Returns:
        A point (d,) that is open; if none was found, of those found one visited least often.
    """
    if visits.n_open <= _MAX_EXHAUSTIVE:
        candidates = visits.sample_open(_MAX_EXHAUSTIVE, rng)
        return _best(candidates, acquisition(candidates))
    is_open = visits.is_open(candidates)
    if is_open.any():
        candidates = candidates[is_open]
    elif space.is_enumerable:  # a lattice of which all but a few points are spent
        candidates = visits.sample_open(_MAX_EXHAUSTIVE, rng)
    elif region is None:
        candidates = visits.sample_least_visited(candidates, _MAX_EXHAUSTIVE, rng)
    else:
        candidates = candidates[visits.least_visited(candidates)]
    values = acquisition(candidates)
    scale = _ROUND_SCALE if region is None else _ROUND_SCALE * region.side
    for _ in range(_N_ROUNDS):
        top = np.argsort(-values, kind="stable")[:_N_CENTRES]
        neighbours = perturb(space, candidates[top], _N_PER_ROUND, scale, rng)
        is_eligible = visits.is_open(neighbours)
        if region is not None:
            is_eligible &= region.contains(neighbours)
        neighbours = neighbours[is_eligible]
        candidates = np.concatenate([candidates[top], neighbours])
        values = np.concatenate([values[top], acquisition(neighbours)])
        scale *= _ROUND_SHRINKAGE
    return _best(candidates, values)


def _best(candidates: FloatArray, values: FloatArray) -> FloatArray:
    best: FloatArray = candidates[np.argmax(values)]
    return best
