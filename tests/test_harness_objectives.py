"""What objectives and samplers do in the middle of a study: what it costs, and whom."""

from __future__ import annotations

from collections.abc import Callable
import math
from pathlib import Path
from typing import Any
import warnings

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial
from optuna.trial import Trial
from optuna.trial import TrialState
import pytest

from benchmarks import cli
from benchmarks.contenders.contender import Contender
from benchmarks.contenders.contender import Setup
from benchmarks.contenders.probe import cannot_work
from benchmarks.study.one_trial import run_trial
from benchmarks.study.reevaluation import reevaluate
from benchmarks.study.restoring import Plan
from benchmarks.study.simulation import simulate


_MODULE = """
from optuna.samplers import RandomSampler

def bowl(trial):
    return trial.suggest_float("x", -5.0, 5.0) ** 2

class Late(RandomSampler):
    def sample_independent(self, study, trial, *rest):
        if trial.number == 2:
            raise RuntimeError("the third is too much")
        return super().sample_independent(study, trial, *rest)
"""


class _Unprintable:
    def __float__(self) -> float:
        raise ZeroDivisionError

    def __repr__(self) -> str:
        raise ZeroDivisionError


class _Returning:
    """An objective of a trial that returns one thing after the other."""

    directions = [StudyDirection.MINIMIZE]
    search_space: dict[str, BaseDistribution] = {}

    def __init__(self, *returned: Any) -> None:
        self._returned = returned

    def __call__(self, trial: Trial) -> Any:
        trial.suggest_float("x", -1.0, 1.0)
        return self._returned[trial.number]


class _Function:
    """An objective of a trial."""

    directions = [StudyDirection.MINIMIZE]
    search_space: dict[str, BaseDistribution] = {}

    def __init__(self, function: Callable[[Trial], float]) -> None:
        self._function = function

    def __call__(self, trial: Trial) -> float:
        return self._function(trial)


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


class _Failing(optuna.samplers.RandomSampler):
    """Suggests one trial, and then raises or suggests what the space does not have."""

    def __init__(self, is_raising: bool) -> None:
        super().__init__(seed=0)
        self._is_raising = is_raising

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        if trial.number == 0:
            return super().sample_independent(study, trial, param_name, param_distribution)
        if self._is_raising:
            raise RuntimeError("no such choice")
        return "no such choice"


class _Choosing:
    """An objective of a trial that may swallow what is raised at it."""

    directions = [StudyDirection.MINIMIZE]
    search_space: dict[str, BaseDistribution] = {}

    def __init__(self, is_tolerant: bool = False) -> None:
        self._is_tolerant = is_tolerant

    def __call__(self, trial: Trial) -> float:
        try:
            return float(trial.suggest_categorical("x", [1, 2, 3]))
        except Exception:
            if self._is_tolerant:
                return 9.0
            raise


def _plan(sampler: optuna.samplers.BaseSampler) -> Plan:
    contender = Contender("mine", "", lambda setup: sampler)
    return Plan(contender, Setup(0, {}, 9), [StudyDirection.MINIMIZE])


@pytest.mark.parametrize("is_raising", [True, False])
@pytest.mark.parametrize("is_tolerant", [True, False])
def test_what_a_sampler_raises_at_an_objective_is_not_the_objectives(
    is_raising: bool, is_tolerant: bool
) -> None:
    study = _plan(_Failing(is_raising)).new_study()
    problem = _Choosing(is_tolerant)
    assert run_trial(study, problem, {}).state is TrialState.COMPLETE
    with pytest.raises((RuntimeError, ValueError), match="no such choice"):
        run_trial(study, problem, {})


def test_what_an_objective_raises_between_suggestions_is_its_own() -> None:
    def problem(trial: Trial) -> float:
        trial.suggest_float("x", 0.0, 1.0)
        return trial.suggest_float("y", 1.0, 0.0)

    study = _plan(optuna.samplers.RandomSampler(seed=0)).new_study()
    assert "ValueError" in run_trial(study, _Function(problem), {}).user_attrs["error"]


class _Speechless(Exception):
    def __str__(self) -> str:
        raise ZeroDivisionError


def test_an_error_whose_message_cannot_be_made_costs_what_others_cost() -> None:
    def raising(*_: Any) -> Any:
        raise _Speechless

    study = _plan(optuna.samplers.RandomSampler(seed=0)).new_study()
    assert "_Speechless" in run_trial(study, _Function(raising), {}).user_attrs["error"]
    contender = Contender("mine", "", raising)
    assert cannot_work(contender, Setup(0, {}, 9)).startswith("cannot be built: _Speechless: ")


@pytest.mark.slow
def test_a_sampler_that_raises_at_an_objective_fails_its_own_study(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "raising_" + tmp_path.name.replace("-", "_")
    (tmp_path / f"{name}.py").write_text(_MODULE, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    words = ["run", "--problems", f"{name}:bowl", "--samplers", f"random,{name}:Late"]
    sizes = ["--seeds", "1", "--trials", "4", "--jobs", "1", "--out", str(tmp_path / "out")]
    assert cli.main([*words, *sizes]) == 1
    said = capsys.readouterr().err
    assert "1 studies failed" in said and "seed-0: RuntimeError: the third is too much" in said


@pytest.mark.parametrize("way", ["new", "restored", "gone on", "on a clock"])
def test_objectives_that_report_and_prune_run_to_their_end(way: str) -> None:
    def problem(trial: Trial) -> float:
        trial.suggest_float("x", 0.0, 1.0)
        for step in range(3):
            # Worse from trial to trial: any pruner that compares trials would prune.
            trial.report(float(trial.number), step)
            if trial.should_prune():
                raise optuna.TrialPruned
        return float(trial.number)

    plan = _plan(optuna.samplers.RandomSampler(seed=0))
    if way == "on a clock":
        trials = list(simulate(plan, _Function(problem), [], 9, 2))
    else:
        study = plan.new_study()
        trials = [run_trial(study, _Function(problem), {}) for _ in range(6)]
        if way == "restored":
            study = _plan(optuna.samplers.RandomSampler(seed=0)).restore(trials)
        elif way == "gone on":
            study = plan.go_on(trials)
        trials += [run_trial(study, _Function(problem), {}) for _ in range(3)]
    assert [trial.values for trial in trials] == [[float(number)] for number in range(9)]


def test_a_trial_that_an_objective_prunes_by_itself_is_lost() -> None:
    def problem(trial: Trial) -> float:
        trial.report(1.0, 0)
        raise optuna.TrialPruned("too slow")

    study = _plan(optuna.samplers.RandomSampler(seed=0)).new_study()
    trial = run_trial(study, _Function(problem), {})
    assert trial.state is TrialState.FAIL
    assert trial.user_attrs["error"] == "TrialPruned: too slow"
