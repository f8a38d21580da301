"""Where costs come from: the argument ``cost_aware`` of the sampler."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
import math
from typing import Any
from typing import TypeAlias
from typing import Union

from optuna.trial import FrozenTrial


CostFunction: TypeAlias = Callable[[dict[str, Any]], float]
CostAware: TypeAlias = Union[bool, str, CostFunction, None]

# So many completed trials that do not tell their cost were meant to.
_MIN_SILENT = 3


class CostSource:
    """What trials cost, as they or the user's function tell.

    Args:
        cost_aware: True for the durations of trials, a name for a user attribute of theirs, or a
            function for what is known in advance.

    Attributes:
        function: From the params of a trial to its cost; None where costs are measured.
    """

    def __init__(self, cost_aware: bool | str | CostFunction) -> None:
        self.function = cost_aware if callable(cost_aware) else None
        self._attribute = cost_aware if isinstance(cost_aware, str) else None

    def measure(self, trial: FrozenTrial) -> float:
        """What a finished trial cost, in seconds or the attribute's unit.

        Returns:
            NaN if that is unknown: nothing was measured, or no positive finite number. A trial
            that was added to the study, not run, may have lasted 0 s.
        """
        if self.function is not None:
            return math.nan
        if self._attribute is not None:
            return positive_number(trial.user_attrs.get(self._attribute))
        duration = trial.duration
        return math.nan if duration is None else positive_number(duration.total_seconds())

    def complaint(self, trials: Iterable[FrozenTrial]) -> str | None:
        """What is wrong with the costs of completed trials, if anything.

        A name that none of them has is probably misspelt.
        """
        if self._attribute is None:
            return None
        n_silent = 0
        for trial in trials:  # usually, the first one ends it
            if self._attribute in trial.user_attrs:
                return None
            n_silent += 1
        if n_silent < _MIN_SILENT:
            return None
        return (
            f"cost_aware is {self._attribute!r}, but none of the {n_silent} completed trials has a "
            "user attribute of this name. Continuing as if all trials cost the same until one has."
        )


def read_cost_aware(cost_aware: Any) -> CostSource | None:
    """Check the argument of the sampler.

    Raises:
        TypeError: If costs cannot be read from anything like it.
        ValueError: If it is the empty string.
    """
    if cost_aware is None or cost_aware is False:
        return None
    if cost_aware is not True and not isinstance(cost_aware, str) and not callable(cost_aware):
        raise TypeError(
            f"cost_aware is {cost_aware!r} of type {type(cost_aware).__name__}, but must be None "
            "(all trials count alike), True (the durations of trials), a str (the user attribute "
            "that holds what a trial cost) or a callable (from a dict of params to what a trial "
            "costs)."
        )
    if cost_aware == "":
        raise ValueError("cost_aware is '', but must be the name of a user attribute.")
    return CostSource(cost_aware)


def positive_number(cost: Any) -> float:
    """What was given as a cost, if it is a positive finite number; else NaN."""
    try:
        number = float(cost)
    except (TypeError, ValueError, OverflowError):
        return math.nan
    return number if 0.0 < number < math.inf else math.nan
