"""Which points were proposed before, and how often."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ..basics.arrays import BoolArray
from ..basics.arrays import FloatArray
from ..space.search_space import ROUNDING
from ..space.search_space import SearchSpace


# Places of a lattice that are looked at to find an open one.
_MAX_PLACES = 2**12


class Visits:
    """Counts of visited points, and the points that may be proposed next.

    Of an enumerable space, those are the points visited least often: as long as there are
    unvisited ones, only these; then each a second time, and so on. Of any other, all points that
    were never visited.

    Args:
        space: The search space.
        points: Array (n, d) of those not worth a second trial, as often as trials had them.
    """

    def __init__(self, space: SearchSpace, points: FloatArray) -> None:
        self._space = space
        self._level = 0  # points visited more often are spent
        if space.is_enumerable and space.is_part:
            points = points[space.contains(points)]  # others have no number in it
        keys, counts = np.unique(self._keys(points), return_counts=True)
        if space.is_enumerable and len(keys) == space.size:
            self._level = int(counts.min())
        self._keys_visited, self._counts = keys, counts
        self._spent = keys[counts > self._level]

    def is_open(self, points: FloatArray) -> BoolArray:
        """Whether each of the points (m, d) may be proposed; bool array (m,)."""
        if len(self._spent) == 0:
            return np.ones(len(points), dtype=bool)
        keys = self._keys(points)
        places = np.minimum(np.searchsorted(self._spent, keys), len(self._spent) - 1)
        is_open: BoolArray = self._spent[places] != keys
        return is_open

    def least_visited(self, points: FloatArray) -> BoolArray:
        """Which of the points (m, d) were visited least often among them; bool array (m,).

        Where it is not known how many points there are, all that a search finds may be spent.
        """
        keys = self._keys(points)
        places = np.minimum(np.searchsorted(self._keys_visited, keys), len(self._counts) - 1)
        is_visited = self._keys_visited[places] == keys
        counts = np.where(is_visited, self._counts[places], 0)
        least: BoolArray = counts == counts.min()
        return least

    def sample_least_visited(
        self, points: FloatArray, n: int, rng: np.random.Generator
    ) -> FloatArray:
        """At most ``n`` of the points visited least often, of those given and all of the lattice.

        Where conditions leave a few points of a lattice open, random ones may all be spent.

        Args:
            points: Array (k, d), all that there is to choose from where there is no lattice.
            n: Largest number of points to return.
            rng: Source of randomness.

        Returns:
            Array (m, d), m at least 1.
        """
        points = np.concatenate([points, self._space.lattice(_MAX_PLACES, rng)])
        least = points[self.least_visited(points)]
        if len(least) <= n:
            return least
        sample: FloatArray = rng.choice(least, n, replace=False)
        return sample

    @property
    def n_open(self) -> float:
        """How many points may be proposed; inf where they cannot be counted."""
        return self._space.size - len(self._spent)

    def sample_open(self, n: int, rng: np.random.Generator) -> FloatArray:
        """At most ``n`` open points of an enumerable space, at least one: a random run of it.

        Among any ``len(spent) + 1`` points there is an open one, so the run needs no search.

        Args:
            n: Largest number of points to return; all open ones if there are no more.
            rng: Source of randomness.

        Returns:
            Array (m, d) of distinct points, 1 <= m <= n.
        """
        assert self._space.is_enumerable
        size = int(self._space.size)
        length = min(len(self._spent) + n, size)
        indices = (int(rng.integers(size)) + np.arange(length, dtype=float)) % size
        points = self._space.from_flat_index(indices)
        return points[self.is_open(points)][:n]

    def _keys(self, points: FloatArray) -> FloatArray:
        """One number (m,) a point: its own where they can be numbered, else nearly surely so.

        Two points of one key by chance would cost a candidate, nothing else.
        """
        if self._space.is_enumerable:
            return self._space.flat_index(points)
        # Coordinates read back from a trial's values may differ from those that were suggested in
        # their last digits.
        rounded = np.rint(points / ROUNDING)
        # Summed column by column: a matrix product may round the same row in different ways.
        keys = np.zeros(len(points))
        for column, weight in zip(rounded.T, _weights(self._space.n_params)):
            keys += weight * column
        return keys


@lru_cache(maxsize=8)
def _weights(n: int) -> FloatArray:
    """Numbers (n,) without a simple relation between them."""
    return np.random.default_rng(n).uniform(1.0, 2.0, n)
