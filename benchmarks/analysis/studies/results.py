"""Stored studies, as they are read for a report."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
import math
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.storages import BaseStorage
from optuna.study import StudyDirection
from optuna.study._frozen import FrozenStudy
from optuna.trial import FrozenTrial

from ...contenders import grid
from ...contenders.attributes import FINISHED_SECONDS
from ...contenders.attributes import told_number
from ...contenders.registry import CONTENDERS
from ...problems.registry import PROBLEMS
from ...storage import opening
from ...storage import reading
from ...storage import store
from ...storage import study_spec
from ...storage.patience import patiently


@dataclass(frozen=True)
class Run:
    """One stored study.

    Attributes:
        problem: Name of the problem.
        sampler: Name of the contender.
        seed: Its seed.
        planned: Trials that it is to have.
        sign: 1 to minimise, -1 to maximise.
        settings: How it was run.
        trials: Its finished trials as they ended.
        peak_memory_mib: Most memory that its process held while it ran, in MiB; NaN if unknown.
        reevaluated: Values of its final incumbent, measured again with fresh seeds after the study
            had ended, signed as the problem has them; empty if that was not asked for.
    """

    problem: str
    sampler: str
    seed: int
    planned: int
    sign: int
    settings: dict[str, Any]
    trials: list[FrozenTrial]
    peak_memory_mib: float = math.nan
    reevaluated: tuple[float, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether it has all trials that it is to have."""
        return len(self.trials) >= self.planned

    @cached_property
    def is_exhausted(self) -> bool:
        """Whether its sampler has nothing left to suggest, as a grid: more trials would change
        nothing.

        Not so of a study that was merely to be shorter than others.
        """
        if not self.complete:
            return False
        # Also one with arguments.
        contender = CONTENDERS.get(self.sampler.partition("(")[0])
        if contender is not None and contender.limit is not None:
            space = self._space()
            return not space or contender.n_trials(self.planned + 1, space) <= self.planned
        # One by another name was planned with fewer trials than were asked for when it was begun,
        if self.planned < int(self.settings.get("trials", self.planned)):
            return True
        if contender is not None:
            return False
        # or, if it was begun with fewer and then extended, has tried its points by now.
        space = self._space()
        return bool(space) and grid.is_whole_grid(self.trials, space)

    def _space(self) -> dict[str, BaseDistribution]:
        return store.space_from_json(self.settings.get("space", {}))


def load_runs(storage: BaseStorage) -> list[Run]:
    """Read every study of the harness, in the order of the registries, then by seed.

    Raises:
        StorageLost: If the storage stays out of reach.
    """
    return patiently(lambda: _load_runs(storage))


def _load_runs(storage: BaseStorage) -> list[Run]:
    studies = {}
    for study in storage.get_all_studies():
        parsed = study_spec.parse_study_name(study.study_name)
        if parsed is not None and store.SETTINGS in study.user_attrs:
            studies[study._study_id] = (parsed, study)
    # All at once: a query for each study would take longer than the rest of a report.
    trials = reading.read_studies(storage, list(studies))
    runs = [
        _to_run(parsed, study, trials[study_id]) for study_id, (parsed, study) in studies.items()
    ]
    problems, contenders = _places(PROBLEMS), _places(CONTENDERS)
    return sorted(
        runs,
        key=lambda run: (
            # Those of no registry come last, by name.
            (problems.get(run.problem, len(problems)), run.problem),
            (contenders.get(run.sampler, len(contenders)), run.sampler),
            run.seed,
        ),
    )


def _to_run(parsed: tuple[str, str, int], study: FrozenStudy, trials: list[FrozenTrial]) -> Run:
    attrs = study.user_attrs
    finished = [trial for trial in trials if trial.state.is_finished()]
    # As they ended, where several ran at a time.
    finished.sort(key=lambda trial: (trial.user_attrs.get(FINISHED_SECONDS, 0.0), trial.number))
    settings = dict(attrs[store.SETTINGS])
    if "command" in settings:
        # Studies from before commands were stored without it may hold the storage's password.
        settings["command"] = opening.without_passwords(settings["command"])
    return Run(
        *_names(settings, parsed),
        planned=attrs.get(store.PLANNED, 0),
        sign=-1 if study.directions[0] is StudyDirection.MAXIMIZE else 1,
        settings=settings,
        trials=finished,
        peak_memory_mib=attrs.get(store.PEAK_MEMORY, math.nan),
        reevaluated=tuple(attrs.get(store.REEVALUATED, ())),
    )


def _names(settings: dict[str, Any], parsed: tuple[str, str, int]) -> tuple[str, str, int]:
    """Problem, sampler and seed: as recorded, since names may contain what separates them."""
    if "study" not in settings:
        return parsed
    study = settings["study"]
    return study["problem"], study["sampler"], study["seed"]


def _places(names: Iterable[str]) -> dict[str, int]:
    return {name: place for place, name in enumerate(names)}


def objective_seconds(trial: FrozenTrial) -> float:
    """Cost of a trial: what the objective says it is, else how long it took."""
    attrs = trial.user_attrs
    return told_number(attrs, "seconds", attrs.get("objective_seconds", np.nan), 0.0)


def has_value(trial: FrozenTrial) -> bool:
    """Whether a trial has a value to be compared: infinity, to which no mean or regret exists, is
    none."""
    return trial.values is not None and math.isfinite(trial.values[0])


def diverged(trial: FrozenTrial) -> bool:
    """Whether a trial gave nothing of use: the objective says so, or it has no finite value."""
    return bool(trial.user_attrs.get("diverged", False)) or not has_value(trial)
