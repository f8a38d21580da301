"""Every sampler against every other one, over the pairs of problem and seed that both have."""

from __future__ import annotations

from collections.abc import Hashable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
import itertools
import math

import numpy as np
import numpy.typing as npt

from ...arrays import FloatArray
from ..curves.curve_set import Key
from ..numerics import paired
from ..numerics import resampling
from ..numerics import sign_flips
from ..numerics.improvement_probability import Probability
from ..numerics.improvement_probability import probability_of_improvement


# With so many, whole seeds are exchanged: luck is a little alike on problems of other numbers of
# parameters too. Fewer seeds could not show a difference among the pairs of ten samplers.
_ENOUGH_SEEDS = 12


@dataclass(frozen=True)
class Pair:
    """One sampler against another one after so many trials.

    Attributes:
        reference: Name of the one.
        other: Name of the other.
        column: After how many trials, as text, or the area.
        ours: Mean normalised regret of ``reference``, over seeds, then problems.
        theirs: That of ``other``.
        ratio: ``ours / theirs``.
        ratio_lower: Lower end of its 95% bootstrap interval over seeds within problems.
        ratio_upper: Upper end.
        wins: Pairs of problem and seed in which ``reference`` has the lower regret.
        ties: Those in which both have the same.
        losses: The others.
        advantage: Wilcoxon's signed ranks as a number from -1 to 1, which is above 0 if they speak
            for ``reference`` (the matched-pairs rank-biserial correlation).
        n_problems: Problems behind it.
        problems_won: Those on which ``reference`` has the lower mean over seeds.
        problems_lost: Those on which ``other`` has.
        n_blocks: What was exchanged one by one: seeds, or seeds and kinds of problems.
        p: Two-sided p value of the signed-rank test by blocks on these problems.
        p_holm: The same, corrected for all pairs of samplers of this column.
        p_problems: Wilcoxon's signed-rank test of the means over seeds, one a problem: whether it
            holds for problems of which these are a sample.
        p_problems_holm: The same, corrected likewise.
        improvement: Probability that a run of ``reference`` beats one of ``other``.
    """

    reference: str
    other: str
    column: str
    ours: float
    theirs: float
    ratio: float
    ratio_lower: float
    ratio_upper: float
    wins: int
    ties: int
    losses: int
    advantage: float
    n_problems: int
    problems_won: int
    problems_lost: int
    n_blocks: int
    p: float
    p_holm: float
    p_problems: float
    p_problems_holm: float
    improvement: Probability

    @property
    def n_pairs(self) -> int:
        """Pairs of problem and seed that both have."""
        return self.wins + self.ties + self.losses


def compare_pairs(
    regrets: Mapping[Key, FloatArray],
    columns: Sequence[str],
    kinds: Mapping[str, Hashable] | None = None,
    n_exchanges: int = sign_flips.N_EXCHANGES,
) -> list[Pair]:
    """Compare all samplers with each other.

    Args:
        regrets: Normalised regret in each column, shape (n_columns,), by problem, sampler and
            seed; NaN where a study has not got so far.
        columns: Names of the columns.
        kinds: Kind by problem: those of a kind, and those of which it is not known, may share
            their luck (:mod:`benchmarks.analysis.numerics.sign_flips`). None if each has its own.
        n_exchanges: Number of random exchanges of a test.

    Returns:
        By column, then in the order of the samplers; without those that have no pair in common.
    """
    samplers = list(dict.fromkeys(sampler for _, sampler, _ in regrets))
    pairs = sorted({(problem, seed) for problem, _, seed in regrets})
    missing = np.full(len(columns), np.nan)
    values = np.array(
        [[regrets.get((p, name, s), missing) for p, s in pairs] for name in samplers]
    ).reshape(len(samplers), len(pairs), len(columns))
    there = ~np.isnan(values)
    # Tests over the same pairs of problem and seed share their resamples and exchanges.
    groups: dict[bytes, list[tuple[int, int, int]]] = {}
    for column in range(len(columns)):
        for one, other in itertools.combinations(range(len(samplers)), 2):
            both = there[one, :, column] & there[other, :, column]
            if both.any():
                groups.setdefault(both.tobytes(), []).append((column, one, other))
    found: dict[tuple[int, int, int], Pair] = {}
    for mask, tests in groups.items():
        rows = np.flatnonzero(np.frombuffer(mask, dtype=bool))
        names = [(columns[c], samplers[one], samplers[other]) for c, one, other in tests]
        ours = np.stack([values[one, rows, c] for c, one, _ in tests], axis=1)
        theirs = np.stack([values[other, rows, c] for c, _, other in tests], axis=1)
        theirs = paired.without_ties(ours, theirs)
        where = [pairs[row] for row in rows]
        found |= dict(zip(tests, _compare_group(names, ours, theirs, where, kinds, n_exchanges)))
    return _corrected([found[test] for test in sorted(found)])


