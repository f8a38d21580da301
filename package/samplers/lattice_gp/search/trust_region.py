"""The neighbourhood of the incumbent, in which every second trial of a longer study is chosen.

A model of the whole space spreads its attention over all of it; on a landscape of many minima it
goes on jumping between them and finds the bottom of none. The region is that of TuRBO (Eriksson et
al., Scalable Global Optimization via Local Bayesian Optimization, NeurIPS 2019), but its size is
read off the history, so that it needs no state.
"""

from __future__ import annotations

from dataclasses import dataclass
import math

import numpy as np

from ..basics.arrays import BoolArray
from ..basics.arrays import FloatArray
from ..space.search_space import SearchSpace


# Sides of the region, on average over the parameters: the largest and the smallest.
_MAX_SIDE = 0.8
_MIN_SIDE = 0.02
# It halves after as many trials without improvement as there are parameters, at least these.
_MIN_PATIENCE = 4
# A parameter's side is at most this many times the average one, and at least its inverse.
_MAX_STRETCH = 5.0
_N_CANDIDATES = 240
# Expected number of coordinates in which a candidate differs from the centre.
_N_MOVED = 20
_CATEGORICAL_SHARE = 0.1
_ROUNDING = 1e-12


@dataclass(frozen=True)
class TrustRegion:
    """A box around the incumbent, longer along parameters that matter less.

    Attributes:
        space: The search space.
        centre: Array (d,): the incumbent.
        side: Geometric mean of the box's sides, before it is cut at the ends of the ranges.
        half_sides: Array (d,).
    """

    space: SearchSpace
    centre: FloatArray
    side: float
    half_sides: FloatArray

    @classmethod
    def around(
        cls, space: SearchSpace, centre: FloatArray, n_without: int, length_scales: FloatArray
    ) -> TrustRegion:
        """The region of a history.

        Args:
            space: The search space.
            centre: Array (d,): the incumbent.
            n_without: Number of trials since the incumbent, none of which improved on it.
            length_scales: Array (d,): those of the model.
        """
        side = _side(n_without, space.n_params)
        stretch = length_scales / np.exp(np.log(length_scales).mean())
        stretch = np.clip(stretch, 1.0 / _MAX_STRETCH, _MAX_STRETCH)
        return cls(space, centre, side, 0.5 * side * stretch)

    def contains(self, points: FloatArray) -> BoolArray:
        """Whether the numeric coordinates of points (m, d) lie in the box; bool array (m,)."""
        near = np.abs(points - self.centre) <= self.half_sides + _ROUNDING
        # What does not exist at the centre is nowhere in particular there.
        is_free = self.space.is_categorical | ~self.space.active(self.centre[None, :])[0]
        inside: BoolArray = (near | is_free).all(axis=1)
        return inside

    def candidates(self, rng: np.random.Generator) -> FloatArray:
        """Random points (m, d): some coordinates of the centre, others from the box."""
        space, shape = self.space, (_N_CANDIDATES, self.space.n_params)
        moved = rng.random(shape) < _N_MOVED / space.n_params
        moved[np.arange(len(moved)), rng.integers(space.n_params, size=len(moved))] = True
        numeric = self.centre + self.half_sides * rng.uniform(-1.0, 1.0, shape)
        redrawn = rng.random(shape) < _CATEGORICAL_SHARE
        choices = np.where(redrawn, space.from_quantiles(rng.random(shape)), self.centre)
        target = np.where(space.is_categorical, choices, numeric)
        begin = space.fill(np.broadcast_to(self.centre, shape), rng)
        return space.snap(np.where(moved, target, begin))


def _side(n_without: int, n_params: int) -> float:
    """The region shrinks while nothing improves, then starts again at its full size."""
    n_sides = int(math.log2(_MAX_SIDE / _MIN_SIDE)) + 1
    n_halvings = (n_without // max(_MIN_PATIENCE, n_params)) % n_sides
    side: float = _MAX_SIDE * 0.5**n_halvings
    return side
