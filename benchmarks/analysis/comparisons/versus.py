"""The reference sampler against each other one, over the pairs (problem, seed) of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import math

import numpy as np

from ...arrays import FloatArray
from ..numerics import paired
from ..numerics import resampling
from .rows import pairs_with
from .rows import Rows
from .rows import split_by_problem


@dataclass(frozen=True)
class Versus:
    """The reference sampler against another one, over the pairs that both have.

    Attributes:
        ours: Mean normalised regret of the reference sampler.
        theirs: That of the other one.
        ratio: ``ours / theirs``.
        ratio_lower: Lower end of its 95% bootstrap interval.
        ratio_upper: Upper end.
        difference: ``theirs - ours``: what is lost with the other one.
        difference_lower: Lower end of its 95% bootstrap interval.
        difference_upper: Upper end.
        wins: Pairs in which the reference sampler has the lower regret.
        ties: Pairs in which both have the same.
        losses: The other pairs.
        p_value: Two-sided paired Wilcoxon test over the pairs.
        p_holm: The same, corrected for the number of other samplers.
    """

    ours: float
    theirs: float
    ratio: float
    ratio_lower: float
    ratio_upper: float
    difference: float
    difference_lower: float
    difference_upper: float
    wins: int
    ties: int
    losses: int
    p_value: float
    p_holm: float

    @property
    def n_pairs(self) -> int:
        """Pairs of problem and seed that both have."""
        return self.wins + self.ties + self.losses


@dataclass(frozen=True)
class Worse:
    """A problem on which the reference sampler's mean regret is higher than another one's.

    Attributes:
        column: After how many trials, as text, or the area.
        problem: Name of the problem.
        sampler: Name of the other sampler.
        ours: Mean normalised regret of the reference sampler, over the seeds that both have.
        theirs: That of the other one.
        p_value: Two-sided paired Wilcoxon test over these seeds, not corrected.
        n_pairs: Number of these seeds.
    """

    column: str
    problem: str
    sampler: str
    ours: float
    theirs: float
    p_value: float
    n_pairs: int


def against_reference(
    tables: dict[str, Rows], columns: Sequence[str], reference: str
) -> dict[tuple[str, str], Versus]:
    """Compare the reference with each other sampler, in every column.

    Args:
        tables: Rows by sampler, the reference among them.
        columns: Names of the columns.
        reference: Name of the reference.

    Returns:
        By other sampler and column; only where both have a pair.
    """
    result: dict[tuple[str, str], Versus] = {}
    others = [sampler for sampler in tables if sampler != reference]
    for index, column in enumerate(columns):
        common = {o: pairs_with([tables[reference], tables[o]], index) for o in others}
        p_values = np.array(
            [_p_value(tables[reference], tables[o], common[o], index) for o in others]
        )
        for other, p_value, p_holm in zip(others, p_values, paired.holm(p_values)):
            pairs = common[other]
            if not pairs:
                continue
            values = np.array(
                [[tables[name][pair][index] for name in (reference, other)] for pair in pairs]
            )
            result[other, column] = _versus(pairs, values, float(p_value), float(p_holm))
    return result


def _versus(
    pairs: Sequence[tuple[str, int]], values: FloatArray, p_value: float, p_holm: float
) -> Versus:
    """The comparison of two samplers.

    Args:
        pairs: Problem and seed of each row.
        values: Regrets of the reference and of the other one, shape (n_pairs, 2).
        p_value: Of the test over the pairs.
        p_holm: The same, corrected.
    """
    groups = split_by_problem(pairs, values)
    ours, theirs = resampling.mean_of_groups(groups)
    resampled = resampling.resampled_means(groups)
    ratio_lower, ratio_upper = resampling.interval(paired.ratio(resampled[:, 0], resampled[:, 1]))
    lower, upper = resampling.interval(resampled[:, 1] - resampled[:, 0])
    wins, ties, losses = paired.win_tie_loss(values[:, 0], values[:, 1])
    return Versus(
        ours=float(ours),
        theirs=float(theirs),
        ratio=float(paired.ratio(ours, theirs)),
        ratio_lower=float(ratio_lower),
        ratio_upper=float(ratio_upper),
        difference=float(theirs - ours),
        difference_lower=float(lower),
        difference_upper=float(upper),
        wins=wins,
        ties=ties,
        losses=losses,
        p_value=p_value,
        p_holm=p_holm,
    )


def _p_value(ours: Rows, theirs: Rows, pairs: Sequence[tuple[str, int]], column: int) -> float:
    if not pairs:
        return math.nan
    one, other = (np.array([rows[pair][column] for pair in pairs]) for rows in (ours, theirs))
    return paired.wilcoxon_of_regrets(one, other)


def find_worse(
    tables: dict[str, Rows], columns: Sequence[str], reference: str, problems: Sequence[str]
) -> list[Worse]:
    """Problems on which the reference has the higher mean, over the seeds that both have.

    Args:
        tables: Rows by sampler, the reference among them.
        columns: Names of the columns.
        reference: Name of the reference.
        problems: Names, in the order in which they are to be told.
    """
    found = []
    ours = tables[reference]
    others = {name: rows for name, rows in tables.items() if name != reference}
    for index, column in enumerate(columns):
        common = {name: pairs_with([ours, theirs], index) for name, theirs in others.items()}
        for problem in problems:
            for other, theirs in others.items():
                pairs = [pair for pair in common[other] if pair[0] == problem]
                if not pairs:
                    continue
                means = [np.mean([rows[pair][index] for pair in pairs]) for rows in (ours, theirs)]
                if paired.win_tie_loss(*(np.array([mean]) for mean in means))[2]:
                    p_value = _p_value(ours, theirs, pairs, index)
                    found.append(
                        Worse(
                            column,
                            problem,
                            other,
                            float(means[0]),
                            float(means[1]),
                            p_value,
                            len(pairs),
                        )
                    )
    return found
