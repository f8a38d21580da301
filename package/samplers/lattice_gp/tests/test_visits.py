"""No point is suggested twice while others are left, whoever else suggests at the same time."""

from __future__ import annotations

from collections.abc import Callable
import os
from pathlib import Path
import subprocess
import sys

import optuna
import optunahub
import pytest


os.environ["OPTUNAHUB_NO_ANALYTICS"] = "1"
REGISTRY_ROOT = str(Path(__file__).parents[3])
lattice_gp = optunahub.load_local_module("samplers/lattice_gp", registry_root=REGISTRY_ROOT)
LatticeGPSampler = lattice_gp.LatticeGPSampler
Objective = Callable[[optuna.Trial], float]


@pytest.mark.slow
def test_visits_every_lattice_point_before_any_twice(small_lattice: Objective) -> None:
    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    study.optimize(small_lattice, n_trials=3 * 24)
    points = [tuple(sorted(t.params.items())) for t in study.trials]
    for start in (0, 24, 48):
        assert len(set(points[start : start + 24])) == 24


def test_lattice_points_stay_distinct_when_trials_fail_or_are_pruned(
    small_lattice: Objective,
) -> None:
    def objective(trial: optuna.Trial) -> float:
        value = small_lattice(trial)
        if trial.number % 3 == 1:
            raise optuna.TrialPruned
        if trial.number % 3 == 2:
            raise RuntimeError("out of memory")
        return value

    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    study.optimize(objective, n_trials=24, catch=RuntimeError)
    assert len({tuple(sorted(t.params.items())) for t in study.trials}) == 24


def test_batches_of_running_trials_are_distinct() -> None:
    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    distributions: dict[str, optuna.distributions.BaseDistribution] = {
        "x": optuna.distributions.IntDistribution(0, 5),
        "y": optuna.distributions.IntDistribution(0, 3),
    }
    for _ in range(3):
        batch = [study.ask(distributions) for _ in range(8)]
        for trial in batch:
            study.tell(trial, trial.params["x"] - trial.params["y"])
    assert len({tuple(t.params.values()) for t in study.trials}) == 24


def test_threads_do_not_repeat_lattice_points(small_lattice: Objective) -> None:
    """Also while the parameters of the other threads' trials are not stored yet."""
    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    study.optimize(small_lattice, n_trials=1)
    study.optimize(small_lattice, n_trials=20, n_jobs=2)
    assert len({tuple(sorted(t.params.items())) for t in study.trials}) == 21


@pytest.mark.slow
def test_processes_do_not_repeat_lattice_points(tmp_path: Path) -> None:
    """Each looks at the others' suggestions before and after it makes its own."""
    # On a busy machine others hold the file for long.
    storage = f"sqlite:///{tmp_path / 'study.db'}?timeout=600"
    study = optuna.create_study(storage=storage, study_name="study")
    study.optimize(lambda t: t.suggest_int("x", 0, 4) + t.suggest_int("y", 0, 4), n_trials=1)
    script = (
        "import random, sys, time, optuna, optunahub\n"
        "root, storage = sys.argv[1:]\n"
        "module = optunahub.load_local_module('samplers/lattice_gp', registry_root=root)\n"
        "def objective(trial):\n"
        "    value = trial.suggest_int('x', 0, 4) + trial.suggest_int('y', 0, 4)\n"
        "    time.sleep(0.1 * random.random())\n"
        "    return value\n"
        "sampler = module.LatticeGPSampler(seed=0)\n"
        "study = optuna.load_study(storage=storage, study_name='study', sampler=sampler)\n"
        "study.optimize(objective, n_trials=8)\n"
    )
    workers = [
        subprocess.Popen([sys.executable, "-c", script, REGISTRY_ROOT, storage]) for _ in range(3)
    ]
    assert [process.wait() for process in workers] == [0, 0, 0]
    assert len({(t.params["x"], t.params["y"]) for t in study.trials}) == 25


def test_suggestion_is_shared_before_the_parameters_are(small_lattice: Objective) -> None:
    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    study.optimize(small_lattice, n_trials=6)
    trial = study.ask()
    first = trial.suggest_int("x", 0, 3)  # y and c are decided, but not among the parameters
    shared = study.trials[-1].system_attrs["lattice_gp:suggestion"]
    assert shared["x"] == first and set(shared) == {"x", "y", "c"}


def test_enqueued_trials_count(small_lattice: Objective) -> None:
    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    study.enqueue_trial({"x": 2, "y": 0.5, "c": "b"})
    study.enqueue_trial({"x": 1})
    study.optimize(small_lattice, n_trials=24)
    assert study.trials[0].params == {"x": 2, "y": 0.5, "c": "b"}
    assert study.trials[1].params["x"] == 1
    points = [tuple(sorted(t.params.items())) for t in study.trials]
    assert len(set(points)) == 24


def test_hyperband_brackets_do_not_repeat_each_other() -> None:
    def objective(trial: optuna.Trial) -> float:
        value = trial.suggest_float("x", -1, 1) ** 2 + trial.suggest_float("y", -1, 1) ** 2
        trial.report(value, 1)
        return value

    study = optuna.create_study(
        study_name="hyperband",
        sampler=LatticeGPSampler(seed=0),
        pruner=optuna.pruners.HyperbandPruner(1, 9, 3),
    )
    study.optimize(objective, n_trials=20)
    assert len({tuple(t.params.values()) for t in study.trials}) == 20
    assert all("lattice_gp:worker" in t.system_attrs for t in study.trials) or (
        sys.platform != "linux"
    )


def test_choices_that_compare_equal_are_one() -> None:
    def objective(trial: optuna.Trial) -> float:
        choice = trial.suggest_categorical("c", [1, True, "x", 1.0])
        return trial.suggest_int("i", 0, 5) + (choice == "x")

    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    study.optimize(objective, n_trials=12)
    assert len({tuple(sorted(map(str, t.params.items()))) for t in study.trials}) == 12
    alone = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    alone.optimize(lambda t: float(t.suggest_categorical("c", [1, True])), n_trials=8)


@pytest.mark.slow
def test_shared_choice_of_a_conditional_space_may_be_exploited() -> None:
    """It is not the whole point: visiting each choice equally often would be no search."""

    def objective(trial: optuna.Trial) -> float:
        kind = trial.suggest_categorical("kind", list("abcdefgh"))
        return (0 if kind == "c" else 10) + trial.suggest_float(f"x_{kind}", 0, 1)

    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    study.optimize(objective, n_trials=60)
    assert sum(trial.params["kind"] == "c" for trial in study.trials) > 20
