"""Statistics of records: regret at checkpoints, over tasks and seeds."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..analysis.comparisons.rows import Rows
from ..analysis.comparisons.rows import split_by_problem
from ..analysis.numerics import resampling
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
    lower, upper = resampling.interval(resampling.resampled_means(groups))
    return Mean(resampling.mean_of_groups(groups), lower, upper, len(pairs))


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
