"""Whether a trial has the values that its sampler suggested for it."""

from __future__ import annotations

import optuna


# User attribute of a trial: names of the parameters that have other values than were suggested.
REPLACED = "replaced_suggestions"


def replaced(trial: optuna.trial.Trial) -> list[str]:
    """Parameters whose suggestion Optuna had to replace, as it does without a word.

    A sampler suggests values for all parameters together. Optuna draws those anew, mostly at
    random, that are missing among them or lie outside of the space, such as between the steps of
    an int.

    Args:
        trial: A trial that has its parameters.
    """
    suggested = trial._relative_params
    if not suggested:
        # It suggests one parameter at a time, or has nothing to suggest yet.
        return []
    given = trial._cached_frozen_trial.system_attrs.get("fixed_params", {})
    missing = object()
    return [
        name
        for name in trial.relative_search_space or {}
        if name in trial.params
        and name not in given
        and suggested.get(name, missing) != trial.params[name]
    ]
