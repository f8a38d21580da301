"""Where studies are kept: any Optuna storage, SQLite in the output folder by default.

One study a (problem, sampler, seed), named ``problem/sampler/seed-N``. Finished trials only: a
worker runs its study in memory and adds its trials here, all that finished within half a second in
one transaction. So a killed run leaves no half-written trial behind and loses half a second of
work besides the trial in flight, the sampler's time is not mixed with the database's, and a
trial of a microsecond does not cost a write of milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
import warnings

import optuna
from optuna.distributions import BaseDistribution
from optuna.distributions import distribution_to_json
from optuna.distributions import json_to_distribution
from optuna.storages import BaseStorage
from optuna.study import Study
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial

from ..contenders.seeding import SHARED
from ..errors import UsageError
from ..suite.space import Space
from . import claims
from . import reading
from .patience import patiently
from .study_spec import StudySpec


SETTINGS = "settings"
PLANNED = "planned_trials"
# In MiB; the name is that of studies stored so far. A trial's own attribute is in MB.
PEAK_MEMORY = "peak_memory_mb"
REEVALUATED = "reevaluated"
# In the settings of a problem.
SAMPLER_SEEDS = "sampler_seeds"
# The options that settings come from, and what a study was run with that tells none.
_OPTIONS = {
    "start_points": ("--start-points", "0"),
    "parallel": ("--parallel", "1"),
    SAMPLER_SEEDS: ("--sampler-seeds", SHARED),
}


def space_to_json(space: Space) -> dict[str, str]:
    """A search space as plain strings."""
    return {name: distribution_to_json(space[name]) for name in space}


def space_from_json(texts: Mapping[str, str]) -> dict[str, BaseDistribution]:
    """Inverse of :func:`space_to_json`."""
    return {name: json_to_distribution(text) for name, text in texts.items()}


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
    _check_begun(spec.study_name, begun, settings)
    if spec.n_trials > attrs.get(PLANNED, 0):
        study.set_user_attr(PLANNED, spec.n_trials)
    n_finished = reading.count_finished(storage, study._study_id)
    notes = []
    if begun["sampler_version"] != settings["sampler_version"]:
        notes.append(
            f"{spec.sampler} was {begun['sampler_version']} when these studies were begun, and is "
            f"{settings['sampler_version']} now"
        )
    return n_finished, notes


def _check_begun(name: str, begun: dict[str, Any], settings: dict[str, Any]) -> None:
    for key, what in (("problem", "settings"), ("space", "search space")):
        if begun[key] != settings[key]:
            raise UsageError(
                f"--out/--storage: study {name!r} was begun with other {what} "
                f"{_difference(begun[key], settings[key])}. Give another --out (and --storage), "
                "or remove the old results."
            )


def count_to_continue(storage: BaseStorage, name: str, settings: dict[str, Any]) -> int:
    """Number of finished trials of a stored study that is to be continued; nothing is written.

    Args:
        storage: The storage.
        name: The study, which is there.
        settings: As for :func:`prepare_study`.

    Raises:
        StorageLost: If the storage stays out of reach.
        UsageError: If the study was begun with other settings.
    """

    def count() -> int:
        study_id = storage.get_study_id_from_name(name)
        begun = storage.get_study_user_attrs(study_id).get(SETTINGS)
        if begun is not None:
            _check_begun(name, begun, settings)
        return reading.count_finished(storage, study_id)

    return patiently(count)


def _difference(begun: dict[str, Any], now: dict[str, Any]) -> str:
    keys = [key for key in begun | now if begun.get(key) != now.get(key)]
    shown = []
    for key in keys:
        option, usual = _OPTIONS.get(key, (key, None))
        shown.append(f"{option}: {begun.get(key, usual)}, now {now.get(key, usual)}")
    return f"({'; '.join(shown)})"


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
    trials = patiently(lambda: reading.read_trials(study._storage, study._study_id))
    for trial in trials:
        if not trial.state.is_finished():
            raise RuntimeError(
                f"Trial {trial.number} of study {study.study_name!r} is {trial.state.name}: "
                "something other than this harness has added it."
            )
    return trials
