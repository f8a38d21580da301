"""Search spaces of the suites: as unit coordinates, by chance, step by step, by enumeration."""

from __future__ import annotations

from collections.abc import Iterator
import itertools
import math
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution
from optuna.trial import Trial

from ..arrays import FloatArray


Space = dict[str, BaseDistribution]
Params = dict[str, Any]


def suggest(trial: Trial, space: Space) -> Params:
    """Take a value for every parameter from a trial.

    Raises:
        TypeError: If a distribution is of a kind that is not known.
    """
    params: Params = {}
    for name, dist in space.items():
        if isinstance(dist, IntDistribution):
            params[name] = trial.suggest_int(name, dist.low, dist.high, step=dist.step)
        elif isinstance(dist, FloatDistribution):
            params[name] = trial.suggest_float(
                name, dist.low, dist.high, step=dist.step, log=dist.log
            )
        elif isinstance(dist, CategoricalDistribution):
            params[name] = trial.suggest_categorical(name, dist.choices)
        else:
            raise _unknown(name, dist)
    return params


def values(dist: BaseDistribution) -> list[Any]:
    """All values of a parameter, ascending; empty if it is continuous."""
    if isinstance(dist, CategoricalDistribution):
        return list(dist.choices)
    if isinstance(dist, IntDistribution):
        return list(range(dist.low, dist.high + 1, dist.step))
    if isinstance(dist, FloatDistribution) and dist.step is not None:
        n_steps = round((dist.high - dist.low) / dist.step)
        # Within the range in spite of rounding errors.
        return [min(dist.low + i * dist.step, dist.high) for i in range(n_steps + 1)]
    return []


def n_values(dist: BaseDistribution) -> float:
    """Number of values of a parameter; infinite if it is continuous."""
    if isinstance(dist, CategoricalDistribution):
        return len(dist.choices)
    assert isinstance(dist, IntDistribution | FloatDistribution)
    return math.inf if dist.step is None else round((dist.high - dist.low) / dist.step) + 1


def level_of(levels: list[Any], value: Any) -> int:
    """Place of a value in the list of all; a stepped float may be off by a rounding error."""
    if isinstance(value, str):
        return levels.index(value)
    return min(range(len(levels)), key=lambda level: abs(levels[level] - value))


def from_unit(dist: BaseDistribution, unit: float) -> Any:
    """Value at a unit coordinate: the cells of a discrete parameter are equally wide.

    Args:
        dist: The parameter's distribution.
        unit: Position on its scale, from 0 to 1.
    """
    levels = values(dist)
    if levels:
        return levels[min(int(unit * len(levels)), len(levels) - 1)]
    assert isinstance(dist, FloatDistribution)
    if dist.log:
        low, high = math.log(dist.low), math.log(dist.high)
        return min(max(math.exp(low + unit * (high - low)), dist.low), dist.high)
    return dist.low + unit * (dist.high - dist.low)


def to_unit(space: Space, params: Params) -> FloatArray:
    """Coordinates (d,) of ``params``: 0 at the low end, 1 at the high end, logarithms of a log.

    Raises:
        TypeError: If a parameter is no number.
    """
    return np.array([_position(name, dist, params[name]) for name, dist in space.items()])


def _position(name: str, dist: BaseDistribution, value: Any) -> float:
    if not isinstance(dist, IntDistribution | FloatDistribution):
        raise _unknown(name, dist)
    if dist.log:
        return math.log(value / dist.low) / math.log(dist.high / dist.low)
    return float((value - dist.low) / (dist.high - dist.low))


def sample(space: Space, rng: np.random.Generator) -> Params:
    """One point, uniform on the scale of each parameter."""
    return {name: from_unit(dist, rng.random()) for name, dist in space.items()}


def centres(space: Space) -> list[Params]:
    """The point in the middle of the space; two where a parameter has an even number of values."""
    return [
        {name: from_unit(dist, unit) for name, dist in space.items()} for unit in (0.4999, 0.5001)
    ]


def enumerate_points(space: Space) -> Iterator[Params]:
    """All points of a space without continuous parameters.

    Raises:
        TypeError: If a parameter is continuous.
    """
    levels = {name: values(dist) for name, dist in space.items()}
    for name, listed in levels.items():
        if not listed:
            raise _unknown(name, space[name])
    for point in itertools.product(*levels.values()):
        yield dict(zip(space, point))


def n_points(space: Space) -> float:
    """Number of points; infinite if a parameter is continuous."""
    return math.prod(map(n_values, space.values()))


def move(space: Space, params: Params, rng: np.random.Generator, radius: float) -> Params:
    """Change one to three parameters at random.

    Args:
        space: The search space.
        params: Where to start.
        rng: Source of chance.
        radius: Standard deviation of the change of a number, in unit coordinates. A discrete one
            moves by a step at least.
    """
    changed = dict(params)
    n_changed = int(rng.integers(1, min(3, len(space)) + 1))
    for name in rng.choice(list(space), n_changed, replace=False):
        dist, levels = space[name], values(space[name])
        if isinstance(dist, CategoricalDistribution):
            changed[name] = levels[rng.integers(len(levels))]
        elif levels:
            here = level_of(levels, params[name])
            far = max(1, round(abs(rng.normal()) * radius * (len(levels) - 1)))
            there = here + far * int(rng.choice((-1, 1)))
            changed[name] = levels[min(max(there, 0), len(levels) - 1)]
        else:
            unit = _position(name, dist, params[name]) + radius * rng.normal()
            changed[name] = from_unit(dist, min(max(unit, 0.0), 1.0))
    return changed


def _unknown(name: str, dist: BaseDistribution) -> TypeError:
    return TypeError(f"{name}: {type(dist).__name__} cannot be used here.")
