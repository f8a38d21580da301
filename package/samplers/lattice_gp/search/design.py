"""The trials before the model: earlier studies' best, the centre, a low-discrepancy sequence."""

from __future__ import annotations

import math

import numpy as np

from ..acquisition.success import SuccessModel
from ..basics.arrays import first
from ..basics.arrays import FloatArray
from ..space.search_space import SearchSpace
from .visits import Visits


# The sequence is generated in one block of a power of two, as its balance demands.
_MIN_BLOCK = 128
_LOG_HALF = math.log(0.5)


def startup_point(
    space: SearchSpace,
    visits: Visits,
    seed: int,
    index: int,
    success: SuccessModel | None = None,
    starts: FloatArray | None = None,
) -> FloatArray:
    """The point of start-up trial ``index``, or the next of the sequence that is open.

    Trial 0 tries the centre; the others follow a scrambled Sobol' sequence (Owen, Scrambling
    Sobol' and Niederreiter-Xing Points, 1998). Spaces of other names or ranges have other
    sequences, or ten seeds would be the same ten designs for all problems of a comparison.

    Args:
        space: The search space.
        visits: Says which points may be proposed.
        seed: Seed of the scrambling, together with the space.
        index: Number of the trial, 0 or more.
        success: What earlier failures tell: points that would likelier fail than not are passed
            over; of points that all would, the one least likely to is taken.
        starts: Array (n, d) of points that did well in earlier studies, best first. Trials 0, 2,
            .. try them; the centre is then trial 1's.

    Returns:
        A point (d,) that is open; if none was found, of those found one visited least often.
    """
    centre = space.centre()[None, :]
    has_starts = starts is not None and len(starts) > 0
    if starts is not None and index % 2 == 0:
        following = starts[index // 2 :]
        following = following[visits.is_open(following)]
        if len(following) > 0:
            return first(following)
    if index == (1 if has_starts else 0) and visits.is_open(centre)[0]:
        return first(centre)
    block = max(_MIN_BLOCK, 2 ** math.ceil(math.log2(index + 2)))
    rng = np.random.default_rng([seed, space.fingerprint])
    # It takes half of the time that loading this package would, and who goes on with a study of
    # more than a few trials does without.
    from scipy.stats import qmc

    sobol = qmc.Sobol(space.n_params, scramble=True, rng=rng)
    sequence = space.from_quantiles(sobol.random(block)[index:])
    sequence = sequence[visits.is_open(sequence)]
    if len(sequence) > 0 and success is not None:
        log_probability = success.log_probability(space.features(sequence))
        is_promising = log_probability > _LOG_HALF
        if not is_promising.any():
            is_promising = log_probability == log_probability.max()
        return first(sequence[is_promising])
    if len(sequence) > 0:
        return first(sequence)
    rng = np.random.default_rng([seed, index])
    if space.is_enumerable:
        return first(visits.sample_open(1, rng))
    anywhere = space.from_quantiles(rng.random((1, space.n_params)))
    return first(visits.sample_least_visited(anywhere, 1, rng))
