"""What a comparison of one part of the sampler is made of."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from typing import Any
from typing import NamedTuple

from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler
from optuna.study import Study
from optuna.trial import Trial

from ..arrays import FloatArray


Objective = Callable[[Trial], "float | Sequence[float]"]


class Progress(NamedTuple):
    """How far a study was after each of its finished trials.

    Attributes:
        spent: Array (n,), ascending: trials, training steps or seconds, whatever the part counts.
        regret: Array (n,), descending, from 1 (a random trial, or nothing yet) to 0 (the best that
            is known).
    """

    spent: FloatArray
    regret: FloatArray


@dataclass(frozen=True)
class Task:
    """A problem on which a part of the sampler has something to offer, or nothing.

    Attributes:
        name: Unique over all parts.
        description: One line.
        is_dev: Whether the sampler may be developed on it; others are only reported.
        offers: Whether the part can help here; False for tasks where it must do no harm.
        constrained: Whether the objective tells of constraints.
        n_trials: Trials a study.
        checkpoints: What of :attr:`Progress.spent` a table shows, ascending.
        objective: From a seed (of noise, say) to what Optuna optimises.
        progress: From a finished study to how far it was.
        directions: As of ``create_study``.
        pruner: Makes the study's pruner; None for none.
        n_workers: Trials that run at the same time, on a simulated clock.
        duration: Seconds that a finished trial took on that clock; None for one each.
        measures: What else to tell of a finished study, by what a table calls it.
        context: What samplers are built with besides a seed, such as earlier studies.
    """

    name: str
    description: str
    is_dev: bool
    n_trials: int
    checkpoints: tuple[float, ...]
    objective: Callable[[int], Objective]
    progress: Callable[[Study], Progress]
    offers: bool = True
    constrained: bool = False
    directions: tuple[str, ...] = ("minimize",)
    pruner: Callable[[], BasePruner] | None = None
    n_workers: int = 1
    duration: Callable[[Any], float] | None = None
    measures: Mapping[str, Callable[[Study], float]] = field(default_factory=dict)
    context: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Entrant:
    """A sampler as it takes part in a part's comparison.

    Attributes:
        name: ``on`` (ours with the part), ``off`` (ours without) or a peer's.
        build: From seed and task to a new sampler.
        requires: Modules that must be importable.
    """

    name: str
    build: Callable[[int, Task], BaseSampler]
    requires: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """One part of the sampler, its tasks and who is compared on them.

    Attributes:
        name: Of the part.
        description: One line.
        unit: What :attr:`Progress.spent` counts: ``trials``, ``steps`` or ``seconds``.
        tasks: Made for it.
        entrants: ``on`` first.
    """

    name: str
    description: str
    unit: str
    tasks: tuple[Task, ...]
    entrants: tuple[Entrant, ...]
