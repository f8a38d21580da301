"""What a study's trials tell, as arrays."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
import math
from typing import Any
from typing import TypeAlias

import numpy as np
from optuna.trial import FrozenTrial
from optuna.trial import TrialState

from ..basics.arrays import BoolArray
from ..basics.arrays import FloatArray
from ..space.search_space import SearchSpace
from ..values.scaling import clip_to_finite
from ..values.scaling import is_rounding
from .curves import Curve
from .records import Record


# A trial, and its point (d,) in a search space.
_Placed: TypeAlias = tuple[Record, FloatArray]


@dataclass(frozen=True)
class History:
    """The trials before one, in the coordinates of a search space of d parameters.

    Attributes:
        points: Array (n, d) of the trials that tell of the objectives, oldest first: the completed
            ones, and those that were pruned but had reported values.
        values: Array (n, k) of their values, to be minimised; may be infinite, NaN where pruned.
        curves: The n learning curves, to be minimised; empty if no value is NaN.
        is_maximized: For each of the k objectives, whether these are the negatives of its values.
        constraints: Array (n, c) of their constraints' values, 0 or less where kept; NaN where a
            trial did not tell.
        costs: Array (n,) of what they cost, positive; NaN where that is unknown.
        pending: Array (m, d) of the trials being evaluated.
        failed: Array (f, d) of the trials that failed, oldest first.
        pruned: Array (l, d) of the trials that were pruned and tell nothing of the objectives.
        pruned_constraints: Array (l, c) of their constraints' values, likewise.
        spent: Array (s, d) of the points not worth a second trial: of all trials, in whatever
            state, that agree with the latest one with a result in what it chose beyond the space;
            if something, such as a parameter that another sampler fixes, differs there, so may the
            outcome. A trial without a result may have ended before it chose everything. With them
            the suggestions that they could not take as they were, because a parameter had another
            range: made again, these would come to the same.
    """

    points: FloatArray
    values: FloatArray
    curves: tuple[Curve, ...]
    is_maximized: tuple[bool, ...]
    constraints: FloatArray
    costs: FloatArray
    pending: FloatArray
    failed: FloatArray
    pruned: FloatArray
    pruned_constraints: FloatArray
    spent: FloatArray

    @property
    def is_complete(self) -> BoolArray:
        """Bool array (n,): which of the trials have values."""
        return np.asarray(~np.isnan(self.values).any(axis=1), dtype=bool)

    @property
    def is_flat(self) -> bool:
        """Whether trials, at least two, tell of no difference: in no objective or constraint.

        What pruned trials had reported tells of one.
        """
        if len(self.values) < 2 or self.curves:
            return False
        told = np.concatenate([self.constraints, self.pruned_constraints])
        return all(map(_are_equal, [*self.values.T, *told.T]))


def read_history(
    space: SearchSpace,
    records: Sequence[Record],
    is_maximized: Sequence[bool],
    measure_cost: Callable[[FrozenTrial], float] | None = None,
    *,
    uses_pruned: bool = False,
) -> History:
    """Turn records into arrays.

    Args:
        space: The search space; trials that lack one of its parameters are left out.
        records: Trials of a study, oldest first.
        is_maximized: Whether the study maximises each of its objectives.
        measure_cost: Tells what a finished trial cost, NaN if it cannot; None if costs are not to
            be looked at.
        uses_pruned: Whether pruned trials may tell of the objective by what they had reported.
    """
    placed = _placed(space, records)
    # Of several objectives, Optuna knows no intermediate values.
    uses_pruned = uses_pruned and len(is_maximized) == 1
    told = [(record, point) for record, point in placed if _tells(record, uses_pruned)]
    silent = [
        (record, point)
        for record, point in placed
        if record.trial.state == TrialState.PRUNED and not _tells(record, uses_pruned)
    ]
    tellers = [record for record, _ in told]
    constraints = table_of([record.constraints for record, _ in told + silent])
    signs = np.where(is_maximized, -1.0, 1.0)
    is_any_partial = not all(map(_is_complete, tellers))
    return History(
        points=_stack(told, space),
        values=signs * _values(tellers, len(is_maximized)),
        curves=tuple(r.curve().times(signs[0]) for r in tellers) if is_any_partial else (),
        is_maximized=tuple(is_maximized),
        constraints=constraints[: len(told)],
        costs=_costs(tellers, measure_cost),
        pending=_stack(_in_state(placed, TrialState.RUNNING), space),
        failed=_stack(_in_state(placed, TrialState.FAIL), space),
        pruned=_stack(silent, space),
        pruned_constraints=constraints[len(told) :],
        spent=_spent(space, records, placed),
    )


def spent_points(space: SearchSpace, records: Sequence[Record]) -> FloatArray:
    """The points (s, d) not worth a second trial, as of :class:`History`, of records' trials."""
    return _spent(space, records, _placed(space, records))


