"""Where studies are kept: any Optuna storage, SQLite in the output folder by default.

One study a (problem, sampler, seed), named ``problem/sampler/seed-N``. Finished trials only: a
worker runs its study in memory and adds its trials here, all that finished within half a second in
one transaction. So a killed run leaves no half-written trial behind and loses half a second of
work besides the trial in flight, the sampler's time is not mixed with the database's, and a
trial of a microsecond does not cost a write of milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from dataclasses import dataclass
import functools
from pathlib import Path
import threading
import time
from typing import Any
import warnings

import optuna
from optuna.distributions import distribution_to_json
from optuna.distributions import json_to_distribution
from optuna.storages import BaseStorage
from optuna.study import Study
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial
import sqlalchemy

from ..contenders.contender import Space
from ..contenders.seeding import OWN
from ..contenders.seeding import sampler_seed
from ..errors import UsageError
from ..problems.registry import Options
from . import bulk
from . import claims
from .patience import PATIENCE
from .patience import patiently


SETTINGS = "settings"
PLANNED = "planned_trials"
PEAK_MEMORY = "peak_memory_mb"
REEVALUATED = "reevaluated"
# In the settings of a problem.
SAMPLER_SEEDS = "sampler_seeds"
# How long a process waits for another one's write, in seconds. A write takes milliseconds.
_SQLITE_TIMEOUT = 60
# A server that vanishes without a goodbye is noticed within a minute, and not after two hours.
_LIBPQ_ARGS = {
    "connect_timeout": 10,
    "keepalives_idle": 20,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}
# How much work may wait for its transaction.
_FLUSH_SECONDS = 0.5


@dataclass(frozen=True)
class StudySpec:
    """Everything that a worker needs to run one study; plain data, so that it can be sent.

    Attributes:
        problem: Name of the problem.
        sampler: Name of the contender.
        seed: Seed of the problem's noise, from which that of the sampler comes.
        n_trials: Trials that the study is to have.
        options: What the problem is built with.
        storage: URL of the storage.
        registry: Folder with the packages of a hub registry; empty to get them over the network.
        problem_call: What the problem's name stands for; empty if for itself.
        sampler_call: What the contender's name stands for, likewise.
        start_points: Trials at the start whose random points all samplers of a seed share.
        parallel: Trials at a time on a simulated clock; 1 for one after the other.
        reevaluations: How often the final incumbent is measured again with fresh seeds.
        seeding: How the sampler's seed comes from ``seed``; see :mod:`benchmarks.contenders.seeding`.
    """

    problem: str
    sampler: str
    seed: int
    n_trials: int
    options: Options
    storage: str
    registry: str = ""
    problem_call: str = ""
    sampler_call: str = ""
    start_points: int = 0
    parallel: int = 1
    reevaluations: int = 0
    seeding: str = OWN

    @property
    def sampler_seed(self) -> int:
        """Seed of the sampler."""
        return sampler_seed(self.problem, self.seed, self.seeding)

    @property
    def study_name(self) -> str:
        """Name of the study in the storage."""
        return f"{self.problem}/{self.sampler}/seed-{self.seed}"


def parse_study_name(name: str) -> tuple[str, str, int] | None:
    """Problem, sampler and seed of a study's name; None if the harness did not make it."""
    head, _, seed = name.rpartition("/seed-")
    problem, _, sampler = head.partition("/")
    if not (problem and sampler and seed.isdigit()):
        return None
    return problem, sampler, int(seed)


def default_url(out: Path) -> str:
    """URL of the SQLite file in an output folder."""
    return f"sqlite:///{out / 'studies.db'}"


def without_password(url: str) -> str:
    """The URL as it may be printed."""
    try:
        return sqlalchemy.engine.make_url(url).render_as_string(hide_password=True)
    except sqlalchemy.exc.ArgumentError:
        return url


