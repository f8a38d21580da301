"""Where trials fail: the probability that one at a point ends with a value."""

from __future__ import annotations

import math

import numpy as np
from scipy.linalg import cho_factor
from scipy.linalg import cho_solve
from scipy.special import log_ndtr

from ..basics.arrays import FloatArray
from ..surrogates.kernels import MATERN52
from ..surrogates.kernels import squared_distances


# A Gaussian process on labels, 1 for a success and 0 for a failure, whose hyperparameters are
# fixed: a few crashes tell nothing of them. The mean far from all trials is a guess that leans
# towards success, as a space is worth searching; noise lets a failure be bad luck.
_PRIOR_MEAN = 0.7
_NOISE_VARIANCE = 0.05
# Length scale at one parameter; distances between random points grow with the root of their
# number.
_LENGTH_SCALE = 0.2
# Variance, over a space of numbers, of a part that is linear in the features: what fails is often
# what is too large, and one such failure tells of everything larger. As much as that of the other
# part. That of a categorical of k choices, whose features are not 0.5 on average, is some 3 k - 2
# times a number's, from four choices on most of it the same everywhere: the more choices, the less
# the mean far from all trials is the guess above, and the more the share of trials that succeeded.
_LINEAR_VARIANCE = 1.0
_VARIANCE_OF_UNIFORM = 1.0 / 12.0
# Success is a label above one half, of a belief with this share of the posterior deviation and
# this deviation at least.
_THRESHOLD = 0.5
_DEVIATION_SHARE = 0.5
_MIN_DEVIATION = 0.1
# The latest trials of either kind that are looked at: what fails is learned from few.
_MAX_OF_A_KIND = 150


class SuccessModel:
    """The probability of success, learned from trials of either outcome.

    After Lee, Gramacy, Linkletter, Gray, Optimization Subject to Hidden Constraints via
    Statistical Emulation, Pacific Journal of Optimization 2011, which multiplies expected
    improvement by such a probability; a regression on labels in place of their classification
    trees.

    Args:
        succeeded: Array (n, n_features) of the trials that ended with a value, or were pruned
            after a report, oldest first.
        failed: Array (m, n_features) of those that failed, oldest first; m at least 1.
        n_params: Number of parameters, d.
    """

    def __init__(self, succeeded: FloatArray, failed: FloatArray, n_params: int) -> None:
        succeeded, failed = succeeded[-_MAX_OF_A_KIND:], failed[-_MAX_OF_A_KIND:]
        self._scale = 1.0 / (_LENGTH_SCALE * math.sqrt(n_params))
        self._slope_variance = _LINEAR_VARIANCE / (_VARIANCE_OF_UNIFORM * n_params)
        self._features = np.concatenate([succeeded, failed])
        labels = np.repeat([1.0, 0.0], [len(succeeded), len(failed)])
        covariance = self._covariance(self._features)
        covariance[np.diag_indices(len(labels))] += _NOISE_VARIANCE
        self._cholesky = cho_factor(covariance, lower=True, overwrite_a=True)
        self._weights = cho_solve(self._cholesky, labels - _PRIOR_MEAN)

    def log_probability(self, features: FloatArray) -> FloatArray:
        """Logarithm of the probability of success at given points.

        Args:
            features: Array (k, n_features).

        Returns:
            Array (k,), all negative.
        """
        covariance = self._covariance(features)
        mean = _PRIOR_MEAN + covariance @ self._weights
        explained = np.einsum("ij,ji->i", covariance, cho_solve(self._cholesky, covariance.T))
        prior = 1.0 + self._slope_variance * ((features - 0.5) ** 2).sum(axis=1)
        variance = _DEVIATION_SHARE**2 * np.maximum(prior - explained, 0.0) + _MIN_DEVIATION**2
        result: FloatArray = log_ndtr((mean - _THRESHOLD) / np.sqrt(variance))
        return result

    def _covariance(self, features: FloatArray) -> FloatArray:
        """Prior covariance (k, n + m) of the label at given points with those of the trials."""
        distances = squared_distances(self._scale * features, self._scale * self._features)
        covariance = MATERN52.value(distances)
        covariance += self._slope_variance * (features - 0.5) @ (self._features - 0.5).T
        return covariance
