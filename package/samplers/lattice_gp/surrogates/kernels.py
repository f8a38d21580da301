"""The covariance function: of distances, one length scale per parameter, main effects, trends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import math
from typing import NamedTuple

import numpy as np

from ..basics.arrays import FloatArray
from ..basics.arrays import IntArray


_SQRT3 = math.sqrt(3.0)
_SQRT5 = math.sqrt(5.0)


@dataclass(frozen=True)
class Inputs:
    """Points as the covariance function sees them.

    Attributes:
        features: Array (n, n_features), between which it takes distances.
        feature_params: Int array (n_features,): the parameter of each feature, ascending.
        effects: Array (n, n_effects), whose inner products are the covariance of the main
            effects; without columns if the model has none.
        trends: Array (n, n_trends): functions that the objective may be a multiple of, each times
            a coefficient that is a priori normal with standard deviation 1 around
            ``1 / sqrt(n_trends)``; without columns if there are none.
    """

    features: FloatArray
    feature_params: IntArray
    effects: FloatArray
    trends: FloatArray

    @property
    def n_params(self) -> int:
        """Number of parameters, d."""
        return int(self.feature_params[-1]) + 1

    @property
    def expected(self) -> FloatArray | float:
        """What the trends are expected to add up to (n,) before any data."""
        n_trends = self.trends.shape[1]
        return self.trends.sum(axis=1) / math.sqrt(n_trends) if n_trends else 0.0

    def __getitem__(self, rows: IntArray) -> Inputs:
        """Some of the points."""
        return Inputs(
            self.features[rows], self.feature_params, self.effects[rows], self.trends[rows]
        )

    def followed_by(self, others: Inputs) -> Inputs:
        """These points and then those."""
        return Inputs(
            np.concatenate([self.features, others.features]),
            self.feature_params,
            np.concatenate([self.effects, others.effects]),
            np.concatenate([self.trends, others.trends]),
        )


class Correlation(NamedTuple):
    """A correlation function of the distance, of some smoothness.

    Attributes:
        value: From squared distances in units of the length scale, an array of any shape, to
            correlations.
        with_slope: Likewise, to correlations and their derivatives by the squared distance.
    """

    value: Callable[[FloatArray], FloatArray]
    with_slope: Callable[[FloatArray], tuple[FloatArray, FloatArray]]


def _matern32(squared_distances: FloatArray) -> FloatArray:
    scaled = _SQRT3 * np.sqrt(squared_distances)
    correlation = scaled + 1.0
    correlation *= np.exp(np.negative(scaled, out=scaled), out=scaled)
    return correlation


def _matern32_with_slope(squared_distances: FloatArray) -> tuple[FloatArray, FloatArray]:
    scaled = _SQRT3 * np.sqrt(squared_distances)
    decay = np.exp(-scaled)
    scaled += 1.0
    scaled *= decay
    decay *= -1.5
    return scaled, decay


def _matern52(squared_distances: FloatArray) -> FloatArray:
    scaled = _SQRT5 * np.sqrt(squared_distances)
    # (1 + s + s**2 / 3) exp(-s), in place: this is where the time of a suggestion goes.
    correlation = scaled * (1.0 / 3.0)
    correlation += 1.0
    correlation *= scaled
    correlation += 1.0
    correlation *= np.exp(np.negative(scaled, out=scaled), out=scaled)
    return correlation


def _matern52_with_slope(squared_distances: FloatArray) -> tuple[FloatArray, FloatArray]:
    scaled = _SQRT5 * np.sqrt(squared_distances)
    decay = np.exp(-scaled)
    slope = scaled + 1.0
    slope *= decay
    correlation = scaled * scaled
    correlation *= decay
    correlation *= 1.0 / 3.0
    correlation += slope
    slope *= -5.0 / 6.0
    return correlation, slope


# Rasmussen and Williams, Gaussian Processes for Machine Learning (2006), equation 4.17: of
# functions that have one derivative, or two.
MATERN32 = Correlation(_matern32, _matern32_with_slope)
MATERN52 = Correlation(_matern52, _matern52_with_slope)


def squared_distances(a: FloatArray, b: FloatArray) -> FloatArray:
    """Squared Euclidean distances (n, m) between the rows of ``a`` (n, k) and ``b`` (m, k)."""
    distances: FloatArray = (-2.0 * a) @ b.T
    distances += np.einsum("ij,ij->i", a, a)[:, None]
    distances += np.einsum("ij,ij->i", b, b)
    # Rounding can leave a tiny negative number where two rows are equal.
    np.maximum(distances, 0.0, out=distances)
    return distances


def pairwise_squared_differences(inputs: Inputs) -> FloatArray:
    """Squared distance along each parameter between all pairs of n points.

    Returns:
        Array (d, n * n): for each parameter the matrix of squared distances, in Fortran's order
        and with zeros above the diagonal.
    """
    n = len(inputs.features)
    squared = np.zeros((inputs.n_params, n, n))
    # One feature at a time: all of all pairs at once would be large with many choices.
    for param, column in zip(inputs.feature_params, inputs.features.T):
        squared[param] += (column[:, None] - column) ** 2
    # Above the diagonal in C's order is below it in Fortran's.
    above = np.triu(np.ones((n, n)))
    squared *= above
    return squared.reshape(inputs.n_params, n * n)