def open_storage(url: str, *, create: bool = False) -> BaseStorage:
    """Open a storage.

    Args:
        url: Any URL that Optuna accepts.
        create: Make the tables if they are not there. Only one process at a time may do that.

    Raises:
        UsageError: If the storage cannot be reached; the message is one line.
    """
    try:
        if url.startswith("sqlite"):
            return _open_sqlite(url, create)
        return _open_server(url)
    except Exception as error:  # Every database driver raises its own.
        reason = " ".join(str(error).split("\n(Background")[0].split())
        raise UsageError(
            f"--storage: cannot open {without_password(url)}: {reason[:300]} "
            "(accepts an Optuna storage URL such as sqlite:///studies.db or postgresql://...)"
        ) from error


@functools.lru_cache(maxsize=1)
def connect(url: str) -> BaseStorage:
    """Open a storage once a process: a worker runs many short studies in the same one.

    Raises:
        StorageLost: If the storage stays out of reach.
        UsageError: If the URL is not that of a storage.
    """
    return patiently(lambda: open_storage(url))


def _open_sqlite(url: str, create: bool) -> BaseStorage:
    storage = optuna.storages.RDBStorage(
        url,
        engine_kwargs={"connect_args": {"timeout": _SQLITE_TIMEOUT}},
        skip_table_creation=not create,
    )

    def prepare(connection: Any, _: Any) -> None:
        # Readers and one writer side by side, and no fsync a commit: after kill -9 every commit
        # is there (the system has it), only a power cut could lose the last ones.
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")

    sqlalchemy.event.listen(storage.engine, "connect", prepare)
    # Connections opened before the listener was there do not have these settings.
    storage.engine.dispose()
    return storage


def _open_server(url: str) -> BaseStorage:
    kwargs: dict[str, Any] = {}
    if "://" in url:
        # Connections that died while nobody used them are replaced without a word.
        kwargs["pool_pre_ping"] = True
        if sqlalchemy.engine.make_url(url).get_driver_name() in ("psycopg", "psycopg2"):
            kwargs["connect_args"] = _LIBPQ_ARGS
    return optuna.storages.RDBStorage(url, engine_kwargs=kwargs)


def space_to_json(space: Space) -> dict[str, str]:
    """A search space as plain strings."""
    return {name: distribution_to_json(space[name]) for name in space}


def space_from_json(space: dict[str, str]) -> Space:
    """The inverse of :func:`space_to_json`."""
    return {name: json_to_distribution(text) for name, text in space.items()}


def prepare_study(
    storage: BaseStorage, spec: StudySpec, settings: dict[str, Any], direction: StudyDirection
) -> tuple[int, list[str]]:
    """Create a study, or make sure that the one that is there can be continued.

    Args:
        storage: The storage.
        spec: Which study.
        settings: How the run is set up. ``settings["problem"]`` and ``settings["space"]`` must not
            differ from what the study was begun with.
        direction: Whether to minimise or to maximise.

    Returns:
        Number of finished trials, and what else differs from when the study was begun.

    Raises:
        StorageLost: If the storage stays out of reach.
        UsageError: If the study was begun with other settings, or is not the harness's.
    """
    return patiently(lambda: _prepare_study(storage, spec, settings, direction))


