"""Pairs of problems: one that was tuned before, and one that resembles it or does not."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping

import numpy as np
import optuna
from optuna.samplers import BaseSampler
from optuna.samplers import RandomSampler
from optuna.samplers import TPESampler
from optuna.study import Study

from ...arrays import FloatArray
from ...suite.base import SuiteProblem
from ...suite.imitations import LadderNetwork
from ...suite.space import Params
from ...suite.space import to_unit
from ...suite.wrappers import Wrapped
from ..task import Objective


# What makes the objective that was tuned before, from the seed of its noise.
Source = Callable[[int], Objective]


class Shifted(SuiteProblem):
    """A test function with its minimum elsewhere, and on another scale.

    Args:
        problem: The test function.
        shift: How far the minimum moves in every parameter, in unit coordinates; the direction is
            random. It may leave the space, where the best point of the source is then on an edge.
        scale: Factor of the value.
        offset: What is added to the value.
        seed: Seed of the direction.
    """

    def __init__(
        self, problem: Wrapped, shift: float, scale: float, offset: float, seed: int = 0
    ) -> None:
        super().__init__(problem.search_space)
        signs = np.random.default_rng(seed).choice((-1.0, 1.0), len(self._space))
        self.shift: FloatArray = shift * signs
        self._problem, self._scale, self._offset = problem, scale, offset

    def loss(self, params: Params) -> float:
        """The value that the function has before the shift, on the other scale."""
        units = to_unit(self._space, params) - self.shift
        return self._offset + self._scale * self._problem.loss_at(units)


class Negated(SuiteProblem):
    """The same problem upside down: what was good there is bad here.

    Args:
        problem: The problem.
    """

    def __init__(self, problem: SuiteProblem) -> None:
        super().__init__(problem.search_space)
        self._problem = problem

    def loss(self, params: Params) -> float:
        """Minus the value."""
        return -self._problem.loss(params)


class Renamed(SuiteProblem):
    """The same problem with other names of its parameters: no more can be learned from it.

    Args:
        problem: The problem.
        prefix: Before each name.
    """

    def __init__(self, problem: SuiteProblem, prefix: str = "old_") -> None:
        space = problem.search_space
        super().__init__({prefix + name: dist for name, dist in space.items()})
        self._problem, self._prefix = problem, prefix

    def loss(self, params: Params) -> float:
        """The value."""
        return self._problem.loss({n.removeprefix(self._prefix): v for n, v in params.items()})


class DeeperLadder(LadderNetwork):
    """The suite's imitation on harder data: half the stable rate, and a loss that is higher."""

    def loss(self, params: Params) -> float:
        """Of the imitation, at twice the rate; times 1.2 and 0.3 more."""
        rate = min(2.0 * params["learning_rate"], 0.1)
        return 0.3 + 1.2 * super().loss({**params, "learning_rate": rate})


def earlier_studies(
    sources: Mapping[str, Source], n_trials: int, sampler: str
) -> Callable[[int], list[Study]]:
    """What makes finished studies, the same ones from the same seed.

    Args:
        sources: Objectives by name of their study.
        n_trials: Trials a study.
        sampler: ``"random"`` or ``"tpe"``.
    """

    def make(seed: int) -> list[Study]:
        return [_run(name, source, n_trials, sampler, seed) for name, source in sources.items()]

    return make


def _run(name: str, source: Source, n_trials: int, sampler: str, seed: int) -> Study:
    makers: dict[str, Callable[[int], BaseSampler]] = {
        "random": lambda seed: RandomSampler(seed=seed),
        "tpe": lambda seed: TPESampler(seed=seed),
    }
    # Far from the seeds of the studies that follow: those must not repeat these points.
    earlier = 10_000 + seed
    study = optuna.create_study(study_name=name, sampler=makers[sampler](earlier))
    objective = source(earlier)
    for _ in range(n_trials):
        trial = study.ask()
        value = objective(trial)
        study.tell(trial, value)
    return study
