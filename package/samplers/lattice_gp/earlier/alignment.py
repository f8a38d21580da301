"""Points of a search space and trials of an earlier study in one space, by parameters' names."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
import math
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution

from ..basics.arrays import first
from ..basics.arrays import FloatArray
from ..space.axes import ChoiceAxis
from ..space.axes import is_number
from ..space.axes import ListedAxis
from ..space.search_space import SearchSpace


Params = Mapping[str, Any]


class Alignment:
    """The parameters that a search space shares with trials, over the ranges of both.

    A number is on the scale that it has in the search space, linear or logarithmic, over a range
    that holds its values in the trials, too: what was learned beyond the search space still tells
    how the objective slopes at its edge. Choices are told apart by equality; those that the search
    space lacks count as one more. Where the choices are numbers, others lie between or beside them.
    What a trial does not have is at the search space's centre.
    Parameters of the trials that the search space lacks are left out: their effect is noise.

    Args:
        space: The search space, of d parameters.
        trials: The parameters of each of n trials.

    Attributes:
        space: Of the s shared parameters; None if there are none.
        points: Array (n, s): the trials in this space.
    """

    def __init__(self, space: SearchSpace, trials: Sequence[Params]) -> None:
        table = np.array([_values(space, params) for params in trials], dtype=float)
        table = table.reshape(len(trials), space.n_params)
        shared = np.flatnonzero(~np.isnan(table).all(axis=0)) if trials else np.arange(0)
        if len(shared) == 0:
            self.space: SearchSpace | None = None
            self.points: FloatArray = table[:, shared]
            return
        ranges: dict[str, BaseDistribution] = {}
        for i in shared.tolist():
            known = table[~np.isnan(table[:, i]), i]
            ranges[space.names[i]] = both = _range_of_both(space, i, known)
            if isinstance(both, FloatDistribution):
                # What has no logarithm is as small as can be.
                table[:, i] = np.maximum(table[:, i], both.low)
        self.space = SearchSpace(ranges)
        # Both spaces have the same scale, so that one's coordinates are linear in the other's.
        low, high = np.array([_ends(space, i) for i in shared.tolist()]).T
        self._columns = shared
        self._start = self._to_units(low[None, :])
        self._length = self._to_units(high[None, :]) - self._start
        at_trials, at_centre = self._to_units(table[:, shared]), self(space.centre()[None, :])
        self.points = np.where(np.isnan(at_trials), at_centre, at_trials)

    def __call__(self, points: FloatArray) -> FloatArray:
        """Points (m, d) of the search space as points (m, s) of the shared one."""
        aligned: FloatArray = self._start + self._length * points[:, self._columns]
        return aligned

    def _to_units(self, table: FloatArray) -> FloatArray:
        """Coordinates (n, s) of values (n, s), NaN where these are."""
        assert self.space is not None
        names = self.space.names
        rows = [
            self.space.to_coordinates({n: v for n, v in zip(names, row) if not math.isnan(v)})
            for row in table.tolist()
        ]
        return np.array(rows, dtype=float).reshape(table.shape)


def nearest_point(space: SearchSpace, params: Params) -> FloatArray:
    """The point (d,) of a search space nearest to a trial's parameters.

    At the centre in what the trial does not have, and in what it has beyond the search space: who
    moved a range has ruled the old values out, and its end is no better guess.
    """
    known = {}
    for i, (name, value) in enumerate(zip(space.names, _values(space, params))):
        low, high = _ends(space, i)
        if low <= value <= high:
            axis = space.axes[i]
            is_choice = isinstance(axis, ChoiceAxis)
            known[name] = axis.to_value(value / max(high, 1.0)) if is_choice else value
    coordinates = space.to_coordinates(known)
    at_centre = space.put_at_centre(coordinates[None, :], np.isnan(coordinates)[None, :])
    return first(space.snap(at_centre))


def _values(space: SearchSpace, params: Params) -> list[float]:
    """For each parameter of a search space its value, or its choice's position; else NaN."""
    return [
        _position(space, i, params[name]) if name in params else math.nan
        for i, name in enumerate(space.names)
    ]


def _position(space: SearchSpace, i: int, value: Any) -> float:
    """A value of the i-th parameter as a number; one past the last for a choice it lacks."""
    distribution, axis = space.distributions[space.names[i]], space.axes[i]
    if isinstance(axis, ListedAxis):
        return axis.place_of(value)
    if not isinstance(distribution, CategoricalDistribution):
        return float(value) if is_number(value) else math.nan
    try:
        choice = distribution.to_internal_repr(value)
    except ValueError:
        return float(space.n_values[i])
    return float(axis.to_index(np.asarray(axis.to_unit(choice))))


def _ends(space: SearchSpace, i: int) -> tuple[float, float]:
    """The least and the largest value, or position of a choice, of a search space's parameter."""
    distribution = space.distributions[space.names[i]]
    if isinstance(distribution, (IntDistribution, FloatDistribution)):
        return distribution.low, distribution.high
    return 0.0, space.n_values[i] - 1.0


def _range_of_both(space: SearchSpace, i: int, values: FloatArray) -> BaseDistribution:
    """A parameter's range in a search space, extended to values (n,) of it in trials."""
    distribution = space.distributions[space.names[i]]
    low, high = _ends(space, i)
    if space.is_categorical[i]:
        return CategoricalDistribution(range(int(max(high, values.max())) + 1))
    is_log = isinstance(distribution, (IntDistribution, FloatDistribution)) and distribution.log
    if is_log:
        values = values[values > 0.0]
    return FloatDistribution(
        min([low, *values.tolist()]), max([high, *values.tolist()]), log=is_log
    )
