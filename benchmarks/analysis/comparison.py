"""Compare samplers across problems: numbers, from curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import math

import numpy as np

from ..arrays import FloatArray
from . import paired
from . import statistics
from .curves import CurveSet
from .curves import Key
from .regret import find_scales
from .regret import regret_curve
from .regret import Scale


# Name of the column that is no checkpoint: the mean regret over all trials up to the last one.
AREA = "area"


@dataclass(frozen=True)
class Overall:
    """Mean normalised regret of one sampler after so many trials.

    Attributes:
        mean: Over seeds, then problems.
        lower: Lower end of its 95% bootstrap interval.
        upper: Upper end.
        n_problems: Problems behind it.
        n_pairs: Pairs of problem and seed behind it.
        rank: Mean rank among all samplers over the pairs that all of them have.
    """

    mean: float
    lower: float
    upper: float
    n_problems: int
    n_pairs: int
    rank: float


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
    """A problem on which the reference sampler's mean regret is higher than another one's."""

    column: str
    problem: str
    sampler: str
    ours: float
    theirs: float
    p_value: float
    n_pairs: int


@dataclass(frozen=True)
class Comparison:
    """Everything that is reported.

    Attributes:
        columns: After how many trials, as text, and last the area.
        samplers: Names.
        problems: Names.
        reference: The sampler that the others are compared with; empty if it has no study.
        n_ranked: Pairs that all samplers have, by column.
        overall: By sampler and column; only where a sampler has got so far.
        versus: By other sampler and column, likewise.
        by_problem: Mean regret by problem, sampler and column, likewise.
        worse: Where the reference sampler is worse.
        scales: By problem.
        regrets: Regret in each column, shape (n_columns,), by problem, sampler and seed; NaN where
            a study has not got so far.
    """

    columns: list[str]
    samplers: list[str]
    problems: list[str]
    reference: str
    n_ranked: dict[str, int]
    overall: dict[tuple[str, str], Overall]
    versus: dict[tuple[str, str], Versus]
    by_problem: dict[tuple[str, str, str], float]
    worse: list[Worse]
    scales: dict[str, Scale]
    regrets: dict[Key, FloatArray]

    @property
    def ranked_column(self) -> str:
        """The latest number of trials after which there are ranks; if there are none, the latest."""
        ranked = [column for column in self.columns[:-1] if self.n_ranked[column]]
        return ranked[-1] if ranked else self.columns[-2]


def compare(curve_set: CurveSet, checkpoints: Sequence[int], reference: str) -> Comparison:
    """Compare all samplers of a set.

    Args:
        curve_set: The studies, one or more.
        checkpoints: After how many trials to look, ascending, one or more.
        reference: Sampler that the others are compared with.
    """
    columns = [*map(str, checkpoints), AREA]
    scales = find_scales(curve_set)
    regrets: dict[Key, FloatArray] = {}
    for key in curve_set.curves:
        by_trial = regret_curve(curve_set, key, scales[key[0]], checkpoints[-1])
        at = by_trial[np.array(checkpoints) - 1]
        # NaN if the study has not got so far.
        regrets[key] = np.append(at, by_trial.mean())
    tables = {
        sampler: {(p, seed): row for (p, name, seed), row in regrets.items() if name == sampler}
        for sampler in curve_set.samplers
    }
    overall, n_ranked = _overall(tables, columns)
    has_reference = reference in tables
    return Comparison(
        columns,
        curve_set.samplers,
        curve_set.problems,
        reference if has_reference else "",
        n_ranked,
        overall,
        _versus(tables, columns, reference) if has_reference else {},
        _by_problem(tables, columns),
        _worse(tables, columns, reference, curve_set.problems) if has_reference else [],
        scales,
        regrets,
    )


# The rows of one sampler by problem and seed; a row is its regret in each column.
_Rows = dict[tuple[str, int], FloatArray]


def _pairs_with(tables: Sequence[_Rows], column: int) -> list[tuple[str, int]]:
    """Pairs of problem and seed in which every one of some samplers has got to a column."""
    common = set(tables[0]).intersection(*tables[1:])
    return sorted(
        pair for pair in common if not any(np.isnan(rows[pair][column]) for rows in tables)
    )


def _groups(pairs: Sequence[tuple[str, int]], values: FloatArray) -> list[FloatArray]:
    """Split rows, one a pair, by problem."""
    problems = np.array([problem for problem, _ in pairs])
    return [values[problems == problem] for problem in dict.fromkeys(problems.tolist())]


def _overall(
    tables: dict[str, _Rows], columns: Sequence[str]
) -> tuple[dict[tuple[str, str], Overall], dict[str, int]]:
    overall: dict[tuple[str, str], Overall] = {}
    n_ranked = {}
    for index, column in enumerate(columns):
        common = _pairs_with(list(tables.values()), index)
        matrix = np.array([[rows[pair][index] for rows in tables.values()] for pair in common])
        ranks = paired.mean_ranks(matrix.reshape(len(common), len(tables)))
        n_ranked[column] = len(common)
        for rank, (sampler, rows) in zip(ranks, tables.items()):
            pairs = _pairs_with([rows], index)
            if not pairs:
                continue
            groups = _groups(pairs, np.array([rows[pair][index] for pair in pairs]))
            resampled = paired.resampled_means(groups)
            lower, upper = paired.interval(resampled)
            overall[sampler, column] = Overall(
                float(paired.mean_of_groups(groups)),
                float(lower),
                float(upper),
                len(groups),
                len(pairs),
                float(rank),
            )
    return overall, n_ranked


def _versus(
    tables: dict[str, _Rows], columns: Sequence[str], reference: str
) -> dict[tuple[str, str], Versus]:
    result: dict[tuple[str, str], Versus] = {}
    others = [sampler for sampler in tables if sampler != reference]
    for index, column in enumerate(columns):
        p_values = np.full(len(others), np.nan)
        for number, other in enumerate(others):
            pairs = _pairs_with([tables[reference], tables[other]], index)
            p_values[number] = _p_value(tables[reference], tables[other], pairs, index)
        for other, p_value, p_holm in zip(others, p_values, paired.holm(p_values)):
            pairs = _pairs_with([tables[reference], tables[other]], index)
            if not pairs:
                continue
            values = np.array(
                [[tables[name][pair][index] for name in (reference, other)] for pair in pairs]
            )
            groups = _groups(pairs, values)
            ours, theirs = paired.mean_of_groups(groups)
            resampled = paired.resampled_means(groups)
            ratio_low, ratio_high = paired.interval(paired.ratio(resampled[:, 0], resampled[:, 1]))
            low, high = paired.interval(resampled[:, 1] - resampled[:, 0])
            result[other, column] = Versus(
                float(ours),
                float(theirs),
                float(paired.ratio(ours, theirs)),
                float(ratio_low),
                float(ratio_high),
                float(theirs - ours),
                float(low),
                float(high),
                *paired.win_tie_loss(values[:, 0], values[:, 1]),
                float(p_value),
                float(p_holm),
            )
    return result


def _p_value(ours: _Rows, theirs: _Rows, pairs: Sequence[tuple[str, int]], column: int) -> float:
    if not pairs:
        return math.nan
    one, other = (np.array([rows[pair][column] for pair in pairs]) for rows in (ours, theirs))
    return statistics.paired_wilcoxon(one, paired.without_ties(one, other))


def _by_problem(
    tables: dict[str, _Rows], columns: Sequence[str]
) -> dict[tuple[str, str, str], float]:
    means = {}
    for sampler, rows in tables.items():
        for index, column in enumerate(columns):
            by_problem: dict[str, list[float]] = {}
            for problem, seed in _pairs_with([rows], index):
                by_problem.setdefault(problem, []).append(float(rows[problem, seed][index]))
            for problem, values in by_problem.items():
                means[problem, sampler, column] = float(np.mean(values))
    return means


def _worse(
    tables: dict[str, _Rows], columns: Sequence[str], reference: str, problems: Sequence[str]
) -> list[Worse]:
    """Problems on which the reference has the higher mean, over the seeds that both have."""
    found = []
    ours = tables[reference]
    others = {name: rows for name, rows in tables.items() if name != reference}
    for index, column in enumerate(columns):
        common = {name: _pairs_with([ours, theirs], index) for name, theirs in others.items()}
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
