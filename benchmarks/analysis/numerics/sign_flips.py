"""Wilcoxon's signed-rank test for pairs that are not independent of each other.

If two samplers are the same one under two names, their results in a pair of problem and seed might
as well be exchanged: the difference has either sign with equal probability. How far the sum of the
signed ranks lies from zero is compared with what it would be under all such exchanges, or under
many of them. The p value is exact for any distribution of the results, for problems of different
spread and for ties.

What is exchanged together is a block. With the same seed a sampler may draw the same points on
every problem of as many parameters, so that its luck is shared by these: they make one block at
least. Wilcoxon's test, which takes all pairs as independent, calls the same sampler different from
itself too often there. Where every block is one pair, both tests are the same.
"""

from __future__ import annotations

from collections.abc import Hashable
from collections.abc import Sequence
import functools

import numpy as np
import numpy.typing as npt

from ...arrays import FloatArray


# Up to so many blocks all exchanges are tried, beyond so many random ones.
_MAX_LISTED = 16
N_EXCHANGES = 50_000
_CHUNK = 10_000
# Sums of the same floats in another order are equal.
_ROUNDING = 1e-10


def signed_ranks(differences: FloatArray) -> FloatArray:
    """Ranks of the distances from zero, 1 for the smallest that is not zero, with their signs.

    Args:
        differences: One row a pair, one column a test, shape (n_pairs, n_tests), without NaN.

    Returns:
        Same shape; 0 for a pair without a difference; equal distances share their ranks.
    """
    from scipy import stats

    distances = np.round(np.abs(differences), 12)
    ranks = stats.rankdata(distances, axis=0) - np.sum(distances == 0, axis=0)
    return np.asarray(np.where(distances > 0, np.sign(differences) * ranks, 0.0))


def sum_blocks(values: FloatArray, blocks: Sequence[Hashable]) -> FloatArray:
    """Sum over the pairs of each block.

    Args:
        values: Shape (n_pairs, ...).
        blocks: The block of each pair, shape (n_pairs,).

    Returns:
        Shape (n_blocks, ...), in the order in which blocks come first.
    """
    places = {key: place for place, key in enumerate(dict.fromkeys(blocks))}
    sums = np.zeros((len(places), *values.shape[1:]))
    np.add.at(sums, [places[key] for key in blocks], values)
    return sums


def sign_flip_p_values(contributions: FloatArray, n_exchanges: int = N_EXCHANGES) -> FloatArray:
    """Two-sided p values of sums whose summands may have either sign; the same every time.

    Args:
        contributions: One row a block, one column a sum, shape (n_blocks, n_tests), without NaN.
        n_exchanges: Number of random exchanges, where not all are tried.

    Returns:
        Shape (n_tests,), each above 0 and at most 1; NaN without a block. None is below
        :func:`smallest_p_value`.
    """
    n_blocks, n_tests = contributions.shape
    if n_blocks == 0:
        return np.full(n_tests, np.nan)
    # Column by column in one unit, so that what counts as equal does not depend on it.
    scale = np.abs(contributions).sum(axis=0)
    unit = contributions / np.where(scale > 0, scale, 1.0)
    observed = np.abs(unit.sum(axis=0)) - _ROUNDING
    if n_blocks <= _MAX_LISTED:
        return np.asarray(np.mean(np.abs(_all_signs(n_blocks) @ unit) >= observed, axis=0))
    n_as_far = np.zeros(n_tests)
    signs = _random_signs(n_blocks, n_exchanges)
    for begin in range(0, n_exchanges, _CHUNK):
        chunk = signs[begin : begin + _CHUNK]
        n_as_far += np.sum(np.abs(chunk.astype(float) @ unit) >= observed, axis=0)
    # What was observed is one of the exchanges.
    return (n_as_far + 1) / (n_exchanges + 1)


def signed_rank_p_values(
    differences: FloatArray, blocks: Sequence[Hashable], n_exchanges: int = N_EXCHANGES
) -> FloatArray:
    """Two-sided p values of the signed-rank test by blocks.

    Args:
        differences: One row a pair, one column a test, shape (n_pairs, n_tests), without NaN.
        blocks: The block of each pair, shape (n_pairs,).
        n_exchanges: Number of random exchanges, where not all are tried.

    Returns:
        Shape (n_tests,).
    """
    sums = sum_blocks(signed_ranks(differences), blocks)
    return sign_flip_p_values(sums, n_exchanges)


def smallest_p_value(n_blocks: int) -> float:
    """The lowest p value that there can be with so many blocks, 1 or more."""
    return 2.0 ** (1 - n_blocks) if n_blocks <= _MAX_LISTED else 1 / (N_EXCHANGES + 1)


@functools.lru_cache(maxsize=4)
def _random_signs(n_blocks: int, n_exchanges: int) -> npt.NDArray[np.int8]:
    """Signs of the blocks in every random exchange, shape (n_exchanges, n_blocks)."""
    bits = np.random.default_rng(0).integers(0, 2, size=(n_exchanges, n_blocks), dtype=np.int8)
    return 2 * bits - 1


@functools.lru_cache(maxsize=4)
def _all_signs(n_blocks: int) -> FloatArray:
    """All combinations of signs, the first one positive: the others are their mirror images."""
    numbers = np.arange(2 ** (n_blocks - 1))
    bits = (numbers[:, None] >> np.arange(n_blocks)) & 1
    # The highest place is never set.
    return np.asarray(1.0 - 2.0 * bits)
