"""What trials cost, so that improvement per trial can become improvement per second."""

from __future__ import annotations

from abc import ABC
from abc import abstractmethod
from collections.abc import Callable
from collections.abc import Iterable
import math
from typing import Any
from typing import TypeAlias
from typing import Union

import numpy as np
from optuna.trial import FrozenTrial

from ..basics.arrays import FloatArray
from ..space.search_space import SearchSpace
from ..surrogates.kernels import Inputs
from ..surrogates.surrogate import Surrogate


CostFunction: TypeAlias = Callable[[dict[str, Any]], float]
CostAware: TypeAlias = Union[bool, str, CostFunction, None]

# Logarithms of costs that spread less are equal: there is nothing to learn from them.
_SMALLEST_SPREAD = 1e-9
# So many completed trials that do not tell their cost were meant to.
_MIN_SILENT = 3


class CostError(Exception):
    """A cost that was to be known in advance is not."""


class CostSource:
    """Where costs come from: the argument ``cost_aware`` of the sampler.

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
            NaN if that is unknown: nothing was measured, or no positive finite number. A trial that
            was added to the study, not run, may have lasted 0 s.
        """
        if self.function is not None:
            return math.nan
        if self._attribute is not None:
            return _positive(trial.user_attrs.get(self._attribute))
        duration = trial.duration
        return math.nan if duration is None else _positive(duration.total_seconds())

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


class Costs(ABC):
    """What trials will cost.

    Attributes:
        log_typical: Logarithm of some cost to compare others with.
    """

    log_typical: float

    @abstractmethod
    def log_costs(self, points: FloatArray) -> FloatArray:
        """Logarithms (m,) of what trials at points (m, d) will cost."""


class LearnedCosts(Costs):
    """Costs as far as finished trials tell of them.

    Args:
        surrogate: Of the logarithms of their costs. Far from all trials it expects what they cost
            on average.
        to_inputs: From points (m, d) to what it sees of them.
    """

    def __init__(self, surrogate: Surrogate, to_inputs: Callable[[FloatArray], Inputs]) -> None:
        self._surrogate = surrogate
        self._to_inputs = to_inputs
        self.log_typical = float(surrogate.warp.way_back(np.zeros(1))[0])

    def log_costs(self, points: FloatArray) -> FloatArray:
        log_costs: FloatArray = self._surrogate.warp.way_back(
            self._surrogate.mean(self._to_inputs(points))
        )
        return log_costs


class KnownCosts(Costs):
    """Costs that the user's function tells.

    Args:
        space: Where the points are.
        function: From params to the cost, a positive number of any unit.

    Raises:
        CostError: As :meth:`log_costs`.
    """

    def __init__(self, space: SearchSpace, function: CostFunction) -> None:
        self._space = space
        self._function = function
        self.log_typical = self._log_cost(space.centre())

    def log_costs(self, points: FloatArray) -> FloatArray:
        """Logarithms (m,) of what trials at points (m, d) will cost.

        Raises:
            CostError: If the function raises, or returns anything but a positive finite number.
        """
        return np.array([self._log_cost(point) for point in points], dtype=float)

    def _log_cost(self, point: FloatArray) -> float:
        params = self._space.to_params(point)
        try:
            cost = self._function(dict(params))
        except Exception as error:
            message = f"for {params} it raised {type(error).__name__}: {error}"
            raise CostError(message) from error
        number = _positive(cost)
        if math.isnan(number):
            raise CostError(f"for {params} it returned {cost!r}, which is no positive number")
        return math.log(number)


def are_equal(log_costs: FloatArray) -> bool:
    """Whether costs (n,), n at least 1, do not differ, by their logarithms."""
    return bool(np.ptp(log_costs) < _SMALLEST_SPREAD)


def _positive(cost: Any) -> float:
    """A cost as a positive finite number; NaN if it is none."""
    try:
        number = float(cost)
    except (TypeError, ValueError, OverflowError):
        return math.nan
    return number if 0.0 < number < math.inf else math.nan
