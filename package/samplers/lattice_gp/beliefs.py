"""All that is believed of a study's next trial: what an acquisition is made of, and explained by."""

from __future__ import annotations

from dataclasses import dataclass
import math
from typing import NamedTuple

import numpy as np

from .arrays import FloatArray
from .feasibility import Feasibility
from .improvement import expected_gain
from .improvement import Improvement
from .kernels import Inputs
from .prediction import outcomes
from .prediction import Prediction
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
        success, feasibility, improvement = self.success, self.feasibility, self.improvement
        outlooks = [
            _outlook(surrogate, is_maximized, inputs)
            for surrogate, is_maximized in zip(self.objectives, self.is_maximized)
        ]
        gain = None
        if improvement is not None and len(self.objectives) == 1:
            mean, deviation = self.objectives[0].posterior.predict(inputs)
            incumbent = improvement.incumbents[0]
            gain = expected_gain(mean[0], deviation[0], self.objectives[0], incumbent)
        return Prediction(
            means=tuple(outlook.mean for outlook in outlooks),
            deviations=tuple(outlook.deviation for outlook in outlooks),
            quantiles=tuple(outlook.quantiles for outlook in outlooks),
            noise=tuple(outlook.noise for outlook in outlooks),
            expected_improvement=gain,
            log_improvement=None if improvement is None else float(improvement(inputs)[0]),
            success_probability=(
                1.0 if success is None else _probability(success.log_probability(inputs.features))
            ),
            feasibility=(
                None if feasibility is None else _probability(feasibility.log_probability(inputs))
            ),
            seconds=None,
        )


class _Outlook(NamedTuple):
    """What is expected of one objective, in its own units."""

    mean: float
    deviation: float
    quantiles: tuple[float, ...]
    noise: float


def _outlook(surrogate: Surrogate, is_maximized: bool, inputs: Inputs) -> _Outlook:
    """What is expected of one objective at the first of given points."""
    mean, deviation = (float(array[0]) for array in surrogate.posterior.predict(inputs))
    noise = math.sqrt(surrogate.fit.hyperparameters.noise_variance)
    sample, ends = map(surrogate.warp.to_values, outcomes(mean, math.hypot(deviation, noise)))
    if is_maximized:
        sample, ends = -sample, -ends[::-1]
    best = surrogate.warp.scores.min()
    low, high = surrogate.warp.to_values(best + noise * np.array([-1.0, 1.0]))
    return _Outlook(
        float(sample.mean()), float(sample.std()), tuple(ends.tolist()), float(high - low) / 2.0
    )


def _probability(logarithms: FloatArray) -> float:
    return math.exp(float(logarithms[0]))
