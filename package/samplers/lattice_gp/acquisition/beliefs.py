"""All that is believed of a study's next trial, to make an acquisition of and explain it by."""

from __future__ import annotations

from dataclasses import dataclass
import math

import numpy as np

from ..basics.arrays import FloatArray
from ..predictions.outlook import ScoreBelief
from ..predictions.prediction import Expectation
from ..recipe import Recipe
from ..surrogates.kernels import Inputs
from ..surrogates.surrogate import Surrogate
from .cost import Costs
from .feasibility import Feasibility
from .improvement import Improvement
from .success import SuccessModel


@dataclass(frozen=True)
class Beliefs:
    """The models of a trial's outcome.

    Attributes:
        recipe: How they are weighed.
        objectives: A surrogate of each objective.
        is_maximized: Whether the study maximises it: the surrogate is of its negative.
        improvement: On the observations that are worth one; None if none is.
        feasibility: Of constraints; None if there are none.
        success: Of ending with a value at all; None as long as nothing failed.
        costs: What it will cost; None unless the sampler is aware of costs.
        cost_weight: Power of the cost that divides the improvement.
    """

    recipe: Recipe
    objectives: tuple[Surrogate, ...]
    is_maximized: tuple[bool, ...]
    improvement: Improvement | None
    feasibility: Feasibility | None
    success: SuccessModel | None
    costs: Costs | None
    cost_weight: float

    def acquisition(self, points: FloatArray, inputs: Inputs) -> FloatArray:
        """How promising points are, as logarithms (m,).

        Args:
            points: Array (m, d).
            inputs: The same as the surrogates see them.
        """
        total = np.zeros(len(points))
        if self.improvement is not None:
            total += self.improvement(inputs)
        if self.feasibility is not None:
            total += self.recipe.constraint_weight * self.feasibility.log_probability(inputs)
        if self.success is not None:
            total += self.recipe.success_weight * self.success.log_probability(inputs.features)
        if self.costs is not None:
            # Relative to some cost, so that equal ones are exactly nothing.
            log_ratios = self.costs.log_costs(points) - self.costs.log_typical
            total -= self.cost_weight * log_ratios
        return total

    def expect(self, points: FloatArray, inputs: Inputs) -> list[Expectation]:
        """What is expected of each of given points (m, d), as in :meth:`acquisition`."""
        n_points = len(points)
        predictions = [s.predict(inputs) for s in self.objectives]
        log_improvements: list[float] | list[None] = [None] * n_points
        incumbent = None
        if self.improvement is not None:
            log_improvements = self.improvement.of(predictions).tolist()
            incumbent = self.improvement.incumbent
        columns = [
            _score_beliefs(surrogate, is_maximized, incumbent, prediction)
            for surrogate, is_maximized, prediction in zip(
                self.objectives, self.is_maximized, predictions
            )
        ]
        successes = feasibilities = seconds = None
        if self.success is not None:
            successes = np.exp(self.success.log_probability(inputs.features)).tolist()
        if self.feasibility is not None:
            feasibilities = np.exp(self.feasibility.log_probability(inputs)).tolist()
        if self.costs is not None:
            seconds = np.exp(self.costs.log_costs(points)).tolist()
        return [
            Expectation(
                beliefs=tuple(column[i] for column in columns),
                log_improvement=log_improvements[i],
                success_probability=1.0 if successes is None else successes[i],
                feasibility=None if feasibilities is None else feasibilities[i],
                seconds=None if seconds is None else seconds[i],
            )
            for i in range(n_points)
        ]


def _score_beliefs(
    surrogate: Surrogate,
    is_maximized: bool,
    incumbent: float | None,
    prediction: tuple[FloatArray, FloatArray],
) -> list[ScoreBelief]:
    """What a surrogate's means and deviations (m,) say of each of m points."""
    noise = math.sqrt(surrogate.fit.hyperparameters.noise_variance)
    best = float(surrogate.warp.scores.min())
    way_back = surrogate.warp.way_back
    means, deviations = prediction
    return [
        ScoreBelief(mean, deviation, noise, best, incumbent, is_maximized, way_back)
        for mean, deviation in zip(means.tolist(), deviations.tolist())
    ]
