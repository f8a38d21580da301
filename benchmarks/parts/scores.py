"""Statistics of records: regret at checkpoints, over tasks and seeds."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..analysis import paired
from ..analysis.rows import Rows
from ..analysis.rows import split_by_problem
from ..arrays import FloatArray
from .records import Key
from .records import Record
from .task import Task


@dataclass(frozen=True)
class Mean:
    """Regret of one entrant; arrays have the shape (n_checkpoints,).

    Attributes:
        mean: Over seeds, then over tasks.
        lower: Lower end of its 95% interval: bootstrap of the seeds within each task.
        upper: Upper end.
        n_pairs: Pairs of task and seed behind it.
    """

    mean: FloatArray
    lower: FloatArray
    upper: FloatArray
    n_pairs: int


@dataclass(frozen=True)
class Versus:
    """The reference against another entrant, at one checkpoint, over the pairs that both have.

    Attributes:
        difference: Mean regret of the other one minus that of the reference: what is lost with it.
        lower: Lower end of its 95% interval: bootstrap of the seeds within each task.
        upper: Upper end.
        wins: Pairs in which the reference has the lower regret.
        ties: Pairs in which both have the same.
        losses: The other pairs.
        p_value: Of a two-sided Wilcoxon signed-rank test over the pairs.
    """

    difference: float
    lower: float
    upper: float
    wins: int
    ties: int
    losses: int
    p_value: float


def rows_of(records: Iterable[Record], tasks: Sequence[Task]) -> dict[str, Rows]:
    """Regret at the checkpoints of each study, shape (n_checkpoints,), by entrant.

    Args:
        records: The studies.
        tasks: Only of these tasks, which have equally many checkpoints.
    """
    checkpoints = {task.name: task.checkpoints for task in tasks}
    rows: dict[str, Rows] = {}
    for record in records:
        if record.task in checkpoints:
            at = record.at(checkpoints[record.task])
            rows.setdefault(record.entrant, {})[record.task, record.seed] = at
    return rows


def mean_regret(rows: Rows) -> Mean:
    """Mean regret of one entrant, of one study or more."""
    pairs = sorted(rows)
    groups = split_by_problem(pairs, np.array([rows[pair] for pair in pairs]))
    # The same stream for all: entrants with the same pairs are resampled alike.
    lower, upper = paired.interval(paired.bootstrap_means(groups, np.random.default_rng(0)))
    return Mean(paired.mean_of_groups(groups), lower, upper, len(pairs))


def versus(ours: Rows, theirs: Rows) -> list[Versus]:
    """Compare the reference with another entrant.

    Returns:
        One a checkpoint; empty if the two have no pair in common.
    """
    pairs = sorted(set(ours) & set(theirs))
    if not pairs:
        return []
    one, other = (np.array([rows[pair] for pair in pairs]) for rows in (ours, theirs))
    groups = split_by_problem(pairs, other - one)
    difference = paired.mean_of_groups(groups)
    lower, upper = paired.interval(paired.bootstrap_means(groups, np.random.default_rng(0)))
    return [
        Versus(
            float(difference[i]),
            float(lower[i]),
            float(upper[i]),
            *paired.win_tie_loss(one[:, i], other[:, i]),
            paired.wilcoxon(one[:, i], other[:, i]),
        )
        for i in range(one.shape[1])
    ]


def task_means(records: Iterable[Record], task: Task) -> dict[str, float]:
    """Mean regret over seeds at a task's last checkpoint, by entrant."""
    rows = rows_of(records, [task])
    return {
        name: float(np.mean([row[-1] for row in its_rows.values()]))
        for name, its_rows in rows.items()
    }


def seconds_per_trial(records: Iterable[Record]) -> dict[str, float]:
    """Seconds a trial that each entrant took to suggest and to learn."""
    total: dict[str, tuple[float, int]] = {}
    for record in records:
        seconds, n_trials = total.get(record.entrant, (0.0, 0))
        total[record.entrant] = (seconds + record.sampler_seconds, n_trials + record.n_trials)
    return {name: seconds / n for name, (seconds, n) in total.items() if n}


def of_part(records: dict[Key, Record], part: str) -> list[Record]:
    """The studies of one part."""
    return [record for key, record in records.items() if key.part == part]
