"""Mean ranks over problems, and which samplers cannot be told apart by them.

J. Demsar, "Statistical comparisons of classifiers over multiple data sets", Journal of Machine
Learning Research 7 (2006); with Wilcoxon's test and Holm's correction for the pairs in place of
Nemenyi's test, after A. Benavoli, G. Corani and F. Mangili, "Should we really use post-hoc tests
based on mean-ranks?", Journal of Machine Learning Research 17 (2016): whether two samplers differ
should not depend on which others took part. Nemenyi's critical difference is given beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
import itertools
import math

import numpy as np
import numpy.typing as npt

from ...arrays import FloatArray
from ..numerics import paired
from ..numerics import sign_flips
from ..numerics.paired import LEVEL


@dataclass(frozen=True)
class CriticalDifference:
    """Ranks of the samplers, 1 the best, over problems that all of them have.

    Attributes:
        column: After how many trials, as text, or the area.
        ranks: Mean rank by sampler, the best first.
        n_problems: Problems behind them.
        p_friedman: Of Friedman's test that all are alike; NaN for less than three samplers or
            problems.
        nemenyi: Ranks that differ by less cannot be told apart by Nemenyi's test.
        p_holm: By two samplers, Wilcoxon's test over problems, corrected by Holm's method.
        cliques: Groups of two or more neighbours in rank, of which no two can be told apart;
            none is part of another.
    """

    column: str
    ranks: dict[str, float]
    n_problems: int
    p_friedman: float
    nemenyi: float
    p_holm: dict[tuple[str, str], float]
    cliques: tuple[tuple[str, ...], ...]


def friedman(values: FloatArray) -> float:
    """P value of Friedman's test.

    Args:
        values: One row a problem, one column a sampler.

    Returns:
        NaN for less than three samplers or problems; 1 if all samplers are equal everywhere.
    """
    n_problems, n_samplers = values.shape
    if n_problems < 3 or n_samplers < 3:
        return math.nan
    rounded = np.round(values, 12)
    if (rounded == rounded[:, :1]).all():
        return 1.0
    from scipy import stats

    return float(stats.friedmanchisquare(*rounded.T).pvalue)


def nemenyi_difference(n_samplers: int, n_problems: int) -> float:
    """By how much mean ranks must differ in Nemenyi's test, at the level of all tests.

    Args:
        n_samplers: Number of samplers, 2 or more.
        n_problems: Number of problems, 1 or more.
    """
    from scipy import stats

    q = stats.studentized_range.ppf(1 - LEVEL, n_samplers, np.inf) / math.sqrt(2)
    return float(q * math.sqrt(n_samplers * (n_samplers + 1) / (6 * n_problems)))


def find_cliques(different: npt.NDArray[np.bool_]) -> list[tuple[int, ...]]:
    """The longest runs of neighbours of which no two are different.

    Args:
        different: Which two are, symmetric, in the order of their ranks, shape (n, n).

    Returns:
        Runs of two or more places, ascending; none is part of another.
    """
    runs: list[tuple[int, ...]] = []
    last_end = 0
    for start in range(len(different)):
        end = start + 1
        while end < len(different) and not different[start : end + 1, end].any():
            end += 1
        if end - start > 1 and end > last_end:
            runs.append(tuple(range(start, end)))
            last_end = end
    return runs


def critical_difference(
    means: Mapping[tuple[str, str, str], float],
    problems: Sequence[str],
    samplers: Sequence[str],
    column: str,
) -> CriticalDifference | None:
    """Rank samplers.

    Args:
        means: Mean regret over seeds by problem, sampler and column.
        problems: Names; those that not all samplers have are left out.
        samplers: Names; those that have nothing in this column are left out.
        column: Which column.

    Returns:
        None for less than two samplers, or without a problem that all of them have.
    """
    there = [s for s in samplers if any((p, s, column) in means for p in problems)]
    common = [p for p in problems if all((p, s, column) in means for s in there)]
    if len(there) < 2 or not common:
        return None
    values = np.array([[means[problem, name, column] for name in there] for problem in common])
    ranks = paired.mean_ranks(values)
    order = np.argsort(ranks, kind="stable")
    values, names = values[:, order], [there[index] for index in order]
    places = list(itertools.combinations(range(len(names)), 2))
    differences = np.stack([values[:, one] - values[:, other] for one, other in places], axis=1)
    p_holm = paired.holm(sign_flips.signed_rank_p_values(differences, common))
    p_friedman = friedman(values)
    different = np.zeros((len(names), len(names)), dtype=bool)
    # Pairs are looked at only if not all are alike.
    if not p_friedman >= LEVEL:
        for (one, other), p in zip(places, p_holm):
            different[one, other] = different[other, one] = p < LEVEL
    return CriticalDifference(
        column,
        {name: float(ranks[index]) for name, index in zip(names, order)},
        len(common),
        p_friedman,
        nemenyi_difference(len(names), len(common)),
        {(names[a], names[b]): float(p) for (a, b), p in zip(places, p_holm)},
        tuple(tuple(names[place] for place in run) for run in find_cliques(different)),
    )
