"""Choices that open up parameters of their own, and were never tried.

Before a branch of a conditional space has been seen, no model knows its parameters: it is judged
by what the other branches are like at random points, while those have been optimised. So each is
tried once, early.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..basics.arrays import BoolArray
from ..basics.arrays import FloatArray
from ..space.search_space import SearchSpace


# With more choices than this untried, the model decides which of them are worth a trial.
_MAX_UNTRIED = 40


@dataclass(frozen=True)
class UntriedBranches:
    """The part of a space in which a choice has a value that no trial had.

    Attributes:
        space: The search space.
        param: The choice.
        coordinates: Array (m,) of its untried values, m at least 1.
    """

    space: SearchSpace
    param: int
    coordinates: FloatArray

    # As wide as the space.
    side = 1.0

    @classmethod
    def of(cls, space: SearchSpace, visited: FloatArray) -> UntriedBranches | None:
        """The branches that are to be tried next.

        Args:
            space: The search space.
            visited: Array (n, d) of all points evaluated, failed, or being evaluated.

        Returns:
            Those of the first choice that has any; None if there are none.
        """
        if space.conditions is None:
            return None
        is_active = space.conditions.active(visited)
        for param in space.conditions.parents:
            if not space.is_categorical[param]:
                continue
            values = space.coordinates_of(param)
            untried = np.setdiff1d(values, visited[is_active[:, param], param])
            if 0 < len(untried) <= _MAX_UNTRIED:
                return cls(space, param, untried)
        return None

    def contains(self, points: FloatArray) -> BoolArray:
        """Whether points (n, d) lie in such a branch; bool array (n,)."""
        inside: BoolArray = np.isin(points[:, self.param], self.coordinates)
        return inside & self.space.active(points)[:, self.param]

    def candidates(self, points: FloatArray, rng: np.random.Generator) -> FloatArray:
        """Points (n, d) moved into the branches, as far as they can be: array (m, d)."""
        moved = points.copy()
        moved[:, self.param] = rng.choice(self.coordinates, len(points))
        moved = self.space.settle(moved)
        return moved[self.contains(moved)]