def _compare_group(
    names: Sequence[tuple[str, str, str]],
    ours: FloatArray,
    theirs: FloatArray,
    pairs: Sequence[tuple[str, int]],
    kinds: Mapping[str, Hashable] | None,
    n_exchanges: int,
) -> list[Pair]:
    """Several tests over the same pairs.

    Args:
        names: Column and samplers of each test.
        ours: Regrets, shape (n_pairs, n_tests).
        theirs: Likewise.
        pairs: Problem and seed of each row.
        kinds: Kind by problem, or None.
        n_exchanges: Number of random exchanges.
    """
    problems = [problem for problem, _ in pairs]
    blocks = _blocks(pairs, kinds)
    ranks = sign_flips.signed_ranks(ours - theirs)
    totals = np.abs(ranks).sum(axis=0)
    advantages = -ranks.sum(axis=0) / np.where(totals > 0, totals, 1.0)
    contributions = sign_flips.sum_blocks(ranks, blocks)
    p_values = sign_flips.sign_flip_p_values(contributions, n_exchanges)
    by_problem = [
        np.flatnonzero([its == problem for its in problems]) for problem in dict.fromkeys(problems)
    ]
    # Of shape (n_problems, 2, n_tests).
    by_problem_means = np.array(
        [[ours[rows].mean(axis=0), theirs[rows].mean(axis=0)] for rows in by_problem]
    )
    p_problems = sign_flips.signed_rank_p_values(
        by_problem_means[:, 0] - by_problem_means[:, 1], range(len(by_problem)), n_exchanges
    )
    lower, upper = _ratio_intervals(ours, theirs, by_problem)
    result = []
    for test, (column, reference, other) in enumerate(names):
        one, its = ours[:, test], theirs[:, test]
        means = by_problem_means[:, :, test]
        mine, other_mean = means.mean(axis=0)
        wins, ties, losses = paired.win_tie_loss(one, its)
        problems_won, _, problems_lost = paired.win_tie_loss(means[:, 0], means[:, 1])
        result.append(
            Pair(
                reference=reference,
                other=other,
                column=column,
                ours=float(mine),
                theirs=float(other_mean),
                ratio=float(paired.ratio(mine, other_mean)),
                ratio_lower=float(lower[test]),
                ratio_upper=float(upper[test]),
                wins=wins,
                ties=ties,
                losses=losses,
                advantage=float(advantages[test]),
                n_problems=len(by_problem),
                problems_won=problems_won,
                problems_lost=problems_lost,
                n_blocks=len(contributions),
                p=float(p_values[test]),
                # Known when all pairs of the column are.
                p_holm=math.nan,
                p_problems=float(p_problems[test]),
                p_problems_holm=math.nan,
                improvement=probability_of_improvement(
                    [one[rows] for rows in by_problem], [its[rows] for rows in by_problem]
                ),
            )
        )
    return result


def _blocks(
    pairs: Sequence[tuple[str, int]], kinds: Mapping[str, Hashable] | None
) -> list[Hashable]:
    """What is exchanged together: a pair, a seed, or what of it surely shares its luck."""
    if kinds is None:
        return list(pairs)
    if len({seed for _, seed in pairs}) >= _ENOUGH_SEEDS:
        return [seed for _, seed in pairs]
    return [(seed, kinds.get(problem, 0)) for problem, seed in pairs]


def _ratio_intervals(
    ours: FloatArray, theirs: FloatArray, by_problem: Sequence[npt.NDArray[np.intp]]
) -> tuple[FloatArray, FloatArray]:
    """Intervals of the ratios of the means, each of shape (n_tests,)."""
    both = np.concatenate([ours, theirs], axis=1)
    # The same sampler takes part in many tests; each is resampled once.
    unique, index = np.unique(both, axis=1, return_inverse=True)
    resampled = resampling.resampled_means([unique[rows] for rows in by_problem])[:, index.ravel()]
    n_tests = ours.shape[1]
    return resampling.interval(paired.ratio(resampled[:, :n_tests], resampled[:, n_tests:]))


def _corrected(pairs: Sequence[Pair]) -> list[Pair]:
    """With the p values corrected for the number of pairs of each column."""
    result: list[Pair] = []
    for _, group in itertools.groupby(pairs, key=lambda pair: pair.column):
        its = list(group)
        p_holm = paired.holm(np.array([pair.p for pair in its]))
        p_problems = paired.holm(np.array([pair.p_problems for pair in its]))
        result += [
            replace(pair, p_holm=float(p), p_problems_holm=float(q))
            for pair, p, q in zip(its, p_holm, p_problems)
        ]
    return result
