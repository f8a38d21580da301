"""Objectives as Optuna takes them, functions of a trial that choose their own parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.study import StudyDirection
from optuna.trial import Trial


class PlainObjective:
    """A function of a trial as a problem.

    Its search space is not known before it has run, which an empty :attr:`search_space` stands
    for.

    Args:
        function: Takes a trial, returns its value.
        direction: Whether the value is to be minimised or maximised.
    """

    def __init__(
        self, function: Callable[[Trial], Any], direction: StudyDirection = StudyDirection.MINIMIZE
    ) -> None:
        self._function = function
        self._direction = direction

    @property
    def search_space(self) -> dict[str, BaseDistribution]:
        """Empty."""
        return {}

    @property
    def directions(self) -> list[StudyDirection]:
        """One direction."""
        return [self._direction]

    def __call__(self, trial: Trial) -> Any:
        """Evaluate a trial."""
        return self._function(trial)
