"""What a study's trials tell, as arrays."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
import math

import numpy as np
from optuna.trial import FrozenTrial
from optuna.trial import TrialState

from .arrays import FloatArray
from .records import Record
from .space import SearchSpace


@dataclass(frozen=True)
class History:
    """The trials before one, in the coordinates of a search space of d parameters.

    Attributes:
        points: Array (n, d) of the completed trials, oldest first.
        values: Array (n, k) of their values, to be minimised; may be infinite, never NaN.
        is_maximized: For each of the k objectives, whether these are the negatives of its values.
        constraints: Array (n, c) of their constraints' values, 0 or less where kept; NaN where a
            trial did not tell.
        costs: Array (n,) of what they cost, positive; NaN where that is unknown.
        pending: Array (m, d) of the trials being evaluated.
        failed: Array (k, d) of the trials that failed, oldest first.
        pruned: Array (l, d) of the trials that were pruned.
        is_whole: Whether the space holds all there is to choose: no trial has a parameter beyond.
    """

    points: FloatArray
    values: FloatArray
    is_maximized: tuple[bool, ...]
    constraints: FloatArray
    costs: FloatArray
    pending: FloatArray
    failed: FloatArray
    pruned: FloatArray
    is_whole: bool

    @property
    def spent(self) -> FloatArray:
        """The points (n, d) not worth a second trial: all, in whatever state, of a whole space.

        None of a space that is only the shared part of what the trials choose: the rest differs.
        """
        if not self.is_whole:
            return self.points[:0]
        return np.concatenate([self.points, self.pending, self.failed, self.pruned])


def read_history(
    space: SearchSpace,
    records: Sequence[Record],
    is_maximized: Sequence[bool],
    measure_cost: Callable[[FrozenTrial], float] | None = None,
) -> History:
    """Turn records into arrays.

    Args:
        space: The search space; trials that lack one of its parameters are left out.
        records: Trials of a study, oldest first.
        is_maximized: Whether the study maximises each of its objectives.
        measure_cost: Tells what a finished trial cost, NaN if it cannot; None if costs are not to
            be looked at.
    """
    complete: list[FloatArray] = []
    pending: list[FloatArray] = []
    failed: list[FloatArray] = []
    pruned: list[FloatArray] = []
    values: list[Sequence[float]] = []
    constraints: list[Mapping[str, float]] = []
    costs: list[float] = []
    is_whole = True
    for record in records:
        point, has_more = record.place(space)
        is_whole = is_whole and not has_more
        if point is None:
            continue
        state = record.trial.state
        if state == TrialState.COMPLETE:
            complete.append(point)
            values.append(record.trial.values)
            constraints.append(record.constraints)
            costs.append(math.nan if measure_cost is None else measure_cost(record.trial))
        elif state == TrialState.RUNNING:
            pending.append(point)
        elif state == TrialState.FAIL:
            failed.append(point)
        elif state == TrialState.PRUNED:
            pruned.append(point)
    signs = np.where(is_maximized, -1.0, 1.0)
    return History(
        points=_stack(complete, space),
        values=signs * np.array(values, dtype=float).reshape(len(values), len(signs)),
        is_maximized=tuple(is_maximized),
        constraints=_table(constraints),
        costs=np.array(costs, dtype=float),
        pending=_stack(pending, space),
        failed=_stack(failed, space),
        pruned=_stack(pruned, space),
        is_whole=is_whole,
    )


def _table(rows: Sequence[Mapping[str, float]]) -> FloatArray:
    """Rows of named numbers as an array (n, n_names), NaN where a row lacks a name."""
    if not any(rows):
        return np.empty((len(rows), 0))
    names = dict.fromkeys(name for row in rows for name in row)
    table = [[row.get(name, math.nan) for name in names] for row in rows]
    return np.array(table, dtype=float).reshape(len(rows), len(names))


def _stack(points: list[FloatArray], space: SearchSpace) -> FloatArray:
    return np.array(points, dtype=float).reshape(len(points), space.n_params)
