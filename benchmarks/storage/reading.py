"""Many trials at once, out of Optuna's relational storage.

Optuna reads a trial as objects of an object-relational mapper, half a millisecond each. Here
trials of many studies are read with one statement a table, see :mod:`.bulk`; any other storage
gives them as it does.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from datetime import timezone
import functools
import json
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.distributions import json_to_distribution
from optuna.storages import BaseStorage
from optuna.storages._rdb import models
from optuna.trial import FrozenTrial
from optuna.trial import TrialState
import sqlalchemy
from sqlalchemy.orm import Session

from . import claims


# Fewer queries than one a study and table, and no more numbers in a query than databases take.
_STUDIES_AT_ONCE = 200
# Optuna 5 stores times in UTC and tells them in the zone of this machine, without saying which;
# before, it stored what it was told.
_STORES_UTC = hasattr(models.TrialModel, "_datetime_start_utc")


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
    found: dict[int, list[FrozenTrial]] = {number: [] for number in study_ids}
    trials: dict[int, FrozenTrial] = {}
    for study_id, trial in _read_heads(connection, study_ids):
        trials[trial._trial_id] = trial
        found[study_id].append(trial)

    def rows(model: Any, key: str, *columns: str) -> list[Any]:
        its = _read_details(connection, study_ids, model, key, columns)
        # Not those of trials that a run has added since they were counted.
        return [row for row in its if row[0] in trials]

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
    user = rows(models.TrialUserAttributeModel, "trial_user_attribute_id", "key", "value_json")
    for (trial_id, name, _), attr in zip(user, _parse(user)):
        trials[trial_id].user_attrs[name] = attr
    system = rows(
        models.TrialSystemAttributeModel, "trial_system_attribute_id", "key", "value_json"
    )
    for (trial_id, name, _), attr in zip(system, _parse(system)):
        trials[trial_id].system_attrs[name] = attr
    model = models.TrialIntermediateValueModel
    kept = ("step", "intermediate_value", "intermediate_value_type")
    for trial_id, step, stored, kind in rows(model, "step", *kept):
        value = model.stored_repr_to_intermediate_value(stored, kind)
        trials[trial_id].intermediate_values[step] = value
    return found


def _read_heads(
    connection: sqlalchemy.Connection, study_ids: Sequence[int]
) -> list[tuple[int, FrozenTrial]]:
    """The trials of some studies without what other tables hold, each with its study's number."""
    head: Any = models.TrialModel.__table__
    query = sqlalchemy.select(
        head.c.trial_id,
        head.c.study_id,
        head.c.number,
        head.c.state,
        head.c.datetime_start,
        head.c.datetime_complete,
    ).where(head.c.study_id.in_(study_ids))
    return [
        (
            study_id,
            FrozenTrial(
                number=number,
                state=state,
                value=None,
                datetime_start=_as_told(start),
                datetime_complete=_as_told(complete),
                params={},
                distributions={},
                user_attrs={},
                system_attrs={},
                intermediate_values={},
                trial_id=trial_id,
            ),
        )
        for trial_id, study_id, number, state, start, complete in connection.execute(
            query.order_by(head.c.trial_id)
        )
    ]


def _as_told(stored: datetime | None) -> datetime | None:
    """A time as Optuna tells it."""
    if stored is None or not _STORES_UTC:
        return stored
    return stored.replace(tzinfo=timezone.utc).astimezone().replace(tzinfo=None)


def _read_details(
    connection: sqlalchemy.Connection,
    study_ids: Sequence[int],
    model: Any,
    key: str,
    columns: Sequence[str],
) -> Sequence[Any]:
    """Rows of a table that belongs to trials: the trial's number in the storage, then the columns.

    Args:
        connection: To the database.
        study_ids: Numbers of the studies whose trials are meant.
        model: Optuna's model of the table.
        key: The column by which the rows of a trial are ordered.
        columns: What to read.
    """
    head: Any = models.TrialModel.__table__
    table = model.__table__.c
    result = connection.execute(
        sqlalchemy.select(table.trial_id, *(table[column] for column in columns))
        .join(head, head.c.trial_id == table.trial_id)
        .where(head.c.study_id.in_(study_ids))
        .order_by(table.trial_id, table[key])
    )
    return result.all()


def _parse(rows: Sequence[Any]) -> list[Any]:
    """The values of attributes, whose JSON stands last in their rows."""
    # As one list: to parse each alone takes several times as long.
    parsed: list[Any] = json.loads(f"[{','.join(row[-1] for row in rows)}]")
    return parsed


# Every trial of a study has the same few.
@functools.lru_cache(maxsize=10_000)
def _distribution(text: str) -> BaseDistribution:
    return json_to_distribution(text)
