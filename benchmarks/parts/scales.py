"""Between which values a task's regret is measured: the best known and what is found at random.

For one objective 1 is the median of feasible random points and 0 the best feasible value known.
For several it is the same with hypervolumes: 1 is the median of what ten random trials dominate.

:mod:`~benchmarks.parts.compute_scales` computes them.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
import functools
import json
from pathlib import Path

from optuna.study import Study

from ..suite.references import Reference
from . import progress
from .incumbent import progress_of
from .task import Objective
from .task import Progress
from .task import Task


SCALES_FILE = Path(__file__).with_name("scales.json")


@dataclass(frozen=True)
class Scale:
    """Values of one task.

    Attributes:
        best: The lowest feasible value known; of several objectives, the largest hypervolume.
        at_random: The median over feasible random points; of several objectives, the median
            hypervolume of ten random trials.
        feasible: Share of random points that are feasible.
    """

    best: float
    at_random: float
    feasible: float = 1.0


@functools.cache
def load() -> dict[str, Scale]:
    """The committed scales, by name of the task."""
    stored = json.loads(SCALES_FILE.read_text(encoding="utf-8"))
    return {name: Scale(**entry) for name, entry in stored.items()}


def regret_of_value(name: str) -> Callable[[Study], Progress]:
    """Progress of a task of one objective, to be minimised, that has a scale."""

    def measure(study: Study) -> Progress:
        scale = load()[name]
        return progress_of(study, Reference(scale.best, scale.at_random))

    return measure


def regret_of_volume(name: str, end: Sequence[float]) -> Callable[[Study], Progress]:
    """Progress of a task of several objectives, to be minimised, that has a scale.

    Args:
        name: The task.
        end: The reference point of the hypervolume.
    """

    def measure(study: Study) -> Progress:
        scale = load()[name]
        measured = progress.dominated_volume(end, scale.best, scale.at_random)
        return measured(study)

    return measure


def scaled_task(
    name: str,
    objective: Objective,
    n_trials: int,
    *,
    is_dev: bool = False,
    offers: bool = True,
    constrained: bool = False,
    end: Sequence[float] | None = None,
) -> Task:
    """A task that has a scale, looked at after a quarter, half and all of its trials.

    Args:
        name: Of the task.
        objective: What Optuna optimises; the first line of its docstring describes the task.
        n_trials: Trials a study.
        is_dev: Whether the sampler may be developed on it.
        offers: Whether the part can help here.
        constrained: Whether the objective tells of constraints.
        end: The reference point of the hypervolume; None for one objective.
    """
    return Task(
        name=name,
        description=(objective.__doc__ or "").partition("\n")[0],
        is_dev=is_dev,
        n_trials=n_trials,
        checkpoints=(n_trials // 4, n_trials // 2, n_trials),
        objective=lambda seed: objective,
        progress=regret_of_value(name) if end is None else regret_of_volume(name, end),
        offers=offers,
        constrained=constrained,
        directions=("minimize",) * (1 if end is None else len(end)),
    )
