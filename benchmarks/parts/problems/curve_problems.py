"""Problems that tell a learning curve: what an early step says of the last, and how fast."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from collections.abc import Iterator
import math
from typing import Any

import numpy as np
from optuna.exceptions import TrialPruned
from optuna.trial import Trial

from ... import hub
from ...arrays import FloatArray
from ...suite.base import SuiteProblem
from ...suite.imitations import LadderNetwork
from ...suite.space import Params
from ...suite.space import Space
from ...suite.space import suggest
from ...suite.space import to_unit
from .logarithms import LogQuadratic


Pace = Callable[[Params], float]


class CurveProblem(SuiteProblem):
    """A value to be minimised after each of some steps; the last counts.

    Args:
        space: Parameters by name.
        n_steps: Steps of a trial that is not pruned.
        seed: Seed of the noise.
    """

    noisy = True

    def __init__(self, space: Space, n_steps: int, seed: int = 0) -> None:
        super().__init__(space, seed)
        self.n_steps = n_steps

    @abstractmethod
    def curve(self, params: Params) -> Iterator[float]:
        """The values after steps 1 to ``n_steps``, noise included; computed as they are asked."""

    def __call__(self, trial: Trial) -> float:
        """Train step by step, report, and stop where the study's pruner says so."""
        params = suggest(trial, self._space)
        if self.noisy:
            trial.set_user_attr("expected_loss", self.loss(params))
        value = math.nan
        for step, value in enumerate(self.curve(params), start=1):
            trial.report(value, step)
            # After the last step there is nothing left to save.
            if step < self.n_steps and trial.should_prune():
                raise TrialPruned
        return value


class FreezeThaw(CurveProblem):
    """Exponential decay from a common start to the value of any problem.

    The kind of curve that Swersky et al. assume (Freeze-thaw Bayesian optimization, 2014):
    ``final + (start - final) * decay``, where ``decay`` falls from 1 before the first step to 0 at
    the last, so that the last step has exactly the problem's value and best point. Where the pace
    differs between points, a slow one that ends low crosses a fast one that ends high.

    Args:
        base: The problem, whose own noise is not used.
        n_steps: Steps of a trial that is not pruned.
        start: Value before the first step.
        pace: From params to the fall of the decay's logarithm over all steps: 1 is nearly a
            straight line, 10 is done after a few steps.
        noise: Standard deviation of the noise at each step, in the unit of the value.
        seed: Seed of the noise.
    """

    def __init__(
        self,
        base: SuiteProblem,
        n_steps: int,
        start: float,
        pace: Pace,
        noise: float,
        seed: int = 0,
    ) -> None:
        super().__init__(base.search_space, n_steps, seed)
        self._base, self._start, self._pace, self._noise = base, start, pace, noise

    def loss(self, params: Params) -> float:
        """The problem's value without noise, which is that of the last step."""
        return self._base.loss(params)

    def known_minimum(self) -> float | None:
        """The problem's."""
        return self._base.known_minimum()

    def curve(self, params: Params) -> Iterator[float]:
        """Decay with noise."""
        final, pace = self.loss(params), self._pace(params)
        share = np.arange(1, self.n_steps + 1) / self.n_steps
        decay = (np.exp(-pace * share) - math.exp(-pace)) / -math.expm1(-pace)
        noise = self._noise * self.noise_generator(params).normal(size=self.n_steps)
        yield from (final + (self._start - final) * decay + noise).tolist()


