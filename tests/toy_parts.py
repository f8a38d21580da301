"""A part of the sampler that takes no time to try, and what was found of it."""

from __future__ import annotations

from dataclasses import replace
import functools
from typing import Any

from optuna.samplers import RandomSampler
from optuna.trial import Trial

from benchmarks.parts.entrants import random_search
from benchmarks.parts.incumbent import progress_of
from benchmarks.parts.records import Record
from benchmarks.parts.task import Entrant
from benchmarks.parts.task import Objective
from benchmarks.parts.task import Part
from benchmarks.parts.task import Task
from benchmarks.suite.references import Reference


SETS_CONSTRAINTS = hasattr(Trial, "set_constraint")
NEEDS_CONSTRAINTS = "Optuna 4 has no Trial.set_constraint"
ON = Entrant("on", lambda seed, task: RandomSampler(seed=seed + 100))


def _square(trial: Trial) -> float:
    return trial.suggest_float("x", -1.0, 1.0) ** 2


def toy_task(name: str, objective: Objective = _square, **changes: Any) -> Task:
    """Six trials of a square, or of something else."""
    task = Task(
        name=name,
        description="a square",
        is_dev=True,
        n_trials=6,
        checkpoints=(2, 6),
        objective=lambda seed: objective,
        progress=functools.partial(progress_of, reference=Reference(0.0, 0.5)),
    )
    return replace(task, **changes)


def toy_part() -> Part:
    """Three tasks: for development, for the report only, and with nothing to offer."""
    tasks = (
        toy_task("square"),
        toy_task("reported", is_dev=False),
        toy_task("idle", offers=False),
    )
    return Part("toy", "a toy", "trials", tasks, (ON, random_search()))


def toy_record(entrant: str, task: str, seed: int, regret: list[float], **changes: Any) -> Record:
    """A study whose every trial spends 1."""
    spent = tuple(float(n) for n in range(1, len(regret) + 1))
    record = Record("toy", task, entrant, seed, spent, tuple(regret), len(regret))
    return replace(record, **changes)
