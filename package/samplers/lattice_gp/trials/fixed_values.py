"""Values that the user chose for a trial in advance, with ``Study.enqueue_trial``."""

from __future__ import annotations

import math
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution
from optuna.trial import FrozenTrial

from ..space.axes import internal_repr
from ..space.search_space import SearchSpace


# Where Optuna keeps them.
_KEY = "fixed_params"


def has_fixed_values(trial: FrozenTrial) -> bool:
    """Whether any parameter of the trial was chosen in advance."""
    return bool(trial.system_attrs.get(_KEY))


def part_with_fixed_values(space: SearchSpace, trial: FrozenTrial) -> SearchSpace:
    """The part of a space where the trial's parameters have the values chosen in advance.

    Values of parameters that the space lacks, or of another kind, are left out: what is wrong with
    them, Optuna says when the objective asks. One beyond its range counts as the range's end.
    """
    values = {}
    for name, value in (trial.system_attrs.get(_KEY) or {}).items():
        number = _to_number(space.distributions.get(name), value)
        if not math.isnan(number):
            values[name] = number
    return space.fixing(space.to_coordinates(values)) if values else space


def _to_number(distribution: BaseDistribution | None, value: Any) -> float:
    """The internal representation of a value, within its range; NaN if it has none."""
    if distribution is None:
        return math.nan
    number = internal_repr(distribution, value)
    if isinstance(distribution, (IntDistribution, FloatDistribution)) and not math.isnan(number):
        return float(min(max(number, distribution.low), distribution.high))
    return number
