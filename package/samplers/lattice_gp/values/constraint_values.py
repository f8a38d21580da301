"""Values of constraints: of what size they are, and how a Gaussian process can model them."""

from __future__ import annotations

import numpy as np

from ..basics.arrays import FloatArray
from .scaling import LARGEST_VALUE


# The typical size of constraint values counts as no smaller than this.
_SMALLEST_SIZE = 1e-300


def signs_kept(constraint: FloatArray) -> FloatArray:
    """A constraint's values (n,), of which infinite ones become finite, and NaN stays.

    They are as far beyond 0 as the value farthest from it, whichever its sign: so a violation
    stays one, and no square or sum overflows.
    """
    sizes = np.abs(constraint)
    largest = sizes[sizes < LARGEST_VALUE].max(initial=0.0) or 1.0
    finite: FloatArray = np.clip(constraint, -largest, largest)
    return finite


def typical_size(values: FloatArray) -> float:
    """The median of those of values (n,), 0 or more, that are not 0; 1 if all are."""
    sizes = values[values > 0.0]
    return max(float(np.median(sizes)), _SMALLEST_SIZE) if len(sizes) else 1.0


def bilog(constraint: FloatArray, n_typical: int) -> FloatArray:
    """Constraint values (n,) with their tails drawn in and their signs kept, in typical units.

    Eriksson and Poloczek, Scalable Constrained Bayesian Optimization, AISTATS 2021: what matters
    is where a constraint changes its sign, not how large it is elsewhere.

    Args:
        constraint: Values without NaN, oldest first.
        n_typical: How many of the first ones say what is typical: those that a model is fitted to.
            By all of them, every new value would change the old ones, and the fit be made anew.
    """
    finite = signs_kept(constraint)
    unit = typical_size(np.abs(finite[:n_typical]))
    scaled: FloatArray = np.sign(finite) * np.log1p(np.abs(finite) / unit)
    return scaled
