"""The search space as a unit cube: coordinates, lattices, features.

A *point* is a row of one unit coordinate per parameter, in [0, 1]. A parameter with finitely many
values occupies a lattice of coordinates; every point handed around in this package lies on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
import copy
import math
from typing import Any
import zlib

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution

from ..basics.arrays import BoolArray
from ..basics.arrays import FloatArray
from .axes import Axis
from .axes import ChoiceAxis
from .axes import LinearAxis
from .axes import LogIntAxis
from .axes import make_axis
from .axes import WideLogIntAxis
from .conditions import Conditions


_MAX_ENUMERABLE = 2**53
# Coordinates of the same value differ by no more than this.
ROUNDING = 1e-9
# Of more numbers than this in a list, few are tried often enough to tell them from their order.
_MAX_TOLD_APART = 32


class SearchSpace:
    """A set of named parameters, none with a single value.

    Args:
        distributions: Optuna's distribution of each parameter.

    Attributes:
        distributions: Optuna's distribution of each parameter.
        names: Parameter names, in the order of a point's coordinates.
        n_params: Number of parameters, d.
        n_values: Float array (d,): number of values of each parameter, inf if continuous.
        is_categorical: Bool array (d,): choices without an order. Those that are numbers have one,
            and are handled as ints are.
        has_choices: Whether any parameter is categorical.
        spacings: Float array (d,): distance of neighbouring values, of log ints on average; 0 for
            continuous parameters.
        size: Number of points; inf if a parameter that is not fixed is continuous, or if
            parameters exist under conditions.
        feature_params: Int array (n_features,): the parameter each feature belongs to.
        axes: The mappings of the parameters.
        conditions: When each parameter exists; None if all of them always do.
        fixed: Float array (d,): the coordinates that all points share, NaN where they are free.
    """

    def __init__(self, distributions: Mapping[str, BaseDistribution]) -> None:
        self.distributions = dict(distributions)
        self.names = list(distributions)
        self.n_params = len(self.names)
        self.axes = tuple(make_axis(distribution) for distribution in distributions.values())
        self.conditions: Conditions | None = None
        self.fixed: FloatArray = np.full(self.n_params, np.nan)
        self.n_values = np.array([axis.n_values or np.inf for axis in self.axes], dtype=float)
        self.is_categorical = np.array([not axis.has_order for axis in self.axes], dtype=bool)
        self.has_choices = bool(self.is_categorical.any())
        self.spacings = 1.0 / np.maximum(self.n_values - 1.0, 1.0)
        self.size = _n_points(self.axes)
        # Lattices of equal steps are handled all at once, each by the number of its last value.
        linear = [i for i, axis in enumerate(self.axes) if isinstance(axis, LinearAxis)]
        last = np.maximum(self.n_values[linear] - 1.0, 1.0)
        self._linear = [(np.array(linear), last)] if linear else []
        self._uneven = [
            i for i, axis in enumerate(self.axes) if isinstance(axis, (LogIntAxis, WideLogIntAxis))
        ]
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

    def fixing(self, coordinates: FloatArray) -> SearchSpace:
        """The part of this space in which points have given coordinates (d,), NaN for any.

        What is made of any numbers by its methods lies in it: coordinates are moved to the
        lattice, then to what is fixed.
        """
        part = copy.copy(self)
        at_centre = np.where(np.isnan(coordinates), self._middle, coordinates)
        on_lattice = self._to_lattice(np.clip(at_centre, 0.0, 1.0)[None, :])[0]
        part.fixed = np.where(np.isnan(coordinates), np.nan, on_lattice)
        if self.conditions is None:
            part.size = _n_points([self.axes[i] for i in part._free])
        return part

    @property
    def _free(self) -> list[int]:
        """The parameters that are not fixed, ascending."""
        free: list[int] = np.flatnonzero(np.isnan(self.fixed)).tolist()
        return free

    @property
    def is_part(self) -> bool:
        """Whether a coordinate is fixed."""
        return len(self._free) < self.n_params

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
        """Points (n, d) at what is fixed, within their ranges, at the centre in what they lack."""
        points = self._fix(points)
        if self.conditions is None:
            return points
        is_active = self.conditions.active(points)
        if self.conditions.ranges is not None:
            confined = self.conditions.ranges.confine(points, is_active)
            if confined is not points:
                points = self._fix(self._to_lattice(confined))
                is_active = self.conditions.active(points)
        return self.put_at_centre(points, ~is_active)

    def _fix(self, points: FloatArray) -> FloatArray:
        """Points (n, d) with the coordinates that are fixed."""
        return np.where(np.isnan(self.fixed), points, self.fixed) if self.is_part else points

    def contains(self, points: FloatArray) -> BoolArray:
        """Whether points (n, d) of the cube's lattice have what is fixed; bool array (n,)."""
        differs = np.abs(points - self.fixed) > ROUNDING  # never where it is free
        return np.asarray(~differs.any(axis=1), dtype=bool)

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
        return self.settle(self._to_lattice(np.minimum(np.maximum(points, 0.0), 1.0)))

    def _to_lattice(self, points: FloatArray) -> FloatArray:
        """Points of the cube (n, d) moved, in place, to the nearest on the lattice."""
        for columns, last in self._linear:
            points[:, columns] = np.rint(points[:, columns] * last) / last
        for i in self._uneven:
            points[:, i] = self.axes[i].snap(points[:, i])
        return points

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
        if not self.has_choices:
            return points
        columns = [
            self._one_hot(points, i) if is_categorical else points[:, i, None]
            for i, is_categorical in enumerate(self.is_categorical)
        ]
        return np.concatenate(columns, axis=1)

    def choices(self, points: FloatArray) -> FloatArray:
        """Which choices points (n, d) have: an array (n, n_choices), one-hot divided by sqrt(2).

        Those that are numbers, too, unless they are many: each may have something of its own.
        """
        params = [
            i
            for i, axis in enumerate(self.axes)
            if isinstance(axis, ChoiceAxis)
            and (not axis.has_order or self.n_values[i] <= _MAX_TOLD_APART)
        ]
        if not params:
            return points[:, :0]
        return np.concatenate([self._one_hot(points, i) for i in params], axis=1)

    def _one_hot(self, points: FloatArray, param: int) -> FloatArray:
        axis = self.axes[param]
        assert axis.n_values is not None
        indices = axis.to_index(points[:, param, None])
        one_hot: FloatArray = (indices == np.arange(axis.n_values)) * math.sqrt(0.5)
        return one_hot

    def lattice(self, limit: int, rng: np.random.Generator) -> FloatArray:
        """Distinct points (m, d) all over the lattice: all, if it has ``limit`` places at most.

        Many places are one point where parameters exist under conditions. None where any parameter
        is continuous, or the places are too many to be numbered in float64.
        """
        n_places = _n_points([self.axes[i] for i in self._free])
        if n_places > _MAX_ENUMERABLE:
            return np.empty((0, self.n_params))
        is_all = n_places <= limit
        places = np.arange(n_places) if is_all else rng.integers(int(n_places), size=limit)
        points: FloatArray = self.settle(self.from_flat_index(places.astype(float)))
        return np.unique(points, axis=0)

    def flat_index(self, points: FloatArray) -> FloatArray:
        """Number the points (n, d) of an enumerable space from 0 to ``size`` - 1.

        Returns:
            Array (n,) of whole numbers as float64.
        """
        index = np.zeros(len(points))
        for i in self._free:
            axis = self.axes[i]
            assert axis.n_values is not None
            index = index * axis.n_values + axis.to_index(points[:, i])
        return index

    def from_flat_index(self, indices: FloatArray) -> FloatArray:
        """Inverse of :meth:`flat_index`: points (n, d) from numbers (n,)."""
        points = np.tile(self.fixed, (len(indices), 1))
        for i in reversed(self._free):
            axis = self.axes[i]
            assert axis.n_values is not None
            indices, remainder = np.divmod(indices, axis.n_values)
            points[:, i] = axis.from_index(remainder)
        return points


def _n_points(axes: Sequence[Axis]) -> float:
    """How many points a lattice of these axes has; inf if any is continuous."""
    if any(axis.n_values is None for axis in axes):
        return math.inf
    return math.prod(axis.n_values or 1 for axis in axes)
