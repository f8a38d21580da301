"""Who may write to a study: the process that has claimed it last, and no other.

A study can end up with two processes at work on it: the worker of a coordinator that was killed,
or one that a cluster took for lost and replaced while it was only cut off. Each attempt at a study
therefore begins by writing a token of its own into the study, and every transaction that adds
trials makes sure that the token is still there. A claim and a write exclude each other (both lock
the study's row), so what the former holder has written is seen by the new one, and nothing comes
later.
"""

from __future__ import annotations

import json
import os
import socket
import uuid

from optuna.storages import BaseStorage
from optuna.storages import RDBStorage
from optuna.storages._rdb import models
import sqlalchemy
from sqlalchemy.orm import Session


CLAIM = "claim"


class Superseded(RuntimeError):
    """Another process has taken over the study."""


def relational(storage: BaseStorage) -> RDBStorage | None:
    """The relational storage behind a storage; None if there is none."""
    inner = getattr(storage, "_backend", storage)
    return inner if isinstance(inner, RDBStorage) else None


def new_token() -> str:
    """A token that no other attempt has; it says where it was made: ``HOST:PID:RANDOM``."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:12]}"


def take(storage: BaseStorage, study_id: int, token: str) -> None:
    """Claim a study, from whomever has it.

    Args:
        storage: The storage.
        study_id: The study's number in it.
        token: What :func:`new_token` gave.
    """
    database = relational(storage)
    if database is None:
        storage.set_study_user_attr(study_id, CLAIM, token)
        return
    row = models.StudyUserAttributeModel
    with Session(database.engine) as session, session.begin():
        lock_study(session, study_id)
        update = sqlalchemy.update(row).where(row.study_id == study_id, row.key == CLAIM)
        changed = session.execute(update.values(value_json=json.dumps(token)))
        if not getattr(changed, "rowcount"):
            session.add(row(study_id=study_id, key=CLAIM, value_json=json.dumps(token)))


def lock_study(session: Session, study_id: int) -> None:
    """Have others who lock this study, or add trials to it, wait until the transaction ends.

    SQLite knows no such lock: its first write locks everything. It must come before any read, or
    the write fails when another one came between.
    """
    if session.get_bind().dialect.name == "sqlite":
        return
    study = models.StudyModel
    session.scalar(
        sqlalchemy.select(study.study_id).where(study.study_id == study_id).with_for_update()
    )


def check(session: Session, study_id: int, token: str) -> None:
    """Make sure, within the transaction that has locked a study, that the claim still holds.

    Raises:
        Superseded: If another process has claimed the study.
    """
    row = models.StudyUserAttributeModel
    held = session.scalar(
        sqlalchemy.select(row.value_json).where(row.study_id == study_id, row.key == CLAIM)
    )
    _compare(None if held is None else json.loads(held), token)


def check_loosely(storage: BaseStorage, study_id: int, token: str) -> None:
    """The same for a storage without transactions: true at this moment, not a moment later.

    Raises:
        Superseded: If another process has claimed the study.
    """
    _compare(storage.get_study_user_attrs(study_id).get(CLAIM), token)


def _compare(held: str | None, token: str) -> None:
    if held == token:
        return
    holder = "nobody" if held is None else "process {1} on {0}".format(*held.rsplit(":", 2))
    raise Superseded(
        f"superseded: {holder} has taken over this study. What was not stored yet is not lost: "
        "it is run again there."
    )
