"""Smooth a noisy measurement on a full lattice: an exact Gaussian process, factor by factor.

A product kernel on a full lattice has a covariance that is a Kronecker product of one small
matrix per axis. Noise whose variance is a product of one factor per axis keeps it so after
whitening; likelihood, mean and leave-one-out residuals then cost a few products with matrices of
seven or eight rows, whatever the number of lattice points.

Yunus Saatci. Scalable Inference for Structured Gaussian Process Models. PhD thesis, University of
Cambridge, 2011 (chapter 5).
"""

from __future__ import annotations

from dataclasses import asdict
from dataclasses import dataclass
from functools import reduce
import math
from typing import Any
from typing import TYPE_CHECKING

import numpy as np


if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[np.float64]


# Standard deviation of the prior of each level's log relative noise variance: noise may well
# differ twentyfold between levels (two deviations), but not because of a few odd runs.
_LOG_NOISE_PRIOR_SD = 1.5
_LOG_BOUNDS = {
    "length_scale": (math.log(0.05), math.log(10.0)),
    "signal_variance": (math.log(1e-4), math.log(1e3)),
    "noise_variance": (math.log(1e-8), math.log(1e2)),
    "level_noise": (-6.0, 6.0),
}


@dataclass(frozen=True)
class Hyperparameters:
    """What the likelihood chooses.

    Attributes:
        mean: Constant prior mean.
        length_scales: One per axis, in lengths of the axis.
        signal_variance: Prior variance of the surface.
        level_noise_variances: For each axis, a factor per level; the noise variance at a point of
            the lattice is the product of the factors of its levels.
    """

    mean: float
    length_scales: list[float]
    signal_variance: float
    level_noise_variances: list[list[float]]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON-ready values of six significant digits."""
        return {name: rounded(value) for name, value in asdict(self).items()}


class Surface:
    """Posterior mean and noise of a Gaussian process (product of Matern-5/2) on a lattice.

    Args:
        levels: For each axis its coordinates, ascending, from 0 to 1.
        values: Measurements, one axis per entry of ``levels``.
        hyperparameters: For instance from :func:`fit`.
    """

    def __init__(
        self, levels: Sequence[Array], values: Array, hyperparameters: Hyperparameters
    ) -> None:
        self.hyperparameters = hyperparameters
        self._last_levels = levels[-1]
        self._last_length_scale = hyperparameters.length_scales[-1]
        posterior = _Posterior(levels, values, hyperparameters)
        self.noise_sd: Array = np.sqrt(posterior.noise_variances)
        self.leave_one_out_residuals = posterior.leave_one_out_residuals()
        # (..., n_last): the coefficients of the last axis' kernel at each of the other levels.
        self._weights = hyperparameters.signal_variance * _multiply(
            posterior.correlations[:-1], posterior.alpha
        )
        factors = hyperparameters.level_noise_variances
        self._log_noise_of_last = 0.5 * np.log(factors[-1])
        self._noise_of_others = np.sqrt(reduce(np.multiply.outer, map(np.asarray, factors[:-1])))

    def mean_at(self, cell: tuple[int, ...], position: float) -> float:
        """Posterior mean at lattice levels of all axes but the last.

        Args:
            cell: Index of the level on each axis but the last.
            position: Coordinate on the last axis, 0 to 1.
        """
        kernel = matern_52(np.abs(self._last_levels - position), self._last_length_scale)
        return self.hyperparameters.mean + float(kernel @ self._weights[cell])

    def noise_sd_at(self, cell: tuple[int, ...], position: float) -> float:
        """Standard deviation of one measurement; between levels its logarithm is linear.

        Args:
            cell: Index of the level on each axis but the last.
            position: Coordinate on the last axis, 0 to 1.
        """
        log_factor = np.interp(position, self._last_levels, self._log_noise_of_last)
        return float(self._noise_of_others[cell]) * math.exp(log_factor)


def fit(levels: Sequence[Array], values: Array) -> tuple[Hyperparameters, float]:
    """Hyperparameters of largest marginal likelihood, with a weak prior on the noise factors.

    Args:
        levels: For each axis its coordinates, ascending, from 0 to 1.
        values: Measurements, one axis per entry of ``levels``; all finite.

    Returns:
        The hyperparameters and the logarithm of the marginal likelihood.
    """
    from scipy.optimize import minimize

    sizes = [len(axis) for axis in levels]
    mean, variance = float(values.mean()), float(values.var())

    def unpack(theta: Array) -> Hyperparameters:
        factors = np.split(np.exp(theta[len(sizes) + 2 :]), np.cumsum(sizes)[:-1])
        factors[0] = factors[0] * math.exp(theta[len(sizes) + 1])
        return Hyperparameters(
            mean=mean,
            length_scales=[float(value) for value in np.exp(theta[: len(sizes)])],
            signal_variance=math.exp(theta[len(sizes)]),
            level_noise_variances=[factor.tolist() for factor in factors],
        )

    def negative_log_posterior(theta: Array) -> float:
        log_likelihood = _Posterior(levels, values, unpack(theta)).log_likelihood()
        log_factors = theta[len(sizes) + 2 :] / _LOG_NOISE_PRIOR_SD
        return -log_likelihood + 0.5 * float(log_factors @ log_factors)

    start = np.array(
        [math.log(0.5)] * len(sizes)
        + [math.log(variance), math.log(0.1 * variance)]
        + [0.0] * sum(sizes)
    )
    bounds = (
        [_LOG_BOUNDS["length_scale"]] * len(sizes)
        + [_LOG_BOUNDS["signal_variance"], _LOG_BOUNDS["noise_variance"]]
        + [_LOG_BOUNDS["level_noise"]] * sum(sizes)
    )
    best = minimize(negative_log_posterior, start, method="L-BFGS-B", bounds=bounds)
    hyperparameters = unpack(best.x)
    return hyperparameters, _Posterior(levels, values, hyperparameters).log_likelihood()


def matern_52(distances: Array, length_scale: float) -> Array:
    """Matern correlation of smoothness 5/2 at the given distances."""
    scaled = (math.sqrt(5.0) / length_scale) * distances
    return np.asarray((1.0 + scaled + scaled * scaled / 3.0) * np.exp(-scaled))


class _Posterior:
    """Everything that the decomposition of the whitened covariance gives."""

    def __init__(
        self, levels: Sequence[Array], values: Array, hyperparameters: Hyperparameters
    ) -> None:
        self.correlations = [
            matern_52(np.abs(np.subtract.outer(axis, axis)), length_scale)
            for axis, length_scale in zip(levels, hyperparameters.length_scales)
        ]
        factors = [np.asarray(factor) for factor in hyperparameters.level_noise_variances]
        self.noise_variances: Array = reduce(np.multiply.outer, factors)
        noise_sd = np.sqrt(self.noise_variances)
        eigen = [
            np.linalg.eigh(correlation / np.sqrt(np.multiply.outer(factor, factor)))
            for correlation, factor in zip(self.correlations, factors)
        ]
        self._eigenvectors = [vectors for _, vectors in eigen]
        eigenvalues = reduce(np.multiply.outer, [np.maximum(values, 0.0) for values, _ in eigen])
        self._denominators = 1.0 + hyperparameters.signal_variance * eigenvalues
        self._rotated = _multiply(
            [vectors.T for vectors in self._eigenvectors],
            (values - hyperparameters.mean) / noise_sd,
        )
        self._noise_sd = noise_sd

    @property
    def alpha(self) -> Array:
        """Inverse covariance times centred measurements, in the shape of the lattice."""
        return np.asarray(
            _multiply(self._eigenvectors, self._rotated / self._denominators) / self._noise_sd
        )

    def log_likelihood(self) -> float:
        return -0.5 * float(
            np.sum(self._rotated**2 / self._denominators)
            + np.sum(np.log(self._denominators))
            + np.sum(np.log(2.0 * math.pi * self.noise_variances))
        )

    def leave_one_out_residuals(self) -> tuple[Array, Array]:
        """Measurement minus its prediction from all others, and that difference's sd.

        Equations 5.10-5.12 of Rasmussen and Williams, Gaussian Processes for Machine Learning.
        """
        squared = [vectors**2 for vectors in self._eigenvectors]
        precision = _multiply(squared, 1.0 / self._denominators) / self.noise_variances
        return np.asarray(self.alpha / precision), np.asarray(precision**-0.5)


def _multiply(matrices: Sequence[Array], tensor: Array) -> Array:
    """Multiply the first axes of ``tensor`` by one matrix each."""
    for axis, matrix in enumerate(matrices):
        tensor = np.moveaxis(np.tensordot(matrix, tensor, axes=(1, axis)), 0, axis)
    return tensor


def rounded(value: Any) -> Any:
    """A number, or lists of numbers, with six significant digits.

    Args:
        value: A number, or lists nested to any depth.
    """
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return float(f"{value:.6g}")
