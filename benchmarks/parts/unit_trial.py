"""Points of a define-by-run space as vectors, for optimisers that know nothing of trials."""

from __future__ import annotations

from collections.abc import Sequence
import math
from typing import Any
from typing import cast
from typing import NamedTuple

import numpy as np
from optuna.trial import Trial

from ..arrays import FloatArray
from .task import Objective


class Outcome(NamedTuple):
    """What an objective says of a point.

    Attributes:
        values: One an objective.
        violation: Sum of the constraints' values above 0; 0 if the point is feasible.
    """

    values: list[float]
    violation: float


class UnitSpace:
    """A space as a unit cube with one coordinate for each name that a parameter may have.

    A point is what the objective makes of it: it reads the coordinates of the parameters that it
    asks for, the others do nothing.

    Args:
        objective: The objective; must not prune or fail.
        n_probes: Random points by which the names of all parameters are found; as many again if
            they find one.
    """

    def __init__(self, objective: Objective, n_probes: int = 2000) -> None:
        self._objective = objective
        self._coordinates: dict[str, int] = {}
        rng = np.random.default_rng(0)
        previous = -1
        while previous < self.n_dims:
            previous = self.n_dims
            for _ in range(n_probes):
                # A coordinate that is not there yet is random anyway.
                self._run(rng.random(self.n_dims), rng)

    @property
    def n_dims(self) -> int:
        """Number of coordinates."""
        return len(self._coordinates)

    def evaluate(self, point: FloatArray) -> Outcome:
        """Evaluate a point of shape (n_dims,)."""
        return self._run(point, None)

    def _run(self, point: FloatArray, rng: np.random.Generator | None) -> Outcome:
        trial = _UnitTrial(point, self._coordinates, rng)
        result = self._objective(cast(Trial, trial))
        values = list(result) if isinstance(result, Sequence) else [result]
        return Outcome([float(value) for value in values], trial.violation)


class _UnitTrial:
    """What an objective is given in place of a trial."""

    def __init__(
        self, point: FloatArray, coordinates: dict[str, int], rng: np.random.Generator | None
    ) -> None:
        self._point = point
        self._coordinates = coordinates
        self._rng = rng
        self.violation = 0.0

    def _share(self, name: str) -> float:
        if name not in self._coordinates:
            self._coordinates[name] = len(self._coordinates)
        index = self._coordinates[name]
        if index < len(self._point):
            return float(self._point[index])
        # Only probes know of fewer coordinates than there are, but for a name that they all
        # missed.
        return 0.5 if self._rng is None else float(self._rng.random())

    def _level(self, name: str, n_levels: int) -> int:
        return min(int(self._share(name) * n_levels), n_levels - 1)

    def suggest_float(
        self,
        name: str,
        low: float,
        high: float,
        *,
        step: float | None = None,
        log: bool = False,
    ) -> float:
        if step is not None:
            n_levels = math.floor((high - low) / step + 1e-9) + 1
            return low + step * self._level(name, n_levels)
        share = self._share(name)
        return low * (high / low) ** share if log else low + (high - low) * share

    def suggest_int(
        self, name: str, low: int, high: int, *, step: int = 1, log: bool = False
    ) -> int:
        if log:
            # Each integer has the stretch of the log scale that rounds to it.
            value: float = (low - 0.5) * ((high + 0.5) / (low - 0.5)) ** self._share(name)
            return min(max(round(value), low), high)
        return low + step * self._level(name, (high - low) // step + 1)

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        return choices[self._level(name, len(choices))]

    def set_constraint(self, key: str, value: float) -> None:
        self.violation += max(0.0, value)
