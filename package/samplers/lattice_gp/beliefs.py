"""All that is believed of a study's next trial: what an acquisition is made of, and explained by."""

from __future__ import annotations

from dataclasses import dataclass
import math

import numpy as np

from .arrays import FloatArray
from .feasibility import Feasibility
from .improvement import Improvement
from .kernels import Inputs
from .prediction import nodes
from .prediction import Prediction
from .prediction import summarise
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
    """

    recipe: Recipe
    objectives: tuple[Surrogate, ...]
    is_maximized: tuple[bool, ...]
    improvement: Improvement | None
    feasibility: Feasibility | None
    success: SuccessModel | None

    def acquisition(self, inputs: Inputs) -> FloatArray:
        """How promising given points are, as logarithms (m,)."""
        scores = np.zeros(0)
        if self.improvement is not None:
            scores = self.improvement(inputs)
        if self.feasibility is not None:
            weighed = self.recipe.constraint_weight * self.feasibility.log_probability(inputs)
            scores = scores + weighed if len(scores) else weighed
        if self.success is not None:
            scores += self.recipe.success_weight * self.success.log_probability(inputs.features)
        return scores

    def predict(self, inputs: Inputs) -> Prediction:
        """What is expected of the first of given points."""
        means, deviations, quantiles = [], [], []
        for surrogate, is_maximized in zip(self.objectives, self.is_maximized):
            mean, deviation = surrogate.posterior.predict(inputs)
            noise = surrogate.fit.hyperparameters.noise_variance
            spread = math.sqrt(deviation[0] ** 2 + noise)
            sample, ends = (surrogate.warp.to_values(s) for s in nodes(mean[0], spread))
            if is_maximized:
                sample, ends = -sample, -ends[::-1]
            average, spread = summarise(sample)
            means.append(average)
            deviations.append(spread)
            quantiles.append(tuple(ends.tolist()))
        success, feasibility, improvement = self.success, self.feasibility, self.improvement
        return Prediction(
            tuple(means),
            tuple(deviations),
            tuple(quantiles),
            None if improvement is None else float(improvement(inputs)[0]),
            1.0 if success is None else _probability(success.log_probability(inputs.features)),
            None if feasibility is None else _probability(feasibility.log_probability(inputs)),
            None,
        )


def _probability(logarithms: FloatArray) -> float:
    return math.exp(float(logarithms[0]))
