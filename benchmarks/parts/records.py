"""What is kept of a study: a line of JSON, appended when it is finished.

A run that was stopped goes on where it was: studies that have a line are not run again. A line
that was cut off when the run was killed counts as none. The same lines, without the trials after
which nothing changed, make the files that are committed.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import asdict
from dataclasses import dataclass
from dataclasses import field
import json
from pathlib import Path
from typing import Any
from typing import NamedTuple

import numpy as np

from ..arrays import FloatArray
from ..compressed import read_lines
from ..compressed import UNREADABLE
from ..compressed import write_text
from ..errors import in_one_line
from ..errors import UsageError
from ..jsonlines import append
from ..jsonlines import whole_lines
from .task import Progress


# The first line of a compact file, before how its studies were made.
_MARK = "# curves of python -m benchmarks parts: "
# More digits would be noise of the machine.
_DIGITS = 7


class Key(NamedTuple):
    """Which study it is."""

    part: str
    task: str
    entrant: str
    seed: int


@dataclass(frozen=True)
class Record:
    """What is kept of one study.

    Attributes:
        part: Name of the part.
        task: Name of the task.
        entrant: Name of the entrant.
        seed: Its seed.
        spent: As in :class:`~benchmarks.parts.task.Progress`, shape (n,).
        regret: Likewise.
        n_trials: Trials.
        n_pruned: Trials that were pruned.
        n_failed: Trials that failed.
        sampler_seconds: What the sampler took for all of them.
        measures: What else the task tells of it, by name.
        versions: Of what the result depends on, by name.
    """

    part: str
    task: str
    entrant: str
    seed: int
    spent: tuple[float, ...]
    regret: tuple[float, ...]
    n_trials: int
    n_pruned: int = 0
    n_failed: int = 0
    sampler_seconds: float = 0.0
    measures: dict[str, float] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        """Which study it is."""
        return Key(self.part, self.task, self.entrant, self.seed)

    def at(self, checkpoints: Sequence[float]) -> FloatArray:
        """Regret when so much was spent.

        Returns:
            Shape (n_checkpoints,): 1 before the first trial has ended; after the last one what is
            left, because a study ends with its trials, whatever they cost.
        """
        last = np.searchsorted(self.spent, checkpoints, side="right") - 1
        # The 1 at the end is what comes before the first trial, at -1.
        return np.append(self.regret, 1.0)[last]

    def compact(self) -> Record:
        """The same without the points at which the regret did not change, but for the last."""
        regret = np.array(self.regret)
        keep = np.flatnonzero(np.diff(regret, prepend=np.inf))
        kept = [*dict.fromkeys([*keep.tolist(), len(regret) - 1])] if len(regret) else []
        spent = tuple(self.spent[i] for i in kept)
        changed = {"spent": spent, "regret": tuple(self.regret[i] for i in kept)}
        return Record(**(_fields(self) | changed))


def _fields(record: Record) -> dict[str, Any]:
    return {name: getattr(record, name) for name in Record.__dataclass_fields__}


def rounded(progress: Progress) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Spent and regret as a file has them, so that tables do not depend on which file."""
    spent, regret = (
        tuple(float(f"{value:.{_DIGITS}g}") for value in np.asarray(values, dtype=float))
        for values in progress
    )
    return spent, regret


class Log:
    """The file that a run appends to.

    Args:
        path: Its path; made if it is not there.

    Attributes:
        records: What it holds, by study.

    Raises:
        UsageError: If a line other than the last cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            lines = whole_lines(path)
        except UnicodeDecodeError as error:
            raise _unreadable(path, error, "--out") from error
        self.records: dict[Key, Record] = _parse(lines, path, "--out")

    def append(self, record: Record) -> None:
        """Add a study, as one line."""
        append(self._path, asdict(record))
        self.records[record.key] = record


def write_compact(records: Iterable[Record], path: Path, command: str) -> None:
    """Write studies to a compressed file that can be committed. Equal studies make equal files.

    Args:
        records: The studies.
        path: Where to; its name ends with ``.gz``.
        command: How they were made.
    """
    made: list[dict[str, str]] = []
    lines = []
    for record in records:
        if record.versions not in made:
            made.append(record.versions)
        entry = asdict(record.compact()) | {"versions": made.index(record.versions)}
        lines.append(json.dumps(entry, separators=(",", ":")))
    header = _MARK + json.dumps({"command": command, "versions": made})
    write_text(path, "\n".join([header, *lines]) + "\n")


def read(path: Path) -> dict[Key, Record]:
    """Read what :func:`write_compact` or a :class:`Log` has written.

    Raises:
        UsageError: If the file cannot be read, or is something else.
    """
    try:
        lines = read_lines(path)
    except UNREADABLE as error:
        raise _unreadable(path, error, "--curves") from error
    return _parse(lines, path, "--curves")


def merge(record_sets: Sequence[dict[Key, Record]], names: Sequence[str]) -> dict[Key, Record]:
    """Put studies of several files together.

    Raises:
        UsageError: If two files tell different things of the same study.
    """
    merged: dict[Key, Record] = {}
    source: dict[Key, str] = {}
    for records, name in zip(record_sets, names):
        for key, record in records.items():
            if key in merged and merged[key].compact().regret != record.compact().regret:
                raise UsageError(
                    f"--curves: {source[key]} and {name} tell different things of {key.entrant} "
                    f"on {key.task} with seed {key.seed}; accepts files of different studies."
                )
            merged[key] = record
            source[key] = name
    return merged


def _parse(lines: Sequence[str], path: Path, argument: str) -> dict[Key, Record]:
    versions: list[dict[str, str]] = []
    records: dict[Key, Record] = {}
    try:
        for line in lines:
            if line.startswith(_MARK):
                versions = json.loads(line.removeprefix(_MARK))["versions"]
                continue
            entry = json.loads(line)
            if isinstance(entry["versions"], int):
                entry["versions"] = versions[entry["versions"]]
            entry |= {name: tuple(entry[name]) for name in ("spent", "regret")}
            record = Record(**entry)
            records[record.key] = record
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise _unreadable(path, error, argument) from error
    return records


def _unreadable(path: Path, error: Exception, argument: str) -> UsageError:
    reason = in_one_line(error)
    return UsageError(
        f"{argument}: cannot read {path} ({reason}); accepts curves that `parts` has written."
    )
