"""Points that every sampler of a comparison begins with."""

from __future__ import annotations

from typing import Any

import optuna

from ..suite.space import Space


def draw_start_points(space: Space, seed: int, n_points: int) -> list[dict[str, Any]]:
    """Independent random points, the same for all samplers of a seed.

    Args:
        space: The search space, with one parameter or more.
        seed: Seed of the study, 0 or more.
        n_points: How many, 0 or more; more only add to fewer.
    """
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    return [study.ask(fixed_distributions=space).params for _ in range(n_points)]
