"""The search space that trials show: all their parameters, over all the ranges they had."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import math

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution

from ..basics.arrays import FloatArray
from ..basics.arrays import IntArray
from ..space.conditions import Conditions
from ..space.ranges import Ranges
from ..space.search_space import SearchSpace
from .records import Record


Distributions = dict[str, BaseDistribution]
# Trials that conditions are learned from: the latest.
_MAX_TRIALS = 1000
# A whole number of steps, but for rounding.
_STEP_TOLERANCE = 1e-8


def known_distributions(records: Sequence[Record], with_conditional: bool = True) -> Distributions:
    """The parameters that trials with a result have chosen.

    If no trial has a result yet, those that all trials with any parameters have: with several
    workers, or an objective that always fails, that is all there is to go by.

    Args:
        records: Trials of a study.
        with_conditional: Whether parameters count that not all of these trials have, and those
            whose range changed, then with a range that holds all of them.

    Returns:
        Distributions by name, in alphabetical order; without single-valued ones, and without
        parameters that no one distribution can stand for.
    """
    distinct = _distinct(records)
    has_results = len(distinct) > 0
    if not has_results:
        distinct = [r.distributions for r in records if r.distributions]
    if len(distinct) <= 1 or (has_results and with_conditional):
        merged = _union(distinct)
    else:
        merged = _intersection(distinct)
    return {name: d for name, d in sorted(merged.items()) if not d.single()}


def contradictory_names(records: Sequence[Record], known: Distributions) -> list[str]:
    """Parameters that no one distribution can stand for, in alphabetical order.

    Args:
        records: Trials of a study.
        known: Their :func:`known_distributions`, with conditional ones.
    """
    names = {
        name
        for theirs in _distinct(records)
        for name, distribution in theirs.items()
        if name not in known and not distribution.single()
    }
    return sorted(names)


def single_valued(records: Sequence[Record]) -> Distributions:
    """The parameters of the same single value in all trials with a result that have them."""
    return {name: d for name, d in _union(_distinct(records)).items() if d.single()}


def learn_conditions(space: SearchSpace, records: Sequence[Record]) -> Conditions | None:
    """When each parameter exists and within which limits, as trials with a result show.

    Args:
        space: The search space.
        records: Trials of a study, oldest first.

    Returns:
        None if all of them have all parameters of the space, with its ranges.
    """
    distinct = _distinct(records)
    if all(
        _is_same(theirs.get(n), d) for theirs in distinct for n, d in space.distributions.items()
    ):
        return None
    finished = [r for r in records if r.has_result and r.distributions]
    finished = [r for r in finished if not r.is_outside(space)][-_MAX_TRIALS:]
    if not finished:
        return None
    coordinates = np.array([r.coordinates(space) for r in finished])
    order = _order(space.names, distinct)
    ranges = _learn_ranges(space, finished, coordinates, order)
    return Conditions(coordinates, order, space.is_categorical, space.n_values, ranges)


def is_same_space(
    one: Mapping[str, BaseDistribution], other: Mapping[str, BaseDistribution]
) -> bool:
    """Whether two spaces have the same parameters, in the same order."""
    return list(one) == list(other) and all(_is_same(one[name], other[name]) for name in one)


def _distinct(records: Iterable[Record]) -> list[Mapping[str, BaseDistribution]]:
    """The sets of parameters that trials with a result have, each at least once."""
    sets = {id(r.distributions): r.distributions for r in records if r.has_result}
    return [theirs for theirs in sets.values() if theirs]


def _learn_ranges(
    space: SearchSpace, finished: Sequence[Record], coordinates: FloatArray, order: IntArray
) -> Ranges:
    """The ranges that parameters have, as trials (n of them, oldest first) show."""
    lower, upper = np.stack([record.ends(space) for record in finished], axis=1)
    spacings = np.zeros(space.n_params)
    for i, (name, whole) in enumerate(space.distributions.items()):
        having = (r.distributions[name] for r in reversed(finished) if name in r.distributions)
        latest = next(having, None)
        if isinstance(latest, (IntDistribution, FloatDistribution)):
            spacings[i] = _spacing(latest, whole)
    return Ranges(coordinates, lower, upper, spacings, order, space.is_categorical)


def _spacing(distribution: BaseDistribution, whole: BaseDistribution) -> float:
    """Distance of neighbouring values, in coordinates of the whole; 0 if it is the whole's."""
    assert isinstance(distribution, (IntDistribution, FloatDistribution))
    assert isinstance(whole, (IntDistribution, FloatDistribution))
    if distribution.step is None or distribution.step == whole.step:
        return 0.0
    return distribution.step / (whole.high - whole.low)


def _order(names: Sequence[str], sets: Iterable[Mapping[str, BaseDistribution]]) -> IntArray:
    """Indices of the parameters by how early they were ever suggested.

    What a parameter depends on was suggested before it, in every trial that has it.
    """
    earliest = dict.fromkeys(names, math.inf)
    for theirs in sets:
        for place, name in enumerate(theirs):
            if name in earliest:
                earliest[name] = min(earliest[name], place)
    return np.argsort([earliest[name] for name in names], kind="stable")


def _intersection(sets: Iterable[Mapping[str, BaseDistribution]]) -> Distributions:
    first, *others = sets
    return {
        name: distribution
        for name, distribution in first.items()
        if all(name in theirs and _is_same(distribution, theirs[name]) for theirs in others)
    }


def _union(sets: Iterable[Mapping[str, BaseDistribution]]) -> Distributions:
    merged: dict[str, BaseDistribution | None] = {}
    for theirs in sets:
        for name, distribution in theirs.items():
            known = merged.setdefault(name, distribution)
            if known is not None and not _is_same(known, distribution):
                merged[name] = _hull(known, distribution)
    return {name: d for name, d in merged.items() if d is not None}


def _hull(a: BaseDistribution, b: BaseDistribution) -> BaseDistribution | None:
    """The smallest distribution that holds two others; None if they are of different kinds."""
    if isinstance(a, CategoricalDistribution) or isinstance(b, CategoricalDistribution):
        return None
    assert isinstance(a, (IntDistribution, FloatDistribution))
    if not isinstance(b, type(a)) or a.log != b.log:
        return None
    if isinstance(a, IntDistribution):
        assert isinstance(b, IntDistribution)
        step = math.gcd(a.step, b.step, a.low - b.low)
        return IntDistribution(min(a.low, b.low), max(a.high, b.high), log=a.log, step=step)
    assert isinstance(b, FloatDistribution)
    low, high = min(a.low, b.low), max(a.high, b.high)
    step_or_none = a.step if a.step == b.step and _is_whole(a.low - b.low, a.step) else None
    return FloatDistribution(low, high, log=a.log, step=step_or_none)


def _is_whole(distance: float, step: float | None) -> bool:
    if step is None:
        return True
    n_steps = distance / step
    return abs(n_steps - round(n_steps)) < _STEP_TOLERANCE


def _is_same(a: BaseDistribution | None, b: BaseDistribution) -> bool:
    return a is b or a == b