class Uninformative(CurveProblem):
    """Any problem's value at the last step, and before it nothing but noise.

    A sampler that takes early values for what they are not, or that is told of few complete
    trials, loses by them.

    Args:
        base: The problem, whose own noise is not used.
        n_steps: Steps of a trial that is not pruned.
        level: Mean of the early values.
        noise: Standard deviation of the early values.
        seed: Seed of the noise.
    """

    noisy = False

    def __init__(
        self, base: SuiteProblem, n_steps: int, level: float, noise: float, seed: int = 0
    ) -> None:
        super().__init__(base.search_space, n_steps, seed)
        self._base, self._level, self._noise = base, level, noise

    def loss(self, params: Params) -> float:
        """The problem's value without noise."""
        return self._base.loss(params)

    def known_minimum(self) -> float | None:
        """The problem's."""
        return self._base.known_minimum()

    def curve(self, params: Params) -> Iterator[float]:
        """Noise, then the value."""
        rng = self.noise_generator(params)
        yield from (self._level + self._noise * rng.normal(size=self.n_steps - 1)).tolist()
        yield self.loss(params)


class QuadraticCurves(CurveProblem):
    """Log risk of SGD on the suite's noisy quadratic, exact after any examples but for noise.

    High rates fall fast and stay above their noise floor, low ones fall late: curves cross.

    Args:
        n_steps: Parts into which the examples are cut.
        seed: Seed of the noise, whose standard deviation is 0.02.
    """

    def __init__(self, n_steps: int, seed: int = 0) -> None:
        self._base = LogQuadratic()
        super().__init__(self._base.search_space, n_steps, seed)

    def loss(self, params: Params) -> float:
        """The log risk after all examples."""
        return self._base.loss(params)

    def curve(self, params: Params) -> Iterator[float]:
        """The log risk after each part of the examples."""
        rng = self.noise_generator(params)
        for step in range(1, self.n_steps + 1):
            yield self._base.log_risk(params, step / self.n_steps) + 0.02 * rng.normal()


class PerceiverCurves(CurveProblem):
    """Measured training of Perceivers: the mean loss so far, after each eighth of the epoch.

    Args:
        preset: ``"small"`` or ``"full"``.
        seed: Seed of the training runs that are replayed.
    """

    def __init__(self, preset: str, seed: int = 0) -> None:
        package = hub.load_package("benchmarks/perceiver_mnist")
        self._problem: Any = package.Problem(preset, training_seed=seed)
        super().__init__(self._problem.search_space, 8, seed)

    def loss(self, params: Params) -> float:
        """Median over training seeds of the mean loss of the epoch."""
        return float(self._problem.expected_loss(params))

    def curve(self, params: Params) -> Iterator[float]:
        """Running mean of a measured curve; that of all eight parts is the objective."""
        curve: FloatArray = np.array(self._problem.run(params).loss_curve)
        yield from (np.cumsum(curve) / np.arange(1, len(curve) + 1)).tolist()


def ladder_pace(params: Params) -> float:
    """A high learning rate is quick and a deep network slow: from 1 to 10, see `FreezeThaw`."""
    orders = math.log10(params["learning_rate"] / 1e-5) / 4
    return float(min(max(1.0 + 8.0 * orders - 0.25 * (params["depth"] - 1), 1.0), 10.0))


def tilted_pace(space: Space, seed: int) -> Pace:
    """A pace from 1 to 8 that rises along a random direction, whatever the value does.

    Args:
        space: Numbers only.
        seed: Seed of the direction.
    """
    weights = np.random.default_rng(seed).normal(size=len(space))

    def pace(params: Params) -> float:
        along = weights @ (to_unit(space, params) - 0.5) / math.sqrt(weights @ weights)
        return float(1.0 + 7.0 / (1.0 + math.exp(-5.0 * along)))

    return pace


def ladder_curves(seed: int) -> FreezeThaw:
    """The suite's imitation of a classifier, from chance, 27 steps."""
    return FreezeThaw(LadderNetwork(), 27, math.log(10), ladder_pace, 0.01, seed)


def tilted_curves(base: SuiteProblem, start: float, noise: float, seed: int) -> FreezeThaw:
    """Any problem of numbers, 27 steps whose pace has nothing to do with its value."""
    return FreezeThaw(base, 27, start, tilted_pace(base.search_space, 1), noise, seed)
