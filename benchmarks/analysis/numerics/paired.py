"""Two samplers, or several, by values that belong together in pairs: wins, ranks and tests."""

from __future__ import annotations

import numpy as np

from ...arrays import FloatArray
from .sign_flips import signed_rank_p_values


# Regrets that differ by less are equal: they are sums of floats in another order.
TIE = 1e-12
# Level of all tests: what has a lower p value, corrected where there are several, is called
# different.
LEVEL = 0.05
# Up to so many pairs scipy's test is exact where there are ties.
_MOST_EXACT_WITH_TIES = 13
# As a share of a loss: what it may be wrong by.
_ROUNDING = 1e-12


def win_tie_loss(ours: FloatArray, theirs: FloatArray) -> tuple[int, int, int]:
    """How often ours is lower, equal and higher.

    Args:
        ours: One value a pair, shape (n,).
        theirs: Likewise.
    """
    difference = ours - theirs
    ties = np.abs(difference) <= TIE
    return (
        int(np.sum((difference < 0) & ~ties)),
        int(np.sum(ties)),
        int(np.sum((difference > 0) & ~ties)),
    )


def ratio(ours: FloatArray, theirs: FloatArray) -> FloatArray:
    """``ours / theirs``, of any shape; 1 where both are 0, infinity where only the latter is."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((ours == 0) & (theirs == 0), 1.0, np.divide(ours, theirs))


def without_ties(ours: FloatArray, theirs: FloatArray) -> FloatArray:
    """``theirs``, but exactly ``ours`` where they differ by a rounding error only; any shape."""
    return np.where(np.abs(ours - theirs) <= TIE, ours, theirs)


def mean_ranks(values: FloatArray) -> FloatArray:
    """Mean rank of each column, 1 for the lowest; equal values share their ranks.

    Args:
        values: Shape (n_pairs, n_samplers), without NaN.

    Returns:
        Shape (n_samplers,); NaN without a pair.
    """
    if not len(values):
        return np.full(values.shape[1], np.nan)
    from scipy import stats

    # To the precision at which values are equal.
    return np.asarray(stats.rankdata(np.round(values, 12), axis=1).mean(axis=0))


def wilcoxon_of_regrets(ours: FloatArray, theirs: FloatArray) -> float:
    """Two-sided p value of Wilcoxon's signed-rank test on pairs of regrets, all between 0 and 1.

    Differences are ties, or equal to each other, also if they are so but for a rounding error of
    the size of :data:`TIE`, which would decide on ranks otherwise.

    Args:
        ours: One regret a pair, shape (n_pairs,).
        theirs: Likewise.

    Returns:
        What :func:`wilcoxon_of_losses` does.
    """
    differences = np.round(ours - without_ties(ours, theirs), 12)
    return wilcoxon_of_losses(differences, np.zeros_like(differences))


def wilcoxon_of_losses(ours: FloatArray, theirs: FloatArray) -> float:
    """Two-sided p value of Wilcoxon's signed-rank test on pairs of losses, of whatever size.

    Of two differences neither is the larger if a rounding error, relative to the losses, may have
    made it so.

    Args:
        ours: One value a seed, shape (n_seeds,).
        theirs: The other sampler's values for the same seeds, same order.

    Returns:
        The p value; 1 if all pairs are equal; NaN without a pair or with a value that is missing.
    """
    if len(ours) == 0 or np.isnan(ours).any() or np.isnan(theirs).any():
        return float("nan")
    steps = _steps(ours, theirs)
    if not steps.any():
        return 1.0
    n_ranks = len(np.unique(np.abs(steps[steps != 0])))
    if n_ranks < len(steps) <= _MOST_EXACT_WITH_TIES:
        # scipy tries all signs too, and takes half a second for each test.
        return float(signed_rank_p_values(steps[:, None], range(len(steps)))[0])
    # Takes a second to import, and only a comparison with ours needs it.
    from scipy import stats

    return float(stats.wilcoxon(steps).pvalue)


def _steps(ours: FloatArray, theirs: FloatArray) -> FloatArray:
    """Differences as whole numbers of the same signs and order, which is all that ranks depend on.

    Without it, rounding errors decide whether 0.92 - 0.91 is less than 0.42 - 0.41.
    """
    # Equal infinities are a tie; their difference would be NaN.
    with np.errstate(invalid="ignore"):
        differences = np.where(ours == theirs, 0.0, ours - theirs)
        sizes = np.abs(differences)
        order = np.argsort(sizes)
        gaps = np.diff(sizes[order], prepend=0.0)
    known_to = _ROUNDING * np.maximum(np.abs(ours), np.abs(theirs))[order]
    known_to[np.isinf(known_to)] = 0.0
    steps = np.empty(len(order))
    steps[order] = np.cumsum(gaps > np.maximum(known_to, np.append(0.0, known_to[:-1])))
    return np.sign(differences) * steps


def holm(p_values: FloatArray) -> FloatArray:
    """Correct p values for several comparisons, by Holm's step-down method.

    Args:
        p_values: One a comparison, shape (n,); NaN for one that could not be made, which does not
            count.

    Returns:
        Same shape, each at least as large and at most 1. S. Holm, "A simple sequentially rejective
        multiple test procedure", Scandinavian Journal of Statistics 6 (1979).
    """
    corrected = np.full_like(p_values, np.nan, dtype=float)
    there = np.flatnonzero(~np.isnan(p_values))
    order = there[np.argsort(p_values[there], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(factors * p_values[order]))
    return corrected
