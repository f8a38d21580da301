"""The sampler with one ingredient of its recipe left out or replaced, as contenders.

``python -m benchmarks ablate`` runs them beside the sampler itself and says what each ingredient
is worth; ``run --samplers`` takes them too, all of them as ``ablations``.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
import importlib
import inspect
import math
from types import ModuleType
from typing import Any

import numpy as np
from optuna.samplers import BaseSampler

from .. import hub
from .contender import Contender
from .contender import Setup
from .random_start import RandomStart


PREFIX = "lattice_gp-"
_PACKAGE = "samplers/lattice_gp"
# Deviation of a prior that leaves a hyperparameter no choice.
_ALL_BUT_FIXED = 0.01


@dataclass(frozen=True)
class Variant:
    """What is different from the sampler as it is.

    Attributes:
        description: In words.
        changes: Makes the fields of the recipe that differ.
        arguments: Arguments of the sampler that differ.
        n_random: Completed trials with independent random values before the sampler is asked.
    """

    description: str
    changes: Callable[[], dict[str, Any]] = dict
    arguments: dict[str, Any] = field(default_factory=dict)
    n_random: int = 0

    def recipe(self) -> Any:
        """Its recipe.

        Raises:
            TypeError: If the recipe has no such ingredient any more.
        """
        return replace(_part("recipe").Recipe(), **self.changes())

    def differs(self) -> bool:
        """Whether it is another sampler than the default one, whose recipe may have moved on."""
        defaults = inspect.signature(hub.load_package(_PACKAGE).LatticeGPSampler).parameters
        has_other_arguments = any(
            defaults[name].default != value for name, value in self.arguments.items()
        )
        has_other_recipe: bool = self.recipe() != _part("recipe").Recipe()
        return has_other_recipe or has_other_arguments or self.n_random > 0

    def build(self, setup: Setup) -> BaseSampler:
        """Make the sampler."""
        sampler = build_ours(setup.seed, self.changes(), **self.arguments)
        return RandomStart(sampler, self.n_random, setup.seed) if self.n_random else sampler


def build_ours(seed: int, recipe_changes: Mapping[str, Any], **arguments: Any) -> BaseSampler:
    """Make our sampler with a recipe that differs from its own.

    Args:
        seed: Its seed.
        recipe_changes: Fields of its private recipe that differ.
        **arguments: Of the sampler.

    Raises:
        TypeError: If the recipe has no such field, or the sampler no such argument.
    """
    sampler: Any = hub.load_package(_PACKAGE).LatticeGPSampler(seed=seed, **arguments)
    # The recipe is no argument of the sampler: it has one default configuration for all problems.
    sampler._recipe = replace(_part("recipe").Recipe(), **recipe_changes)
    sampler._prepare()
    assert isinstance(sampler, BaseSampler)
    return sampler


def _part(module: str) -> ModuleType:
    return importlib.import_module(f"{hub.load_package(_PACKAGE).__name__}.{module}")


def _fit_normal_scores(
    inputs: Any,
    values: Any,
    correlation: Any,
    prior: Any,
    scalings: Any,
    extra_variances: Any = None,
    yardstick: Any = None,
) -> Any:
    """Fit the model to values whose power and scaling were chosen without it.

    Both are those by which the values themselves are most likely to be normal.
    """
    # Imported late: one variant needs it, and whatever names contenders imports this module.
    from scipy import stats

    scaling = _part("values.scaling")
    best, power, is_robust = -math.inf, 1.0, False
    for robust in scalings:
        scores, _, unit = scaling.scale(values, robust, yardstick)
        if np.unique(scores).size > 1:
            found = stats.yeojohnson_normmax(scores, brack=(-2.0, 2.0))
            height = stats.yeojohnson_llf(found, scores) - len(scores) * math.log(unit)
            if height > best:
                best, power, is_robust = height, float(np.clip(found, -3.0, 3.0)), robust
    fixed = replace(prior, power=(power, _ALL_BUT_FIXED))
    return _part("surrogates.likelihood").fit(
        inputs, values, correlation, fixed, (is_robust,), extra_variances, yardstick
    )


def _prior(**keywords: Any) -> Any:
    return _part("surrogates.hyperparameters").Prior(**keywords)


def _dimension_scaled_prior() -> Any:
    """Length scales that grow with the number of parameters.

    Hvarfner, Hellsten and Nardi, Vanilla Bayesian Optimization Performs Great in High Dimensions,
    ICML 2024: log-normal, of location sqrt(2) + log(d) / 2 and scale sqrt(3).
    """
    prior = _part("surrogates.hyperparameters").Prior

    def moments(self: Any, n_params: int) -> Any:
        means, deviations = prior.moments(self, n_params)
        means[:n_params] = math.sqrt(2.0) + 0.5 * math.log(n_params)
        deviations[:n_params] = math.sqrt(3.0)
        return means, deviations

    # Its base is known at run time only.
    return type("DimensionScaledPrior", (prior,), {"moments": moments})()


VARIANTS: dict[str, Variant] = {
    "no_transform": Variant(
        "values standardised, no power transform",
        lambda: {"scalings": (False,), "prior": _prior(power=(1.0, _ALL_BUT_FIXED))},
    ),
    "no_robust_scaling": Variant(
        "values scaled by their standard deviation only", lambda: {"scalings": (False,)}
    ),
    "normal_scores": Variant(
        "the power that makes the values look most normal, whatever the model says",
        lambda: {"fit": _fit_normal_scores},
    ),
    "smoother": Variant(
        "Matern-5/2 instead of Matern-3/2",
        lambda: {"correlation": _part("surrogates.kernels").MATERN52},
    ),
    "no_main_effects": Variant("no main effects", lambda: {"has_main_effects": False}),
    "luck": Variant(
        "improvement on the best value as it was measured", lambda: {"discounts_luck": False}
    ),
    "no_edges": Variant("no candidates at the edges", lambda: {"tries_edges": False}),
    "short_scales": Variant(
        "length scales shorter, N(-0.5, 0.7)",
        lambda: {"prior": _prior(length_scale=(-0.5, 0.7))},
    ),
    "long_scales": Variant(
        "length scales longer, the more parameters the longer, N(1.4 + log(d) / 2, 1.7)",
        lambda: {"prior": _dimension_scaled_prior()},
    ),
    "wide_prior": Variant(
        "length scales less certain, N(-0.2, 1.5)",
        lambda: {"prior": _prior(length_scale=(-0.2, 1.5))},
    ),
    "refit_always": Variant(
        "hyperparameters fitted at every trial", lambda: {"refit_growth": 0.0}
    ),
    "no_failures": Variant(
        "no notice of failed trials but not to repeat them", lambda: {"success_weight": 0.0}
    ),
    "no_local": Variant("no trust region", lambda: {"local_from": None}),
    "early_local": Variant("trust region from 20 results on", lambda: {"local_from": 20}),
    "full_model": Variant(
        "all observations in the model, whatever it costs",
        lambda: {"max_fitted": 10**6, "max_observed": 10**6},
    ),
    "startup_10": Variant(
        "ten start-up trials instead of four", arguments={"n_startup_trials": 10}
    ),
    "random_start": Variant("ten random start-up trials instead of four", n_random=10),
}


ABLATIONS: dict[str, Contender] = {
    PREFIX + name: Contender(
        PREFIX + name,
        f"ablation: {variant.description}",
        variant.build,
        package=_PACKAGE,
        stateless=True,
    )
    for name, variant in VARIANTS.items()
}
