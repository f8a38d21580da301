"""The sampler with one ingredient of its recipe left out or replaced, as contenders.

``python -m benchmarks run --samplers lattice_gp,ablations ...`` runs them all, and ``compare`` says
what each ingredient is worth.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
import importlib
from types import ModuleType
from typing import Any

from optuna.samplers import BaseSampler

from . import hub
from .contender import Contender
from .contender import Setup


PREFIX = "lattice_gp-"
_PACKAGE = "samplers/lattice_gp"


def _part(module: str) -> ModuleType:
    return importlib.import_module(f"{hub.load_package(_PACKAGE).__name__}.{module}")


def _standardize(values: Any) -> Any:
    transform = _part("transform")
    return transform.standard_scores(transform.clip_to_finite(values))[0]


def _plain_yeo_johnson(values: Any) -> Any:
    transform = _part("transform")
    scores = _standardize(values)
    power = transform.fit_yeo_johnson(scores)[0]
    return transform.standard_scores(transform.yeo_johnson(scores, power))[0]


def _prior(**keywords: Any) -> Any:
    return _part("hyperparameters").Prior(**keywords)


# What each changes in the recipe, and in words.
_VARIANTS: dict[str, tuple[str, Callable[[], dict[str, Any]]]] = {
    "no_transform": (
        "values standardised, no power transform",
        lambda: {"transform": _standardize},
    ),
    "no_robust_scaling": (
        "Yeo-Johnson of standard scores only",
        lambda: {"transform": _plain_yeo_johnson},
    ),
    "no_main_effects": ("no main effects", lambda: {"has_main_effects": False}),
    "no_edges": ("no candidates at the edges", lambda: {"tries_edges": False}),
    "short_scales": (
        "length scales shorter, N(-0.5, 0.7)",
        lambda: {"prior": _prior(length_scale=(-0.5, 0.7))},
    ),
    "wide_prior": (
        "length scales less certain, N(-0.2, 1.5)",
        lambda: {"prior": _prior(length_scale=(-0.2, 1.5))},
    ),
    "refit_always": ("hyperparameters fitted at every trial", lambda: {"refit_growth": 0.0}),
    "no_local": ("no trust region", lambda: {"local_from": None}),
    "full_model": (
        "all observations in the model, whatever it costs",
        lambda: {"max_fitted": 10**6, "max_observed": 10**6},
    ),
}


def _build(name: str, setup: Setup) -> BaseSampler:
    sampler: BaseSampler = hub.load_package(_PACKAGE).LatticeGPSampler(seed=setup.seed)
    # The recipe is no argument of the sampler: it has one default configuration for all problems.
    ours: Any = sampler
    ours._recipe = replace(ours._recipe, **_VARIANTS[name][1]())
    ours._prepare()
    return sampler


def _build_random_start(setup: Setup) -> BaseSampler:
    sampler: BaseSampler = hub.load_package(_PACKAGE).LatticeGPSampler(
        seed=setup.seed, n_startup_trials=10
    )
    return sampler


def _contender(name: str, description: str, build: Callable[[Setup], BaseSampler]) -> Contender:
    return Contender(
        PREFIX + name, f"ablation: {description}", build, package=_PACKAGE, stateless=True
    )


def _variant(name: str) -> Contender:
    return _contender(name, _VARIANTS[name][0], lambda setup: _build(name, setup))


ABLATIONS: dict[str, Contender] = {
    contender.name: contender
    for contender in (
        *(_variant(name) for name in _VARIANTS),
        _contender("startup_10", "ten start-up trials instead of four", _build_random_start),
    )
}
