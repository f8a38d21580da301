"""Where values were observed, and how much of it a model is to see."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..basics.arrays import IntArray
from ..trials.curves import Curve
from .kernels import Inputs


@dataclass(frozen=True)
class Observations:
    """Where values were observed, and how much of it a model is to see.

    Attributes:
        inputs: The observed points, n of them, oldest first.
        order: Int array (n,): their indices, best first.
        is_local: Whether the model is one of the neighbourhood of the best.
        curves: The n learning curves, to be minimised; empty if no trial was pruned.
    """

    inputs: Inputs
    order: IntArray
    is_local: bool
    curves: tuple[Curve, ...] = ()

    def until(self, n: int) -> Observations:
        """The first ``n`` of them."""
        order = self.order[self.order < n]
        return Observations(self.inputs[np.arange(n)], order, self.is_local, self.curves[:n])

    def followed_by(self, inputs: Inputs) -> Observations:
        """These, which come before them in the order of merit too, and others without curves."""
        n = len(self.order)
        order = np.concatenate([self.order, np.arange(n, n + len(inputs.features))])
        return Observations(self.inputs.followed_by(inputs), order, self.is_local)

    def only(self, rows: IntArray) -> Observations:
        """Those of ascending indices (m,)."""
        places = np.full(len(self.order), -1)
        places[rows] = np.arange(len(rows))
        order = places[self.order]
        return Observations(self.inputs[rows], order[order >= 0], self.is_local)

    def choose(self, limit: int, max_nearby: int) -> IntArray:
        """Indices (m,), ascending, of those that a model is to see.

        Args:
            limit: How many it sees at most, wherever they are.
            max_nearby: How many a model of a neighbourhood sees at most.
        """
        if self.is_local:
            return _nearest(self.inputs, int(self.order[0]), max_nearby)
        return _spread(self.order, limit)


def _spread(order: IntArray, limit: int) -> IntArray:
    """Which observations the model sees: all, or the best ones and an even share of the others.

    Args:
        order: Int array (n,): indices of the observations, best first.
        limit: How many it sees at most.

    Returns:
        Int array (m,) of indices, ascending.
    """
    if len(order) <= limit:
        return np.sort(order)
    n_best = limit // 2
    others = np.linspace(n_best, len(order) - 1, limit - n_best).astype(int)
    return np.sort(np.concatenate([order[:n_best], order[others]]))


def _nearest(inputs: Inputs, centre: int, limit: int) -> IntArray:
    """Indices (m,), ascending, of the observations nearest to the one of index ``centre``."""
    if len(inputs.features) <= limit:
        return np.arange(len(inputs.features))
    distances = ((inputs.features - inputs.features[centre]) ** 2).sum(axis=1)
    return np.sort(np.argsort(distances, kind="stable")[:limit])
