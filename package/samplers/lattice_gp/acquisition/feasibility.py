"""Constraints: how likely a point keeps all of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import log_ndtr

from ..basics.arrays import BoolArray
from ..basics.arrays import FloatArray
from ..surrogates.kernels import Inputs
from ..surrogates.surrogate import Surrogate


@dataclass(frozen=True)
class Feasibility:
    """The probability that constraints are kept, taken to be independent.

    Gardner, Kusner, Xu, Weinberger and Cunningham, Bayesian Optimization with Inequality
    Constraints, ICML 2014.

    Attributes:
        surrogates: One for each constraint, of its values as ``bilog`` makes them.
    """

    surrogates: tuple[Surrogate, ...]

    def log_probability(self, inputs: Inputs) -> FloatArray:
        """Logarithm of the probability (m,) that all constraints are kept at given points."""
        total = np.zeros(len(inputs.features))
        for surrogate in self.surrogates:
            mean, deviation = surrogate.predict(inputs)
            total += log_ndtr((_limit(surrogate) - mean) / deviation)
        return total

    def is_kept(self, n_pending: int) -> BoolArray:
        """Whether pending points (p,) are believed to keep all constraints."""
        kept = np.ones(n_pending, dtype=bool)
        for surrogate in self.surrogates:
            kept &= surrogate.believed <= _limit(surrogate)
        return kept


def _limit(surrogate: Surrogate) -> float:
    """The score of a constraint that is just kept."""
    return float(surrogate.warp.to_scores(np.zeros(1))[0])
