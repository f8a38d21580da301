"""Run the studies that are not there yet, in this process or in several."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
import concurrent.futures
import multiprocessing
import traceback
from typing import NamedTuple

import optuna
from optuna.trial import TrialState

from .. import hub
from ..engines.local import limit_threads
from ..errors import named
from ..modules import installed_version
from ..study.machine import versions
from . import catalog
from .catalog import Choice
from .catalog import missing
from .records import Key
from .records import Log
from .records import Record
from .records import rounded
from .simulate import run_study


class Failure(NamedTuple):
    """A study that could not be run.

    Attributes:
        key: Which one.
        error: Type and message of what was raised.
        details: The traceback.
    """

    key: Key
    error: str
    details: str


def studies(choices: Sequence[Choice], seeds: Sequence[int]) -> list[Key]:
    """The studies of a run, in the order in which they are run.

    All entrants of a seed come before the next seed, so that a run that is stopped compares them
    on the same seeds. Entrants that need a module that is not installed are left out.
    """
    lacking = missing(choices)
    return [
        Key(choice.part.name, task.name, entrant.name, seed)
        for choice in choices
        for seed in seeds
        for task in choice.tasks
        for entrant in choice.entrants
        if entrant.name not in lacking
    ]


def run_one(key: Key) -> Record | Failure:
    """Run a study, from its names alone: a task cannot be sent to another process."""
    try:
        part = catalog.PARTS[key.part]
        task = next(task for task in part.tasks if task.name == key.task)
        entrant = next(entrant for entrant in part.entrants if entrant.name == key.entrant)
        study, sampler_seconds = run_study(task, entrant, key.seed)
        spent, regret = rounded(task.progress(study))
        states = [trial.state for trial in study.get_trials(deepcopy=False)]
        return Record(
            *key,
            spent=spent,
            regret=regret,
            n_trials=len(states),
            n_pruned=states.count(TrialState.PRUNED),
            n_failed=states.count(TrialState.FAIL),
            sampler_seconds=round(sampler_seconds, 4),
            measures={name: measure(study) for name, measure in task.measures.items()},
            versions=current_versions(entrant.requires),
        )
    except Exception as error:  # Of any sampler or task: the others shall go on.
        return Failure(key, named(error), traceback.format_exc())


def current_versions(needed: Iterable[str] = ()) -> dict[str, str]:
    """What a study's result depends on: versions, and a digest of our sampler's files.

    Args:
        needed: Libraries that an entrant needs.
    """
    found = versions() | {library: installed_version(library) for library in needed}
    return found | {"lattice_gp": f"sha256:{hub.code_digest('samplers/lattice_gp')}"}


def execute(
    keys: Sequence[Key], log: Log, n_jobs: int, tick: Callable[[Key, str], None]
) -> list[Failure]:
    """Run studies and append each to the log when it is finished.

    Args:
        keys: The studies.
        log: Where to.
        n_jobs: Worker processes; 1 runs in this process.
        tick: Called with each study that has ended and what went wrong, if anything.

    Returns:
        The studies that failed.

    Raises:
        KeyboardInterrupt: On Ctrl-C; the studies that were finished are in the log.
    """
    failures = []
    for outcome in _outcomes(keys, n_jobs):
        if isinstance(outcome, Failure):
            failures.append(outcome)
            tick(outcome.key, outcome.error)
        else:
            log.append(outcome)
            tick(outcome.key, "")
    return failures


def _outcomes(keys: Sequence[Key], n_jobs: int) -> Iterator[Record | Failure]:
    if n_jobs == 1:
        yield from map(run_one, keys)
        return
    limit_threads(1)
    executor = concurrent.futures.ProcessPoolExecutor(
        n_jobs, multiprocessing.get_context("spawn"), _start_worker
    )
    try:
        futures = [executor.submit(run_one, key) for key in keys]
        for future in concurrent.futures.as_completed(futures):
            yield future.result()
    finally:
        executor.shutdown(cancel_futures=True)


def _start_worker() -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
