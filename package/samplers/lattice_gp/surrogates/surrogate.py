"""Models of what trials report, each value a Gaussian process of the parameters.

Each objective, each constraint and the cost is a column of values, with a model of its own on
those observations that tell it.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
import math

import numpy as np

from ..basics.arrays import FloatArray
from ..basics.arrays import IntArray
from ..recipe import Recipe
from ..space.search_space import SearchSpace
from ..trials.curves import estimate_finals
from ..values.scaling import Yardstick
from ..values.warp import WarpOnValues
from ..values.yardsticks import yardsticks
from .gp import Posterior
from .kernels import Inputs
from .likelihood import Fit
from .main_effects import main_effects
from .observations import Observations
from .trend_units import TrendUnits


_CACHE_SIZE = 32


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

    def mean(self, inputs: Inputs) -> FloatArray:
        """Mean (m,) of the scores at given points, for much less work than :meth:`predict`."""
        return self.posterior.mean(self.trend_units(inputs))

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
        """How many of ``n`` observations hyperparameters are fitted to: those of the last fit."""
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
        none = points[:, :0]
        effects = none
        if self._recipe.has_main_effects:
            coordinates = points[:, ~space.is_categorical]
            effects = main_effects(coordinates, space.choices(points), space.n_params)
        trends = none if trends is None else trends
        return Inputs(space.features(points), space.feature_params, effects, trends)

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
            is_plain: Whether the values are as they should be, so that they are only standardised.
            trends: Which of the inputs' trends the values may follow.
            yardstick: What to scale the values by robustly, if not by themselves.

        Raises:
            numpy.linalg.LinAlgError: If the model's covariance cannot be factorised.
        """
        recipe = self._recipe
        fit = self._fit(observations, values, is_plain, trends, yardstick)
        values, extra = _filled(observations, values)
        chosen = observations.choose(recipe.max_observed, recipe.max_nearby)
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
            n = len(values)  # pruned trials alone say nothing of where they would have ended
        observations = observations.until(n)
        values, extra = _filled(observations, values[:n])
        chosen = observations.choose(recipe.max_fitted, recipe.max_nearby)
        inputs, values = observations.inputs[chosen], values[chosen]
        inputs = TrendUnits.of(trends, inputs)(inputs)
        if extra is not None:
            extra = extra[chosen]
        key = (
            values.tobytes(),
            inputs.features.tobytes(),
            inputs.feature_params.tobytes(),
            inputs.effects.tobytes(),
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
