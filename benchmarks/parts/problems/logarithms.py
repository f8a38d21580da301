"""Logarithms of problems whose values span orders of magnitude.

The regret of such a problem is close to 0 wherever the value is not among the largest: random
search seems to solve it. That of the logarithm tells samplers apart, as a practitioner would who
reads such a loss on a logarithmic scale.
"""

from __future__ import annotations

import math

from ...arrays import FloatArray
from ...suite.base import Measurement
from ...suite.base import SuiteProblem
from ...suite.imitations import N_EXAMPLES
from ...suite.imitations import NoisyQuadratic
from ...suite.space import Params
from ...suite.wrappers import Wrapped


class LogWrapped(Wrapped):
    """A test function as ``log(1 + value)``, which has its minimum of 0 at the same point."""

    def loss_at(self, units: FloatArray) -> float:
        """The logarithm at unit coordinates (d,)."""
        return math.log1p(super().loss_at(units))


class LogProblem(SuiteProblem):
    """Any problem whose values are positive.

    Args:
        base: The problem, with its noise.
    """

    def __init__(self, base: SuiteProblem) -> None:
        super().__init__(base.search_space)
        self.noisy = base.noisy
        self._base = base

    def loss(self, params: Params) -> float:
        """The logarithm of the value without noise."""
        return math.log(self._base.loss(params))

    def measure(self, params: Params) -> Measurement:
        """The logarithms of the value with noise, and without."""
        measured = self._base.measure(params)
        return Measurement(math.log(measured.value), math.log(measured.expected))


class LogQuadratic(NoisyQuadratic):
    """Logarithm of the risk of SGD on the suite's noisy quadratic.

    Args:
        share: Of the training, at whose end the risk counts.
    """

    def __init__(self, share: float = 1.0) -> None:
        super().__init__()
        self._share = share

    def loss(self, params: Params) -> float:
        """The logarithm at the end of training, or of the share of it."""
        return self.log_risk(params, self._share)

    def log_risk(self, params: Params, share: float) -> float:
        """The logarithm after a share of the training, more than 0."""
        return math.log(self.risk(params, share * N_EXAMPLES))
