"""Many trials at once, into and out of Optuna's relational storage.

Optuna writes a trial in one transaction of a statement for each parameter and attribute, and reads
it as objects of an object-relational mapper: 9 and 0.5 milliseconds a trial, where a problem that
replays a table costs microseconds. Here trials go in and out with one statement a table. The
tables and their columns are Optuna's own; any other storage takes trials one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
import functools
import json
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.distributions import distribution_to_json
from optuna.distributions import json_to_distribution
from optuna.storages import BaseStorage
from optuna.storages._rdb import models
from optuna.trial import FrozenTrial
from optuna.trial import TrialState
import sqlalchemy
from sqlalchemy.orm import Session

from . import claims


# Some databases keep whole seconds only.
_SAME_TIME = timedelta(seconds=1)


# Fewer queries than one a study and table, and no more numbers in a query than databases take.
_STUDIES_AT_ONCE = 200


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


def count_finished(storage: BaseStorage, study_id: int) -> int:
    """Number of finished trials of a study."""
    database = claims.relational(storage)
    if database is None:
        trials = storage.get_all_trials(study_id, deepcopy=False)
        return sum(trial.state.is_finished() for trial in trials)
    finished = [state for state in TrialState if state.is_finished()]
    query = sqlalchemy.select(sqlalchemy.func.count(models.TrialModel.trial_id)).where(
        models.TrialModel.study_id == study_id, models.TrialModel.state.in_(finished)
    )
    with Session(database.engine) as session:
        return int(session.scalar(query) or 0)


def read_trials(storage: BaseStorage, study_id: int) -> list[FrozenTrial]:
    """All trials of a study, in the order in which they were added."""
    return read_studies(storage, [study_id])[study_id]


def read_studies(storage: BaseStorage, study_ids: Sequence[int]) -> dict[int, list[FrozenTrial]]:
    """All trials of several studies, each in the order in which they were added.

    Args:
        storage: The storage.
        study_ids: The studies' numbers in it.

    Returns:
        Trials by number of the study, also for a study without any.
    """
    relational = claims.relational(storage)
    if relational is None:
        return {number: storage.get_all_trials(number, deepcopy=False) for number in study_ids}
    found: dict[int, list[FrozenTrial]] = {}
    with relational.engine.connect() as connection:
        for begin in range(0, len(study_ids), _STUDIES_AT_ONCE):
            found |= _read_some(connection, study_ids[begin : begin + _STUDIES_AT_ONCE])
    return found


def _read_some(
    connection: sqlalchemy.Connection, study_ids: Sequence[int]
) -> dict[int, list[FrozenTrial]]:
    head: Any = models.TrialModel.__table__
    found: dict[int, list[FrozenTrial]] = {number: [] for number in study_ids}
    trials: dict[int, FrozenTrial] = {}
    query = sqlalchemy.select(
        head.c.trial_id,
        head.c.study_id,
        head.c.number,
        head.c.state,
        head.c.datetime_start,
        head.c.datetime_complete,
    ).where(head.c.study_id.in_(study_ids))
    heads = connection.execute(query.order_by(head.c.trial_id)).all()
    for trial_id, study_id, number, state, start, complete in heads:
        trials[trial_id] = FrozenTrial(
            number=number,
            state=state,
            value=None,
            datetime_start=start,
            datetime_complete=complete,
            params={},
            distributions={},
            user_attrs={},
            system_attrs={},
            intermediate_values={},
            trial_id=trial_id,
        )
        found[study_id].append(trials[trial_id])

    def rows(model: Any, key: str, *columns: str) -> Sequence[Any]:
        table = model.__table__.c
        result = connection.execute(
            sqlalchemy.select(table.trial_id, *(table[column] for column in columns))
            .join(head, head.c.trial_id == table.trial_id)
            .where(head.c.study_id.in_(study_ids))
            .order_by(table.trial_id, table[key])
        )
        # Not those of trials that a run has added since they were counted.
        return [row for row in result.all() if row[0] in trials]

    values: dict[int, list[float]] = {}
    for trial_id, stored, kind in rows(models.TrialValueModel, "objective", "value", "value_type"):
        value = models.TrialValueModel.stored_repr_to_value(stored, kind)
        values.setdefault(trial_id, []).append(value)
    for trial_id, its_values in values.items():
        trials[trial_id].values = its_values
    for trial_id, name, internal, text in rows(
        models.TrialParamModel, "param_id", "param_name", "param_value", "distribution_json"
    ):
        distribution = _distribution(text)
        trials[trial_id].params[name] = distribution.to_external_repr(internal)
        trials[trial_id].distributions[name] = distribution
    user_rows = rows(
        models.TrialUserAttributeModel, "trial_user_attribute_id", "key", "value_json"
    )
    for (trial_id, key, _), attr in zip(user_rows, _parse(user_rows)):
        trials[trial_id].user_attrs[key] = attr
    system_rows = rows(
        models.TrialSystemAttributeModel, "trial_system_attribute_id", "key", "value_json"
    )
    for (trial_id, key, _), attr in zip(system_rows, _parse(system_rows)):
        trials[trial_id].system_attrs[key] = attr
    to_value = models.TrialIntermediateValueModel.stored_repr_to_intermediate_value
    for trial_id, step, stored, kind in rows(
        models.TrialIntermediateValueModel,
        "step",
        "step",
        "intermediate_value",
        "intermediate_value_type",
    ):
        trials[trial_id].intermediate_values[step] = to_value(stored, kind)
    return found


def _parse(rows: Sequence[Any]) -> list[Any]:
    """The values of attributes, whose JSON stands last in their rows."""
    # As one list: to parse each alone takes several times as long.
    parsed: list[Any] = json.loads(f"[{','.join(row[-1] for row in rows)}]")
    return parsed


# Every trial of a study has the same few.
@functools.lru_cache(maxsize=10_000)
def _distribution(text: str) -> BaseDistribution:
    return json_to_distribution(text)
