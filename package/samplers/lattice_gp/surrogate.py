"""Models of what trials report, each value a Gaussian process of the parameters.

An objective, and a constraint, is a column of values. All columns are modelled on the same
observations, in the same way.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from dataclasses import replace
import math

import numpy as np

from .arrays import FloatArray
from .arrays import IntArray
from .curves import Curve
from .curves import estimate_finals
from .gp import Posterior
from .kernels import Inputs
from .likelihood import Fit
from .main_effects import main_effects
from .recipe import Recipe
from .space import SearchSpace
from .transform import Yardstick
from .warp import WarpOnValues
from .yardsticks import yardsticks


_CACHE_SIZE = 32
# Up to this many observations a trend's coefficient has mean 1 and standard deviation 1, if both the
# trend and the scores have standard deviation 1 over the observed points. From there on both fade
# with the square of their number: what an earlier study knows better of the whole space, this one's
# own results soon know better where it matters.
_N_FULL_TREND = 5
# That of a trend over the observed points counts as no less than this, in units of its standard
# deviation over the space: chosen for its sake, they are all at its low end.
_LEAST_SPREAD = 0.5


@dataclass(frozen=True)
class Observations:
    """Where values were observed, and how much of it a model is to see.

    Attributes:
        inputs: The observed points, n of them, oldest first.
        order: Int array (n,): their indices, best first.
        is_local: Whether the model is one of the neighbourhood of the best.
        curves: The n learning curves, to be minimised; empty if no trial was pruned.
    """

    inputs: Inputs
    order: IntArray
    is_local: bool
    curves: tuple[Curve, ...] = ()

    def until(self, n: int) -> Observations:
        """The first ``n`` of them."""
        order = self.order[self.order < n]
        return Observations(self.inputs[np.arange(n)], order, self.is_local, self.curves[:n])

    def followed_by(self, inputs: Inputs) -> Observations:
        """These, which come before them in the order of merit too, and others without curves."""
        n = len(self.order)
        order = np.concatenate([self.order, np.arange(n, n + len(inputs.features))])
        return Observations(self.inputs.followed_by(inputs), order, self.is_local)

    def only(self, rows: IntArray) -> Observations:
        """Those of ascending indices (m,)."""
        places = np.full(len(self.order), -1)
        places[rows] = np.arange(len(rows))
        order = places[self.order]
        return Observations(self.inputs[rows], order[order >= 0], self.is_local)


@dataclass(frozen=True)
class TrendUnits:
    """Which trends a model has, and in what units.

    Attributes:
        columns: Of the inputs' trends.
        centres: Array (n_trends,): the mean of each over the observed points, whose scores have
            mean 0.
        sizes: Array (n_trends,): what becomes 1.
    """

    columns: slice
    centres: FloatArray
    sizes: FloatArray

    @classmethod
    def of(cls, columns: slice, inputs: Inputs) -> TrendUnits:
        """Those for given observed points."""
        if inputs.trends.shape[1] == 0:
            return _NO_TRENDS
        trends = inputs.trends[:, columns]
        n_trends = trends.shape[1]
        spreads = np.maximum(trends.std(axis=0), _LEAST_SPREAD)
        weight = min(1.0, _N_FULL_TREND / len(trends)) ** 2
        sizes = math.sqrt(max(n_trends, 1)) * spreads / weight
        return cls(columns, trends.mean(axis=0), sizes)

    def __call__(self, inputs: Inputs) -> Inputs:
        """Points with these trends only, in these units."""
        if inputs.trends.shape[1] == 0:
            return inputs
        trends = (inputs.trends[:, self.columns] - self.centres) / self.sizes
        return replace(inputs, trends=trends)


_NO_TRENDS = TrendUnits(slice(0), np.empty(0), np.empty(0))


@dataclass(frozen=True)
class Surrogate:
    """The model of one column of values.

    Attributes:
        fit: Its hyperparameters.
        posterior: The Gaussian process of the scores, given those observed.
        trend_units: Which trends it knows.
        warp: From values to scores and back.
        chosen: Int array (m,), ascending: the observations that it knows.
        counted: Array (m,): the scores that these count as where a point is to improve on them:
            what it expects there, noise aside, unless the recipe takes them as they were measured.
        believed: Array (p,): scores that it believes pending points to turn out at.
    """

    fit: Fit
    posterior: Posterior
    trend_units: TrendUnits
    warp: WarpOnValues
    chosen: IntArray
    counted: FloatArray
    believed: FloatArray

    def predict(self, inputs: Inputs) -> tuple[FloatArray, FloatArray]:
        """Mean and standard deviation (m,) of the scores at given points, without noise."""
        return self.posterior.predict(self.trend_units(inputs))


class Surrogates:
    """Makes surrogates, and remembers the fits.

    Args:
        recipe: The ingredients.
    """

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        # Fits by the data that they were made on; it saves time and nothing else.
        self._fits: OrderedDict[tuple[bytes, ...], Fit] = OrderedDict()

    def n_fitted(self, n: int) -> int:
        """How many of ``n`` observations hyperparameters are fitted to: those of the last refit."""
        return _last_refit(n, self._recipe.refit_growth)

    def yardsticks(
        self, values: FloatArray, constraints: FloatArray
    ) -> tuple[Yardstick | None, ...]:
        """What to scale objectives by that are modelled beside each other.

        Of the first observations, as many as hyperparameters are fitted to.

        Args:
            values: Array (n, k) of their values, without NaN if k is more than 1.
            constraints: Array (n, c) of the constraints' values.
        """
        n_fitted = self.n_fitted(len(values))
        return yardsticks(values[:n_fitted], constraints[:n_fitted])

    def inputs(
        self, space: SearchSpace, points: FloatArray, trends: FloatArray | None = None
    ) -> Inputs:
        """Points (n, d) as the surrogates see them, with the values (n, n_trends) of trends."""
        features, params = space.features(points), space.feature_params
        none = features[:, :0]
        effects = main_effects(features, params) if self._recipe.has_main_effects else none
        return Inputs(features, params, effects, none if trends is None else trends)

    def of(
        self,
        observations: Observations,
        values: FloatArray,
        pending: Inputs,
        *,
        is_plain: bool,
        trends: slice = slice(0),
        yardstick: Yardstick | None = None,
    ) -> Surrogate:
        """The model of a column of values.

        Args:
            observations: Where they were observed.
            values: Array (n,); NaN where a curve tells what it might have been.
            pending: Points being evaluated.
            is_plain: Whether to model the values as they are, without a power transform.
            trends: Which of the inputs' trends the values may follow.
            yardstick: What to scale the values by robustly, if not by themselves.

        Raises:
            numpy.linalg.LinAlgError: If the model's covariance cannot be factorised.
        """
        recipe = self._recipe
        fit = self._fit(observations, values, is_plain, trends, yardstick)
        values, extra = _filled(observations, values)
        chosen = self._choose(observations, recipe.max_observed)
        warp = fit.warp.on(values[chosen])
        inputs = observations.inputs[chosen]
        units = TrendUnits.of(trends, inputs)
        posterior = Posterior(
            recipe.correlation,
            fit.hyperparameters,
            units(inputs),
            warp.scores,
            None if extra is None else extra[chosen],
        )
        counted = posterior.smoothed() if recipe.discounts_luck else warp.scores
        posterior, believed = posterior.with_pending(units(pending))
        return Surrogate(fit, posterior, units, warp, chosen, counted, believed)

    def _fit(
        self,
        observations: Observations,
        values: FloatArray,
        is_plain: bool,
        trends: slice,
        yardstick: Yardstick | None,
    ) -> Fit:
        """What is most probable given the first observations, as many as the last refit had.

        It depends on the observations alone, not on which of them an earlier call has seen.
        """
        recipe = self._recipe
        n = self.n_fitted(len(values))
        if np.isnan(values[:n]).all():
            n = len(values)
        observations = observations.until(n)
        values, extra = _filled(observations, values[:n])
        chosen = self._choose(observations, recipe.max_fitted)
        inputs, values = observations.inputs[chosen], values[chosen]
        inputs = TrendUnits.of(trends, inputs)(inputs)
        if extra is not None:
            extra = extra[chosen]
        key = (
            values.tobytes(),
            inputs.features.tobytes(),
            inputs.feature_params.tobytes(),
            inputs.trends.tobytes(),
            bytes([is_plain]),
            b"" if extra is None else extra.tobytes(),
            b"" if yardstick is None else np.array(yardstick).tobytes(),
        )
        if key not in self._fits:
            prior = recipe.plain_prior if is_plain else recipe.prior
            scalings = (False,) if is_plain else recipe.scalings
            self._fits[key] = recipe.fit(
                inputs,
                values,
                recipe.correlation,
                prior,
                scalings,
                extra_variances=extra,
                yardstick=yardstick,
            )
            if len(self._fits) > _CACHE_SIZE:
                self._fits.popitem(last=False)
        return self._fits[key]

    def _choose(self, observations: Observations, limit: int) -> IntArray:
        """Indices (m,), ascending, of the observations that a model is to see, at most a limit."""
        if observations.is_local:
            centre = int(observations.order[0])
            return _nearest(observations.inputs, centre, self._recipe.max_nearby)
        return _spread(observations.order, limit)


def _filled(
    observations: Observations, values: FloatArray
) -> tuple[FloatArray, FloatArray | None]:
    """Values (n,) with estimates for NaN, and how much noisier they are; None if none is NaN."""
    if not observations.curves or not np.isnan(values).any():
        return values, None
    finals = estimate_finals(observations.curves, values)
    return finals.values, finals.noise


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