def _prepare_study(
    storage: BaseStorage, spec: StudySpec, settings: dict[str, Any], direction: StudyDirection
) -> tuple[int, list[str]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study = optuna.create_study(
            storage=storage,
            study_name=spec.study_name,
            direction=direction,
            load_if_exists=True,
        )
    attrs = study.user_attrs
    if SETTINGS not in attrs:
        if study.get_trials(deepcopy=False):
            raise UsageError(
                f"--storage: study {spec.study_name!r} is there but was not made by this harness."
            )
        study.set_user_attr(SETTINGS, settings | {"options": asdict(spec.options)})
        study.set_user_attr(PLANNED, spec.n_trials)
        return 0, []
    begun = attrs[SETTINGS]
    for key, what in (("problem", "settings"), ("space", "search space")):
        if begun[key] != settings[key]:
            raise UsageError(
                f"--out/--storage: study {spec.study_name!r} was begun with other {what} "
                f"{_difference(begun[key], settings[key])}. Give another --out (and --storage), "
                "or remove the old results."
            )
    if spec.n_trials > attrs.get(PLANNED, 0):
        study.set_user_attr(PLANNED, spec.n_trials)
    n_finished = bulk.count_finished(storage, study._study_id)
    notes = []
    if begun["sampler_version"] != settings["sampler_version"]:
        notes.append(
            f"{spec.sampler} was {begun['sampler_version']} when these studies were begun, and is "
            f"{settings['sampler_version']} now"
        )
    return n_finished, notes


def _difference(begun: dict[str, Any], now: dict[str, Any]) -> str:
    keys = [key for key in begun | now if begun.get(key) != now.get(key)]
    return "(" + "; ".join(f"{key}: {begun.get(key)}, now {now.get(key)}" for key in keys) + ")"


def load_study(storage: BaseStorage, name: str) -> Study:
    """Load a study for reading and adding trials.

    Raises:
        StorageLost: If the storage stays out of reach.
    """
    return patiently(
        lambda: optuna.load_study(
            study_name=name, storage=storage, sampler=optuna.samplers.RandomSampler()
        )
    )


def claim_study(study: Study) -> str:
    """Claim a stored study for this attempt at it; whoever was at work on it cannot go on.

    Returns:
        The token of the claim, for :class:`Writer`.

    Raises:
        StorageLost: If the storage stays out of reach.
    """
    token = claims.new_token()
    patiently(lambda: claims.take(study._storage, study._study_id, token))
    return token


def get_attr(study: Study, key: str, default: Any) -> Any:
    """A user attribute of a stored study.

    Raises:
        StorageLost: If the storage stays out of reach.
    """
    return patiently(lambda: study.user_attrs.get(key, default))


def set_attr(study: Study, key: str, value: Any) -> None:
    """Set a user attribute of a stored study.

    Raises:
        StorageLost: If the storage stays out of reach.
    """
    patiently(lambda: study.set_user_attr(key, value))


def finished_trials(study: Study) -> list[FrozenTrial]:
    """The trials of a stored study, by number.

    Raises:
        StorageLost: If the storage stays out of reach.
        RuntimeError: If one of them is not finished; the harness stores no such trial.
    """
    trials = patiently(lambda: bulk.read_trials(study._storage, study._study_id))
    for trial in trials:
        if not trial.state.is_finished():
            raise RuntimeError(
                f"Trial {trial.number} of study {study.study_name!r} is {trial.state.name}: "
                "something other than this harness has added it."
            )
    return trials


class Writer:
    """Adds the trials of one study to the storage, several at a time.

    Trials that come within half a second share a transaction. A kill then loses the trials that
    were waiting, which took less than half a second together, and the one in flight; all of
    them are simply run again.

    Args:
        study: The stored study.
        n_stored: Finished trials that it holds.
        claim: The token with which the study was claimed; empty for no claim.
        clock: Seconds of a clock that never goes back.
    """

    def __init__(
        self,
        study: Study,
        n_stored: int,
        claim: str = "",
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._study = study
        self._n_stored = n_stored
        self._claim = claim
        self._clock = clock
        self._waiting: list[FrozenTrial] = []
        self._flushed = clock()
        # The order to stop comes from another thread.
        self._lock = threading.Lock()

    def add(self, trial: FrozenTrial) -> None:
        """Store a finished trial, now or with the next ones.

        Raises:
            Superseded: If another process has claimed the study.
            ForeignTrials: If another process has added trials to the study.
            StorageLost: If the storage stays out of reach.
        """
        with self._lock:
            self._waiting.append(trial)
        if self._clock() - self._flushed >= _FLUSH_SECONDS:
            self.flush()

    def flush(self, patience: float = PATIENCE) -> None:
        """Store the trials that wait. After an error they are given up, to be run again.

        Args:
            patience: How many seconds a storage may stay away, and how long to wait for another
                thread that is at it.

        Raises:
            Superseded: If another process has claimed the study.
            ForeignTrials: If another process has added trials to the study.
            StorageLost: If the storage stays out of reach.
        """
        if not self._lock.acquire(timeout=2 * patience):
            return
        try:
            trials, self._waiting = self._waiting, []
            if trials:
                patiently(lambda: self._add(trials), patience)
                self._n_stored += len(trials)
            self._flushed = self._clock()
        finally:
            self._lock.release()

    def _add(self, trials: list[FrozenTrial]) -> None:
        storage, study_id = self._study._storage, self._study._study_id
        bulk.add_trials(storage, study_id, trials, self._n_stored, self._claim)
