"""Optuna's own samplers: their short names, and what is known of their classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from typing import TYPE_CHECKING

import optuna
from optuna.samplers import BaseSampler

from . import grid
from .factory import Factory
from .factory import make
from .known import Known


if TYPE_CHECKING:
    from .contender import Setup


_QUIET = (("warn_independent_sampling", False),)


def _make_grid(factory: Factory, arguments: Mapping[str, Any], setup: Setup) -> BaseSampler:
    levels = {name: grid.grid_levels(setup.space[name]) for name in setup.space}
    return grid.PlainGrid(levels, seed=setup.seed)


def _make_brute_force(factory: Factory, arguments: Mapping[str, Any], setup: Setup) -> BaseSampler:
    return make(grid.PlainBruteForce, arguments, setup)


# By the name of the class in `optuna.samplers`.
CLASSES: dict[str, Known] = {
    "RandomSampler": Known("independent random values"),
    "TPESampler": Known("Optuna's default, the tree-structured Parzen estimator"),
    "GPSampler": Known(
        "Optuna's Gaussian process sampler",
        requires=("torch",),
        install="pip install torch torchvision",
    ),
    "CmaEsSampler": Known(
        "Optuna's CMA-ES",
        requires=("cmaes",),
        install="pip install cmaes",
        libraries=("cmaes",),
        defaults=_QUIET,
    ),
    "QMCSampler": Known(
        "quasi-random points of Sobol's sequence",
        defaults=(*_QUIET, ("warn_asynchronous_seeding", False)),
    ),
    "NSGAIISampler": Known("Optuna's genetic algorithm NSGA-II, of 50 a generation"),
    "NSGAIIISampler": Known("Optuna's genetic algorithm NSGA-III, of 50 a generation"),
    "GridSampler": Known(
        "grid search in random order, 3 to 5 values a parameter",
        stateless=True,
        limit=grid.grid_size,
        make=_make_grid,
    ),
    "BruteForceSampler": Known(
        "every point of a finite space once, in random order",
        limit=grid.n_points,
        unfit=grid.why_not_finite,
        make=_make_brute_force,
    ),
}

# By their short names: the class, and what is known of it.
SHORT: dict[str, tuple[str, Known]] = {
    "tpe": ("TPESampler", CLASSES["TPESampler"]),
    "tpe_univariate": (
        "TPESampler",
        replace(
            CLASSES["TPESampler"],
            description="Optuna's default up to version 4: TPE of one parameter at a time",
            defaults=(("multivariate", False), ("constant_liar", False)),
        ),
    ),
    "random": ("RandomSampler", CLASSES["RandomSampler"]),
    "gp": ("GPSampler", CLASSES["GPSampler"]),
    "cmaes": ("CmaEsSampler", CLASSES["CmaEsSampler"]),
    "qmc": ("QMCSampler", CLASSES["QMCSampler"]),
    "nsgaii": ("NSGAIISampler", CLASSES["NSGAIISampler"]),
    "nsgaiii": ("NSGAIIISampler", CLASSES["NSGAIIISampler"]),
    "grid": ("GridSampler", CLASSES["GridSampler"]),
    "brute_force": ("BruteForceSampler", CLASSES["BruteForceSampler"]),
}


def known_class(factory: Factory) -> Known:
    """What is known of a class of Optuna's; of any other, nothing."""
    name = getattr(factory, "__name__", "")
    is_optunas = getattr(optuna.samplers, name, None) is factory
    return CLASSES.get(name, Known()) if is_optunas else Known()
