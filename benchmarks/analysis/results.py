"""Read stored studies into arrays."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
import math
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.storages import BaseStorage
from optuna.study import StudyDirection
from optuna.study._frozen import FrozenStudy
from optuna.trial import FrozenTrial

from ..arrays import FloatArray
from ..contenders import grid
from ..contenders.attributes import told_number
from ..contenders.registry import CONTENDERS
from ..problems.registry import PROBLEMS
from ..running.clock import FINISHED_SECONDS
from ..storage import bulk
from ..storage import opening
from ..storage import store
from ..storage import study_spec
from ..storage.patience import patiently
from . import statistics


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
        return bool(space) and _is_whole_grid(self.trials, space)

    def _space(self) -> dict[str, BaseDistribution]:
        return store.space_from_json(self.settings.get("space", {}))


def _is_whole_grid(trials: Sequence[FrozenTrial], space: Mapping[str, BaseDistribution]) -> bool:
    """Whether the trials are the points of the harness's grid, or of a finite space, each once."""
    named = dict(space)
    is_all = not grid.why_not_finite(named) and len(trials) == grid.n_points(named)
    if not is_all and len(trials) != grid.grid_size(named):
        return False
    if any(name not in trial.params for trial in trials for name in named):
        return False
    points = np.array(
        [[named[n].to_internal_repr(trial.params[n]) for n in named] for trial in trials]
    )
    if len(np.unique(points, axis=0)) < len(trials):
        return False
    return is_all or all(
        np.isclose(column[:, None], _levels(its), rtol=1e-9, atol=0.0).any(axis=1).all()
        for column, its in zip(points.T, named.values())
    )


def _levels(distribution: BaseDistribution) -> FloatArray:
    levels = grid.grid_levels(distribution)
    return np.array([distribution.to_internal_repr(level) for level in levels])


@dataclass(frozen=True)
class Sample:
    """All runs of one sampler on one problem, as arrays of shape (n_seeds, n_trials).

    NaN stands for what is missing: trials not run yet, values of trials that failed or were
    infinite.

    Attributes:
        sampler: Name of the contender.
        seeds: Seeds in ascending order, shape (n_seeds,).
        complete: Which seeds have spent the budget, the largest on the problem, or exhausted their
            grid; shape (n_seeds,).
        n_run: How many trials each seed has, shape (n_seeds,).
        losses: Values, signed so that lower is better.
        expected: Values without noise, likewise; NaN where the problem does not tell.
        costs: Seconds of the objective; of a table, the replayed ones.
        ask: Seconds of the sampler to suggest.
        tell: Seconds of the sampler to learn a value.
        clock: Seconds from the start of a seed to the end of each trial on a simulated clock; NaN
            without one.
        bad: 1 where a trial diverged or failed, else 0.
        measured_again: Mean of the values of each seed's final incumbent, measured again with fresh
            seeds, signed so that lower is better; NaN where that was not asked for; shape
            (n_seeds,).
    """

    sampler: str
    seeds: list[int]
    complete: list[bool]
    n_run: list[int]
    losses: FloatArray
    expected: FloatArray
    costs: FloatArray
    ask: FloatArray
    tell: FloatArray
    clock: FloatArray
    bad: FloatArray
    measured_again: FloatArray

    @property
    def filled(self) -> FloatArray:
        """Losses of the trials that were run, and best so far of a finished seed afterwards.

        A grid that is exhausted before the budget is spent keeps what it has found.
        """
        losses = self.losses.copy()
        for row, n_run in enumerate(self.n_run):
            if self.complete[row] and 0 < n_run < losses.shape[1]:
                losses[row, n_run:] = statistics.running_best(losses[row, :n_run])[-1]
        return losses

    @property
    def outcomes(self) -> FloatArray:
        """What each trial was worth: its value, without noise where the problem tells it."""
        return statistics.noise_free(self.losses, self.expected)

    @property
    def finished_at(self) -> FloatArray:
        """Seconds from the start of a seed to the end of each trial: objective and sampler.

        On a simulated clock, with several trials at a time, the objective only.
        """
        in_turn = np.cumsum(self.costs + self.ask + self.tell, axis=-1)
        return np.where(np.isnan(self.clock), in_turn, self.clock)

    def reached(self, n_trials: int) -> list[int]:
        """Rows of the seeds that have so many trials, or have ended before."""
        return [
            row for row, n in enumerate(self.n_run) if n and (n >= n_trials or self.complete[row])
        ]


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
    trials = bulk.read_studies(storage, list(studies))
    runs = [
        _to_run(parsed, study, trials[study_id]) for study_id, (parsed, study) in studies.items()
    ]
    order = (_places(PROBLEMS), _places(CONTENDERS))
    return sorted(
        runs,
        key=lambda run: (
            (order[0].get(run.problem, len(order[0])), run.problem),
            (order[1].get(run.sampler, len(order[1])), run.sampler),
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


def to_samples(runs: list[Run]) -> list[Sample]:
    """Gather the runs of one problem by sampler, in the order in which they come."""
    n_trials = max(max(run.planned, len(run.trials)) for run in runs)
    samplers = list(dict.fromkeys(run.sampler for run in runs))
    return [
        _to_sample(sampler, [run for run in runs if run.sampler == sampler], n_trials)
        for sampler in samplers
    ]


def _to_sample(sampler: str, runs: list[Run], n_trials: int) -> Sample:
    arrays = {
        name: np.full((len(runs), n_trials), np.nan)
        for name in ("losses", "expected", "costs", "ask", "tell", "clock", "bad")
    }
    for row, run in enumerate(runs):
        for column, trial in enumerate(run.trials):
            attrs = trial.user_attrs
            if trial.state is optuna.trial.TrialState.COMPLETE and has_value(trial):
                arrays["losses"][row, column] = run.sign * trial.values[0]
            arrays["expected"][row, column] = run.sign * told_number(
                attrs, "expected_loss", np.nan
            )
            arrays["costs"][row, column] = objective_seconds(trial)
            arrays["ask"][row, column] = attrs.get("ask_seconds", np.nan)
            arrays["tell"][row, column] = attrs.get("tell_seconds", np.nan)
            arrays["clock"][row, column] = attrs.get(FINISHED_SECONDS, np.nan)
            arrays["bad"][row, column] = diverged(trial)
    return Sample(
        sampler,
        [run.seed for run in runs],
        [run.complete and (len(run.trials) >= n_trials or run.is_exhausted) for run in runs],
        [len(run.trials) for run in runs],
        **arrays,
        measured_again=np.array(
            [run.sign * np.mean(run.reevaluated) if run.reevaluated else np.nan for run in runs]
        ),
    )
