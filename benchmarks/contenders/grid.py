"""Grid search as a person would lay it out, and the grid of all points, for ask and tell."""

from __future__ import annotations

from collections.abc import Sequence
import math
from typing import Any
from typing import TYPE_CHECKING

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution
from optuna.samplers import BaseSampler

from ..arrays import FloatArray
from ..suite.space import n_values


if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import FrozenTrial
    from optuna.trial import TrialState


# All values of a short list, low-middle-high of a longer one, and five values of what has no list.
# For the Perceiver that makes 3 x 3 x 3 x 5 = 135 points.
_SHORT_LIST = 4
_LATTICE_LEVELS = 3
_CONTINUOUS_LEVELS = 5


class _WithoutStop(BaseSampler):
    """For ask-and-tell: the harness itself knows when the points are exhausted."""

    def after_trial(
        self,
        study: Study,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        """Leave out ``study.stop()``, which raises outside of ``study.optimize``."""


class PlainGrid(_WithoutStop, optuna.samplers.GridSampler):
    """GridSampler without an end of its own."""


class PlainBruteForce(_WithoutStop, optuna.samplers.BruteForceSampler):
    """BruteForceSampler without an end of its own."""


def why_not_finite(space: dict[str, BaseDistribution]) -> str:
    """Why a search space is not finite; empty if it is."""
    endless = [
        name
        for name, distribution in space.items()
        if isinstance(distribution, FloatDistribution) and distribution.step is None
    ]
    return f"takes no continuous parameter, such as {endless[0]}" if endless else ""


def n_points(space: dict[str, BaseDistribution]) -> int:
    """Number of points of a finite search space.

    Raises:
        ValueError: If it is not finite.
    """
    reason = why_not_finite(space)
    if reason:
        raise ValueError(reason)
    return math.prod(int(n_values(distribution)) for distribution in space.values())


def grid_levels(distribution: BaseDistribution) -> list[Any]:
    """Values of one parameter that grid search tries, ascending.

    Categories are all tried; a list of at most four values too; of a longer one the lowest, the
    middle and the highest; of a continuous or logarithmic range five, evenly spaced on its scale.

    Raises:
        ValueError: If the distribution is of a kind that is not known.
    """
    if isinstance(distribution, CategoricalDistribution):
        return list(distribution.choices)
    if isinstance(distribution, (IntDistribution, FloatDistribution)):
        low, high, step = distribution.low, distribution.high, distribution.step
        if step is not None and not distribution.log:
            n_all = int(n_values(distribution))
            n_levels = n_all if n_all <= _SHORT_LIST else _LATTICE_LEVELS
            indices = np.round(np.linspace(0, n_all - 1, n_levels)).astype(int).tolist()
            return sorted({low + index * step for index in indices})
        if distribution.log:
            spaced = np.exp(np.linspace(math.log(low), math.log(high), _CONTINUOUS_LEVELS))
        else:
            spaced = np.linspace(low, high, _CONTINUOUS_LEVELS)
        # exp(log(high)) may lie a rounding error outside of the range.
        values = np.clip(spaced, low, high).tolist()
        if isinstance(distribution, IntDistribution):
            return sorted({int(round(value)) for value in values})
        return sorted(set(values))
    raise ValueError(f"No grid for a {type(distribution).__name__}.")


def grid_size(space: dict[str, BaseDistribution]) -> int:
    """Number of points of the grid."""
    return math.prod(len(grid_levels(distribution)) for distribution in space.values())


def is_whole_grid(trials: Sequence[FrozenTrial], space: dict[str, BaseDistribution]) -> bool:
    """Whether the trials are the points of the harness's grid, or of a finite space, each once."""
    is_all = not why_not_finite(space) and len(trials) == n_points(space)
    if not is_all and len(trials) != grid_size(space):
        return False
    if any(name not in trial.params for trial in trials for name in space):
        return False
    points = np.array(
        [[space[n].to_internal_repr(trial.params[n]) for n in space] for trial in trials]
    )
    if len(np.unique(points, axis=0)) < len(trials):
        return False
    return is_all or all(
        np.isclose(column[:, None], _internal_levels(its), rtol=1e-9, atol=0.0).any(axis=1).all()
        for column, its in zip(points.T, space.values())
    )


def _internal_levels(distribution: BaseDistribution) -> FloatArray:
    levels = grid_levels(distribution)
    return np.array([distribution.to_internal_repr(level) for level in levels])
