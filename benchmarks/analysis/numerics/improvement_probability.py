"""Probability of improvement: how likely a run of one sampler beats a run of another.

R. Agarwal, M. Schwarzer, P. S. Castro, A. Courville and M. G. Bellemare, "Deep reinforcement
learning at the edge of the statistical precipice", NeurIPS 2021: on each problem, P(ours < theirs)
plus half of P(ours = theirs) over all combinations of seeds, which is Mann and Whitney's U divided
by their number; then the mean over problems.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...arrays import FloatArray
from . import paired
from . import resampling
from .resampling import remembered_counts


_N_RESAMPLES = 1_000


@dataclass(frozen=True)
class Probability:
    """A probability of improvement, averaged over problems.

    Attributes:
        mean: 0 to 1; 0.5 if neither is better.
        lower: Lower end of the 95% bootstrap interval over seeds within problems.
        upper: Upper end.
        by_problem: On each problem, in the order given.
    """

    mean: float
    lower: float
    upper: float
    by_problem: tuple[float, ...]


def wins(ours: FloatArray, theirs: FloatArray) -> FloatArray:
    """1 where ours is lower, one half where both are equal, else 0.

    Args:
        ours: One value a seed, shape (n_ours,).
        theirs: Likewise, shape (n_theirs,).

    Returns:
        Of all combinations, shape (n_ours, n_theirs).
    """
    lower = ours[:, None] < theirs - paired.TIE
    higher = ours[:, None] > theirs + paired.TIE
    return 0.5 + 0.5 * lower - 0.5 * higher


def probability_of_improvement(
    ours: Sequence[FloatArray], theirs: Sequence[FloatArray]
) -> Probability:
    """Mean over problems, with an interval; the same every time.

    The seeds of the two are resampled each for itself, as those of strangers. Where seeds are
    paired, and what is alike in both makes their values so, the interval is wider than need be.

    Args:
        ours: One value a seed for each problem, one problem and one seed or more.
        theirs: Likewise, the same problems.
    """
    means, total = [], np.zeros(_N_RESAMPLES)
    for index, (one, other) in enumerate(zip(ours, theirs)):
        won = wins(one, other)
        means.append(float(won.mean()))
        mine, its = _weights(2 * index, len(one)), _weights(2 * index + 1, len(other))
        total += np.einsum("ri,ri->r", mine @ won, its)
    lower, upper = resampling.interval(total / len(means))
    return Probability(float(np.mean(means)), float(lower), float(upper), tuple(means))


def _weights(stream: int, n_seeds: int) -> FloatArray:
    """Weights of the seeds, of sum 1, in every resample: shape (n_resamples, n_seeds)."""
    return remembered_counts(n_seeds, _N_RESAMPLES, (stream, n_seeds)) / n_seeds
