"""What objectives and samplers do in the middle of a study: what it costs, and whom."""

from __future__ import annotations

import math
from typing import Any
import warnings

import numpy as np
import optuna
from optuna.study import StudyDirection
from optuna.trial import Trial
from optuna.trial import TrialState
import pytest

from benchmarks.running.one_trial import run_trial
from benchmarks.running.reevaluation import reevaluate


class _Unprintable:
    def __float__(self) -> float:
        raise ZeroDivisionError

    def __repr__(self) -> str:
        raise ZeroDivisionError


class _Returning:
    """An objective of a trial that returns one thing after the other."""

    directions = [StudyDirection.MINIMIZE]
    search_space: dict[str, optuna.distributions.BaseDistribution] = {}

    def __init__(self, *returned: Any) -> None:
        self._returned = returned

    def __call__(self, trial: Trial) -> Any:
        trial.suggest_float("x", -1.0, 1.0)
        return self._returned[trial.number]


@pytest.mark.parametrize(
    "value",
    ["1", ["1"], b"1", 10**400, 10**5000, None, {}, "low", math.nan, [1.0, 2.0], 1j]
    + [_Unprintable()],
    ids=lambda value: type(value).__name__,
)
def test_what_is_not_one_number_costs_one_trial(value: Any) -> None:
    problem = _Returning(value, 2.0)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        lost, fine = (run_trial(study, problem, {}) for _ in range(2))
    assert lost.state is TrialState.FAIL
    assert lost.user_attrs["error"].startswith("the objective returned ")
    assert fine.values == [2.0]
    assert reevaluate([fine], StudyDirection.MINIMIZE, lambda _: problem, 0, range(1)) == [
        math.inf
    ]


@pytest.mark.parametrize("value", [1, True, [1.0], (1,), np.float32(1), np.array(1.0)])
def test_what_is_one_number_is_kept(value: Any) -> None:
    problem = _Returning(value)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    finished = run_trial(study, problem, {})
    assert finished.values == [1.0]
    assert reevaluate([finished], StudyDirection.MINIMIZE, lambda _: problem, 0, range(1)) == [1.0]
