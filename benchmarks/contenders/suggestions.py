"""Whether a trial has the values that its sampler suggested for it."""

from __future__ import annotations

from collections import Counter
from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING

import optuna


if TYPE_CHECKING:
    from ..analysis.results import Run


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


def replacement_notes(runs: Iterable[Run]) -> list[str]:
    """What a reader has to know of samplers whose suggestions were replaced, one line each."""
    n_trials: Counter[tuple[str, str]] = Counter()
    n_replaced: Counter[tuple[str, str]] = Counter()
    names: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for run in runs:
        pair = run.sampler, run.problem
        n_trials[pair] += len(run.trials)
        for trial in run.trials:
            lost = trial.user_attrs.get(REPLACED, [])
            n_replaced[pair] += bool(lost)
            names[pair].update(lost)
    return [
        f"{sampler} on {problem}: values of {', '.join(sorted(names[sampler, problem]))} are not "
        f"what it suggested in {n_lost} of {n_trials[sampler, problem]} trials (it suggested none, "
        "or one outside of the space, and Optuna drew another)"
        for (sampler, problem), n_lost in n_replaced.items()
        if n_lost
    ]
