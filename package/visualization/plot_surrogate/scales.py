"""A parameter as an axis: the values that it can take, and where they lie."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
import html
import math
import numbers
import sys
from typing import Any
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution


FloatArray: TypeAlias = NDArray[np.float64]

# Up to this many values each has a tick of its own.
_MAX_TICKS = 10
_MAX_DECADES = 5
# Digits of a number that an axis shows at least, and characters of a choice's name for each.
_MIN_DIGITS, _MAX_DIGITS, _CHARACTERS_A_DIGIT = 3, 17, 4
_MAX_FLOAT, _MIN_FLOAT = sys.float_info.max, 5e-324


@dataclass(frozen=True)
class Scale:
    """Values of a parameter along an axis.

    Attributes:
        name: Of the parameter.
        values: As an objective would get them, n of them: numbers ascending, then other choices.
        positions: Array (n,): the numbers themselves, or the indices of choices.
        is_log: Whether the axis is logarithmic.
        is_lattice: Whether ``values`` are single values, rather than points of a continuous range.
        choices: The choices in the same order, if it is categorical.
    """

    name: str
    values: list[Any]
    positions: FloatArray
    is_log: bool
    is_lattice: bool
    choices: tuple[Any, ...] = ()

    @property
    def is_categorical(self) -> bool:
        """Whether the values are choices."""
        return len(self.choices) > 0

    @classmethod
    def of(cls, name: str, distribution: BaseDistribution, limit: int) -> Scale:
        """All values of a parameter, or at most about ``limit``, evenly spread over its lattice.

        Args:
            name: Of the parameter.
            distribution: Its distribution.
            limit: How many values of a long or continuous range, 2 or more.
        """
        if isinstance(distribution, CategoricalDistribution):
            choices = _ascending(distribution.choices)
            indices: FloatArray = np.arange(len(choices), dtype=np.float64)
            return cls(name, list(choices), indices, False, True, choices)
        assert isinstance(distribution, (IntDistribution, FloatDistribution))
        values = _numbers(distribution, limit)
        is_lattice = isinstance(distribution, IntDistribution) or distribution.step is not None
        positions: FloatArray = np.array(values, dtype=np.float64)
        return cls(name, values, positions, distribution.log, is_lattice)

    def place(self, value: Any) -> float:
        """Where any value of the parameter lies; NaN for what can be none."""
        if not self.is_categorical:
            try:
                return float(value) if isinstance(value, numbers.Real) else math.nan
            except OverflowError:  # an int beyond all floats
                return math.nan
        # As Optuna tells choices apart: True is not 1.
        places = [i for i, c in enumerate(self.choices) if c is value or _is_same(c, value)]
        return float(places[0]) if places else math.nan

    def places(self, values: Sequence[Any]) -> list[float]:
        """:meth:`place` of each."""
        return [self.place(value) for value in values]

    def beside(self, value: Any, i: int, n: int) -> float:
        """Where the ``i``-th of ``n`` things lies that may have the same value of a lattice."""
        place = self.place(value)
        if not self.is_lattice or len(self.values) < 2:
            return place
        shift = 0.7 * ((i + 0.5) / n - 0.5)
        if self.is_log:
            return float(place * (self.edges[-1] / self.edges[0]) ** (shift / len(self.values)))
        return float(place + shift * (self.edges[-1] - self.edges[0]) / len(self.values))

    @property
    def edges(self) -> FloatArray:
        """Array (n + 1,): borders of cells around the positions."""
        positions = np.log(self.positions) if self.is_log else self.positions
        halves = np.diff(positions / 2.0)
        if len(positions) == 1:
            edges = positions[0] + np.array([-0.5, 0.5])
        else:
            # The outermost may lie beyond the largest float.
            with np.errstate(over="ignore"):
                first, last = positions[0] - halves[0], positions[-1] + halves[-1]
            edges = np.concatenate([[first], positions[:-1] + halves, [last]])
        if self.is_log:
            with np.errstate(over="ignore"):
                edges = np.maximum(np.exp(edges), _MIN_FLOAT)
        result: FloatArray = np.clip(edges, -_MAX_FLOAT, _MAX_FLOAT)
        return result

    @property
    def axis(self) -> dict[str, Any]:
        """Properties of a plotly axis."""
        low, high = self.edges[0], self.edges[-1]
        properties: dict[str, Any] = {"range": [float(low), float(high)]}
        if self.is_log:
            properties = {"type": "log", "range": [math.log10(low), math.log10(high)]}
        if self.is_categorical:
            properties |= {
                "tickvals": self.positions.tolist(),
                "ticktext": labels(self.choices),
            }
        elif self.is_lattice and len(self.values) <= _MAX_TICKS:
            properties |= {
                "tickvals": self.positions.tolist(),
                "ticktext": labels(self.values),
            }
        elif self.is_log and math.log10(high) - math.log10(low) > 1.0:
            # Plotly would write 100µ, and label every digit between.
            decades = 10.0 ** np.arange(math.ceil(np.log10(low)), math.floor(np.log10(high)) + 1)
            shown = decades[:: math.ceil(len(decades) / _MAX_DECADES)].tolist()
            properties |= {"tickvals": shown, "ticktext": [f"{decade:g}" for decade in shown]}
        elif self.is_log:
            properties |= {"nticks": 4}
        return properties


def _ascending(choices: Sequence[Any]) -> tuple[Any, ...]:
    """Choices that are numbers in their order, then the others; as they are if one is a bool."""
    if any(isinstance(choice, bool) for choice in choices):
        return tuple(choices)

    def rank(choice: Any) -> tuple[bool, Any]:
        is_number = isinstance(choice, numbers.Real) and choice == choice  # NaN has no place
        return not is_number, choice if is_number else 0

    return tuple(sorted(choices, key=rank))


def labels(values: Sequence[Any]) -> list[str]:
    """Values as a few characters each, of as many as it takes to tell them apart."""
    told_apart = (texts for texts in _ways_to_say(values) if len(set(texts)) == len(texts))
    return [escaped(text) for text in next(told_apart)]


def _ways_to_say(values: Sequence[Any]) -> Iterator[list[str]]:
    """Values as texts, the shortest first; the last are different in any case."""
    for n_digits in range(_MIN_DIGITS, _MAX_DIGITS + 1):
        n_characters = n_digits * _CHARACTERS_A_DIGIT
        rounded = [f"{v:.{n_digits}g}" if isinstance(v, float) else str(v) for v in values]
        yield [_beginning(text, n_characters) for text in rounded]
    exact = [repr(value) for value in values]
    yield [_beginning(text, n_characters) for text in exact]
    yield [_beginning(text[::-1], n_characters)[::-1] for text in exact]
    yield [f"{i}: {_beginning(text, n_characters)}" for i, text in enumerate(exact, 1)]


def _beginning(text: str, n_characters: int) -> str:
    return text if len(text) <= n_characters else text[: n_characters - 1] + "…"


def describe(params: Mapping[str, Any]) -> str:
    """Parameters as lines to show under the mouse."""
    return "<br>".join(f"{escaped(n)}: {escaped(short(v))}" for n, v in params.items())


def short(value: Any) -> str:
    """A value in as many digits as are read at a glance."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def escaped(text: str) -> str:
    """A text that plotly shows as it is: it takes some tags, such as <b>, for its own.

    In templates, which it fills in where there is a %{, too.
    """
    return html.escape(text, quote=False).replace("%{", "&#37;{")


