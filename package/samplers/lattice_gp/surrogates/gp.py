"""A Gaussian process given observations.

Everything is in the model's units: features in the unit cube, values of mean 0 and variance 1.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import blas
from scipy.linalg import lapack

from ..basics.arrays import FloatArray
from .hyperparameters import Hyperparameters
from .kernels import Correlation
from .kernels import Inputs
from .kernels import squared_distances


# Added to the diagonal, larger at each attempt, when the covariance is not positive definite.
_JITTERS = (0.0, 1e-8, 1e-6, 1e-4, 1e-2)
_MIN_VARIANCE = 1e-12
# Noise variance of a pending point, as a share of that of an observation.
_PENDING_NOISE_SHARE = 0.01


class Posterior:
    """The process given observations.

    Args:
        correlation: How smooth the process is.
        hyperparameters: Of the process.
        inputs: The observed points, n of them.
        values: Observed values (n,).
        extra_variances: Array (n,): how much noisier than others each observation is; None if all
            are equal.

    Raises:
        numpy.linalg.LinAlgError: If the covariance cannot be factorised whatever the jitter.
    """

    def __init__(
        self,
        correlation: Correlation,
        hyperparameters: Hyperparameters,
        inputs: Inputs,
        values: FloatArray,
        extra_variances: FloatArray | None = None,
    ) -> None:
        self._correlation = correlation
        self.hyperparameters = hyperparameters
        self._inputs = inputs
        self._values = values
        self._extra_variances = extra_variances
        self._scaled = self._scale(inputs)
        self._among_observed = self._covariance(inputs)
        covariance = self._among_observed.copy()
        diagonal = np.diag_indices(len(values))
        covariance[diagonal] += hyperparameters.noise_variance
        if extra_variances is not None:
            covariance[diagonal] += extra_variances
        cholesky = _cholesky(covariance)
        self._weights, _ = lapack.dpotrs(cholesky, values - inputs.expected, lower=1)
        self._inverse_cholesky, _ = lapack.dtrtri(cholesky, lower=1)

    def mean(self, inputs: Inputs) -> FloatArray:
        """Mean (m,) of the function at given points."""
        return self._mean(inputs, self._covariance(inputs))

    def smoothed(self) -> FloatArray:
        """Mean (n,) of the function at the observed points."""
        return self._mean(self._inputs, self._among_observed)

    def predict(self, inputs: Inputs) -> tuple[FloatArray, FloatArray]:
        """Mean and standard deviation of the function, without noise.

        Args:
            inputs: The points to predict, m of them.

        Returns:
            Two arrays (m,); deviations are positive.
        """
        covariance = self._covariance(inputs)
        mean = covariance @ self._weights
        explained = blas.dtrmm(1.0, self._inverse_cholesky, covariance.T, lower=1, overwrite_b=1)
        variance = np.einsum("ij,ij->i", inputs.effects, inputs.effects)
        variance *= self.hyperparameters.main_variance
        variance += self.hyperparameters.signal_variance
        if inputs.trends.shape[1]:
            mean += inputs.expected
            variance += np.einsum("ij,ij->i", inputs.trends, inputs.trends)
        variance -= np.einsum("ij,ij->j", explained, explained)
        return mean, np.sqrt(np.maximum(variance, _MIN_VARIANCE))

    def with_pending(self, inputs: Inputs) -> tuple[Posterior, FloatArray]:
        """Also condition on points being evaluated, as if they turned out as predicted.

        The mean stays, the uncertainty around them goes ("kriging believer"; Ginsbourger et al.,
        Kriging Is Well-Suited to Parallelize Optimization, 2010).

        Args:
            inputs: The pending points, m of them; m may be 0.

        Returns:
            The new posterior and the values (m,) believed.
        """
        if len(inputs.features) == 0:
            return self, np.empty(0)
        believed = self.mean(inputs)
        both = self._inputs.followed_by(inputs)
        values = np.concatenate([self._values, believed])
        known = np.zeros_like(self._values)
        if self._extra_variances is not None:
            known = self._extra_variances
        # Known almost without noise: or, where noise is large, one worker after another would
        # repeat what is being measured.
        less = (_PENDING_NOISE_SHARE - 1.0) * self.hyperparameters.noise_variance
        extra = np.concatenate([known, np.full_like(believed, less)])
        posterior = Posterior(self._correlation, self.hyperparameters, both, values, extra)
        return posterior, believed

    def _covariance(self, inputs: Inputs) -> FloatArray:
        """Covariance (m, n) of the function at given points with that at the observed ones."""
        distances = squared_distances(self._scale(inputs), self._scaled)
        covariance = self._correlation.value(distances)
        covariance *= self.hyperparameters.signal_variance
        main = self.hyperparameters.main_variance
        covariance += (main * inputs.effects) @ self._inputs.effects.T
        if inputs.trends.shape[1]:
            covariance += inputs.trends @ self._inputs.trends.T
        return covariance

    def _mean(self, inputs: Inputs, covariance: FloatArray) -> FloatArray:
        """Mean (m,) at points whose covariance (m, n) with the observed ones is known."""
        mean: FloatArray = covariance @ self._weights + inputs.expected
        return mean

    def _scale(self, inputs: Inputs) -> FloatArray:
        return inputs.features / self.hyperparameters.length_scales[inputs.feature_params]


def _cholesky(covariance: FloatArray) -> FloatArray:
    for jitter in _JITTERS:
        jittered = covariance + jitter * np.eye(len(covariance)) if jitter else covariance
        cholesky: FloatArray
        cholesky, info = lapack.dpotrf(jittered, lower=1, clean=1)
        if info == 0:
            return cholesky
    raise np.linalg.LinAlgError("The covariance matrix is not positive definite.")
