"""Earlier studies as plain data: what they were given as, and what is kept of them."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from typing import TypeAlias

import numpy as np
import optuna
from optuna.storages import BaseStorage
from optuna.study import Study
from optuna.study import StudyDirection
from optuna.trial import TrialState

from ..basics.arrays import FloatArray
from ..trials.history import table_of
from ..trials.records import read_constraints


# A study, or where to find it: a storage, or its URL, and the study's name.
StudyLike: TypeAlias = Study | tuple[str | BaseStorage, str]

_ACCEPTED = (
    "it must be a sequence of finished optuna.Study objects or of pairs (storage, study_name), "
    "where storage is a URL or a storage object"
)


@dataclass(frozen=True)
class PriorStudy:
    """The completed trials of an earlier study, n of them.

    Independent of the storage that they were read from: it may change or close, and a sampler that
    holds this can be pickled.

    Attributes:
        name: Of the study.
        params: The parameters of each trial by name, as the objective was given them.
        values: Array (n, k) of their values, turned so that less is better; may be infinite.
        constraints: Array (n, c) of their constraints' values, 0 or less where kept; NaN where a
            trial did not tell.
    """

    name: str
    params: tuple[Mapping[str, Any], ...]
    values: FloatArray
    constraints: FloatArray


def read_prior_studies(given: Any) -> tuple[PriorStudy, ...]:
    """Check the sampler's argument ``prior_studies`` and read what it names.

    Args:
        given: None, a study, or a sequence of :data:`StudyLike`.

    Raises:
        TypeError: If it is anything else.
        ValueError: If a storage does not hold the study that is named.
    """
    if given is None:
        return ()
    if isinstance(given, Study):
        return (_read(given, "prior_studies"),)
    if isinstance(given, (str, bytes)) or not isinstance(given, Sequence):
        raise TypeError(f"prior_studies is {given!r}, but {_ACCEPTED}.")
    return tuple(_read(_find(item, i), f"prior_studies[{i}]") for i, item in enumerate(given))


def _find(item: Any, place: int) -> Study:
    if isinstance(item, Study):
        return item
    is_pair = isinstance(item, Sequence) and not isinstance(item, (str, bytes)) and len(item) == 2
    if not is_pair or not isinstance(item[0], (str, BaseStorage)) or not isinstance(item[1], str):
        raise TypeError(f"prior_studies[{place}] is {item!r}, but {_ACCEPTED}.")
    storage, name = item
    try:
        return optuna.load_study(study_name=name, storage=storage)
    except KeyError:
        raise ValueError(
            f"prior_studies[{place}] is a study named {name!r} in {storage!r}, but that holds "
            f"{sorted(optuna.get_all_study_names(storage))!r}."
        ) from None
    except Exception as error:
        raise ValueError(
            f"prior_studies[{place}] is a study in the storage {storage!r}, which cannot be read "
            f"({type(error).__name__}: {error})."
        ) from error


def _read(study: Study, argument: str) -> PriorStudy:
    try:
        trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    except KeyError:
        raise ValueError(
            f"{argument} is the study {study.study_name!r}, but its storage does not hold it any "
            "more."
        ) from None
    signs = [-1.0 if d == StudyDirection.MAXIMIZE else 1.0 for d in study.directions]
    values = np.array([trial.values for trial in trials], dtype=float)
    return PriorStudy(
        study.study_name,
        tuple(dict(trial.params) for trial in trials),
        values.reshape(len(trials), len(signs)) * signs,
        table_of([read_constraints(trial) for trial in trials]),
    )
