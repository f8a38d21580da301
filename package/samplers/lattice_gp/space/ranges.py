"""Within which ranges parameters may be chosen, learned from those that trials had.

Define-by-run objectives may give a parameter another range in every trial: one that follows
parameters suggested before it, as in ``suggest_int("b", 0, 10 - a)``, or one that was changed for
good. A suggestion beyond it would be cut off, so that one trial after another repeats its end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field
from typing import TypeAlias

import numpy as np

from ..basics.arrays import BoolArray
from ..basics.arrays import FloatArray
from ..basics.arrays import IntArray


# What is learned from: the latest trials that have the parameter.
_MAX_TRIALS = 100
# Likeness must tell clearly more than time, or a range that follows nothing would be looked for.
_CLEARLY = 0.7
# Ends of ranges, in units of the cube's side, that differ by less are the same.
_TOLERANCE = 1e-6
# Points that a linear function must go through beyond those that determine it.
_N_SPARE = 2
# If not all trials lie on one, so many of the latest may.
_N_LATEST_ON_A_LINE = (20, 8)
# How many trials tell, at the utmost, what a range is by now.
_N_LATEST = 5

# From points (m, d) to where a parameter's range ends (m,).
_End: TypeAlias = Callable[[FloatArray], FloatArray]


class Ranges:
    """For each of d parameters, the range that a trial would have.

    Args:
        coordinates: Array (n, d) of what trials chose, oldest first; NaN where a parameter did not
            exist.
        lower: Array (n, d), where each range began, likewise.
        upper: Array (n, d), where it ended.
        spacings: Array (d,): distance of the values in the latest range, where that is not the one
            of the whole space; else 0.
        order: Int array (d,): the parameters such that each comes after those that it may depend
            on.
        is_categorical: Bool array (d,). Choices have no range.
    """

    def __init__(
        self,
        coordinates: FloatArray,
        lower: FloatArray,
        upper: FloatArray,
        spacings: FloatArray,
        order: IntArray,
        is_categorical: BoolArray,
    ) -> None:
        self._rules: list[_Rule] = []
        is_present = ~np.isnan(coordinates)
        for place, param in enumerate(order.tolist()):
            rows = np.flatnonzero(is_present[:, param])[-_MAX_TRIALS:]
            if is_categorical[param] or len(rows) == 0:
                continue
            low, high, spacing = lower[rows, param], upper[rows, param], float(spacings[param])
            if spacing == 0.0 and _is_all(low, 0.0) and _is_all(high, 1.0):
                continue
            before = order[:place]
            told = coordinates[np.ix_(rows, before)]
            rule = _Rule(param, spacing, before)
            # Where other parameters existed before it, others may have decided.
            beside = is_present[np.ix_(rows, before)]
            for pattern in np.unique(beside, axis=0):
                alike = (beside == pattern).all(axis=1)
                chosen = told[np.ix_(alike, pattern)]
                deciding, are_choices = before[pattern], is_categorical[before[pattern]]
                begin = _learn_end(chosen, low[alike], deciding, are_choices, np.min)
                end = _learn_end(chosen, high[alike], deciding, are_choices, np.max)
                rule.ends.append((pattern, begin, end))
            self._rules.append(rule)

    def confine(self, points: FloatArray, is_active: BoolArray) -> FloatArray:
        """Points (m, d) moved to the nearest values that their trials could take.

        Args:
            points: Any points of the cube.
            is_active: Bool array (m, d): which parameters exist there.
        """
        if not self._rules:
            return points
        points = points.copy()
        for rule in self._rules:
            beside = is_active[:, rule.before]
            for pattern, begin, end in rule.ends:
                rows = np.flatnonzero((beside == pattern).all(axis=1))
                if len(rows):
                    there = points[rows]
                    moved = rule.move(there[:, rule.param], begin(there), end(there))
                    points[rows, rule.param] = np.clip(moved, 0.0, 1.0)
        return points


@dataclass(frozen=True)
class _Rule:
    """Which values a parameter can take.

    Attributes:
        param: The parameter.
        spacing: Distance of its values; 0 if it is that of the whole space.
        before: Int array (k,): parameters that come before it.
        ends: For each pattern (k,) of which of these exist, where the range begins and ends.
    """

    param: int
    spacing: float
    before: IntArray
    ends: list[tuple[BoolArray, _End, _End]] = field(default_factory=list)

    def move(self, coordinates: FloatArray, lower: FloatArray, upper: FloatArray) -> FloatArray:
        """Coordinates (m,) moved to the nearest values between two ends (m,)."""
        moved = np.maximum(np.minimum(coordinates, upper), lower)
        if self.spacing > 0.0:
            last = np.floor((upper - lower) / self.spacing + _TOLERANCE)
            n_steps = np.minimum(np.rint((moved - lower) / self.spacing), last)
            moved = lower + self.spacing * n_steps
        return moved


def _learn_end(
    told: FloatArray,
    ends: FloatArray,
    params: IntArray,
    is_categorical: BoolArray,
    widest: Callable[[FloatArray], float],
) -> _End:
    """Learn where a range ends.

    Args:
        told: Array (n, k) of what trials chose before, oldest first.
        ends: Array (n,): where the range ended in each.
        params: Int array (k,) of these parameters.
        is_categorical: Bool array (k,).
        widest: The one of some ends that makes the range longest.
    """
    if not _is_all(ends, float(ends[-1])) and len(params) > 0:
        numeric = np.flatnonzero(~is_categorical)
        # The function itself may have been changed: then the latest trials tell.
        for n_latest in (len(ends), *_N_LATEST_ON_A_LINE):
            line = _exact_line(told[-n_latest:, numeric], ends[-n_latest:])
            if line is not None:
                return _linear(params[numeric], line)
        weights = np.where(is_categorical, np.inf, 1.0)
        distances = _distances(told, told, weights)
        np.fill_diagonal(distances, np.inf)
        by_likeness = np.abs(ends[_latest_nearest(distances)] - ends)[1:].mean()
        by_time = np.abs(np.diff(ends)).mean()
        if by_likeness < _CLEARLY * by_time:
            return _nearest(params, told, ends, weights)
    return _constant(_by_now(ends, widest))


def _exact_line(told: FloatArray, ends: FloatArray) -> FloatArray | None:
    """Coefficients (k + 1,), the constant last, of a linear function that all ends lie on."""
    distinct, firsts = np.unique(told, axis=0, return_index=True)
    design = np.column_stack([told, np.ones(len(told))])
    solution, _, rank, _ = np.linalg.lstsq(design, ends, rcond=None)
    coefficients = np.asarray(solution, dtype=np.float64)
    if len(firsts) < rank + _N_SPARE or not _is_all(design @ coefficients - ends, 0.0):
        return None
    return coefficients


def _by_now(ends: FloatArray, widest: Callable[[FloatArray], float]) -> float:
    """The end (of an array (n,), oldest first) to expect, if it depends on nothing but time.

    One that has changed once and stayed is the latest; one that goes to and fro the widest.
    """
    latest = ends[-_N_LATEST:]
    n_changes = int((np.abs(np.diff(latest)) > _TOLERANCE).sum())
    has_stayed = len(latest) > 1 and abs(float(latest[-1] - latest[-2])) <= _TOLERANCE
    return float(latest[-1]) if n_changes <= 1 and has_stayed else float(widest(latest))


def _constant(value: float) -> _End:
    return lambda points: np.full(len(points), value)


def _linear(params: IntArray, line: FloatArray) -> _End:
    return lambda points: points[:, params] @ line[:-1] + line[-1]


def _nearest(params: IntArray, told: FloatArray, ends: FloatArray, weights: FloatArray) -> _End:
    def end(points: FloatArray) -> FloatArray:
        return ends[_latest_nearest(_distances(points[:, params], told, weights))]

    return end


def _distances(points: FloatArray, others: FloatArray, weights: FloatArray) -> FloatArray:
    """Squared distances (m, n); another choice is farther away than any number."""
    apart = np.abs(points[:, None, :] - others)
    differs = np.isinf(weights)
    total: FloatArray = (apart[:, :, ~differs] ** 2).sum(axis=2)
    total += len(weights) * (apart[:, :, differs] > _TOLERANCE).sum(axis=2)
    return total


def _latest_nearest(distances: FloatArray) -> IntArray:
    """Column (m,) of the least of the distances (m, n), the last one of equals."""
    n = distances.shape[1]
    nearest: IntArray = n - 1 - np.argmin(distances[:, ::-1], axis=1)
    return nearest


def _is_all(values: FloatArray, value: float) -> bool:
    return bool((np.abs(values - value) <= _TOLERANCE).all())
