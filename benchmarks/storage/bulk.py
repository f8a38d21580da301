"""Many trials at once, into Optuna's relational storage.

Optuna writes a trial in one transaction of a statement for each parameter and attribute: 9
milliseconds a trial, where a problem that replays a table costs microseconds. Here trials go in
with one statement a table. The tables and their columns are Optuna's own; any other storage takes
trials one by one. :mod:`.reading` gets them out again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
import json
from typing import Any

from optuna.distributions import distribution_to_json
from optuna.storages import BaseStorage
from optuna.storages._rdb import models
from optuna.trial import FrozenTrial
import sqlalchemy
from sqlalchemy.orm import Session

from . import claims
from .reading import read_trials


# Some databases keep whole seconds only.
_SAME_TIME = timedelta(seconds=1)


class ForeignTrials(RuntimeError):
    """Someone else has added trials to the study."""


def add_trials(
    storage: BaseStorage,
    study_id: int,
    trials: Sequence[FrozenTrial],
    n_before: int,
    claim: str = "",
) -> None:
    """Add finished trials to a study, all of them or none; safe to repeat.

    Repeated, because nobody knows whether a commit took place whose acknowledgement was lost, it
    finds its own trials and adds nothing.

    Args:
        storage: The storage.
        study_id: The study's number in it.
        trials: Finished trials, in their order.
        n_before: Trials that the study holds.
        claim: The token with which the study was claimed; empty for no claim.

    Raises:
        Superseded: If another process has claimed the study.
        ForeignTrials: If it holds another number of trials: another process works on it.
    """
    database = claims.relational(storage)
    if database is None:
        if claim:
            claims.check_loosely(storage, study_id, claim)
        if storage.get_n_trials(study_id) != n_before:
            raise _foreign(storage, study_id, n_before)
        for trial in trials:
            storage.create_new_trial(study_id, template_trial=trial)
        return
    try:
        with Session(database.engine) as session, session.begin():
            _insert(session, study_id, trials, n_before, claim)
    except ForeignTrials:
        stored = read_trials(storage, study_id)
        if not _are_same(stored[n_before:], trials):
            raise _foreign(storage, study_id, n_before) from None


def _insert(
    session: Session, study_id: int, trials: Sequence[FrozenTrial], n_before: int, claim: str
) -> None:
    # Nobody else adds a trial between count and commit: the row of the study is locked, and with
    # SQLite the whole file is from the first write on, which therefore comes before the reads.
    claims.lock_study(session, study_id)
    rows = [
        models.TrialModel(
            study_id=study_id,
            number=n_before + index,
            state=trial.state,
            datetime_start=trial.datetime_start,
            datetime_complete=trial.datetime_complete,
        )
        for index, trial in enumerate(trials)
    ]
    session.add_all(rows)
    session.flush()
    ids: list[Any] = [row.trial_id for row in rows]
    if claim:
        claims.check(session, study_id, claim)
    there = sqlalchemy.select(sqlalchemy.func.count(models.TrialModel.trial_id)).where(
        models.TrialModel.study_id == study_id
    )
    if session.scalar(there) != n_before + len(rows):
        raise ForeignTrials
    for model, details in _details(list(zip(ids, trials))).items():
        if details:
            session.execute(sqlalchemy.insert(model), details)


def _are_same(stored: Sequence[FrozenTrial], trials: Sequence[FrozenTrial]) -> bool:
    """Whether stored trials are these very ones, and not others with the same outcome."""
    return len(stored) == len(trials) and all(
        one.state is other.state
        and one.params == other.params
        and one.values == other.values
        and one.datetime_complete is not None
        and other.datetime_complete is not None
        and abs(one.datetime_complete - other.datetime_complete) <= _SAME_TIME
        for one, other in zip(stored, trials)
    )


def _foreign(storage: BaseStorage, study_id: int, n_before: int) -> ForeignTrials:
    return ForeignTrials(
        f"Study {storage.get_study_name_from_id(study_id)!r} was to hold {n_before} trials, but "
        "another process has added some."
    )


def _details(trials: list[tuple[int, FrozenTrial]]) -> dict[Any, list[dict[str, Any]]]:
    """Rows of the tables that belong to trials, each given with its number in the storage."""
    values: list[dict[str, Any]] = []
    params: list[dict[str, Any]] = []
    user: list[dict[str, Any]] = []
    system: list[dict[str, Any]] = []
    intermediate: list[dict[str, Any]] = []
    for trial_id, trial in trials:
        for objective, value in enumerate(trial.values or ()):
            stored, kind = models.TrialValueModel.value_to_stored_repr(value)
            values.append(
                {
                    "trial_id": trial_id,
                    "objective": objective,
                    "value": stored,
                    "value_type": kind,
                }
            )
        for name, external in trial.params.items():
            distribution = trial.distributions[name]
            params.append(
                {
                    "trial_id": trial_id,
                    "param_name": name,
                    "param_value": distribution.to_internal_repr(external),
                    "distribution_json": distribution_to_json(distribution),
                }
            )
        for rows, attrs in ((user, trial.user_attrs), (system, trial.system_attrs)):
            rows += [
                {"trial_id": trial_id, "key": key, "value_json": json.dumps(attr)}
                for key, attr in attrs.items()
            ]
        for step, value in trial.intermediate_values.items():
            model = models.TrialIntermediateValueModel
            stored, step_kind = model.intermediate_value_to_stored_repr(value)
            intermediate.append(
                {
                    "trial_id": trial_id,
                    "step": step,
                    "intermediate_value": stored,
                    "intermediate_value_type": step_kind,
                }
            )
    return {
        models.TrialValueModel: values,
        models.TrialParamModel: params,
        models.TrialUserAttributeModel: user,
        models.TrialSystemAttributeModel: system,
        models.TrialIntermediateValueModel: intermediate,
    }
