"""What trials will cost, so that improvement per trial can become improvement per second."""

from __future__ import annotations

from abc import ABC
from abc import abstractmethod
from collections.abc import Callable
import math

import numpy as np

from ..basics.arrays import FloatArray
from ..space.search_space import SearchSpace
from ..surrogates.kernels import Inputs
from ..surrogates.surrogate import Surrogate
from ..trials.cost_source import CostFunction
from ..trials.cost_source import positive_number


# Logarithms of costs that spread less are equal: there is nothing to learn from them.
_SMALLEST_SPREAD = 1e-9


class CostError(Exception):
    """A cost that was to be known in advance is not."""


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
        number = positive_number(cost)
        if math.isnan(number):
            raise CostError(f"for {params} it returned {cost!r}, which is no positive number")
        return math.log(number)


def are_equal(log_costs: FloatArray) -> bool:
    """Whether costs (n,), n at least 1, do not differ, by their logarithms."""
    return bool(np.ptp(log_costs) < _SMALLEST_SPREAD)
