"""Who is compared: our sampler with a part or without it, and Optuna's samplers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import optuna
from optuna.samplers import BaseSampler

from ..contenders.variants import build_ours
from .task import Entrant
from .task import Task


def ours(name: str, recipe_changes: Mapping[str, Any], **arguments: Any) -> Entrant:
    """Our sampler with changes to its recipe; see
    :func:`~benchmarks.contenders.variants.build_ours`.

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


def gp() -> Entrant:
    """Optuna's Gaussian process sampler."""

    def build(seed: int, task: Task) -> BaseSampler:
        return optuna.samplers.GPSampler(seed=seed)

    return Entrant("gp", build, requires=("torch",))


def botorch() -> Entrant:
    """BoTorch's Gaussian process, from optuna-integration, by its own choice of acquisition."""

    def build(seed: int, task: Task) -> BaseSampler:
        from optuna_integration import BoTorchSampler

        sampler: BaseSampler = BoTorchSampler(seed=seed)
        return sampler

    return Entrant("botorch", build, requires=("optuna_integration", "botorch"))


def nsga2(population_size: int) -> Entrant:
    """Optuna's NSGA-II.

    Args:
        population_size: Trials in a generation.
    """

    def build(seed: int, task: Task) -> BaseSampler:
        return optuna.samplers.NSGAIISampler(seed=seed, population_size=population_size)

    return Entrant("nsga2", build)


def random_search() -> Entrant:
    """Independent random values."""

    def build(seed: int, task: Task) -> BaseSampler:
        return optuna.samplers.RandomSampler(seed=seed)

    return Entrant("random", build)
