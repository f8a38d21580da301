"""Fit the hyperparameters: the most probable ones given the observations."""

from __future__ import annotations

import math

import numpy as np
from scipy.linalg import lapack
from scipy.optimize import minimize

from .arrays import FloatArray
from .hyperparameters import bounds
from .hyperparameters import Hyperparameters
from .hyperparameters import Prior
from .kernels import Inputs
from .kernels import matern52_with_slope
from .kernels import pairwise_squared_differences


_MAX_ITERATIONS = 30
# Relative change of the objective at which the fit is done. The prior is much wider than that.
_TOLERANCE = 1e-5


class MarginalLikelihood:
    """Negative log marginal likelihood plus negative log prior, with its gradient.

    Rasmussen and Williams (2006), equations 5.8 and 5.9. Matrices are held in Fortran's order, of
    the symmetric ones only what lies on and below the diagonal counts.

    Args:
        inputs: The observed points, n of them.
        values: Array (n,).
        prior: Of the hyperparameters.
    """

    def __init__(self, inputs: Inputs, values: FloatArray, prior: Prior) -> None:
        self._n = len(values)
        self._values = values
        self._diagonal = np.diag_indices(self._n)
        # Zero above the diagonal, so that sums over pairs count each pair once.
        self._squared = pairwise_squared_differences(inputs)
        self._main = inputs.effects @ inputs.effects.T
        # For the gradient: zero above the diagonal and halved on it, to count each pair once.
        main_once = np.tril(self._main)
        main_once[self._diagonal] *= 0.5
        self._main_once = main_once.ravel(order="F")
        self._prior_mean, self._prior_deviation = prior.moments(inputs.n_params)

    def __call__(self, theta: FloatArray) -> tuple[float, FloatArray]:
        """Evaluate at ``theta`` (d + 3,), the logarithms of the hyperparameters.

        Returns:
            The negative log posterior density up to a constant, and its gradient (d + 3,).
            Infinity and zeros where the covariance is not positive definite.
        """
        n, values = self._n, self._values
        inverse_squares = np.exp(-2.0 * theta[:-3])
        signal, main, noise = np.exp(theta[-3:]).tolist()
        correlation, slope = matern52_with_slope(inverse_squares @ self._squared)
        correlation *= signal
        covariance = correlation.reshape((n, n), order="F")
        covariance += main * self._main
        covariance[self._diagonal] += noise
        cholesky, info = lapack.dpotrf(covariance, lower=1, clean=0, overwrite_a=1)
        if info != 0:
            return math.inf, np.zeros_like(theta)
        alpha, _ = lapack.dpotrs(cholesky, values, lower=1)
        log_determinant_half = np.log(cholesky.diagonal()).sum()
        inverse, _ = lapack.dpotri(cholesky, lower=1, overwrite_c=1)

        # Twice d nll / d covariance is the inverse minus the outer product of alpha, below.
        fitted, trace = values @ alpha, inverse.diagonal().sum()
        residual = noise * (alpha @ alpha)
        inverse -= alpha[:, None] * alpha
        gradient = np.empty_like(theta)
        gradient[-1] = 0.5 * (noise * trace - residual)
        sensitivity = inverse.ravel(order="F")
        gradient[-2] = main * (self._main_once @ sensitivity)
        # What is left of the covariance is the signal's; the gradients of all sum up to this.
        gradient[-3] = 0.5 * (n - fitted) - gradient[-1] - gradient[-2]
        slope *= sensitivity
        gradient[:-3] = -2.0 * signal * inverse_squares * (self._squared @ slope)

        scores = (theta - self._prior_mean) / self._prior_deviation
        value = 0.5 * fitted + log_determinant_half + 0.5 * scores @ scores
        return float(value), gradient + scores / self._prior_deviation


def fit(inputs: Inputs, values: FloatArray, prior: Prior) -> Hyperparameters:
    """Find the hyperparameters of maximum posterior density.

    Always starts from the mode of the prior, so that the result depends on nothing but the data.

    Args:
        inputs: The observed points, n of them.
        values: Array (n,), about mean 0 and variance 1.
        prior: Of the hyperparameters.

    Returns:
        The optimum, or the mode of the prior if none was found.
    """
    found = minimize(
        MarginalLikelihood(inputs, values, prior),
        prior.moments(inputs.n_params)[0],
        jac=True,
        bounds=bounds(inputs.n_params),
        method="L-BFGS-B",
        options={"maxiter": _MAX_ITERATIONS, "ftol": _TOLERANCE},
    )
    if not math.isfinite(found.fun) or not np.isfinite(found.x).all():
        return prior.mode(inputs.n_params)
    return Hyperparameters.from_vector(found.x)