def nearest(distribution: BaseDistribution, value: Any) -> Any:
    """The value of a parameter that is nearest to one within its range; a choice itself."""
    if isinstance(distribution, CategoricalDistribution):
        return value
    assert isinstance(distribution, (IntDistribution, FloatDistribution))
    low, step = distribution.low, distribution.step
    if isinstance(distribution, IntDistribution):
        # Ints are exact also where floats are not.
        exact = Fraction(int(value) if isinstance(value, numbers.Integral) else float(value))
        return low + round((exact - low) / distribution.step) * distribution.step
    if step is None:
        return float(value)
    number = low + round((float(value) - low) / step) * step
    # What differs by rounding only stays as it is.
    return float(value) if math.isclose(number, value) else min(number, distribution.high)


def _numbers(distribution: IntDistribution | FloatDistribution, limit: int) -> list[Any]:
    low, high, step = distribution.low, distribution.high, distribution.step
    if distribution.log:
        spread = np.geomspace(low, high, limit)
        if isinstance(distribution, FloatDistribution):
            # Rounding must not leave the range.
            return [low, *spread[1:-1].tolist(), high]
        if high - low < limit:
            return list(range(int(low), int(high) + 1))
        return sorted({low, *(int(round(number)) for number in spread[1:-1]), high})
    if step is None:
        if math.isinf(high - low):  # a range longer than the largest float
            return [float(2 * half) for half in np.linspace(low / 2, high / 2, limit)]
        return [float(number) for number in np.linspace(low, high, limit)]
    is_int = isinstance(distribution, IntDistribution)
    n_steps = int((high - low) // step if is_int else round((high - low) / step))
    # Floats do not hold every step of the longest ranges of ints.
    n_gaps = min(n_steps, limit - 1)
    indices = [0, *((2 * i * n_steps + n_gaps) // (2 * n_gaps) for i in range(1, n_gaps + 1))]
    if is_int:
        return [int(low + i * step) for i in indices]
    return [min(float(low + i * step), high) for i in indices]


def _is_same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)
