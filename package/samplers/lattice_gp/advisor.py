"""From the trials so far to the next point: by the model, or before and beside it by design."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from optuna.trial import TrialState

from .acquisition.cost import CostError
from .acquisition.model import Model
from .acquisition.model import View
from .basics.arrays import first
from .basics.arrays import FloatArray
from .basics.say_once import SayOnce
from .earlier.prior_studies import PriorStudy
from .earlier.transfer import Transfer
from .earlier.transfer import Trends
from .recipe import Recipe
from .search.chooser import Chooser
from .search.chooser import Suggestion
from .search.design import startup_point
from .search.visits import Visits
from .space.search_space import SearchSpace
from .trials.cost_source import CostFunction
from .trials.cost_source import CostSource
from .trials.history import History
from .trials.history import params_beyond
from .trials.history import read_history
from .trials.records import Record


class Advisor:
    """Chooses points. Whatever it remembers saves time and changes nothing.

    Args:
        recipe: The ingredients of the model.
        seed: Seed of all randomness.
        n_startup_trials: Number of trials that tell of the objectives before the model is used, if
            their results are not all equal.
        cost_source: What trials cost; None if all count alike.
        prior_studies: What was read of earlier studies.
        say: Tells the user what cannot be done.
    """

    def __init__(
        self,
        recipe: Recipe,
        seed: int,
        n_startup_trials: int,
        cost_source: CostSource | None,
        prior_studies: Sequence[PriorStudy],
        say: SayOnce,
    ) -> None:
        self._recipe = recipe
        self._seed = seed
        self._n_startup_trials = n_startup_trials
        self._cost_source = cost_source
        self._say = say
        self._model = Model(recipe)
        self._chooser = Chooser(recipe, self._model)
        self._transfer = Transfer(prior_studies, recipe)

    def start(self, space: SearchSpace, n_objectives: int) -> FloatArray:
        """The point (d,) of the very first trial: an earlier study's best, or the centre."""
        starts = self._transfer.starts(space, n_objectives)
        return first(starts) if len(starts) else space.centre()

    def suggest(
        self,
        space: SearchSpace,
        others: Sequence[Record],
        index: int,
        is_maximized: Sequence[bool],
    ) -> tuple[FloatArray, Suggestion | None]:
        """Choose the point to evaluate.

        Args:
            space: The search space.
            others: The other trials, oldest first.
            index: Number of the trial, had no process been killed.
            is_maximized: Whether each objective is maximised.

        Returns:
            The point (d,), and the model's reasons if it is the model's.
        """
        try:
            return self._suggest_point(space, others, index, is_maximized, self._cost_source)
        except CostError as error:
            self._complain_of_cost(error)
            return self._suggest_point(space, others, index, is_maximized, None)

    def view(
        self, space: SearchSpace, records: Sequence[Record], is_maximized: Sequence[bool]
    ) -> View:
        """What is believed of the whole space, whether or not the next suggestion is the model's.

        Args:
            space: The search space.
            records: Trials of the study, at least one of them completed, oldest first.
            is_maximized: Whether each objective is maximised.

        Raises:
            numpy.linalg.LinAlgError: If a model's covariance cannot be factorised.
        """
        try:
            return self._view(space, records, is_maximized, self._cost_source)
        except CostError as error:
            self._complain_of_cost(error)
            return self._view(space, records, is_maximized, None)

    def _view(
        self,
        space: SearchSpace,
        records: Sequence[Record],
        is_maximized: Sequence[bool],
        cost_source: CostSource | None,
    ) -> View:
        history = self._read(space, records, is_maximized, cost_source)
        trends = self._learn_from_earlier(space, len(is_maximized))
        cost_function = _cost_function(cost_source, space, records)
        return self._model.view(space, history, cost_function, trends)

    def _complain_of_cost(self, error: CostError) -> None:
        self._say(
            f"cost_aware cannot tell what a trial costs: {error}. Continuing as if all trials "
            "cost the same wherever it cannot.",
            topic="cost_aware",
        )

    def _read(
        self,
        space: SearchSpace,
        records: Sequence[Record],
        is_maximized: Sequence[bool],
        cost_source: CostSource | None,
    ) -> History:
        measure_cost = None if cost_source is None else cost_source.measure
        uses_pruned = self._recipe.uses_pruned
        history = read_history(space, records, is_maximized, measure_cost, uses_pruned=uses_pruned)
        if cost_source is not None:
            complaint = cost_source.complaint(
                r.trial for r in records if r.trial.state == TrialState.COMPLETE
            )
            if complaint:
                self._say(complaint, topic="cost_aware")
        return history

    def _suggest_point(
        self,
        space: SearchSpace,
        others: Sequence[Record],
        index: int,
        is_maximized: Sequence[bool],
        cost_source: CostSource | None,
    ) -> tuple[FloatArray, Suggestion | None]:
        history = self._read(space, others, is_maximized, cost_source)
        trends = self._learn_from_earlier(space, len(is_maximized))
        if self._is_for_the_model(space, history, index, trends):
            cost_function = _cost_function(cost_source, space, others)
            rng = np.random.default_rng([self._seed, index])
            try:
                suggestion = self._chooser.suggest(space, history, rng, cost_function, trends)
                return suggestion.point, suggestion
            except CostError:
                raise
            except Exception as error:
                self._say(
                    f"The model failed ({type(error).__name__}: {error}): continuing with a "
                    "low-discrepancy sequence wherever it does."
                )
        return self._point_by_design(space, history, index, trends), None

    def _is_for_the_model(
        self, space: SearchSpace, history: History, index: int, trends: Trends | None
    ) -> bool:
        """Whether the model is to choose the point of the trial of number ``index``."""
        n, n_objectives = history.values.shape
        if n_objectives > 1 and not self._recipe.models_objectives:
            return False
        n_startup_trials = self._n_startup_trials
        if trends is not None:
            # That a study has nothing to do with this one shows in a trial it had no say in.
            n_startup_trials = 2 if index == 1 else 1
        if n < n_startup_trials or not history.is_complete.any():
            return False
        # Where all is equal so far, a model knows no more than where it has not looked: it would
        # go from one corner to the next, and miss the part of the space that differs.
        is_told = trends is not None or not history.is_flat
        return is_told or self._chooser.branches(space, history) is not None

    def _point_by_design(
        self, space: SearchSpace, history: History, index: int, trends: Trends | None
    ) -> FloatArray:
        """The point (d,) of the trial of number ``index``, whatever the objectives' values."""
        success = self._model.success(space, history)
        visits = Visits(space, history.spent)
        n_objectives = len(history.is_maximized)
        starts = None if trends is None else self._transfer.starts(space, n_objectives)
        return startup_point(space, visits, self._seed, index, success, starts)

    def _learn_from_earlier(self, space: SearchSpace, n_objectives: int) -> Trends | None:
        """What earlier studies expect of a space's points, if they tell anything."""
        try:
            trends, complaints = self._transfer.trends(space, n_objectives)
        except Exception as error:
            trends = None
            complaints = [f"No prior study can be modelled ({type(error).__name__}: {error})."]
        for complaint in complaints:
            self._say(complaint)
        return trends


def _cost_function(
    cost_source: CostSource | None, space: SearchSpace, records: Sequence[Record]
) -> CostFunction | None:
    """From what a point chooses to what a trial there costs, if the user's function tells.

    It may ask for any parameter that the objective has, chosen here or not.
    """
    if cost_source is None or cost_source.function is None:
        return None
    function, beyond = cost_source.function, params_beyond(space, records)
    return (lambda params: function({**beyond, **params})) if beyond else function
