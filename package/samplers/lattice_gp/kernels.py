"""The covariance function: Matern-5/2 with one length scale per parameter."""

from __future__ import annotations

import math

import numpy as np

from .arrays import FloatArray
from .arrays import IntArray


_SQRT5 = math.sqrt(5.0)


def matern52(squared_distances: FloatArray) -> FloatArray:
    """Matern covariance with smoothness 5/2 and unit variance.

    Rasmussen and Williams, Gaussian Processes for Machine Learning (2006), equation 4.17.

    Args:
        squared_distances: Squared distances in units of the length scale, any shape.
    """
    scaled = _SQRT5 * np.sqrt(squared_distances)
    return (1.0 + scaled + scaled * scaled / 3.0) * np.exp(-scaled)


def matern52_with_slope(squared_distances: FloatArray) -> tuple[FloatArray, FloatArray]:
    """:func:`matern52` and its derivative by the squared distance, both of the same shape."""
    scaled = np.sqrt(5.0 * squared_distances)
    decay = np.exp(-scaled)
    slope = (1.0 + scaled) * decay
    correlation = slope + (scaled * scaled / 3.0) * decay
    slope *= -5.0 / 6.0
    return correlation, slope


def squared_distances(a: FloatArray, b: FloatArray) -> FloatArray:
    """Squared Euclidean distances (n, m) between the rows of ``a`` (n, k) and ``b`` (m, k)."""
    distances: FloatArray = (
        (a * a).sum(axis=1)[:, None] + (b * b).sum(axis=1)[None, :] - 2.0 * (a @ b.T)
    )
    # Rounding can leave a tiny negative number where two rows are equal.
    np.maximum(distances, 0.0, out=distances)
    return distances


def pairwise_squared_differences(
    features: FloatArray, feature_params: IntArray, n_params: int
) -> FloatArray:
    """Squared distance along each parameter between all pairs of rows.

    Args:
        features: Array (n, n_features).
        feature_params: Int array (n_features,): the parameter of each feature, ascending.
        n_params: Number of parameters, d.

    Returns:
        Array (d, n * n): for each parameter the matrix of squared distances, in Fortran's order
        and with zeros above the diagonal.
    """
    squared = np.empty((n_params, len(features) ** 2))
    # One parameter at a time: all features of all pairs at once would be large with many choices.
    for param in range(n_params):
        own = features[:, feature_params == param]
        distances = sum((column[:, None] - column) ** 2 for column in own.T)
        squared[param] = np.tril(distances).ravel(order="F")
    return squared
