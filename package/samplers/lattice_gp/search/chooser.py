"""From what is believed to the next point: maximise the acquisition function."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..acquisition.model import Model
from ..acquisition.model import View
from ..basics.arrays import FloatArray
from ..earlier.transfer import Trends
from ..predictions.prediction import Expectation
from ..recipe import Recipe
from ..space.search_space import SearchSpace
from ..trials.cost_source import CostFunction
from ..trials.history import History
from .branches import UntriedBranches
from .candidates import everywhere
from .maximize import maximize
from .maximize import Region
from .trust_region import TrustRegion
from .visits import Visits


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


class Chooser:
    """Chooses points by a model.

    Args:
        recipe: Where to look for them.
        model: What to go by.
    """

    def __init__(self, recipe: Recipe, model: Model) -> None:
        self._recipe = recipe
        self._model = model

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
            A point that is open, as of :func:`maximize`, and what it was chosen by.

        Raises:
            CostError: If the function of the costs fails.
            numpy.linalg.LinAlgError: If a model's covariance cannot be factorised.
        """
        n, n_objectives = history.values.shape
        # Near the incumbent is nothing that has other fixed values.
        is_local = n_objectives == 1 and not space.is_part and self._is_local(n)
        view = self._model.view(space, history, cost_function, trends, is_local=is_local)
        visits = Visits(space, history.spent)
        region = _trust_region(space, history, view) if is_local else None
        candidates, confined = self._candidates(space, history, view, visits, region, rng)
        point = maximize(view.acquisition, space, visits, candidates, rng, confined)
        return Suggestion(point, view)

    def branches(self, space: SearchSpace, history: History) -> UntriedBranches | None:
        """Where the next trial is to be because no trial was: every second time.

        Args:
            space: The search space.
            history: Of any length.
        """
        if not self._recipe.tries_branches or len(history.values) % 2:
            return None
        visited = np.concatenate([history.points, history.pending, history.failed, history.pruned])
        return UntriedBranches.of(space, visited)

    def _candidates(
        self,
        space: SearchSpace,
        history: History,
        view: View,
        visits: Visits,
        region: TrustRegion | None,
        rng: np.random.Generator,
    ) -> tuple[FloatArray, Region | None]:
        """Points (m, d) to begin a search with, and the region that it must not leave, if any."""
        confined: Region | None = region
        if region is not None:
            candidates = region.candidates(rng)
            if not space.is_enumerable and not visits.is_open(candidates).any():
                confined = None  # nothing is left in it, as in a small conditional lattice
        if confined is None:
            best_points = history.points[view.order]
            candidates = everywhere(space, best_points, self._recipe.tries_edges, rng)
        branches = self.branches(space, history)
        if branches is not None:
            moved = branches.candidates(candidates, rng)
            if len(moved) > 0:
                return moved, branches
        return candidates, confined

    def _is_local(self, n: int) -> bool:
        """Whether the trial after ``n`` is chosen near the incumbent."""
        local_from = self._recipe.local_from
        return local_from is not None and n >= local_from and n % 2 == 0


def _trust_region(space: SearchSpace, history: History, view: View) -> TrustRegion:
    """The neighbourhood of the incumbent."""
    incumbent = int(view.order[0])
    n_without = len(view.order) - 1 - incumbent
    scales = view.beliefs.objectives[0].fit.hyperparameters.length_scales
    return TrustRegion.around(space, history.points[incumbent], n_without, scales)
