"""Values that samplers did not suggest, in words."""

from __future__ import annotations

from collections import Counter
from collections import defaultdict
from collections.abc import Iterable

from ...contenders.suggestions import REPLACED
from .results import Run


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
