"""Who is compared: our sampler with a part or without it, and Optuna's samplers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
import importlib
from typing import Any

import optuna
from optuna.samplers import BaseSampler

from .. import hub
from .task import Entrant
from .task import Task


_PACKAGE = "samplers/lattice_gp"


def build_ours(seed: int, recipe_changes: Mapping[str, Any], **arguments: Any) -> BaseSampler:
    """Make our sampler with a recipe that differs from its own.

    Args:
        seed: Its seed.
        recipe_changes: Fields of its private recipe that differ.
        **arguments: Of the sampler.

    Raises:
        TypeError: If the recipe has no such field, or the sampler no such argument.
    """
    package = hub.load_package(_PACKAGE)
    sampler: Any = package.LatticeGPSampler(seed=seed, **arguments)
    recipe = importlib.import_module(f"{package.__name__}.recipe").Recipe()
    # The recipe is no argument of the sampler: it has one default configuration for all problems.
    sampler._recipe = replace(recipe, **recipe_changes)
    sampler._prepare()
    assert isinstance(sampler, BaseSampler)
    return sampler


def ours(name: str, recipe_changes: Mapping[str, Any], **arguments: Any) -> Entrant:
    """Our sampler with changes to its recipe; see :func:`build_ours`.

    Args:
        name: ``on``, or what the changes make of it.
        recipe_changes: Fields of the recipe that differ; empty for none.
        **arguments: Of the sampler.
    """

    def build(seed: int, task: Task) -> BaseSampler:
        return build_ours(seed, recipe_changes, **arguments)

    return Entrant(name, build)


def tpe(name: str = "tpe", **arguments: Any) -> Entrant:
    """Optuna's tree-structured Parzen estimator.

    Args:
        name: What to call it.
        **arguments: Of the sampler, such as ``group=True``.
    """

    def build(seed: int, task: Task) -> BaseSampler:
        return optuna.samplers.TPESampler(seed=seed, **arguments)

    return Entrant(name, build)


def gp(name: str = "gp", **arguments: Any) -> Entrant:
    """Optuna's Gaussian process sampler.

    Args:
        name: What to call it.
        **arguments: Of the sampler, such as ``deterministic_objective=True``.
    """

    def build(seed: int, task: Task) -> BaseSampler:
        return optuna.samplers.GPSampler(seed=seed, **arguments)

    return Entrant(name, build, requires=("torch",))


def nsga2(name: str = "nsga2", **arguments: Any) -> Entrant:
    """Optuna's NSGA-II.

    Args:
        name: What to call it.
        **arguments: Of the sampler, such as ``population_size=20``.
    """

    def build(seed: int, task: Task) -> BaseSampler:
        return optuna.samplers.NSGAIISampler(seed=seed, **arguments)

    return Entrant(name, build)


def random_search() -> Entrant:
    """Independent random values."""

    def build(seed: int, task: Task) -> BaseSampler:
        return optuna.samplers.RandomSampler(seed=seed)

    return Entrant("random", build)
