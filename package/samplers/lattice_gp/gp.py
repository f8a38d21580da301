"""The surrogate model: a Gaussian process with MAP hyperparameters.

Everything is in the model's units: features in the unit cube, values of mean 0 and variance 1.
"""

from __future__ import annotations

from dataclasses import dataclass
import math

import numpy as np
from scipy.linalg import lapack
from scipy.optimize import minimize

from .arrays import FloatArray
from .arrays import IntArray
from .kernels import matern52
from .kernels import matern52_with_slope
from .kernels import pairwise_squared_differences
from .kernels import squared_distances


# Normal priors on the logarithms of length scales, signal variance and noise variance. The one on
# the length scales matters most: short and tight, in any number of dimensions.
_LOG_LENGTH_SCALE_PRIOR = (-0.5, 0.7)
_LOG_SIGNAL_PRIOR = (0.0, 1.0)
_LOG_NOISE_PRIOR = (-4.6, 1.5)
_LOG_LENGTH_SCALE_BOUNDS = (math.log(0.03), math.log(100.0))
_LOG_SIGNAL_BOUNDS = (-4.0, 4.0)
_LOG_NOISE_BOUNDS = (math.log(1e-5), 0.0)
_MAX_FIT_ITERATIONS = 30
# Added to the diagonal, larger at each attempt, when the covariance is not positive definite.
_JITTERS = (0.0, 1e-8, 1e-6, 1e-4, 1e-2)
_MIN_VARIANCE = 1e-12


@dataclass(frozen=True)
class Hyperparameters:
    """Hyperparameters of the Gaussian process.

    Attributes:
        length_scales: Array (d,), one per parameter, in units of the cube's side.
        signal_variance: Prior variance of the function.
        noise_variance: Variance of an observation around the function.
    """

    length_scales: FloatArray
    signal_variance: float
    noise_variance: float

    @classmethod
    def from_vector(cls, theta: FloatArray) -> Hyperparameters:
        """Read the vector of logarithms (d + 2,) that the fit optimises."""
        return cls(np.exp(theta[:-2]), math.exp(theta[-2]), math.exp(theta[-1]))

    @classmethod
    def prior_mode(cls, n_params: int) -> Hyperparameters:
        """The most probable hyperparameters of ``n_params`` parameters before any data."""
        return cls.from_vector(_prior(n_params)[0])


def _prior(n_params: int) -> tuple[FloatArray, FloatArray]:
    """Mean and standard deviation (d + 2,) of the prior on the logarithms."""
    priors = [_LOG_LENGTH_SCALE_PRIOR] * n_params + [_LOG_SIGNAL_PRIOR, _LOG_NOISE_PRIOR]
    means, deviations = np.array(priors).T
    return means, deviations


class MarginalLikelihood:
    """Negative log marginal likelihood plus negative log prior, with its gradient.

    Rasmussen and Williams (2006), equations 5.8 and 5.9. Matrices are held in Fortran's order, of
    the symmetric ones only what lies on and below the diagonal counts.

    Args:
        features: Array (n, n_features).
        feature_params: Int array (n_features,): the parameter of each feature, ascending.
        values: Array (n,).
    """

    def __init__(self, features: FloatArray, feature_params: IntArray, values: FloatArray) -> None:
        self._n = len(values)
        self.n_params = int(feature_params[-1]) + 1
        self._values = values
        # Zero above the diagonal, so that sums over pairs count each pair once.
        self._squared = pairwise_squared_differences(features, feature_params, self.n_params)
        self._prior_mean, self._prior_deviation = _prior(self.n_params)

    def __call__(self, theta: FloatArray) -> tuple[float, FloatArray]:
        """Evaluate at ``theta`` (d + 2,): logarithms of length scales, signal and noise variance.

        Returns:
            The negative log posterior density up to a constant, and its gradient (d + 2,).
            Infinity and zeros where the covariance is not positive definite.
        """
        n, values = self._n, self._values
        inverse_squares = np.exp(-2.0 * theta[:-2])
        signal, noise = math.exp(theta[-2]), math.exp(theta[-1])
        correlation, slope = matern52_with_slope(inverse_squares @ self._squared)
        covariance = (signal * correlation).reshape((n, n), order="F")
        covariance[np.diag_indices(n)] += noise
        cholesky, info = lapack.dpotrf(covariance, lower=1, clean=0, overwrite_a=1)
        if info != 0:
            return math.inf, np.zeros_like(theta)
        alpha, _ = lapack.dpotrs(cholesky, values, lower=1)
        log_determinant_half = np.log(cholesky.diagonal()).sum()
        inverse, _ = lapack.dpotri(cholesky, lower=1, overwrite_c=1)

        # Twice d nll / d covariance is the inverse minus the outer product of alpha. The signal's
        # part of the covariance is all of it but the noise on the diagonal.
        fitted, trace = values @ alpha, inverse.diagonal().sum()
        residual = noise * (alpha @ alpha)
        gradient = np.empty_like(theta)
        sensitivity = (inverse - alpha[:, None] * alpha).ravel(order="F")
        sensitivity *= slope
        gradient[:-2] = -2.0 * signal * inverse_squares * (self._squared @ sensitivity)
        gradient[-2] = 0.5 * (n - noise * trace - fitted + residual)
        gradient[-1] = 0.5 * (noise * trace - residual)

        scores = (theta - self._prior_mean) / self._prior_deviation
        value = 0.5 * fitted + log_determinant_half + 0.5 * scores @ scores
        return float(value), gradient + scores / self._prior_deviation


