"""The part that learns from parameters that not all trials have."""

from __future__ import annotations

from ..entrants import gp
from ..entrants import ours
from ..entrants import random_search
from ..entrants import tpe
from ..problems import conditional_spaces
from ..problems import live_pipelines
from ..scales import scaled_task
from ..task import Part


PART = Part(
    name="conditional",
    description="learning from parameters that only some trials have",
    unit="trials",
    tasks=(
        scaled_task("algorithm_choice", conditional_spaces.algorithm_choice, 60, is_dev=True),
        scaled_task("layers", conditional_spaces.layers, 60, is_dev=True),
        scaled_task("live_breast_cancer", live_pipelines.breast_cancer, 40, is_dev=True),
        scaled_task("plain_mixed", conditional_spaces.plain_mixed, 40, is_dev=True, offers=False),
        scaled_task("nested_choice", conditional_spaces.nested_choice, 60),
        scaled_task("optimizer_choice", conditional_spaces.optimizer_choice, 60),
        scaled_task("dozen_choices", conditional_spaces.dozen_choices, 60),
        scaled_task("two_dozen_choices", conditional_spaces.two_dozen_choices, 60),
        scaled_task("narrowing_layers", conditional_spaces.narrowing_layers, 40),
        scaled_task("warm_up", conditional_spaces.warm_up, 40),
        scaled_task("live_digits", live_pipelines.digits, 60),
        scaled_task("plain_rugged", conditional_spaces.plain_rugged, 40, offers=False),
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
