"""The catalogue of parts: what it holds, the scales of its tasks and its published problems."""

from __future__ import annotations

from dataclasses import replace
import math
import sys
from types import SimpleNamespace

import numpy as np
from optuna.trial import Trial
from optuna.trial import TrialState
import pytest

from benchmarks.parts import catalog
from benchmarks.parts import scales
from benchmarks.parts.compared import constraints
from benchmarks.parts.compared import objectives
from benchmarks.parts.entrants import random_search
from benchmarks.parts.progress import is_feasible
from benchmarks.parts.simulate import run_study
from benchmarks.parts.task import Part
from benchmarks.parts.task import Task
from benchmarks.parts.unit_trial import UnitSpace
from tests.toy_parts import NEEDS_CONSTRAINTS
from tests.toy_parts import SETS_CONSTRAINTS


def test_parts_are_well_formed() -> None:
    tasks = [task for part in catalog.PARTS.values() for task in part.tasks]
    assert len({task.name for task in tasks}) == len(tasks)
    for part in catalog.PARTS.values():
        assert part.entrants[0].name == "on"
        assert len({len(task.checkpoints) for task in part.tasks}) == 1
        helped = [task for task in part.tasks if task.offers]
        assert sum(task.is_dev for task in helped) >= 2
        assert sum(not task.is_dev for task in helped) >= 4
        assert any(not task.offers for task in part.tasks)
        for task in part.tasks:
            assert list(task.checkpoints) == sorted(task.checkpoints)
            assert task.description


_WITH_SCALE = [
    task
    for name in ("conditional", "constraints", "objectives")
    for task in catalog.PARTS[name].tasks
]


@pytest.mark.parametrize("task", _WITH_SCALE, ids=lambda task: task.name)
def test_scale_holds_for_random_points(task: Task) -> None:
    pytest.importorskip("sklearn")
    if task.constrained and not SETS_CONSTRAINTS:
        pytest.skip(NEEDS_CONSTRAINTS)
    scale = scales.load()[task.name]
    assert 0 < scale.feasible <= 1
    study, _ = run_study(replace(task, n_trials=12), random_search(), 0)
    assert all(trial.state == TrialState.COMPLETE for trial in study.trials)
    told = getattr(study.trials[0], "constraints", {})
    assert task.constrained is bool(told)
    progress = task.progress(study)
    assert len(progress.regret) == 12
    assert np.all(np.diff(progress.regret) <= 0)
    assert np.all((progress.regret > 0) & (progress.regret <= 1))
    if len(task.directions) == 1:
        assert scale.best < scale.at_random
        values = [trial.values[0] for trial in study.trials if is_feasible(trial)]
        assert scale.best < min(values, default=math.inf)
    else:
        assert scale.best > scale.at_random


@pytest.mark.parametrize("part", [constraints.PART, objectives.PART], ids=lambda part: part.name)
def test_botorch_is_built_with_the_seed_of_the_study(
    part: Part, monkeypatch: pytest.MonkeyPatch
) -> None:
    (botorch,) = (entrant for entrant in part.entrants if entrant.name == "botorch")
    assert botorch.requires == ("optuna_integration", "botorch")
    library = SimpleNamespace(BoTorchSampler=SimpleNamespace)
    monkeypatch.setitem(sys.modules, "optuna_integration", library)
    assert vars(botorch.build(7, part.tasks[0])) == {"seed": 7}


def test_scales_are_no_worse_than_the_literature() -> None:
    for name, published in constraints.PUBLISHED.items():
        assert scales.load()[name].best <= published
    for name, published in objectives.PUBLISHED.items():
        assert scales.load()[name].best == pytest.approx(published, rel=0.01)


def test_published_design_is_feasible() -> None:
    from benchmarks.parts.problems import engineering

    values, limits = engineering.welded_beam(0.205730, 3.470489, 9.036624, 0.205730)
    assert values[0] == pytest.approx(1.724852, rel=1e-4)
    assert max(limits.values()) < 1e-4
    values, limits = engineering.tension_spring(0.051689, 0.356718, 11.28897)
    assert values[0] == pytest.approx(0.012665, rel=1e-3)
    assert max(limits.values()) < 1e-3
    values, limits = engineering.pressure_vessel(0.8125, 0.4375, 42.0984, 176.6366)
    assert values[0] == pytest.approx(6059.714, rel=1e-4)
    assert max(limits.values()) < 1e-3
    values, limits = engineering.speed_reducer(3.5, 0.7, 17, 7.3, 7.71532, 3.35021, 5.28665)
    assert values[0] == pytest.approx(2994.4711, rel=1e-4)
    assert max(limits.values()) < 1e-4


def test_rocket_injector_is_the_published_one() -> None:
    """Values of RE3-4-7 as the code of Tanabe and Ishibuchi computes them."""
    from benchmarks.parts.problems import engineering

    at_ends = engineering.rocket_injector(1.0, 1.0, 1.0, 1.0)
    assert at_ends == pytest.approx([0.20514, 0.8774, 0.2838])
    inside = engineering.rocket_injector(0.2, 0.4, 0.6, 0.8)
    assert inside == pytest.approx([0.4403096, 0.594984, 0.896704])


def test_vector_is_a_point_of_a_conditional_space() -> None:
    def objective(trial: Trial) -> float:
        if trial.suggest_categorical("kind", ["a", "b"]) == "a":
            return trial.suggest_float("x", 0.0, 10.0)
        trial.set_constraint("c", 2.0)
        n = trial.suggest_int("n", 1, 100, log=True)
        return n + trial.suggest_float("step", 0.0, 0.3, step=0.1)

    space = UnitSpace(objective)
    assert space.n_dims == 4
    assert space.evaluate(np.full(4, 0.25)) == ([2.5], 0.0)
    (value,), violation = space.evaluate(np.full(4, 0.999))
    assert value == pytest.approx(100.3)
    assert violation == 2.0
