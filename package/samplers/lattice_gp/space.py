"""The search space as a unit cube: coordinates, lattices, features.

A *point* is a row of one unit coordinate per parameter, in [0, 1]. A parameter with finitely many
values occupies a lattice of coordinates; every point handed around in this package lies on it.
"""

from __future__ import annotations

from abc import ABC
from abc import abstractmethod
from collections.abc import Mapping
import copy
import math
from typing import Any
import zlib

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution

from .arrays import BoolArray
from .arrays import FloatArray
from .conditions import Conditions


_MAX_ENUMERABLE = 2**53
# Up to here, float64 tells the logarithms of neighbouring integers apart, with room to spare.
_MAX_LOG_INT = 2**40


class Axis(ABC):
    """One parameter's mapping between its values and unit coordinates.

    Values are Optuna's internal representations: floats; for a categorical, a choice's position.

    Attributes:
        n_values: Number of values of a discrete parameter, 2 or more; None if continuous.
    """

    n_values: int | None = None

    @abstractmethod
    def to_unit(self, value: float) -> float:
        """The unit coordinate of a value of the parameter."""

    @abstractmethod
    def to_value(self, coordinate: float) -> float:
        """The value at a coordinate that lies on the lattice."""

    @abstractmethod
    def snap(self, coordinates: FloatArray) -> FloatArray:
        """Move real numbers, in an array of any shape, to the nearest coordinates with a value."""

    @abstractmethod
    def from_quantiles(self, quantiles: FloatArray) -> FloatArray:
        """Coordinates distributed as Optuna samples the parameter, from uniform [0, 1) ones."""

    def to_index(self, coordinates: FloatArray) -> FloatArray:
        """The positions (whole float64) of lattice coordinates among the parameter's values."""
        raise NotImplementedError

    def from_index(self, indices: FloatArray) -> FloatArray:
        """Inverse of :meth:`to_index`."""
        raise NotImplementedError


class ContinuousAxis(Axis):
    """A float without a step, on a linear or a log scale."""

    def __init__(self, low: float, high: float, log: bool) -> None:
        self._low, self._high, self._log = low, high, log
        self._start = self._scaled(low)
        # Halved before subtracting: the difference of two finite floats may overflow.
        self._half_length = self._scaled(high) / 2 - self._start / 2

    def _scaled(self, value: float) -> float:
        return math.log(value) if self._log else value

    def to_unit(self, value: float) -> float:
        half_distance = self._scaled(value) / 2 - self._start / 2
        return min(max(half_distance / self._half_length, 0.0), 1.0)

    def to_value(self, coordinate: float) -> float:
        # Exactly the ends: exp(log(low)) may be another number, which would not count as tried.
        if coordinate <= 0.0:
            return self._low
        if coordinate >= 1.0:
            return self._high
        scaled = self._start + coordinate * self._half_length + coordinate * self._half_length
        value = math.exp(scaled) if self._log else scaled
        return min(max(value, self._low), self._high)

    def snap(self, coordinates: FloatArray) -> FloatArray:
        return np.clip(coordinates, 0.0, 1.0)

    def from_quantiles(self, quantiles: FloatArray) -> FloatArray:
        return quantiles


class LinearAxis(Axis):
    """Values ``low + k * step``, k = 0 .. ``n_values`` - 1: ints, stepped floats, choices."""

    def __init__(self, low: float, high: float, step: float, n_values: int) -> None:
        # A single value (of choices that all compare equal) is at coordinate 0.
        self._low, self._high, self._step, self._last = low, high, step, max(n_values - 1, 1)
        self.n_values = n_values

    def to_unit(self, value: float) -> float:
        return round((value - self._low) / self._step) / self._last

    def to_value(self, coordinate: float) -> float:
        # Rounding (0.1 + 2 * 0.1 > 0.3, and positions beyond 2**53) must not lead past the last.
        return min(self._low + round(coordinate * self._last) * self._step, self._high)

    def snap(self, coordinates: FloatArray) -> FloatArray:
        return self.from_index(self.to_index(np.clip(coordinates, 0.0, 1.0)))

    def from_quantiles(self, quantiles: FloatArray) -> FloatArray:
        assert self.n_values is not None
        indices = np.floor(quantiles * self.n_values)
        return self.from_index(np.minimum(indices, self.n_values - 1))

    def to_index(self, coordinates: FloatArray) -> FloatArray:
        assert self.n_values is not None
        return np.minimum(np.rint(coordinates * self._last), self.n_values - 1)

    def from_index(self, indices: FloatArray) -> FloatArray:
        return indices / self._last


