"""Which parameters exist under which values of others, learned from trials.

Define-by-run objectives say nothing in advance: that ``momentum`` exists only for one optimiser
shows in the trials that have it. A decision tree for each such parameter asks for values of
parameters that are suggested before it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..basics.arrays import BoolArray
from ..basics.arrays import FloatArray
from ..basics.arrays import IntArray
from .ranges import Ranges


# Thresholds on a parameter that are tried at most; more values than that are thinned out.
_MAX_THRESHOLDS = 64
_MAX_DEPTH = 8
# An impurity up to this is none, but for rounding.
_PURE = 1e-12


@dataclass(frozen=True)
class Leaf:
    """Whether the parameter exists here."""

    is_active: bool


@dataclass(frozen=True)
class Split:
    """A question to another parameter.

    Attributes:
        param: Which.
        value: Coordinate to compare with; NaN asks whether the parameter itself exists.
        is_equality: Whether to ask for this very value, else for one up to it.
        if_so: What follows where the answer is yes.
        if_not: What follows where it is no, which is also the answer of a parameter that does not
            exist.
    """

    param: int
    value: float
    is_equality: bool
    if_so: Node
    if_not: Node

    def answers(self, coordinates: FloatArray) -> BoolArray:
        """The answers (n,) of coordinates (n,) of the parameter, NaN where it does not exist."""
        return _answers(coordinates, self.value, self.is_equality)


Node = Leaf | Split


class Conditions:
    """For each of d parameters, when it exists.

    Args:
        coordinates: Array (n, d) of what trials chose, oldest first; NaN where a parameter did not
            exist.
        order: Int array (d,): the parameters such that each comes after those that it may depend
            on.
        is_categorical: Bool array (d,).
        n_values: Array (d,): number of values of each, inf if continuous.
        ranges: Those that each has; None for all of the space.

    Attributes:
        conditional: Int array: the parameters that do not always exist, in this order.
        parents: The parameters on which these depend, in the same order.
        ranges: Those that each has, or None.
    """

    def __init__(
        self,
        coordinates: FloatArray,
        order: IntArray,
        is_categorical: BoolArray,
        n_values: FloatArray,
        ranges: Ranges | None = None,
    ) -> None:
        self.ranges = ranges
        is_present = ~np.isnan(coordinates)
        sometimes = np.asarray(~is_present.all(axis=0), dtype=bool)
        self.conditional: IntArray = order[sometimes[order]]
        self._trees: dict[int, Node] = {}
        for param in self.conditional.tolist():
            before = order[: int(np.flatnonzero(order == param)[0])]
            # Where several questions tell as much: a choice rather than a number, a coarse number
            # rather than a fine one, what is suggested last rather than first.
            preference = np.lexsort(
                (-np.arange(len(before)), n_values[before], ~is_categorical[before])
            )
            self._trees[param] = _grow(
                coordinates, is_present[:, param], before[preference], is_categorical, _MAX_DEPTH
            )

        asked = {param for tree in self._trees.values() for param in _asked(tree)}
        self.parents = [param for param in order.tolist() if param in asked]

    def active(self, points: FloatArray) -> BoolArray:
        """Which parameters exist at points (n, d) of which every coordinate is set.

        Returns:
            Bool array (n, d).
        """
        known = points.copy()
        is_active = np.ones(points.shape, dtype=bool)
        for param in self.conditional.tolist():
            is_active[:, param] = _decide(self._trees[param], known)
            known[~is_active[:, param], param] = np.nan
        return is_active


def _grow(
    coordinates: FloatArray,
    is_present: BoolArray,
    candidates: IntArray,
    is_categorical: BoolArray,
    depth: int,
) -> Node:
    """The tree that tells trials (n, d) with a parameter from those without, as far as one can."""
    if is_present.all() or not is_present.any() or depth == 0:
        # Trials that differ in nothing else differ in time: the objective was changed.
        return Leaf(bool(is_present[-1]))
    best = _best_question(coordinates, is_present, candidates, is_categorical)
    if best is None:
        return Leaf(bool(is_present[-1]))
    answers = _answers(coordinates[:, best[0]], best[1], best[2])
    if_so, if_not = (
        _grow(coordinates[rows], is_present[rows], candidates, is_categorical, depth - 1)
        for rows in (answers, ~answers)
    )
    return Split(*best, if_so, if_not)


def _best_question(
    coordinates: FloatArray,
    is_present: BoolArray,
    candidates: IntArray,
    is_categorical: BoolArray,
) -> tuple[int, float, bool] | None:
    """What to ask trials (n, d), as in :class:`Split`; None if no answer tells anything."""
    share = float(is_present.mean())
    best: tuple[int, float, bool] | None = None
    least = share * (1.0 - share) * (1.0 - 1e-9)
    columns = coordinates[:, candidates]
    by_existence = _impurities(~np.isnan(columns).T, is_present)
    differs = np.fmin.reduce(columns, axis=0) < np.fmax.reduce(columns, axis=0)
    for place, param in enumerate(candidates.tolist()):
        questions = [(np.nan, False, float(by_existence[place]))]
        if differs[place]:
            column, is_equality = columns[:, place], bool(is_categorical[param])
            values = _values_to_ask(column, is_equality)
            answers = _answers(column, values[:, None], is_equality)
            impurities = _impurities(answers, is_present)
            for i in np.flatnonzero(impurities < least - _PURE).tolist():
                questions.append((float(values[i]), is_equality, float(impurities[i])))
        for value, is_equality, impurity in questions:
            if impurity < least - _PURE:
                best, least = (param, value, is_equality), impurity
        if best is not None and least <= _PURE:
            break  # no later question can tell more
    return best


def _asked(node: Node) -> set[int]:
    """The parameters that a tree asks."""
    if isinstance(node, Leaf):
        return set()
    return {node.param} | _asked(node.if_so) | _asked(node.if_not)


def _values_to_ask(column: FloatArray, is_categorical: bool) -> FloatArray:
    """What to compare a parameter with, given its coordinates (n,) in trials; an array (q,)."""
    values: FloatArray = np.unique(column[~np.isnan(column)])
    if is_categorical:
        return values
    middles: FloatArray = (values[1:] + values[:-1]) / 2.0
    if len(middles) > _MAX_THRESHOLDS:
        middles = middles[np.linspace(0, len(middles) - 1, _MAX_THRESHOLDS).astype(int)]
    return middles


def _answers(coordinates: FloatArray, value: float | FloatArray, is_equality: bool) -> BoolArray:
    """Answers of coordinates (n,) to a question, or to q of them of values (q, 1), none NaN."""
    # NaN compares as false: a parameter that does not exist answers no.
    if np.isnan(value).any():
        return ~np.isnan(coordinates)
    answers: BoolArray = coordinates == value if is_equality else coordinates <= value
    return answers


def _impurities(answers: BoolArray, is_present: BoolArray) -> FloatArray:
    """For each of q questions, the mean of share * (1 - share) of the trials with the same answer.

    Args:
        answers: Bool array (q, n) of n trials.
        is_present: Bool array (n,): which of them have the parameter.
    """
    n = len(is_present)
    n_so, present_so = answers.sum(axis=1), (answers & is_present).sum(axis=1)
    n_not, present_not = n - n_so, int(is_present.sum()) - present_so
    # Where nobody gave an answer, the share is of nothing: 0.
    total: FloatArray = present_so * (1.0 - present_so / np.maximum(n_so, 1))
    total += present_not * (1.0 - present_not / np.maximum(n_not, 1))
    return total / n


def _decide(node: Node, coordinates: FloatArray) -> BoolArray:
    """Follow a tree for points (n, d), NaN where a parameter does not exist."""
    if isinstance(node, Leaf):
        return np.full(len(coordinates), node.is_active)
    answers = node.answers(coordinates[:, node.param])
    if_so, if_not = _decide(node.if_so, coordinates), _decide(node.if_not, coordinates)
    return np.where(answers, if_so, if_not)
