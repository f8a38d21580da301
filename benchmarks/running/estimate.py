"""What a run would do, and about how long it would take: ``run --dry-run``."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
import math
from pathlib import Path
import time
from typing import TYPE_CHECKING

import numpy as np
import optuna
from optuna.storages import BaseStorage
from rich.console import Console

from ..analysis.curves import curve_files
from ..folders import check_place
from ..problems.registry import get_problem
from ..storage import opening
from ..storage import store
from ..storage.study_spec import StudySpec
from ..study.machine import available_cores
from ..study.one_trial import run_trial
from ..study.one_trial import unpruned_study
from ..tables import format_seconds
from ..tables import Table
from ..tables import to_rich


if TYPE_CHECKING:
    from .campaign import Campaign


# Where the time that samplers take has been measured.
_REFERENCE = Path(__file__).parent.parent / "reference"
# Trials that are evaluated of a problem to see how long they take, and for how long at most.
_N_TRIED = 5
_TRIED_SECONDS = 5.0


@dataclass(frozen=True)
class Todo:
    """What is left of one study.

    Attributes:
        spec: The study.
        n_left: Trials that it lacks.
    """

    spec: StudySpec
    n_left: int


@dataclass(frozen=True)
class Remaining:
    """What is left of the studies of one sampler on one problem.

    Attributes:
        problem: Name of the problem.
        sampler: Name of the sampler.
        n_left: Trials that each study lacks.
        seconds: How long these take on one worker; NaN if that is not known.
    """

    problem: str
    sampler: str
    n_left: list[int]
    seconds: float

    @property
    def row(self) -> list[str]:
        """What a table shows of it."""
        n_studies = sum(n > 0 for n in self.n_left)
        studies = f"{n_studies} of {len(self.n_left)}"
        shown = "?" if math.isnan(self.seconds) else format_seconds(self.seconds)
        n_trials = sum(self.n_left)
        return [self.problem, self.sampler, studies, str(n_trials), shown if n_trials else "–"]


def describe(campaign: Campaign, console: Console) -> None:
    """Print what would run. Nothing is written.

    Args:
        campaign: A run that has not been prepared.
        console: Where to print.

    Raises:
        UsageError: If a problem cannot be built, no sampler can work on any, or what is there
            already is in the way.
    """
    check_place(campaign.out_dir)
    storage = _existing(campaign)
    todo = _todo(campaign, storage)
    campaign.say_unable(console)
    campaign.design.check_some(campaign.unable)
    remaining = _remaining(todo, _ask_seconds(storage))
    columns = ["problem", "sampler", "studies to run", "trials to run", "on one worker"]
    rows = [its.row for its in remaining]
    console.print(to_rich(Table("Nothing is run: this is what would be", columns, rows)))
    total = sum(its.seconds for its in remaining if not math.isnan(its.seconds))
    workers = campaign.n_workers or available_cores()
    is_known = not any(math.isnan(its.seconds) for its in remaining)
    more = "" if is_known else ", and what is not known (?) comes on top"
    console.print(
        f"{sum(one.n_left > 0 for one in todo)} studies, {sum(one.n_left for one in todo)} trials "
        f"into {opening.without_password(campaign.url)}; about {format_seconds(total / workers)} on "
        f"{workers} workers{more}",
        markup=False,
        soft_wrap=True,
    )


def _remaining(todo: Sequence[Todo], ask: Mapping[str, float]) -> list[Remaining]:
    """By problem and sampler, both in their order.

    Args:
        todo: What is left of each study.
        ask: Seconds a trial that samplers take, those of which it is known.
    """
    found = []
    for problem in dict.fromkeys(one.spec.problem for one in todo):
        its = [one for one in todo if one.spec.problem == problem]
        # Some trials are run to find out, if there is any left.
        objective = _objective_seconds(its[0].spec) if any(one.n_left for one in its) else 0.0
        for sampler in dict.fromkeys(one.spec.sampler for one in its):
            n_left = [one.n_left for one in its if one.spec.sampler == sampler]
            seconds = (
                sum(n_left) * (ask.get(sampler, math.nan) + objective) if any(n_left) else 0.0
            )
            found.append(Remaining(problem, sampler, n_left, seconds))
    return found


def _existing(campaign: Campaign) -> BaseStorage | None:
    """The storage, if it is there already."""
    if not opening.may_be_there(campaign.url):
        return None
    return opening.open_results(campaign.out_dir, campaign.url if campaign.storage else None)


def _todo(campaign: Campaign, storage: BaseStorage | None) -> list[Todo]:
    there = set() if storage is None else set(optuna.get_all_study_names(storage))
    todo = []
    for spec, settings in campaign.studies():
        n_finished = 0
        if storage is not None and spec.study_name in there:
            n_finished = store.count_to_continue(storage, spec.study_name, settings)
        todo.append(Todo(spec, max(0, spec.n_trials - n_finished)))
    return todo


def _ask_seconds(storage: BaseStorage | None) -> dict[str, float]:
    """Seconds a trial that samplers take, as measured in reference results and in the storage."""
    totals: dict[str, tuple[float, int]] = {}
    for path in sorted(_REFERENCE.glob("report-60-*.csv.gz")):
        totals |= curve_files.read(path).facts.ask_seconds
    known = {sampler: seconds / n for sampler, (seconds, n) in totals.items() if n}
    if storage is not None:
        from ..analysis.studies.results import load_runs

        known |= _means(
            (run.sampler, trial.user_attrs["ask_seconds"] + trial.user_attrs["tell_seconds"])
            for run in load_runs(storage)
            for trial in run.trials
            if "tell_seconds" in trial.user_attrs
        )
    return known


def _means(pairs: Iterable[tuple[str, float]]) -> dict[str, float]:
    values: dict[str, list[float]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return {name: float(np.mean(its)) for name, its in values.items()}


def _objective_seconds(spec: StudySpec, clock: Callable[[], float] = time.perf_counter) -> float:
    """Seconds that a trial of a problem takes: a few random ones are evaluated."""
    found = get_problem(spec.problem_call or spec.problem, name=spec.problem)
    if found.chosen(spec.options).mode == "train" and found.has_options:
        # A single one may take minutes.
        return math.nan
    problem = found.build(found.chosen(spec.options), spec.seed)
    study = unpruned_study(problem.directions, optuna.samplers.RandomSampler(seed=0))
    begin = clock()
    seconds: list[float] = []
    while len(seconds) < _N_TRIED and clock() - begin < _TRIED_SECONDS:
        trial = run_trial(study, problem, problem.search_space)
        seconds.append(trial.user_attrs["objective_seconds"])
    return float(np.mean(seconds))
