"""From a history to the next point: fit the surrogate, maximise expected improvement."""

from __future__ import annotations

from collections import OrderedDict
import math

import numpy as np

from . import likelihood
from . import search
from .acquisition import log_expected_improvement
from .arrays import FloatArray
from .arrays import IntArray
from .gp import Posterior
from .history import History
from .hyperparameters import Hyperparameters
from .kernels import Inputs
from .main_effects import main_effects
from .recipe import Recipe
from .space import SearchSpace
from .visits import Visits


_CACHE_SIZE = 8


class Model:
    """The surrogate and how it is searched.

    Args:
        recipe: Its ingredients.
    """

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        # Hyperparameters by the data that they were fitted on; it saves time and nothing else.
        self._fits: OrderedDict[tuple[bytes, ...], Hyperparameters] = OrderedDict()

    def suggest(
        self, space: SearchSpace, history: History, rng: np.random.Generator
    ) -> FloatArray:
        """Choose the point of largest expected improvement among those that may be proposed.

        Args:
            space: The search space.
            history: At least one completed trial.
            rng: Source of randomness: where to look for the maximum.

        Returns:
            A point (d,) that was visited no more often than any other.

        Raises:
            numpy.linalg.LinAlgError: If the model's covariance cannot be factorised.
        """
        inputs = self._inputs(space, history.points)
        hyperparameters = self._fit(inputs, history.values)
        values = self._recipe.transform(history.values)
        order = np.argsort(values, kind="stable")
        chosen = _spread(order, self._recipe.max_observed)
        posterior = Posterior(hyperparameters, inputs[chosen], values[chosen])
        posterior, believed = posterior.with_pending(self._inputs(space, history.pending))
        # Pending points count as they are believed to turn out: whatever comes next must improve
        # on them too, or it would be proposed right beside them.
        incumbent = float(min([values[order[0]], *believed]))

        def acquisition(points: FloatArray) -> FloatArray:
            predicted = posterior.predict(self._inputs(space, points))
            return log_expected_improvement(*predicted, incumbent)

        visits = Visits(space, history.spent)
        best = history.points[order]
        return search.maximize(acquisition, space, visits, best, rng, self._recipe.tries_edges)

    def _inputs(self, space: SearchSpace, points: FloatArray) -> Inputs:
        features, params = space.features(points), space.feature_params
        if self._recipe.has_main_effects:
            return Inputs(features, params, main_effects(features, params))
        return Inputs(features, params, features[:, :0])

    def _fit(self, inputs: Inputs, values: FloatArray) -> Hyperparameters:
        """Hyperparameters from the first observations, as many as the last refit had.

        They depend on the observations alone, not on which of them an earlier call has seen.
        """
        first = np.arange(_last_refit(len(values), self._recipe.refit_growth))
        inputs, values = inputs[first], values[first]
        key = (values.tobytes(), inputs.features.tobytes(), inputs.feature_params.tobytes())
        if key not in self._fits:
            values = self._recipe.transform(values)
            chosen = _spread(np.argsort(values, kind="stable"), self._recipe.max_fitted)
            found = likelihood.fit(inputs[chosen], values[chosen], self._recipe.prior)
            self._fits[key] = found
            if len(self._fits) > _CACHE_SIZE:
                self._fits.popitem(last=False)
        return self._fits[key]


def _last_refit(n: int, growth: float) -> int:
    """How many of n observations there were at the last refit: 1, 2, .. and then geometrically."""
    last = 1
    while (following := max(last + 1, math.ceil(last * (1.0 + growth)))) <= n:
        last = following
    return last


def _spread(order: IntArray, limit: int) -> IntArray:
    """Which observations the model sees: all, or the best ones and an even share of the others.

    Args:
        order: Int array (n,): indices of the observations, best first.
        limit: How many it sees at most.

    Returns:
        Int array (m,) of indices, ascending.
    """
    if len(order) <= limit:
        return np.sort(order)
    n_best = limit // 2
    others = np.linspace(n_best, len(order) - 1, limit - n_best).astype(int)
    return np.sort(np.concatenate([order[:n_best], order[others]]))
