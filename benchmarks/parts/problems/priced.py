"""Problems that tell what a trial costs, in simulated seconds, before anyone has spent them."""

from __future__ import annotations

from collections.abc import Callable
import math
from typing import Any

import numpy as np
from optuna.trial import Trial

from ... import hub
from ...arrays import FloatArray
from ...suite.base import Measurement
from ...suite.base import SuiteProblem
from ...suite.space import Params
from ...suite.space import sample
from ...suite.space import Space
from ...suite.space import to_unit
from ...suite.tables import MeasuredTable
from ...suite.wrappers import Wrapped
from .logarithms import LogProblem


Price = Callable[[Params], float]
# Seconds of the dearest point, where those of the cheapest are 1.
_DEAREST = 20.0


class Priced(SuiteProblem):
    """Any problem, with the cost of every trial in its user attribute ``seconds``.

    Args:
        base: The problem, with its noise.
        price: From params to simulated seconds, more than 0.
    """

    def __init__(self, base: SuiteProblem, price: Price) -> None:
        super().__init__(base.search_space)
        self.noisy = base.noisy
        self.seconds = price
        self._base = base

    def __call__(self, trial: Trial) -> float:
        """Evaluate a trial and say what it cost."""
        value = super().__call__(trial)
        trial.set_user_attr("seconds", self.seconds(trial.params))
        return value

    def loss(self, params: Params) -> float:
        """The problem's value without noise."""
        return self._base.loss(params)

    def measure(self, params: Params) -> Measurement:
        """The problem's value with noise, and without."""
        return self._base.measure(params)

    def known_minimum(self) -> float | None:
        """The problem's."""
        return self._base.known_minimum()


class _Perceiver(SuiteProblem):
    """The table of measured Perceivers as a problem of the suites' kind."""

    noisy = True

    def __init__(self, preset: str, seed: int) -> None:
        package = hub.load_package("benchmarks/perceiver_mnist")
        self._problem: Any = package.Problem(preset, training_seed=seed)
        super().__init__(self._problem.search_space, seed)

    def loss(self, params: Params) -> float:
        return float(self._problem.expected_loss(params))

    def measure(self, params: Params) -> Measurement:
        return Measurement(self._problem.evaluate(params), self.loss(params))

    def seconds(self, params: Params) -> float:
        return float(self._problem.run(params).seconds)


def perceiver(preset: str, seed: int) -> Priced:
    """Measured Perceivers with their measured seconds: small networks are fast.

    Args:
        preset: ``"small"`` (0.35 to 3 s) or ``"full"`` (0.9 to 9.5 s).
        seed: Seed of the noise.
    """
    base = _Perceiver(preset, seed)
    return Priced(base, base.seconds)


def measured(benchmark: str, dataset: str, seed: int) -> Priced:
    """Measured networks with their measured seconds of training; see :class:`MeasuredTable`."""
    base = MeasuredTable(benchmark, dataset, seed)
    return Priced(base, base.seconds)


def log_measured(benchmark: str, dataset: str, seed: int) -> Priced:
    """The same, where the objective is the logarithm of the loss."""
    base = MeasuredTable(benchmark, dataset, seed)
    return Priced(LogProblem(base), base.seconds)


def size_of_network(params: Params) -> float:
    """A second for 256 units of ``depth`` times ``width``: 0.25 to 24 s on the suite's ladder."""
    return float(params["depth"] * params["width"] / 256)


def flat_rate(params: Params) -> float:
    """A second wherever the trial is."""
    return 1.0


def near(problem: Wrapped, *, dear: bool) -> Price:
    """A price that depends on the distance to the best point: quality and cost go together.

    Args:
        problem: Numbers only, with a known best point.
        dear: Whether the best point costs 20 s and the furthest corner 1 s, or the other way
            round.
    """
    space = problem.search_space
    best = to_unit(space, problem.optimum)
    furthest = np.linalg.norm(np.maximum(best, 1.0 - best))

    def price(params: Params) -> float:
        distance = float(np.linalg.norm(to_unit(space, params) - best) / furthest)
        return float(_DEAREST ** (1.0 - distance if dear else distance))

    return price


def along_direction(space: Space, seed: int) -> Price:
    """A price from 1 to 20 s that rises along a random direction, whatever the value does.

    Args:
        space: Numbers only.
        seed: Seed of the direction.
    """
    weights: FloatArray = np.random.default_rng(seed).normal(size=len(space))
    half = np.abs(weights).sum() / 2

    def price(params: Params) -> float:
        along = float(weights @ (to_unit(space, params) - 0.5) / half)
        return math.pow(_DEAREST, (1.0 + along) / 2)

    return price


def mean_seconds(problem: Priced, n_points: int = 5000) -> float:
    """Mean seconds of a trial of random search, over so many points."""
    rng = np.random.default_rng(0)
    points = (sample(problem.search_space, rng) for _ in range(n_points))
    return float(np.mean([problem.seconds(point) for point in points]))
