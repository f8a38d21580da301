"""What the speed benchmark measures on: a space, a function, and the trials of a tuning run."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution
from optuna.trial import create_trial
from optuna.trial import FrozenTrial

from ..arrays import FloatArray


# Ends and steps of the ints, in turn: 13, 8, 32 and 6 values.
_INTS = ((2, 14, 1), (8, 64, 8), (16, 512, 16), (0, 5, 1))
_LOGS = ((1e-5, 1e-1), (1e-6, 1e-2), (1e-3, 1e1))
_NOISE = 0.01
# Random points to begin with, and later now and then; the others are steps from the best point.
_N_RANDOM = 10
_RANDOM_SHARE = 0.2
_WIDEST, _NARROWEST = 0.3, 0.05


def space(n_params: int) -> dict[str, BaseDistribution]:
    """A search space of stepped ints and log-scaled floats, in turn.

    Args:
        n_params: Number of parameters, 1 or more.
    """
    result: dict[str, BaseDistribution] = {}
    for index in range(n_params):
        if index % 2 == 0:
            low, high, step = _INTS[index // 2 % len(_INTS)]
            result[f"x{index}"] = IntDistribution(low, high, step=step)
        else:
            bottom, top = _LOGS[index // 2 % len(_LOGS)]
            result[f"x{index}"] = FloatDistribution(bottom, top, log=True)
    return result


def loss(unit: FloatArray) -> float:
    """A smooth function of a point of the unit cube: a tilted bowl with gentle waves.

    Args:
        unit: The point, shape (n_params,).

    Returns:
        Its value, of the order of 0 to 1 whatever the number of parameters.
    """
    index = np.arange(len(unit))
    centre = 0.2 + 0.6 * (0.5 + 0.5 * np.sin(1.0 + 2.3 * index))
    weight = 1.0 / (1.0 + index % 5)
    away = unit - centre
    bowl = np.sum(weight * away**2) / np.sum(weight)
    tilt = np.mean(away[1:] * away[:-1]) if len(unit) > 1 else 0.0
    return float(3 * bowl + tilt + 0.05 * np.mean(np.sin(6 * unit)))


def to_params(unit: FloatArray) -> dict[str, Any]:
    """The parameters nearest to a point of the unit cube, shape (n_params,)."""
    params: dict[str, Any] = {}
    for (name, distribution), value in zip(space(len(unit)).items(), unit):
        if isinstance(distribution, IntDistribution):
            n_steps = (distribution.high - distribution.low) // distribution.step
            params[name] = distribution.low + distribution.step * round(float(value) * n_steps)
        elif isinstance(distribution, FloatDistribution):
            low, high = math.log(distribution.low), math.log(distribution.high)
            exact = math.exp(low + float(value) * (high - low))
            params[name] = min(max(exact, distribution.low), distribution.high)
    return params


def to_unit(params: dict[str, Any]) -> FloatArray:
    """The inverse of :func:`to_params`."""
    unit = []
    for name, distribution in space(len(params)).items():
        value = params[name]
        if isinstance(distribution, IntDistribution):
            unit.append((value - distribution.low) / (distribution.high - distribution.low))
        elif isinstance(distribution, FloatDistribution):
            low, high = math.log(distribution.low), math.log(distribution.high)
            unit.append((math.log(value) - low) / (high - low))
    return np.array(unit)


def history(n_trials: int, n_params: int, seed: int = 0) -> list[FrozenTrial]:
    """Finished trials as a tuning run would leave them: random first, then around the best.

    Args:
        n_trials: Their number. The trials of a shorter history are those of a longer one's
            beginning.
        n_params: Number of parameters.
        seed: Another seed, another run.
    """
    rng = np.random.default_rng([seed, n_params])
    distributions = space(n_params)
    trials: list[FrozenTrial] = []
    best, best_unit = math.inf, np.full(n_params, 0.5)
    for number in range(n_trials):
        # All draws in every round, so that what one round does leaves the others as they are.
        uniform, step, share = rng.random(n_params), rng.normal(size=n_params), rng.random()
        spread = max(_NARROWEST, _WIDEST / math.sqrt(1 + number / 20))
        near = np.clip(best_unit + spread * step, 0.0, 1.0)
        is_random = number < _N_RANDOM or share < _RANDOM_SHARE
        params = to_params(uniform if is_random else near)
        unit = to_unit(params)
        value = loss(unit) + _NOISE * float(rng.normal())
        trials.append(create_trial(params=params, distributions=distributions, value=value))
        if value < best:
            best, best_unit = value, unit
    return trials
