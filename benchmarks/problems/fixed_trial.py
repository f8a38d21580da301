"""A trial whose parameters are given, for objectives that take a trial."""

from __future__ import annotations

from typing import Any

import optuna
from optuna.trial import Trial


def fixed_trial(params: dict[str, Any]) -> Trial:
    """A trial that suggests these parameters; a real one, as ``FixedTrial`` of Optuna is not.

    Args:
        params: Values by name. Parameters that are not among them are random.
    """
    # The sampler is not asked for what is enqueued, but creating the default one takes time.
    study = optuna.create_study(
        sampler=optuna.samplers.RandomSampler(seed=0), pruner=optuna.pruners.NopPruner()
    )
    study.enqueue_trial(params)
    return study.ask()
