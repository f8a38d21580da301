"""The part that learns from parameters that not all trials have."""

from __future__ import annotations

from . import conditional_spaces
from . import live_pipelines
from .entrants import gp
from .entrants import ours
from .entrants import random_search
from .entrants import tpe
from .scales import regret_of_value
from .task import Objective
from .task import Part
from .task import Task


def _task(
    name: str,
    objective: Objective,
    n_trials: int = 60,
    *,
    is_dev: bool = False,
    offers: bool = True,
) -> Task:
    return Task(
        name=name,
        description=(objective.__doc__ or "").partition("\n")[0],
        is_dev=is_dev,
        n_trials=n_trials,
        checkpoints=(n_trials // 4, n_trials // 2, n_trials),
        objective=lambda seed: objective,
        progress=regret_of_value(name),
        offers=offers,
    )


PART = Part(
    name="conditional",
    description="learning from parameters that only some trials have",
    unit="trials",
    tasks=(
        _task("algorithm_choice", conditional_spaces.algorithm_choice, is_dev=True),
        _task("layers", conditional_spaces.layers, is_dev=True),
        _task("live_breast_cancer", live_pipelines.breast_cancer, 40, is_dev=True),
        _task("plain_mixed", conditional_spaces.plain_mixed, 40, is_dev=True, offers=False),
        _task("nested_choice", conditional_spaces.nested_choice),
        _task("optimizer_choice", conditional_spaces.optimizer_choice),
        _task("dozen_choices", conditional_spaces.dozen_choices),
        _task("two_dozen_choices", conditional_spaces.two_dozen_choices),
        _task("narrowing_layers", conditional_spaces.narrowing_layers, 40),
        _task("warm_up", conditional_spaces.warm_up, 40),
        _task("live_digits", live_pipelines.digits),
        _task("plain_rugged", conditional_spaces.plain_rugged, 40, offers=False),
    ),
    entrants=(
        ours("on", {}),
        ours("off", {"models_conditions": False}),
        tpe("tpe_group", multivariate=True, group=True),
        tpe(),
        gp(),
        random_search(),
    ),
)
