"""The trials before the model: the centre of the space, then a low-discrepancy sequence."""

from __future__ import annotations

import math

import numpy as np
from scipy.stats import qmc

from .arrays import first
from .arrays import FloatArray
from .space import SearchSpace
from .visits import Visits


# The sequence is generated in one block of a power of two, as its balance demands.
_MIN_BLOCK = 128


def startup_point(space: SearchSpace, visits: Visits, seed: int, index: int) -> FloatArray:
    """The point of start-up trial ``index``, or the next of the sequence that is open.

    Trial 0 tries the centre; the others follow a scrambled Sobol' sequence (Owen, Scrambling
    Sobol' and Niederreiter-Xing Points, 1998). Spaces of other names or ranges have other
    sequences, or ten seeds would be the same ten designs for all problems of a comparison.

    Args:
        space: The search space.
        visits: Says which points may be proposed.
        seed: Seed of the scrambling, together with the space.
        index: Number of the trial, 0 or more.

    Returns:
        A point (d,) that is open.
    """
    centre = space.centre()[None, :]
    if index == 0 and visits.is_open(centre)[0]:
        return first(centre)
    block = max(_MIN_BLOCK, 2 ** math.ceil(math.log2(index + 2)))
    rng = np.random.default_rng([seed, space.fingerprint])
    sobol = qmc.Sobol(space.n_params, scramble=True, rng=rng)
    sequence = space.from_quantiles(sobol.random(block)[index:])
    is_open = visits.is_open(sequence)
    if is_open.any():
        return first(sequence[is_open])
    rng = np.random.default_rng([seed, index])
    if space.is_enumerable:
        return first(visits.sample_open(1, rng))
    return first(space.from_quantiles(rng.random((1, space.n_params))))
