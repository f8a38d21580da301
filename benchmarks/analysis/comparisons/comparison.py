"""Compare samplers across problems: numbers, from curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import math

import numpy as np

from ...arrays import FloatArray
from ..curves.curve_set import CurveSet
from ..curves.curve_set import Key
from ..curves.regret import find_scales
from ..curves.regret import regret_curve
from ..curves.regret import Scale
from ..numerics import paired
from ..numerics import resampling
from .rows import pairs_with
from .rows import Rows
from .rows import split_by_problem
from .versus import against_reference
from .versus import find_worse
from .versus import Versus
from .versus import Worse


# After how many trials to look, unless others are asked for.
CHECKPOINTS = (10, 20, 30, 60)
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
class Comparison:
    """Everything that is reported.

    Attributes:
        columns: After how many trials, as text, and last the area.
        samplers: Names.
        problems: Names.
        reference: The sampler that the others are compared with; empty if it has no study.
        n_ranked: Pairs that all samplers have, by column; but for those that have finished no
            study.
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
        """The latest number of trials after which there are ranks; if none has, the latest."""
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
    overall, n_ranked = _overall(tables, columns, curve_set.facts.unfinished)
    has_reference = reference in tables
    return Comparison(
        columns,
        curve_set.samplers,
        curve_set.problems,
        reference if has_reference else "",
        n_ranked,
        overall,
        against_reference(tables, columns, reference) if has_reference else {},
        _by_problem(tables, columns),
        find_worse(tables, columns, reference, curve_set.problems) if has_reference else [],
        scales,
        regrets,
    )


def _overall(
    tables: dict[str, Rows], columns: Sequence[str], unfinished: Sequence[str]
) -> tuple[dict[tuple[str, str], Overall], dict[str, int]]:
    # One that fails would leave the others without a rank.
    ranked = {name: rows for name, rows in tables.items() if name not in unfinished} or tables
    overall: dict[tuple[str, str], Overall] = {}
    n_ranked = {}
    for index, column in enumerate(columns):
        common = pairs_with(list(ranked.values()), index)
        matrix = np.array([[rows[pair][index] for rows in ranked.values()] for pair in common])
        ranks = dict(zip(ranked, paired.mean_ranks(matrix.reshape(len(common), len(ranked)))))
        n_ranked[column] = len(common)
        for sampler, rows in tables.items():
            pairs = pairs_with([rows], index)
            if not pairs:
                continue
            groups = split_by_problem(pairs, np.array([rows[pair][index] for pair in pairs]))
            resampled = resampling.resampled_means(groups)
            lower, upper = resampling.interval(resampled)
            overall[sampler, column] = Overall(
                float(resampling.mean_of_groups(groups)),
                float(lower),
                float(upper),
                len(groups),
                len(pairs),
                float(ranks.get(sampler, math.nan)),
            )
    return overall, n_ranked


def _by_problem(
    tables: dict[str, Rows], columns: Sequence[str]
) -> dict[tuple[str, str, str], float]:
    means = {}
    for sampler, rows in tables.items():
        for index, column in enumerate(columns):
            by_problem: dict[str, list[float]] = {}
            for problem, seed in pairs_with([rows], index):
                by_problem.setdefault(problem, []).append(float(rows[problem, seed][index]))
            for problem, values in by_problem.items():
                means[problem, sampler, column] = float(np.mean(values))
    return means
