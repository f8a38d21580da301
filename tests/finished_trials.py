"""Trials that have ended, and studies of them."""

from __future__ import annotations

from datetime import datetime
from datetime import timedelta
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.study import Study
from optuna.trial import create_trial
from optuna.trial import FrozenTrial
from optuna.trial import TrialState


_BEGIN = datetime(2000, 1, 1)


def finished(
    value: float | None,
    *,
    state: TrialState = TrialState.COMPLETE,
    params: dict[str, Any] | None = None,
    distributions: dict[str, BaseDistribution] | None = None,
    attrs: dict[str, Any] | None = None,
    steps: dict[int, float] | None = None,
    start: float = 0.0,
    end: float = 1.0,
) -> FrozenTrial:
    """A trial that began and ended at these seconds, and reported these values by step."""
    trial = create_trial(
        value=value,
        state=state,
        params=params or {},
        distributions=distributions or {},
        user_attrs=attrs or {},
        intermediate_values=steps or {},
    )
    trial.datetime_start = _BEGIN + timedelta(seconds=start)
    trial.datetime_complete = _BEGIN + timedelta(seconds=end)
    return trial


def study_of(*trials: FrozenTrial) -> Study:
    """A study that holds these trials, numbered in their order."""
    study = optuna.create_study()
    study.add_trials(trials)
    return study