def fit(features: FloatArray, feature_params: IntArray, values: FloatArray) -> Hyperparameters:
    """Find the hyperparameters of maximum posterior density.

    Always starts from the mode of the prior, so that the result depends on nothing but the data.

    Args:
        features: Array (n, n_features).
        feature_params: Int array (n_features,): the parameter of each feature, ascending.
        values: Array (n,), about mean 0 and variance 1.

    Returns:
        The optimum, or the mode of the prior if none was found.
    """
    objective = MarginalLikelihood(features, feature_params, values)
    n_params = objective.n_params
    bounds = [_LOG_LENGTH_SCALE_BOUNDS] * n_params + [_LOG_SIGNAL_BOUNDS, _LOG_NOISE_BOUNDS]
    start = _prior(n_params)[0]
    found = minimize(
        objective,
        start,
        jac=True,
        bounds=bounds,
        method="L-BFGS-B",
        options={"maxiter": _MAX_FIT_ITERATIONS},
    )
    if not math.isfinite(found.fun) or not np.isfinite(found.x).all():
        return Hyperparameters.prior_mode(n_params)
    return Hyperparameters.from_vector(found.x)


class Posterior:
    """The process given observations.

    Args:
        hyperparameters: Of the process.
        features: Array (n, n_features) of the observed points.
        feature_params: Int array (n_features,): the parameter of each feature.
        values: Observed values (n,).

    Raises:
        numpy.linalg.LinAlgError: If the covariance cannot be factorised whatever the jitter.
    """

    def __init__(
        self,
        hyperparameters: Hyperparameters,
        features: FloatArray,
        feature_params: IntArray,
        values: FloatArray,
    ) -> None:
        self.hyperparameters = hyperparameters
        self._feature_params = feature_params
        self._features = features
        self._values = values
        self._scaled = self._scale(features)
        covariance = hyperparameters.signal_variance * matern52(
            squared_distances(self._scaled, self._scaled)
        )
        covariance[np.diag_indices(len(values))] += hyperparameters.noise_variance
        cholesky = _cholesky(covariance)
        self._weights, _ = lapack.dpotrs(cholesky, values, lower=1)
        self._inverse_cholesky, _ = lapack.dtrtri(cholesky, lower=1)

    def predict(self, features: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Mean and standard deviation of the function, without noise.

        Args:
            features: Array (m, n_features).

        Returns:
            Two arrays (m,); deviations are positive.
        """
        signal = self.hyperparameters.signal_variance
        covariance = signal * matern52(squared_distances(self._scale(features), self._scaled))
        mean = covariance @ self._weights
        explained = covariance @ self._inverse_cholesky.T
        variance = signal - np.einsum("ij,ij->i", explained, explained)
        return mean, np.sqrt(np.maximum(variance, _MIN_VARIANCE))

    def with_pending(self, features: FloatArray) -> tuple[Posterior, FloatArray]:
        """Also condition on points being evaluated, as if they turned out as predicted.

        The mean stays, the uncertainty around them goes ("kriging believer"; Ginsbourger et al.,
        Kriging Is Well-Suited to Parallelize Optimization, 2010).

        Args:
            features: Array (m, n_features) of the pending points; m may be 0.

        Returns:
            The new posterior and the values (m,) believed.
        """
        if len(features) == 0:
            return self, np.empty(0)
        believed = self.predict(features)[0]
        posterior = Posterior(
            self.hyperparameters,
            np.concatenate([self._features, features]),
            self._feature_params,
            np.concatenate([self._values, believed]),
        )
        return posterior, believed

    def _scale(self, features: FloatArray) -> FloatArray:
        return features / self.hyperparameters.length_scales[self._feature_params]


def _cholesky(covariance: FloatArray) -> FloatArray:
    for jitter in _JITTERS:
        jittered = covariance + jitter * np.eye(len(covariance))
        cholesky: FloatArray
        cholesky, info = lapack.dpotrf(jittered, lower=1, clean=1)
        if info == 0:
            return cholesky
    raise np.linalg.LinAlgError("The covariance matrix is not positive definite.")
