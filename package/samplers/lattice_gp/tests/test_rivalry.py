"""Workers that ask at the same time: what one sees of the others, and who gives way."""

from __future__ import annotations

from importlib import import_module
import os
from pathlib import Path
import subprocess
import sys
from typing import Any

import numpy as np
import optuna
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution
from optuna.trial import TrialState
import optunahub
import pytest


os.environ["OPTUNAHUB_NO_ANALYTICS"] = "1"
REGISTRY_ROOT = str(Path(__file__).parents[3])
lattice_gp = optunahub.load_local_module("samplers/lattice_gp", registry_root=REGISTRY_ROOT)
LatticeGPSampler = lattice_gp.LatticeGPSampler
rivalry = import_module(f"{lattice_gp.__name__}.trials.rivalry")
records = import_module(f"{lattice_gp.__name__}.trials.records")
SearchSpace = import_module(f"{lattice_gp.__name__}.space.search_space").SearchSpace

DISTRIBUTIONS = {"x": FloatDistribution(0.0, 1.0), "n": IntDistribution(0, 4)}
SPACE = SearchSpace(DISTRIBUTIONS)


def record(number: int, x: float, n: int = 0, is_evaluating: bool = False) -> Any:
    """Of a running trial that has suggested a point, or is evaluating it."""
    attributes: dict[str, Any] = {records.SUGGESTION_KEY: {"x": x, "n": float(n)}}
    trial = optuna.trial.create_trial(
        state=TrialState.RUNNING,
        params={"x": x, "n": n} if is_evaluating else {},
        distributions=DISTRIBUTIONS if is_evaluating else {},
        system_attrs=attributes,
    )
    trial.number = number
    (read,) = records.RecordReader().read([trial])
    return read


def near(x: float, known: list[Any], now: list[Any]) -> list[int]:
    point = np.array([x, 0.0])
    return [rival.number for rival in rivalry.near_rivals(SPACE, point, known, now)]


@pytest.mark.parametrize("is_evaluating", [False, True])
def test_rivals_are_those_nearby_that_were_not_known(is_evaluating: bool) -> None:
    here, moved = record(1, 0.5, 0, is_evaluating), record(1, 0.9, 0, is_evaluating)
    assert near(0.5, [], [here]) == [1]
    assert near(0.55, [], [here]) == [1]
    assert near(0.6, [], [here]) == []
    assert near(0.5, [here], [record(1, 0.5, 0, is_evaluating)]) == []
    assert near(0.5, [here], [moved]) == []
    assert near(0.5, [moved], [here]) == [1]
    assert near(0.5, [], [record(1, 0.5, 4, is_evaluating)]) == []


@pytest.mark.parametrize(
    ("rival", "gives_way"),
    [
        (record(3, 0.5), True),  # the lower number stays
        (record(7, 0.5, is_evaluating=True), True),  # so does what has begun
        (record(3, 0.9), False),
    ],
)
def test_who_gives_way(rival: Any, gives_way: bool) -> None:
    others, verdict = rivalry.look_around(lambda: [rival], SPACE, np.array([0.5, 0.0]), 5, [])
    assert others == [rival] and verdict is gives_way


@pytest.mark.parametrize(
    ("later", "gives_way"), [(record(7, 0.1), False), (record(7, 0.5, is_evaluating=True), True)]
)
def test_lower_number_waits_until_the_other_has_decided(later: Any, gives_way: bool) -> None:
    seen = iter([record(7, 0.5), record(7, 0.5), later])
    others, verdict = rivalry.look_around(lambda: [next(seen)], SPACE, np.array([0.5, 0.0]), 5, [])
    assert others == [later] and verdict is gives_way
    assert next(seen, None) is None


def test_other_that_never_decides_is_not_waited_for_for_ever() -> None:
    rival = record(7, 0.5)
    _, gives_way = rivalry.look_around(lambda: [rival], SPACE, np.array([0.5, 0.0]), 5, [])
    assert not gives_way


def test_suggestion_gives_way_to_one_that_appears_while_it_is_computed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two samplers, the second of which asks in the middle of the first one's suggestion."""

    def objective(trial: optuna.Trial) -> float:
        return trial.suggest_float("x", 0.0, 1.0) + trial.suggest_int("n", 0, 4)

    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    study.optimize(objective, n_trials=8)
    first, second = study.ask(), study.ask()
    other = optuna.load_study(
        study_name=study.study_name, storage=study._storage, sampler=LatticeGPSampler(seed=0)
    )
    beside = optuna.Trial(other, second._trial_id)
    advisor = import_module(f"{lattice_gp.__name__}.advisor").Advisor
    suggest, asked = advisor.suggest, []

    def suggest_and_be_overtaken(self: Any, *arguments: Any) -> Any:
        answer = suggest(self, *arguments)
        asked.append(answer[0])
        if len(asked) == 1:
            objective(beside)
        return answer

    monkeypatch.setattr(advisor, "suggest", suggest_and_be_overtaken)
    objective(first)
    # Mine, the other's (the same: both knew the same), and mine once more.
    assert len(asked) == 3
    assert np.linalg.norm(asked[1] - asked[0]) < 0.05 * np.sqrt(2)
    assert np.linalg.norm(asked[2] - asked[1]) > 0.03
    assert first.params != beside.params
    assert lattice_gp.prediction_of(study.trials[8]) is not None


@pytest.mark.slow
def test_processes_do_not_repeat_a_corner(tmp_path: Path) -> None:
    """Where the best is a corner of a continuous space, all would go to this very point."""
    # On a busy machine others hold the file for long, or take long to decide.
    storage = f"sqlite:///{tmp_path / 'study.db'}?timeout=600"
    optuna.create_study(storage=storage, study_name="study")
    script = (
        "import sys, optuna, optunahub\n"
        "root, storage = sys.argv[1:]\n"
        "module = optunahub.load_local_module('samplers/lattice_gp', registry_root=root)\n"
        "module.trials.rivalry._MAX_MOMENTS = 12_000\n"
        "def objective(trial):\n"
        "    large = trial.suggest_int('a', 0, 6) + 0.1 * trial.suggest_int('b', 0, 6)\n"
        "    return large + trial.suggest_float('rate', 1e-4, 1e-2, log=True)\n"
        "sampler = module.LatticeGPSampler(seed=0)\n"
        "study = optuna.load_study(storage=storage, study_name='study', sampler=sampler)\n"
        "study.optimize(objective, n_trials=10)\n"
    )
    workers = [
        subprocess.Popen([sys.executable, "-c", script, REGISTRY_ROOT, storage]) for _ in range(4)
    ]
    assert [process.wait() for process in workers] == [0, 0, 0, 0]
    study = optuna.load_study(storage=storage, study_name="study")
    assert len({tuple(trial.params.values()) for trial in study.trials}) == 40


def test_workers_that_begin_together_do_not_all_begin_at_the_centre() -> None:
    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    first, *others = [study.ask() for _ in range(4)]
    for name in ("x", "y", "z"):
        for trial in (*others, first):
            trial.suggest_float(name, 0.0, 1.0)
    assert set(first.params.values()) == {0.5}
    for trial in others:
        assert 0.5 not in trial.params.values()
    # Only one that has gone further shows that it lacks a parameter.
    first.suggest_float("last", 0.0, 1.0)
    assert others[0].suggest_float("conditional", 0.0, 1.0) == 0.5
