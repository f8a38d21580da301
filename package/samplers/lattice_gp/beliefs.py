"""All that is believed of a study's next trial: what an acquisition is made of, and explained by."""

from __future__ import annotations

from dataclasses import dataclass
import math

import numpy as np

from .arrays import FloatArray
from .cost import Costs
from .feasibility import Feasibility
from .improvement import Improvement
from .kernels import Inputs
from .outlook import ScoreBelief
from .prediction import Expectation
from .recipe import Recipe
from .success import SuccessModel
from .surrogate import Surrogate


@dataclass(frozen=True)
class Beliefs:
    """The models of a trial's outcome.

    Attributes:
        recipe: How they are weighed.
        objectives: A surrogate of each objective.
        is_maximized: Whether the study maximises it: the surrogate is of its negative.
        improvement: On the feasible observations; None if there are none.
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
        scores = np.zeros(0)
        if self.improvement is not None:
            scores = self.improvement(inputs)
        if self.feasibility is not None:
            weighed = self.recipe.constraint_weight * self.feasibility.log_probability(inputs)
            scores = scores + weighed if len(scores) else weighed
        if self.success is not None:
            scores += self.recipe.success_weight * self.success.log_probability(inputs.features)
        if self.costs is not None:
            # Relative to some cost, so that equal ones are exactly nothing.
            log_ratios = self.costs.log_costs(points) - self.costs.log_typical
            scores -= self.cost_weight * log_ratios
        return scores

    def expect(self, points: FloatArray, inputs: Inputs) -> Expectation:
        """What is expected of the first of given points, as in :meth:`acquisition`."""
        success, feasibility, improvement = self.success, self.feasibility, self.improvement
        predictions = [s.predict(inputs) for s in self.objectives]
        has_incumbent = improvement is not None and len(predictions) == 1
        beliefs = tuple(
            ScoreBelief(
                float(means[0]),
                float(deviations[0]),
                math.sqrt(surrogate.fit.hyperparameters.noise_variance),
                float(surrogate.warp.scores.min()),
                improvement.incumbents[0] if improvement and has_incumbent else None,
                is_maximized,
                surrogate.warp.way_back,
            )
            for surrogate, is_maximized, (means, deviations) in zip(
                self.objectives, self.is_maximized, predictions
            )
        )
        log_probability = None if success is None else success.log_probability(inputs.features)
        return Expectation(
            beliefs,
            None if improvement is None else float(improvement.of(predictions)[0]),
            1.0 if log_probability is None else _exp(log_probability),
            None if feasibility is None else _exp(feasibility.log_probability(inputs)),
            None if self.costs is None else _exp(self.costs.log_costs(points[:1])),
        )


def _exp(logarithms: FloatArray) -> float:
    return math.exp(float(logarithms[0]))