class ChoiceAxis(LinearAxis):
    """The choices of a categorical; those that compare equal, as 1 and True do, are one.

    Optuna stores the first of them whichever is suggested: told apart here, the others would never
    be seen as visited.
    """

    def __init__(self, distribution: CategoricalDistribution) -> None:
        representations = {distribution.to_internal_repr(c) for c in distribution.choices}
        self._representations = sorted(representations)
        super().__init__(0, len(representations) - 1, 1, len(representations))

    def to_unit(self, value: float) -> float:
        return super().to_unit(self._representations.index(int(value)))

    def to_value(self, coordinate: float) -> float:
        return self._representations[int(super().to_value(coordinate))]


class LogIntAxis(Axis):
    """The integers from ``low`` to ``high``, spaced by their logarithms."""

    def __init__(self, low: int, high: int) -> None:
        self._low, self._high = low, high
        self.n_values = high - low + 1
        self._log_low = math.log(low)
        self._log_length = math.log(high) - self._log_low

    def to_unit(self, value: float) -> float:
        return (math.log(value) - self._log_low) / self._log_length

    def to_value(self, coordinate: float) -> float:
        return float(self._low + self.to_index(np.asarray(coordinate)))

    def snap(self, coordinates: FloatArray) -> FloatArray:
        return self.from_index(self.to_index(np.clip(coordinates, 0.0, 1.0)))

    def from_quantiles(self, quantiles: FloatArray) -> FloatArray:
        # Log-uniform on [low - 1/2, high + 1/2], then rounded: every integer gets its share.
        log_low, log_high = math.log(self._low - 0.5), math.log(self._high + 0.5)
        values = np.rint(np.exp(log_low + quantiles * (log_high - log_low)))
        return self.from_index(np.clip(values, self._low, self._high) - self._low)

    def to_index(self, coordinates: FloatArray) -> FloatArray:
        values = np.rint(np.exp(self._log_low + coordinates * self._log_length))
        return np.clip(values, self._low, self._high) - self._low

    def from_index(self, indices: FloatArray) -> FloatArray:
        return (np.log(indices + self._low) - self._log_low) / self._log_length


class WideLogIntAxis(ContinuousAxis):
    """Integers so large that the logarithms of neighbours are equal in float64."""

    def to_value(self, coordinate: float) -> float:
        return float(round(super().to_value(coordinate)))


def _make_axis(distribution: BaseDistribution) -> Axis:
    if isinstance(distribution, CategoricalDistribution):
        return ChoiceAxis(distribution)
    assert isinstance(distribution, (IntDistribution, FloatDistribution))
    low, high, step = distribution.low, distribution.high, distribution.step
    if step is None:
        return ContinuousAxis(low, high, distribution.log)
    if isinstance(distribution, IntDistribution):
        if not distribution.log:
            n_values = (distribution.high - distribution.low) // distribution.step + 1
            return LinearAxis(low, high, step, n_values)
        if high <= _MAX_LOG_INT:
            return LogIntAxis(distribution.low, distribution.high)
        return WideLogIntAxis(low, high, log=True)
    # Divided before subtracting: the difference of two finite floats may overflow.
    return LinearAxis(low, high, step, round(high / step - low / step) + 1)


