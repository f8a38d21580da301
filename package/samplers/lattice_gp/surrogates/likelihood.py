"""Fit the hyperparameters and the warp: the most probable ones given the observations.

The values that the model is a model of are themselves a transform of the objective's, whose power
is one more parameter. What is likely is judged by the model (Snelson, Rasmussen and Ghahramani,
Warped Gaussian Processes, NIPS 2003), not by the values alone: once the search has found the good
region, most values are good ones, and a transform that made them look normal would flatten it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import math

import numpy as np
from scipy.linalg import lapack
from scipy.optimize import minimize

from ..basics.arrays import FloatArray
from ..values.power import PowerFamily
from ..values.scaling import scale
from ..values.scaling import Yardstick
from ..values.warp import Warp
from .hyperparameters import bounds
from .hyperparameters import Hyperparameters
from .hyperparameters import Prior
from .kernels import Correlation
from .kernels import Inputs
from .kernels import pairwise_squared_differences


_MAX_ITERATIONS = 30
# Relative change of the objective at which the fit is done. The prior is much wider than that.
_TOLERANCE = 1e-4


class MarginalLikelihood:
    """Negative log marginal likelihood of scores plus negative log prior, with its gradient.

    Rasmussen and Williams (2006), equations 5.8 and 5.9. Matrices are held in Fortran's order, of
    the symmetric ones only what lies on and below the diagonal counts.

    Args:
        inputs: The observed points, n of them.
        scores: Array (n,): the values, shifted and scaled, but not yet transformed by a power.
        correlation: How smooth the function is.
        prior: Of the hyperparameters and the power.
        extra_variances: Array (n,): how much noisier than others each observation is, in units of
            the transformed values; None if all are equal.
    """

    def __init__(
        self,
        inputs: Inputs,
        scores: FloatArray,
        correlation: Correlation,
        prior: Prior,
        extra_variances: FloatArray | None = None,
    ) -> None:
        self._correlation = correlation
        self._n = len(scores)
        self._family = PowerFamily(scores)
        self._diagonal = np.diag_indices(self._n)
        # Zero above the diagonal, so that sums over pairs count each pair once.
        self._squared = pairwise_squared_differences(inputs)
        self._main = inputs.effects @ inputs.effects.T
        self._main_once = _once(self._main)
        self._expected = inputs.expected
        # What is added to the covariance whatever the hyperparameters; None if nothing is.
        self._fixed: FloatArray | None = None
        if inputs.trends.shape[1]:
            self._fixed = inputs.trends @ inputs.trends.T
        if extra_variances is not None:
            self._fixed = np.diag(extra_variances) + (0.0 if self._fixed is None else self._fixed)
        self._fixed_once = None if self._fixed is None else _once(self._fixed)
        self._prior_mean, self._prior_deviation = prior.moments(inputs.n_params)

    def __call__(self, theta: FloatArray) -> tuple[float, FloatArray]:
        """Evaluate at ``theta`` (d + 4,): logarithms of the hyperparameters, and the power.

        Its order is that of :meth:`Prior.moments`: length scales, signal, main effects, noise,
        power.

        Returns:
            The negative log posterior density up to a constant, and its gradient (d + 4,).
            Infinity and zeros where the covariance is not positive definite.
        """
        n = self._n
        values, value_slopes, log_jacobian, jacobian_slope = self._family.at(float(theta[-1]))
        inverse_squares = np.exp(-2.0 * theta[:-4])
        signal, main, noise = np.exp(theta[-4:-1]).tolist()
        correlation, slope = self._correlation.with_slope(inverse_squares @ self._squared)
        correlation *= signal
        covariance = correlation.reshape((n, n), order="F")
        covariance += main * self._main
        covariance[self._diagonal] += noise
        if self._fixed is not None:
            covariance += self._fixed  # symmetric: its order does not matter
        cholesky, info = lapack.dpotrf(covariance, lower=1, clean=0, overwrite_a=1)
        if info != 0:
            return math.inf, np.zeros_like(theta)
        values = values - self._expected
        alpha, _ = lapack.dpotrs(cholesky, values, lower=1)
        log_determinant_half = np.log(cholesky.diagonal()).sum()
        inverse, _ = lapack.dpotri(cholesky, lower=1, overwrite_c=1)

        # Twice d nll / d covariance is the inverse minus the outer product of alpha, below.
        fitted, trace = values @ alpha, inverse.diagonal().sum()
        residual = noise * (alpha @ alpha)
        inverse -= alpha[:, None] * alpha
        gradient = np.empty_like(theta)
        gradient[-1] = alpha @ value_slopes - jacobian_slope
        gradient[-2] = 0.5 * (noise * trace - residual)
        sensitivity = inverse.ravel(order="F")
        gradient[-3] = main * (self._main_once @ sensitivity)
        # What is left of the covariance is the signal's; the gradients of all sum up to this.
        gradient[-4] = 0.5 * (n - fitted) - gradient[-2] - gradient[-3]
        if self._fixed_once is not None:
            gradient[-4] -= self._fixed_once @ sensitivity
        slope *= sensitivity
        gradient[:-4] = -2.0 * signal * inverse_squares * (self._squared @ slope)

        away = (theta - self._prior_mean) / self._prior_deviation
        value = 0.5 * fitted + log_determinant_half - log_jacobian + 0.5 * away @ away
        return float(value), gradient + away / self._prior_deviation


def _once(matrix: FloatArray) -> FloatArray:
    """A symmetric matrix (n, n) as (n * n,) in Fortran's order, each pair in it once.

    It is zero above the diagonal and halved on it: times the derivative by the covariance, of
    which only what lies on and below the diagonal is known, it makes half the trace of their
    product.
    """
    once = np.tril(matrix)
    once[np.diag_indices(len(once))] *= 0.5
    flat: FloatArray = once.ravel(order="F")
    return flat


@dataclass(frozen=True)
class Fit:
    """What was found most probable.

    Attributes:
        hyperparameters: Of the Gaussian process.
        warp: From objective values to those that it models.
    """

    hyperparameters: Hyperparameters
    warp: Warp


def fit(
    inputs: Inputs,
    values: FloatArray,
    correlation: Correlation,
    prior: Prior,
    scalings: Sequence[bool] = (False, True),
    extra_variances: FloatArray | None = None,
    yardstick: Yardstick | None = None,
) -> Fit:
    """Find the hyperparameters and the warp of maximum posterior density.

    Always starts from the mode of the prior, so that the result depends on nothing but the data.

    Args:
        inputs: The observed points, n of them.
        values: Of an objective, to be minimised, a constraint, or costs: array (n,) without NaN.
        correlation: How smooth the function is.
        prior: Of the hyperparameters and the power.
        scalings: Whether to scale the values robustly; False, True, or both.
        extra_variances: As of :class:`MarginalLikelihood`.
        yardstick: What to scale the values by robustly, if not by themselves.

    Returns:
        The best fit, or the mode of the prior if none was found.
    """
    mode = prior.moments(inputs.n_params)[0]
    best, is_best_robust, lowest = mode, scalings[0], math.inf
    for is_robust in scalings:
        scores, _, unit = scale(values, is_robust, yardstick)
        if not scores.any():
            continue
        found = minimize(
            MarginalLikelihood(inputs, scores, correlation, prior, extra_variances),
            mode,
            jac=True,
            bounds=bounds(inputs.n_params),
            method="L-BFGS-B",
            options={"maxiter": _MAX_ITERATIONS, "ftol": _TOLERANCE},
        )
        # The density of the values themselves, not of their scores: comparable between scalings.
        height = float(found.fun) + len(values) * math.log(unit)
        if height < lowest and np.isfinite(found.x).all():
            best, is_best_robust, lowest = found.x, is_robust, height
    warp = Warp(is_best_robust, float(best[-1]), yardstick)
    return Fit(Hyperparameters.from_vector(best[:-1]), warp)
