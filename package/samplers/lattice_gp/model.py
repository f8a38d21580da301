"""From a history to the next point: fit the surrogates, maximise the acquisition function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from . import search
from .arrays import FloatArray
from .arrays import IntArray
from .beliefs import Beliefs
from .branches import UntriedBranches
from .candidates import everywhere
from .cost import are_equal
from .cost import CostFunction
from .cost import Costs
from .cost import KnownCosts
from .cost import LearnedCosts
from .feasibility import bilog
from .feasibility import Feasibility
from .history import History
from .improvement import Improvement
from .kernels import Inputs
from .merit import is_feasible
from .merit import order_of_merit
from .prediction import Expectation
from .recipe import Recipe
from .space import SearchSpace
from .success import SuccessModel
from .surrogate import Observations
from .surrogate import Surrogates
from .transfer import Trends
from .trust_region import TrustRegion
from .visits import Visits


# One cost tells of no difference.
_MIN_MEASURED = 2


@dataclass(frozen=True)
class View:
    """What is believed of the outcomes of trials anywhere in a search space.

    Attributes:
        inputs: From points (m, d) to what the surrogates see.
        beliefs: The models.
    """

    inputs: Callable[[FloatArray], Inputs]
    beliefs: Beliefs

    def acquisition(self, points: FloatArray) -> FloatArray:
        """How promising points (m, d) are, as logarithms (m,)."""
        return self.beliefs.acquisition(points, self.inputs(points))

    def expect(self, points: FloatArray) -> list[Expectation]:
        """What is expected of each of the points (m, d)."""
        return self.beliefs.expect(points, self.inputs(points))


@dataclass(frozen=True)
class Suggestion:
    """A point and why it was chosen.

    Attributes:
        point: Array (d,).
        view: What is believed of the outcome, there and elsewhere.
    """

    point: FloatArray
    view: View

    def expect(self, point: FloatArray) -> Expectation:
        """What is expected of a point (d,)."""
        return self.view.expect(point[None, :])[0]


class Model:
    """The surrogates and how they are searched.

    Args:
        recipe: Its ingredients.
    """

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self._surrogates = Surrogates(recipe)

    def suggest(
        self,
        space: SearchSpace,
        history: History,
        rng: np.random.Generator,
        cost_function: CostFunction | None = None,
        trends: Trends | None = None,
    ) -> Suggestion:
        """Choose the point of largest acquisition among those that may be proposed.

        Args:
            space: The search space.
            history: At least one completed trial.
            rng: Source of randomness: where to look for the maximum.
            cost_function: From params to what a trial costs, if that is known in advance.
            trends: What earlier studies expect of the objectives, if there are any.

        Returns:
            A point that was visited no more often than any other.

        Raises:
            CostError: If the function of the costs fails.
            numpy.linalg.LinAlgError: If a model's covariance cannot be factorised.
        """
        constraints = self._constraints(history)
        order = order_of_merit(history.values, constraints)
        is_single = history.values.shape[1] == 1
        # Near the incumbent is nothing that has other fixed values.
        is_local = is_single and not space.is_part and self._is_local(len(order))
        view = self._view(space, history, constraints, order, is_local, cost_function, trends)
        visits = Visits(space, history.spent)
        best_points = history.points[order]
        region: search.Region | None = None
        if is_local:
            scales = view.beliefs.objectives[0].fit.hyperparameters.length_scales
            n_without = len(order) - 1 - int(order[0])
            region = TrustRegion.around(space, best_points[0], n_without, scales)
            candidates = region.candidates(rng)
            if not space.is_enumerable and not visits.is_open(candidates).any():
                region = None  # nothing is left in it, as in a small conditional lattice
        if region is None:
            candidates = everywhere(space, best_points, self._recipe.tries_edges, rng)
        branches = self._branches(space, history)
        if branches is not None:
            moved = branches.candidates(candidates, rng)
            if len(moved) > 0:
                region, candidates = branches, moved
        point = search.maximize(view.acquisition, space, visits, candidates, rng, region)
        return Suggestion(point, view)

    def view(
        self,
        space: SearchSpace,
        history: History,
        cost_function: CostFunction | None = None,
        trends: Trends | None = None,
    ) -> View:
        """What is believed of the whole space: of its trials all count, not only those nearby.

        Args:
            space: The search space.
            history: At least one completed trial.
            cost_function: From params to what a trial costs, if that is known in advance.
            trends: What earlier studies expect of the objectives, if there are any.

        Raises:
            CostError: If the function of the costs fails.
            numpy.linalg.LinAlgError: If a model's covariance cannot be factorised.
        """
        constraints = self._constraints(history)
        order = order_of_merit(history.values, constraints)
        return self._view(space, history, constraints, order, False, cost_function, trends)

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

    def _view(
        self,
        space: SearchSpace,
        history: History,
        constraints: FloatArray,
        order: IntArray,
        is_local: bool,
        cost_function: CostFunction | None,
        trends: Trends | None,
    ) -> View:
        def inputs(points: FloatArray) -> Inputs:
            expected = None if trends is None else trends(points)
            return self._surrogates.inputs(space, points, expected)

        observations = Observations(inputs(history.points), order, is_local, history.curves)
        pending = inputs(history.pending if self._recipe.uses_pending else history.pending[:0])
        n_trends = 0 if trends is None else trends.n_per_objective
        costs = self._costs(space, history, cost_function)
        feasibility = None
        if constraints.shape[1]:
            told = observations.followed_by(inputs(history.pruned))
            values = np.concatenate([constraints, history.pruned_constraints])
            feasibility = self._feasibility(values, told, pending)
        to_beat = inputs(space.settle(history.points)) if space.is_part else None
        beliefs = self._beliefs(
            space,
            history,
            constraints,
            observations,
            pending,
            n_trends,
            feasibility,
            costs,
            to_beat,
        )
        return View(inputs, beliefs)

    def _beliefs(
        self,
        space: SearchSpace,
        history: History,
        constraints: FloatArray,
        observations: Observations,
        pending: Inputs,
        n_trends: int,
        feasibility: Feasibility | None,
        costs: Costs | None,
        to_beat: Inputs | None,
    ) -> Beliefs:
        surrogates = [
            self._surrogates.of(
                observations,
                column,
                pending,
                is_plain=False,
                trends=slice(i * n_trends, (i + 1) * n_trends),
            )
            for i, column in enumerate(history.values.T)
        ]
        # What a pruned trial might have been is no achievement.
        improvable = is_feasible(constraints) & history.is_complete
        feasible = improvable[surrogates[0].chosen]
        improvement = None
        if feasible.any():
            believed = np.ones(len(pending.features), dtype=bool)
            if feasibility is not None:
                believed = feasibility.is_kept(len(pending.features))
            if to_beat is not None:
                to_beat = to_beat[surrogates[0].chosen[feasible]]
            improvement = Improvement(surrogates, feasible, believed, to_beat)
        return Beliefs(
            self._recipe,
            tuple(surrogates),
            history.is_maximized,
            improvement,
            feasibility,
            self.success(space, history),
            costs,
            self._recipe.cost_weight / (1.0 + len(history.values) / self._recipe.cost_halving),
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

    def _branches(self, space: SearchSpace, history: History) -> UntriedBranches | None:
        """Where the next trial is to be because no trial was: every second time."""
        if not self._recipe.tries_branches or len(history.values) % 2:
            return None
        visited = np.concatenate([history.points, history.pending, history.failed, history.pruned])
        return UntriedBranches.of(space, visited)

    def _is_local(self, n: int) -> bool:
        """Whether the trial after ``n`` is chosen near the incumbent."""
        local_from = self._recipe.local_from
        return local_from is not None and n >= local_from and n % 2 == 0
