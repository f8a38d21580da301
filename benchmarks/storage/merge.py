"""``python -m benchmarks merge``: results of several machines in one storage."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
import shlex

import optuna
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial
from rich.console import Console

from ..errors import UsageError
from ..folders import own_folder
from . import bulk
from . import claims
from . import opening
from . import reading
from . import store


def run(args: argparse.Namespace, console: Console, command: str) -> int:
    """Merge.

    Args:
        args: Arguments of the command.
        console: Where to print.
        command: The command line.

    Returns:
        Exit status 0.

    Raises:
        UsageError: If a source holds no results, or two tell different things of the same study;
            nothing of that source has been copied then.
    """
    sources = [(name, _open(name)) for name in args.sources]
    out = Path(args.out)
    with own_folder(out):
        target = opening.open_results(out, args.storage, create=True)
        for name, source in sources:
            n_studies, n_added = _merge(source, target, name)
            console.print(
                f"{name}: {n_studies} studies, {n_added} trials added",
                markup=False,
                soft_wrap=True,
            )
    words = ["python", "-m", "benchmarks", "report", "--out", str(out)]
    report = shlex.join(words + (["--storage", args.storage] if args.storage else []))
    url = opening.without_password(args.storage or opening.default_url(out))
    console.print(f"merged into {url}; {report}", markup=False, soft_wrap=True)
    return 0


def _merge(source: BaseStorage, target: BaseStorage, shown: str) -> tuple[int, int]:
    """Bring all studies of a source into the target.

    Returns:
        Numbers of studies and of trials that were added.

    Raises:
        UsageError: If there is none, or the two tell different things of one.
    """
    studies = _studies(source)
    if not studies:
        raise UsageError(f"merge: {shown} holds no study of this harness.")
    plans = [_plan(source, target, study, shown) for study in studies]
    n_added = sum(_copy(source, target, study, n) for study, n in zip(studies, plans))
    return len(studies), n_added


def _open(name: str) -> BaseStorage:
    if "://" in name:
        return opening.open_storage(name)
    opening.check_results(Path(name), "merge", "output folders of runs, and storage URLs.")
    return opening.open_results(Path(name), None, argument="merge")


def _studies(storage: BaseStorage) -> list[str]:
    names = optuna.get_all_study_names(storage)
    return [
        name
        for name in names
        if store.SETTINGS in storage.get_study_user_attrs(storage.get_study_id_from_name(name))
    ]


def _finished(storage: BaseStorage, study_id: int) -> list[FrozenTrial]:
    trials = reading.read_trials(storage, study_id)
    return [trial for trial in trials if trial.state.is_finished()]


def _plan(source: BaseStorage, target: BaseStorage, name: str, shown: str) -> int:
    """How many trials of a study are in the target already.

    Raises:
        UsageError: If it was run with other settings there, or neither begins like the other.
    """
    if name not in optuna.get_all_study_names(target):
        return 0
    ids = [storage.get_study_id_from_name(name) for storage in (source, target)]
    theirs, ours = (_finished(storage, i) for storage, i in zip((source, target), ids))
    begun, there = (
        storage.get_study_user_attrs(study_id).get(store.SETTINGS, {})
        for storage, study_id in zip((source, target), ids)
    )
    if not there:
        if not ours:
            # Its maker was killed before it could write more than the name.
            return 0
        raise UsageError(f"merge: study {name!r} is there but was not made by this harness.")
    if any(begun[key] != there[key] for key in ("problem", "space")):
        raise UsageError(f"merge: study {name!r} of {shown} was run with other settings.")
    if not _same(theirs, ours):
        raise UsageError(
            f"merge: study {name!r} of {shown} has other trials than the one that is there; "
            "accepts studies of which one begins like the other."
        )
    return len(ours)


def _same(one: Sequence[FrozenTrial], other: Sequence[FrozenTrial]) -> bool:
    """Whether two studies tell the same as far as both go."""
    return all(
        (a.params, a.state, repr(a.values)) == (b.params, b.state, repr(b.values))
        for a, b in zip(one, other)
    )


def _copy(source: BaseStorage, target: BaseStorage, name: str, n_there: int) -> int:
    """Copy a study, or the rest of it.

    Returns:
        Number of trials added.
    """
    source_id = source.get_study_id_from_name(name)
    trials = _finished(source, source_id)
    attrs = source.get_study_user_attrs(source_id)
    if name in optuna.get_all_study_names(target):
        target_id = target.get_study_id_from_name(name)
        there = target.get_study_user_attrs(target_id)
    else:
        target_id = target.create_new_study(source.get_study_directions(source_id), name)
        there = {}
    new = trials[n_there:]
    if new:
        bulk.add_trials(target, target_id, new, n_there)
    for key, attr in attrs.items():
        # A claim is of a worker of the other storage.
        if key in (store.REEVALUATED, claims.CLAIM):
            continue
        if key not in there or (key == store.PLANNED and attr > there[key]):
            target.set_study_user_attr(target_id, key, attr)
    theirs, ours = (its.get(store.REEVALUATED, []) for its in (attrs, there))
    # What was measured again is the incumbent of the longer study, which the shorter may not have.
    chosen = theirs if new else ours if len(trials) < n_there else max(theirs, ours, key=len)
    if chosen or store.REEVALUATED in there:
        target.set_study_user_attr(target_id, store.REEVALUATED, chosen)
    return len(new)
