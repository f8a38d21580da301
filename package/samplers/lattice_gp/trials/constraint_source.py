"""Where the values of a trial's constraints come from, other than ``Trial.set_constraint``."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
import copy
from datetime import datetime
import math
from typing import Any
from typing import TypeAlias

from optuna.trial import FrozenTrial
from optuna.trial import TrialState


ConstraintsFunc: TypeAlias = Callable[[FrozenTrial], Sequence[float]]


def check_constraints_func(constraints_func: Any) -> ConstraintsFunc | None:
    """Check the argument of the sampler.

    Raises:
        TypeError: If it is neither a function nor None.
    """
    if constraints_func is None:
        return None
    if callable(constraints_func):
        function: ConstraintsFunc = constraints_func
        return function
    raise TypeError(
        f"constraints_func is {constraints_func!r} of type {type(constraints_func).__name__}, but "
        "must be a function from a trial to its constraints' values, or None."
    )


def finished(trial: FrozenTrial, state: TrialState, values: Sequence[float] | None) -> FrozenTrial:
    """What a trial is about to become, which Optuna hands to samplers while it still runs."""
    done = copy.copy(trial)
    done.state = state
    done.values = values
    done.datetime_complete = datetime.now()
    return done


def constraints_of(trial: FrozenTrial, constraints_func: ConstraintsFunc) -> tuple[float, ...]:
    """What a user's function says of a finished trial.

    Raises:
        Exception: Whatever the function raises.
        TypeError: If it returns anything but a sequence of numbers.
        ValueError: If one of them is NaN.
    """
    constraints = tuple(float(value) for value in constraints_func(trial))
    if any(math.isnan(value) for value in constraints):
        raise ValueError(f"constraints are {constraints}, but must not be NaN")
    return constraints
