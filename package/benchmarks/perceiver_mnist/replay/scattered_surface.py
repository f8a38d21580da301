"""Smooth noisy measurements at arbitrary points: what :mod:`.surface` does on a full lattice.

The same product of Matern-5/2 kernels over the unit cube, by a Cholesky decomposition, with noise
whose logarithm is linear between a few levels of every axis. Carl Edward Rasmussen, Christopher K.
I. Williams. Gaussian Processes for Machine Learning. MIT Press, 2006 (chapters 2 and 5).
"""

from __future__ import annotations

from dataclasses import asdict
from dataclasses import dataclass
import math
from typing import Any
from typing import TYPE_CHECKING

import numpy as np

from .surface import matern_52
from .surface import rounded


if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[np.float64]


_LOG_LENGTH_SCALE_BOUNDS = (math.log(0.05), math.log(10.0))
_LOG_SIGNAL_BOUNDS = (math.log(1e-4), math.log(1e3))
_LOG_NOISE_BOUNDS = (math.log(1e-8), math.log(1e2))
_JITTER = 1e-7
# Standard deviation of the prior of the step in log noise variance from one level to the next.
_NOISE_STEP_SD = 1.0


@dataclass(frozen=True)
class ScatteredHyperparameters:
    """What the likelihood chooses.

    Attributes:
        mean: Constant prior mean.
        length_scales: One per axis, in lengths of the axis.
        signal_variance: Prior variance of the surface.
        log_noise_variances: For each axis, summands of the logarithm of the noise variance at
            evenly spaced levels from 0 to 1, between which it is linear.
    """

    mean: float
    length_scales: list[float]
    signal_variance: float
    log_noise_variances: list[list[float]]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON-ready values of six significant digits."""
        return {name: rounded(value) for name, value in asdict(self).items()}


class ScatteredSurface:
    """Posterior mean and noise of a Gaussian process on measurements at any points.

    Args:
        points: Where the measurements were made (n, axes), each coordinate from 0 to 1.
        values: The measurements (n,).
        levels: Coordinates of the lattice on each axis but the last, which has none.
        hyperparameters: For instance from :func:`fit`.
    """

    def __init__(
        self,
        points: Array,
        values: Array,
        levels: Sequence[Array],
        hyperparameters: ScatteredHyperparameters,
    ) -> None:
        self.points = points
        self.hyperparameters = hyperparameters
        self._levels = levels
        posterior = _Posterior(points, values, hyperparameters)
        self._weights = posterior.alpha
        self.leave_one_out_residuals = posterior.leave_one_out_residuals()

    def mean_at(self, cell: tuple[int, ...], position: float) -> float:
        """Posterior mean at lattice levels of all axes but the last.

        Args:
            cell: Index of the level on each axis but the last.
            position: Coordinate on the last axis, 0 to 1.
        """
        point = self._point(cell, position)
        kernel = _kernel(point[None, :], self.points, self.hyperparameters)[0]
        return self.hyperparameters.mean + float(kernel @ self._weights)

    def noise_sd_at(self, cell: tuple[int, ...], position: float) -> float:
        """Standard deviation of one measurement.

        Args:
            cell: Index of the level on each axis but the last.
            position: Coordinate on the last axis, 0 to 1.
        """
        point = self._point(cell, position)[None, :]
        return math.exp(0.5 * float(_log_noise(point, self.hyperparameters)[0]))

    def distances(self, cell: tuple[int, ...], position: float) -> Array:
        """Distance to each measurement, in length scales.

        Args:
            cell: Index of the level on each axis but the last.
            position: Coordinate on the last axis, 0 to 1.
        """
        scaled = (self.points - self._point(cell, position)) / self.hyperparameters.length_scales
        return np.asarray(np.sqrt(np.sum(scaled**2, axis=1)))

    def _point(self, cell: tuple[int, ...], position: float) -> Array:
        return np.array([*(axis[i] for axis, i in zip(self._levels, cell)), position])


def fit(
    points: Array, values: Array, n_noise_levels: Sequence[int]
) -> tuple[ScatteredHyperparameters, float]:
    """Hyperparameters of largest marginal likelihood, with noise that changes gradually.

    Args:
        points: Where the measurements were made (n, axes), each coordinate from 0 to 1.
        values: The measurements (n,); all finite.
        n_noise_levels: For each axis the number of levels of the noise; 1 for none but a constant.

    Returns:
        The hyperparameters and the logarithm of the marginal likelihood.
    """
    from scipy.optimize import minimize

    n_axes = points.shape[1]
    mean, variance = float(values.mean()), float(values.var())
    # One constant, then steps from level to level.
    weights = [_hat_weights(points[:, axis], n) for axis, n in enumerate(n_noise_levels)]
    steps = np.concatenate(
        [np.tril(np.ones((n, n)))[:, 1:].T @ w for n, w in zip(n_noise_levels, weights)]
    )

    def unpack(theta: Array) -> ScatteredHyperparameters:
        parts = np.split(theta[n_axes + 2 :], np.cumsum([n - 1 for n in n_noise_levels])[:-1])
        levels = [np.concatenate([[0.0], np.cumsum(part)]) for part in parts]
        levels[0] = levels[0] + theta[n_axes + 1]
        return ScatteredHyperparameters(
            mean=mean,
            length_scales=[float(value) for value in np.exp(theta[:n_axes])],
            signal_variance=math.exp(theta[n_axes]),
            log_noise_variances=[level.tolist() for level in levels],
        )

    def objective(theta: Array) -> tuple[float, Array]:
        posterior = _Posterior(points, values, unpack(theta))
        by_length, by_signal, by_noise = posterior.gradients()
        penalised = theta[n_axes + 2 :] / _NOISE_STEP_SD
        gradient = np.concatenate([by_length, [by_signal, by_noise.sum()], steps @ by_noise])
        gradient[n_axes + 2 :] -= penalised / _NOISE_STEP_SD
        return 0.5 * float(penalised @ penalised) - posterior.log_likelihood(), -gradient

    n_steps = sum(n - 1 for n in n_noise_levels)
    start = np.array(
        [math.log(0.5)] * n_axes + [math.log(variance), math.log(0.1 * variance)] + [0.0] * n_steps
    )
    bounds = [_LOG_LENGTH_SCALE_BOUNDS] * n_axes + [_LOG_SIGNAL_BOUNDS, _LOG_NOISE_BOUNDS]
    bounds += [(-6.0, 6.0)] * n_steps
    best = minimize(objective, start, jac=True, method="L-BFGS-B", bounds=bounds)
    hyperparameters = unpack(best.x)
    return hyperparameters, _Posterior(points, values, hyperparameters).log_likelihood()


class _Posterior:
    """Everything that the decomposition of the covariance gives."""

    def __init__(
        self, points: Array, values: Array, hyperparameters: ScatteredHyperparameters
    ) -> None:
        self._points, self._hyperparameters = points, hyperparameters
        self._signal = _kernel(points, points, hyperparameters)
        self._noise = np.exp(_log_noise(points, hyperparameters))
        # The signal's diagonal a little enlarged, for the decomposition to exist in any case.
        self._signal[np.diag_indices(len(points))] *= 1.0 + _JITTER
        covariance = self._signal + np.diag(self._noise)
        self._residuals = values - hyperparameters.mean
        self._cholesky = np.linalg.cholesky(covariance)
        self._precision: Array = np.linalg.inv(covariance)
        self.alpha: Array = self._precision @ self._residuals

    def log_likelihood(self) -> float:
        return -0.5 * float(self._residuals @ self.alpha) - float(
            np.sum(np.log(np.diag(self._cholesky)))
            + 0.5 * len(self._residuals) * math.log(2.0 * math.pi)
        )

    def gradients(self) -> tuple[Array, float, Array]:
        """By each log length scale, by the log signal variance, by each point's log noise."""
        outer = np.outer(self.alpha, self.alpha) - self._precision
        weighted = outer * self._signal
        by_length = []
        for axis, length_scale in enumerate(self._hyperparameters.length_scales):
            column = self._points[:, axis]
            scaled = (math.sqrt(5.0) / length_scale) * np.abs(np.subtract.outer(column, column))
            slope = scaled**2 * (1.0 + scaled) / (3.0 * (1.0 + scaled + scaled**2 / 3.0))
            by_length.append(0.5 * float(np.sum(weighted * slope)))
        return np.array(by_length), 0.5 * float(weighted.sum()), 0.5 * np.diag(outer) * self._noise

    def leave_one_out_residuals(self) -> tuple[Array, Array]:
        """Measurement minus its prediction from all others, and that difference's sd.

        Equations 5.10-5.12 of Rasmussen and Williams.
        """
        precision = np.diag(self._precision)
        return np.asarray(self.alpha / precision), np.asarray(precision**-0.5)


def _kernel(left: Array, right: Array, hyperparameters: ScatteredHyperparameters) -> Array:
    """Prior covariance of the surface (n_left, n_right)."""
    correlation = np.ones((len(left), len(right)))
    for axis, length_scale in enumerate(hyperparameters.length_scales):
        distances = np.abs(np.subtract.outer(left[:, axis], right[:, axis]))
        correlation *= matern_52(distances, length_scale)
    return hyperparameters.signal_variance * correlation


def _log_noise(points: Array, hyperparameters: ScatteredHyperparameters) -> Array:
    """Logarithm of the noise variance at each point (n,)."""
    total = np.zeros(len(points))
    for axis, levels in enumerate(hyperparameters.log_noise_variances):
        total += np.interp(points[:, axis], np.linspace(0.0, 1.0, len(levels)), levels)
    return total


def _hat_weights(column: Array, n_levels: int) -> Array:
    """Weights of a linear interpolation between evenly spaced levels (n_levels, n)."""
    at = np.linspace(0.0, 1.0, n_levels)
    return np.array([np.interp(column, at, row) for row in np.eye(n_levels)])
