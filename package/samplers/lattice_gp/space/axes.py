"""The mapping of one parameter between its values and unit coordinates."""

from __future__ import annotations

from abc import ABC
from abc import abstractmethod
from collections.abc import Sequence
import math
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution

from ..basics.arrays import FloatArray


# Up to here, float64 tells the logarithms of neighbouring integers apart, with room to spare.
_MAX_LOG_INT = 2**40


def internal_repr(distribution: BaseDistribution, value: Any) -> float:
    """Optuna's internal representation of a value, within its range or not; NaN if it has none."""
    try:
        return float(distribution.to_internal_repr(value))
    # The last of these of an int that no float can hold.
    except (TypeError, ValueError, OverflowError):
        return math.nan


class Axis(ABC):
    """One parameter's mapping between its values and unit coordinates.

    Values are Optuna's internal representations: floats; for a categorical, a choice's position.

    Attributes:
        n_values: Number of values of a discrete parameter; None if continuous, or handled as if.
        has_order: Whether neighbouring coordinates are nearer to each other than others.
    """

    n_values: int | None = None
    has_order = True

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
        if value >= self._high > self._low:
            return 1.0  # also where float64 cannot hold the last value itself
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

    has_order = False

    def __init__(self, distribution: CategoricalDistribution) -> None:
        representations = {distribution.to_internal_repr(c) for c in distribution.choices}
        self._representations = sorted(representations)
        super().__init__(0, len(representations) - 1, 1, len(representations))

    def to_unit(self, value: float) -> float:
        return super().to_unit(self._representations.index(int(value)))

    def to_value(self, coordinate: float) -> float:
        return self._representations[int(super().to_value(coordinate))]


class ListedAxis(ChoiceAxis):
    """Choices that are numbers (16, 32, 64, 128), in their order and evenly spaced.

    Who lists numbers has chosen their steps: one is about as long as another on the scale on which
    they matter. A choice that is none (None, for no limit) comes last.
    """

    has_order = True

    def __init__(self, distribution: CategoricalDistribution) -> None:
        super().__init__(distribution)
        self._distribution = distribution
        choices: Sequence[Any] = distribution.choices
        numbers = {p: choices[int(p)] for p in self._representations if is_number(choices[int(p)])}
        self._representations.sort(key=lambda place: float(numbers.get(place, math.inf)))
        self._numbers = sorted(float(number) for number in numbers.values())

    def place_of(self, value: Any) -> float:
        """Where any value is among those of the list, from 0 to ``n_values`` - 1.

        A number between two of them is there in proportion, one place before the first or after
        the last choice if it is beyond. NaN if it is neither a number nor a choice.
        """
        if is_number(value):
            places = range(len(self._numbers))
            return float(np.interp(value, self._numbers, places, left=-1.0, right=self.n_values))
        place = internal_repr(self._distribution, value)
        return math.nan if math.isnan(place) else float(self._representations.index(int(place)))


def are_listed_numbers(distribution: BaseDistribution) -> bool:
    """Whether a parameter's values are three or more numbers that are listed as its choices.

    One other choice may be among them, such as None. Not the numbers 0 .. k - 1, which stand for
    other things, as the places of a list do: who means numbers has
    :meth:`~optuna.trial.Trial.suggest_int`.
    """
    if not isinstance(distribution, CategoricalDistribution):
        return False
    choices = distribution.choices
    numbers = {choice for choice in choices if is_number(choice)}
    others = {distribution.to_internal_repr(c) for c in choices if not is_number(c)}
    if len(numbers) < 3 or len(others) > 1 or any(isinstance(c, bool) for c in choices):
        return False
    is_of_ints = all(isinstance(number, int) for number in numbers)
    return not (is_of_ints and numbers == set(range(len(numbers))))


def is_number(value: Any) -> bool:
    """Whether a value is a number, a finite one that float64 can hold."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


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
    """Integers up to some so large that the logarithms of neighbours are equal in float64.

    Small ones are far apart all the same, in a range that begins with them.
    """

    def snap(self, coordinates: FloatArray) -> FloatArray:
        clipped = super().snap(coordinates)
        scaled = self._start + clipped * self._half_length + clipped * self._half_length
        values = np.clip(np.rint(np.exp(scaled)), self._low, self._high)
        snapped = (np.log(values) / 2 - self._start / 2) / self._half_length
        is_inside = (clipped > 0.0) & (clipped < 1.0)  # the ends are values as they are
        return np.where(is_inside, np.clip(snapped, 0.0, 1.0), clipped)

    def from_quantiles(self, quantiles: FloatArray) -> FloatArray:
        return self.snap(quantiles)

    def to_value(self, coordinate: float) -> float:
        return min(float(round(super().to_value(coordinate))), self._high)


def make_axis(distribution: BaseDistribution) -> Axis:
    """The axis of a parameter of a distribution that has two values or more."""
    if isinstance(distribution, CategoricalDistribution):
        is_listed = are_listed_numbers(distribution)
        return ListedAxis(distribution) if is_listed else ChoiceAxis(distribution)
    assert isinstance(distribution, (IntDistribution, FloatDistribution))
    low, high, step = distribution.low, distribution.high, distribution.step
    if step is None:
        return ContinuousAxis(low, high, distribution.log)
    if isinstance(distribution, IntDistribution):
        if not distribution.log:
            n_values = (distribution.high - distribution.low) // distribution.step + 1
            return LinearAxis(low, _float_up_to(distribution.high), step, n_values)
        if high <= _MAX_LOG_INT:
            return LogIntAxis(distribution.low, distribution.high)
        return WideLogIntAxis(low, _float_up_to(distribution.high), log=True)
    # Divided before subtracting: the difference of two finite floats may overflow.
    return LinearAxis(low, high, step, round(high / step - low / step) + 1)


def _float_up_to(limit: int) -> float:
    """The largest float64 that is not above an int: beyond 2**53, the nearest one may be."""
    nearest = float(limit)
    return nearest if nearest <= limit else math.nextafter(nearest, -math.inf)
