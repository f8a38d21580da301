"""From a history to the next point: fit the surrogate, maximise expected improvement."""

from __future__ import annotations

from collections import OrderedDict
import math

import numpy as np

from . import search
from .acquisition import log_expected_improvement
from .arrays import FloatArray
from .arrays import IntArray
from .candidates import everywhere
from .gp import Posterior
from .history import History
from .kernels import Inputs
from .likelihood import Fit
from .main_effects import main_effects
from .recipe import Recipe
from .space import SearchSpace
from .success import SuccessModel
from .trust_region import TrustRegion
from .visits import Visits


_CACHE_SIZE = 8


class Model:
    """The surrogate and how it is searched.

    Args:
        recipe: Its ingredients.
    """

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        # Fits by the data that they were made on; it saves time and nothing else.
        self._fits: OrderedDict[tuple[bytes, ...], Fit] = OrderedDict()

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
        is_local = self._is_local(len(history.values))
        fit = self._fit(inputs, history.values, is_local)
        chosen = self._choose(inputs, history.values, is_local, self._recipe.max_observed)
        values = fit.warp(history.values[chosen])
        posterior = Posterior(
            self._recipe.correlation, fit.hyperparameters, inputs[chosen], values
        )
        posterior, believed = posterior.with_pending(self._inputs(space, history.pending))
        # Pending points count as they are believed to turn out: whatever comes next must improve
        # on them too, or it would be proposed right beside them.
        incumbent = float(min([values.min(), *believed]))

        success = self.success(space, history)

        def acquisition(points: FloatArray) -> FloatArray:
            inputs = self._inputs(space, points)
            scores = log_expected_improvement(*posterior.predict(inputs), incumbent)
            if success is not None:
                scores += self._recipe.success_weight * success.log_probability(inputs.features)
            return scores

        visits = Visits(space, history.spent)
        best_points = history.points[np.argsort(history.values, kind="stable")]
        if is_local:
            scales = fit.hyperparameters.length_scales
            region = TrustRegion.around(space, best_points[0], history.values, scales)
            within = region.candidates(rng)
            return search.maximize(acquisition, space, visits, within, rng, region)
        candidates = everywhere(space, best_points, self._recipe.tries_edges, rng)
        return search.maximize(acquisition, space, visits, candidates, rng)

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

    def _is_local(self, n: int) -> bool:
        """Whether the trial after ``n`` is chosen near the incumbent."""
        local_from = self._recipe.local_from
        return local_from is not None and n >= local_from and n % 2 == 0

    def _inputs(self, space: SearchSpace, points: FloatArray) -> Inputs:
        features, params = space.features(points), space.feature_params
        if self._recipe.has_main_effects:
            return Inputs(features, params, main_effects(features, params))
        return Inputs(features, params, features[:, :0])

    def _fit(self, inputs: Inputs, values: FloatArray, is_local: bool) -> Fit:
        """What is most probable given the first observations, as many as the last refit had.

        It depends on the observations alone, not on which of them an earlier call has seen.
        """
        first = np.arange(_last_refit(len(values), self._recipe.refit_growth))
        inputs, values = inputs[first], values[first]
        chosen = self._choose(inputs, values, is_local, self._recipe.max_fitted)
        inputs, values = inputs[chosen], values[chosen]
        key = (values.tobytes(), inputs.features.tobytes(), inputs.feature_params.tobytes())
        if key not in self._fits:
            recipe = self._recipe
            self._fits[key] = recipe.fit(
                inputs, values, recipe.correlation, recipe.prior, recipe.scalings
            )
            if len(self._fits) > _CACHE_SIZE:
                self._fits.popitem(last=False)
        return self._fits[key]

    def _choose(self, inputs: Inputs, values: FloatArray, is_local: bool, limit: int) -> IntArray:
        """Indices (m,), ascending, of the observations that a model is to see, at most a limit."""
        if is_local:
            return _nearest(inputs, int(np.argmin(values)), self._recipe.max_nearby)
        return _spread(np.argsort(values, kind="stable"), limit)


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


def _nearest(inputs: Inputs, centre: int, limit: int) -> IntArray:
    """Indices (m,), ascending, of the observations nearest to the one of index ``centre``."""
    if len(inputs.features) <= limit:
        return np.arange(len(inputs.features))
    distances = ((inputs.features - inputs.features[centre]) ** 2).sum(axis=1)
    return np.sort(np.argsort(distances, kind="stable")[:limit])
