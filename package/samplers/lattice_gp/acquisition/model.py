"""From a history to what is believed of the outcomes of trials: fit the surrogates."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from ..basics.arrays import BoolArray
from ..basics.arrays import FloatArray
from ..basics.arrays import IntArray
from ..earlier.transfer import Trends
from ..predictions.prediction import Expectation
from ..recipe import Recipe
from ..space.search_space import SearchSpace
from ..surrogates.kernels import Inputs
from ..surrogates.observations import Observations
from ..surrogates.surrogate import Surrogate
from ..surrogates.surrogate import Surrogates
from ..trials.cost_source import CostFunction
from ..trials.history import History
from ..values.constraint_values import bilog
from ..values.merit import is_feasible
from ..values.merit import order_of_merit
from ..values.scaling import Yardstick
from .beliefs import Beliefs
from .cost import are_equal
from .cost import Costs
from .cost import KnownCosts
from .cost import LearnedCosts
from .feasibility import Feasibility
from .improvement import Improvement
from .success import SuccessModel


# One cost tells of no difference.
_MIN_MEASURED = 2


@dataclass(frozen=True)
class View:
    """What is believed of the outcomes of trials anywhere in a search space.

    Attributes:
        inputs: From points (m, d) to what the surrogates see.
        beliefs: The models.
        order: Int array (n,): the observations that they were made from, best first.
    """

    inputs: Callable[[FloatArray], Inputs]
    beliefs: Beliefs
    order: IntArray

    def acquisition(self, points: FloatArray) -> FloatArray:
        """How promising points (m, d) are, as logarithms (m,)."""
        return self.beliefs.acquisition(points, self.inputs(points))

    def expect(self, points: FloatArray) -> list[Expectation]:
        """What is expected of each of the points (m, d)."""
        return self.beliefs.expect(points, self.inputs(points))


class Model:
    """The surrogates of all that trials tell.

    Args:
        recipe: Its ingredients.
    """

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self._surrogates = Surrogates(recipe)

    def view(
        self,
        space: SearchSpace,
        history: History,
        cost_function: CostFunction | None = None,
        trends: Trends | None = None,
        *,
        is_local: bool = False,
    ) -> View:
        """What a history tells of a search space.

        Args:
            space: The search space.
            history: At least one completed trial.
            cost_function: From params to what a trial costs, if that is known in advance.
            trends: What earlier studies expect of the objectives, if there are any.
            is_local: Whether the trials near the best one are to tell, not all.

        Raises:
            CostError: If the function of the costs fails.
            numpy.linalg.LinAlgError: If a model's covariance cannot be factorised.
        """

        def inputs(points: FloatArray) -> Inputs:
            expected = None if trends is None else trends(points)
            return self._surrogates.inputs(space, points, expected)

        constraints = self._constraints(history)
        order = order_of_merit(history.values, constraints)
        observations = Observations(inputs(history.points), order, is_local, history.curves)
        pending = inputs(history.pending if self._recipe.uses_pending else history.pending[:0])
        yardsticks = self._surrogates.yardsticks(history.values, constraints)
        objectives = self._objectives(history.values, yardsticks, observations, pending, trends)
        feasibility = None
        is_believed = np.ones(len(pending.features), dtype=bool)
        if constraints.shape[1]:
            told = observations.followed_by(inputs(history.pruned))
            values = np.concatenate([constraints, history.pruned_constraints])
            feasibility = self._feasibility(values, told, pending)
            is_believed = feasibility.is_kept(len(pending.features))
        # What a pruned trial might have been is no achievement.
        is_improvable = is_feasible(constraints) & history.is_complete
        to_beat = inputs(space.settle(history.points)) if space.is_part else None
        beliefs = Beliefs(
            self._recipe,
            objectives,
            history.is_maximized,
            _improvement(objectives, is_improvable, is_believed, to_beat),
            feasibility,
            self.success(space, history),
            self._costs(space, history, cost_function),
            self._recipe.cost_weight / (1.0 + len(history.values) / self._recipe.cost_halving),
        )
        return View(inputs, beliefs, order)

    def success(self, space: SearchSpace, history: History) -> SuccessModel | None:
        """What the failures of a history tell.

        Args:
            space: The search space.
            history: Of any length.

        Returns:
            None if nothing failed, or failures are not to be looked at.
        """
        if len(history.failed) == 0 or self._recipe.success_weight == 0.0:
            return None
        succeeded, failed = space.features(history.points), space.features(history.failed)
        return SuccessModel(succeeded, failed, space.n_params)

    def _costs(
        self, space: SearchSpace, history: History, cost_function: CostFunction | None
    ) -> Costs | None:
        """What trials will cost.

        A crash is no measurement of it: that it came soon says little of a trial that succeeds.

        Args:
            space: The search space.
            history: Of any length.
            cost_function: From params to what a trial costs, if that is known in advance.

        Returns:
            None if nothing is known of it, or no difference.

        Raises:
            CostError: If the function fails.
            numpy.linalg.LinAlgError: If a model's covariance cannot be factorised.
        """
        if self._recipe.cost_weight == 0.0:
            return None
        if cost_function is not None:
            return KnownCosts(space, cost_function)
        measured = np.flatnonzero(~np.isnan(history.costs))
        log_costs = np.log(history.costs[measured])
        if len(measured) < _MIN_MEASURED or are_equal(log_costs):
            return None
        inputs = self._surrogates.inputs(space, history.points[measured])
        # Of more trials than a model can see, it sees all of the latest ones.
        latest_first = np.arange(len(measured))[::-1]
        observations = Observations(inputs, latest_first, is_local=False)
        none = inputs[np.arange(0)]
        surrogate = self._surrogates.of(observations, log_costs, none, is_plain=True)
        return LearnedCosts(surrogate, partial(self._surrogates.inputs, space))

    def _objectives(
        self,
        values: FloatArray,
        yardsticks: Sequence[Yardstick | None],
        observations: Observations,
        pending: Inputs,
        trends: Trends | None,
    ) -> tuple[Surrogate, ...]:
        """A surrogate of each column of values (n, k), which may follow trends of its own."""
        n_trends = 0 if trends is None else trends.n_per_objective
        return tuple(
            self._surrogates.of(
                observations,
                column,
                pending,
                is_plain=False,
                trends=slice(i * n_trends, (i + 1) * n_trends),
                yardstick=yardstick,
            )
            for i, (column, yardstick) in enumerate(zip(values.T, yardsticks))
        )

    def _feasibility(
        self, constraints: FloatArray, observations: Observations, pending: Inputs
    ) -> Feasibility:
        """What is believed of constraints.

        Args:
            constraints: Array (n, c) of their values, NaN where they were not told; c at least 1.
            observations: Where they were observed.
            pending: Points being evaluated.
        """
        limits = []
        for column in constraints.T:
            told = np.flatnonzero(~np.isnan(column))
            if len(told) == 0:
                continue
            values = bilog(column[told], self._surrogates.n_fitted(len(told)))
            limits.append(
                self._surrogates.of(observations.only(told), values, pending, is_plain=True)
            )
        return Feasibility(tuple(limits))

    def _constraints(self, history: History) -> FloatArray:
        """Constraint values (n, c) as far as they are to be looked at."""
        if self._recipe.constraint_weight == 0.0:
            return history.constraints[:, :0]
        return history.constraints


def _improvement(
    objectives: Sequence[Surrogate],
    is_improvable: BoolArray,
    is_believed: BoolArray,
    to_beat: Inputs | None,
) -> Improvement | None:
    """The improvement on those observations that are worth one; None if none is.

    Args:
        objectives: A surrogate for each.
        is_improvable: Bool array (n,): which observations are.
        is_believed: Bool array (p,): which pending points are believed to be.
        to_beat: The n observations moved into the part of the space that is searched; None if that
            is all of it.
    """
    chosen = objectives[0].chosen
    is_worth_one = is_improvable[chosen]
    if not is_worth_one.any():
        return None
    beaten = None if to_beat is None else to_beat[chosen[is_worth_one]]
    return Improvement(objectives, is_worth_one, is_believed, beaten)