class SearchSpace:
    """A set of named parameters, none with a single value.

    Args:
        distributions: Optuna's distribution of each parameter.

    Attributes:
        distributions: Optuna's distribution of each parameter.
        names: Parameter names, in the order of a point's coordinates.
        n_params: Number of parameters, d.
        n_values: Float array (d,): number of values of each parameter, inf if continuous.
        is_categorical: Bool array (d,).
        size: Number of points of the lattice; inf if any parameter is continuous.
        feature_params: Int array (n_features,): the parameter each feature belongs to.
        axes: The mappings of the parameters.
        conditions: When each parameter exists; None if all of them always do.
    """

    def __init__(self, distributions: Mapping[str, BaseDistribution]) -> None:
        self.distributions = dict(distributions)
        self.names = list(distributions)
        self.n_params = len(self.names)
        self.axes = tuple(_make_axis(distribution) for distribution in distributions.values())
        self.conditions: Conditions | None = None
        self.n_values = np.array([axis.n_values or np.inf for axis in self.axes], dtype=float)
        self.is_categorical = np.array(
            [isinstance(d, CategoricalDistribution) for d in distributions.values()], dtype=bool
        )
        self.size = (
            math.prod(axis.n_values or 1 for axis in self.axes)
            if np.isfinite(self.n_values).all()
            else math.inf
        )
        # Lattices of equal steps are handled all at once, each by the number of its last value.
        linear = [i for i, axis in enumerate(self.axes) if isinstance(axis, LinearAxis)]
        last = np.maximum(self.n_values[linear] - 1.0, 1.0)
        self._linear = [(np.array(linear), last)] if linear else []
        self._uneven = [i for i, axis in enumerate(self.axes) if isinstance(axis, LogIntAxis)]
        self._middle: FloatArray = self.snap(np.where(self.is_categorical, 0.0, 0.5)[None, :])[0]
        n_features = np.where(self.is_categorical, self.n_values, 1).astype(int)
        self.feature_params = np.repeat(np.arange(self.n_params), n_features)

    def under(self, conditions: Conditions | None) -> SearchSpace:
        """The same space, in which parameters exist under conditions.

        A point of it has the coordinate of the centre wherever a parameter does not exist.
        """
        conditioned = copy.copy(self)
        conditioned.conditions = conditions
        if conditions is not None:
            # How many points differ in what exists is not known.
            conditioned.size = math.inf
        return conditioned

    @property
    def is_enumerable(self) -> bool:
        """Whether the points are finitely many, and few enough to be numbered in float64."""
        return self.size <= _MAX_ENUMERABLE

    @property
    def fingerprint(self) -> int:
        """A number that depends on the parameters' names and ranges, the same in any process."""
        words = [
            f"{name} {len(d.choices) if isinstance(d, CategoricalDistribution) else d}"
            for name, d in self.distributions.items()
        ]
        return zlib.crc32("; ".join(words).encode())

    def to_coordinates(self, values: Mapping[str, float]) -> FloatArray:
        """Coordinates (d,) of internal representations by name, NaN for names without one."""
        coordinates = [
            axis.to_unit(values[name]) if name in values else math.nan
            for axis, name in zip(self.axes, self.names)
        ]
        return np.array(coordinates, dtype=float)

    def to_values(self, point: FloatArray) -> dict[str, float]:
        """The internal representations at a point (d,), by name, of the parameters that exist."""
        values = {
            name: axis.to_value(float(coordinate))
            for name, axis, coordinate in zip(self.names, self.axes, point)
        }
        if self.conditions is None:
            return values
        is_active = self.conditions.active(point[None, :])[0]
        return {name: values[name] for name, active in zip(self.names, is_active) if active}

    def to_params(self, point: FloatArray) -> dict[str, Any]:
        """The parameters that exist at a point (d,), as plain Python values."""
        values = self.to_values(point)
        return {name: self.distributions[name].to_external_repr(v) for name, v in values.items()}

    def active(self, points: FloatArray) -> BoolArray:
        """Which parameters exist at points (n, d); bool array (n, d)."""
        if self.conditions is None:
            return np.ones(points.shape, dtype=bool)
        return self.conditions.active(points)

    def settle(self, points: FloatArray) -> FloatArray:
        """Points (n, d) within the limits, and with what does not exist moved to the centre."""
        if self.conditions is None:
            return points
        points = np.clip(points, *self.conditions.limits)
        return self.put_at_centre(points, ~self.conditions.active(points))

    def put_at_centre(self, points: FloatArray, which: BoolArray) -> FloatArray:
        """Points (n, d) with some coordinates (bool array (n, d)) replaced by the centre's."""
        return np.where(which, self._middle, points)

    def fill(self, points: FloatArray, rng: np.random.Generator) -> FloatArray:
        """Points (n, d) with random coordinates for what does not exist.

        From there a parameter that comes into being begins anywhere, not at the centre.
        """
        if self.conditions is None:
            return points
        anywhere = self._place_quantiles(rng.random(points.shape))
        return np.where(self.conditions.active(points), points, anywhere)

    def snap(self, points: FloatArray) -> FloatArray:
        """Move rows of any real numbers (n, d) to the nearest points."""
        snapped: FloatArray = np.clip(points, 0.0, 1.0)
        for columns, last in self._linear:
            snapped[:, columns] = np.rint(snapped[:, columns] * last) / last
        for i in self._uneven:
            snapped[:, i] = self.axes[i].snap(snapped[:, i])
        return self.settle(snapped)

    def from_quantiles(self, quantiles: FloatArray) -> FloatArray:
        """Points (n, d) distributed as Optuna samples each parameter, from uniform rows (n, d)."""
        return self.settle(self._place_quantiles(quantiles))

    def _place_quantiles(self, quantiles: FloatArray) -> FloatArray:
        points: FloatArray = quantiles.copy()
        for columns, last in self._linear:
            points[:, columns] = np.minimum(np.floor(points[:, columns] * (last + 1)), last) / last
        for i in self._uneven:
            points[:, i] = self.axes[i].from_quantiles(points[:, i])
        return points

    def coordinates_of(self, param: int) -> FloatArray:
        """All coordinates of a discrete parameter, ascending."""
        axis = self.axes[param]
        assert axis.n_values is not None
        return axis.from_index(np.arange(axis.n_values, dtype=float))

    def centre(self) -> FloatArray:
        """The point (d,) in the middle of every numeric range and at every first choice."""
        centre: FloatArray = self.settle(self._middle[None, :])[0]
        return centre

    def features(self, points: FloatArray) -> FloatArray:
        """What the model sees of points (n, d): an array (n, n_features).

        A numeric parameter is its coordinate. A categorical one is one-hot divided by sqrt(2), so
        that two different choices are at distance 1, as the ends of a numeric range are.
        """
        if not self.is_categorical.any():
            return points
        columns = []
        for i, axis in enumerate(self.axes):
            if self.is_categorical[i]:
                assert axis.n_values is not None
                indices = axis.to_index(points[:, i, None])
                columns.append((indices == np.arange(axis.n_values)) * math.sqrt(0.5))
            else:
                columns.append(points[:, i, None])
        return np.concatenate(columns, axis=1)

    def flat_index(self, points: FloatArray) -> FloatArray:
        """Number the points (n, d) of an enumerable space from 0 to ``size`` - 1.

        Returns:
            Array (n,) of whole numbers as float64.
        """
        index = np.zeros(len(points))
        for i, axis in enumerate(self.axes):
            assert axis.n_values is not None
            index = index * axis.n_values + axis.to_index(points[:, i])
        return index

    def from_flat_index(self, indices: FloatArray) -> FloatArray:
        """Inverse of :meth:`flat_index`: points (n, d) from numbers (n,)."""
        columns = []
        for axis in reversed(self.axes):
            assert axis.n_values is not None
            indices, remainder = np.divmod(indices, axis.n_values)
            columns.append(axis.from_index(remainder))
        return np.stack(columns[::-1], axis=1)