def _placed(space: SearchSpace, records: Sequence[Record]) -> list[_Placed]:
    """The records of trials that are in a space, and where."""
    places = ((record, record.place(space)) for record in records)
    return [(record, point) for record, point in places if point is not None]


def _in_state(placed: Sequence[_Placed], state: TrialState) -> list[_Placed]:
    return [(record, point) for record, point in placed if record.trial.state == state]


def _tells(record: Record, uses_pruned: bool) -> bool:
    """Whether a trial tells of the objectives: it is complete, or was pruned after a report."""
    is_pruned = record.trial.state == TrialState.PRUNED
    has_told = uses_pruned and is_pruned and bool(record.trial.intermediate_values)
    return has_told or _is_complete(record)


def _spent(space: SearchSpace, records: Sequence[Record], placed: Sequence[_Placed]) -> FloatArray:
    beyond = _latest_beyond(space, records)
    spent: list[FloatArray] = []
    for record, point in placed:
        theirs = record.beyond(space)
        if theirs == beyond or (theirs < beyond and not record.has_result):
            asked = record.asked(space)
            spent.extend([point] if asked is None else [point, asked])
    return _rows(spent, space)


def _latest_beyond(space: SearchSpace, records: Sequence[Record]) -> frozenset[tuple[str, float]]:
    """What the latest trial with a result chose beyond a space."""
    with_result = (record for record in reversed(records) if record.has_result)
    latest = next(with_result, None)
    return frozenset() if latest is None else latest.beyond(space)


def params_beyond(space: SearchSpace, records: Sequence[Record]) -> dict[str, Any]:
    """What trials with a result had that a space does not choose, each as the latest had it.

    Those are the parameters of a single value, and what another sampler fixes.
    """
    return {
        name: value
        for record in records
        if record.has_result
        for name, value in record.trial.params.items()
        if name not in space.distributions
    }


def _are_equal(values: FloatArray) -> bool:
    """Whether values (n,), but for NaN among them and rounding, are the same to a model."""
    known = clip_to_finite(values[~np.isnan(values)])
    return len(known) == 0 or is_rounding(float(np.ptp(known)), known)


def _is_complete(record: Record) -> bool:
    return record.trial.state == TrialState.COMPLETE


def _values(records: Sequence[Record], n_objectives: int) -> FloatArray:
    """Objective values (n, k), NaN of trials that were pruned: what those told is no value."""
    none = [math.nan] * n_objectives
    values = [r.trial.values if _is_complete(r) else none for r in records]
    return np.array(values, dtype=float).reshape(len(values), n_objectives)


def _costs(
    records: Sequence[Record], measure_cost: Callable[[FrozenTrial], float] | None
) -> FloatArray:
    """What completed trials cost, an array (n,), NaN where it is not to be looked at."""
    if measure_cost is None:
        return np.full(len(records), math.nan)
    costs = [measure_cost(r.trial) if _is_complete(r) else math.nan for r in records]
    return np.array(costs, dtype=float)


def table_of(rows: Sequence[Mapping[str, float]]) -> FloatArray:
    """Rows of named numbers as an array (n, n_names), NaN where a row lacks a name."""
    if not any(rows):
        return np.empty((len(rows), 0))
    names = dict.fromkeys(name for row in rows for name in row)
    table = [[row.get(name, math.nan) for name in names] for row in rows]
    return np.array(table, dtype=float).reshape(len(rows), len(names))


def _stack(placed: Sequence[_Placed], space: SearchSpace) -> FloatArray:
    return _rows([point for _, point in placed], space)


def _rows(points: Sequence[FloatArray], space: SearchSpace) -> FloatArray:
    return np.array(points, dtype=float).reshape(len(points), space.n_params)
