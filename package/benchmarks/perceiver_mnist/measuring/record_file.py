"""Files of records, one JSON object a line, that survive being killed at any moment.

Imports nothing but the standard library.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
import json
import os
from pathlib import Path
from typing import Any
from typing import IO

from ..presets import Preset
from .design import design


Record = dict[str, Any]


def read_records(path: Path) -> list[Record]:
    """Read records; lines cut short by a kill are left out.

    Args:
        path: File of JSON lines; may not exist yet.

    Raises:
        OSError: If the file cannot be read.
        ValueError: If a line is not even the beginning of a JSON object.
    """
    if not path.exists():
        return []
    records = []
    # What a machine that went down leaves at the end may be no text at all, but zeros.
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    for number, line in enumerate(lines, 1):
        stripped = line.strip("\0 ")
        if stripped and not stripped.startswith("{"):
            raise ValueError(f"line {number} is {line[:40]!r}, but must be a JSON object.")
        try:
            records.append(json.loads(stripped))
        except json.JSONDecodeError:
            continue
    return records


def check_records(records: list[Record], preset: Preset) -> None:
    """Make sure that records are of a preset's campaign.

    Args:
        records: From :func:`read_records`.
        preset: Whose design they should be of.

    Raises:
        ValueError: If one is not.
    """
    planned = {run.training_seed: asdict(run) for group in design(preset) for run in group}
    for record in records:
        run = planned.get(record.get("training_seed", -1), {})
        if not run or any(record.get(name) != value for name, value in run.items()):
            found = {name: record.get(name) for name in (*preset.space, "training_seed")}
            raise ValueError(
                f"holds a record that is no run of the design of preset {preset.name!r}: {found}."
            )


def check_device(records: list[Record], device: str) -> None:
    """Make sure that records were measured on one device: seconds of two do not compare.

    Args:
        records: From :func:`read_records`; those that tell no device are passed over.
        device: Name of the device to go on with.

    Raises:
        ValueError: If one was measured on another.
    """
    others = sorted({str(r["device"]) for r in records if "device" in r} - {device})
    if others:
        raise ValueError(
            f"holds runs on {', '.join(others)}, with whose seconds those on {device} do not "
            "compare: go on there, or give a new file."
        )


def check_trainer(records: list[Record], trainer: str) -> None:
    """Make sure that records were measured by one trainer: seconds of two do not compare.

    Args:
        records: From :func:`read_records` of a campaign; those that do not tell are passed over.
        trainer: ``"plain"`` or ``"fast"``, to go on with.

    Raises:
        ValueError: If one was measured by the other.
    """
    if {_trainer_of(record) for record in records} - {trainer, None}:
        other = "fast" if trainer == "plain" else "plain"
        raise ValueError(
            f"holds runs of --trainer {other}, with whose seconds those of --trainer {trainer} do "
            f"not compare: go on with --trainer {other}, or give a new file."
        )


def check_comparable(records: list[Record]) -> None:
    """Make sure that records, perhaps of merged files, are of one device and one trainer.

    Args:
        records: From :func:`read_records` of a campaign.

    Raises:
        ValueError: If they are of several, whose seconds do not compare.
    """
    devices = {str(record["device"]) for record in records if "device" in record}
    trainers = {str(name) for record in records if (name := _trainer_of(record)) is not None}
    for what, found in (("devices", devices), ("trainers", trainers)):
        if len(found) > 1:
            raise ValueError(
                f"holds runs of several {what}, {', '.join(sorted(found))}, whose seconds do not "
                "compare: give a file for one of them."
            )


def _trainer_of(record: Record) -> str | None:
    # Records did not always tell; but only the fast one trains several at once.
    alone = record.get("side_by_side", 1) == 1
    return record.get("trainer", None if alone else "fast")


def other_versions(records: list[Record], torch_version: str) -> str | None:
    """A line on runs that were made with another version of torch: to be known, but no error.

    Environments cannot always be kept, and other versions change the seconds and the losses far
    less than other devices do.

    Args:
        records: From :func:`read_records`; those that tell no version are passed over.
        torch_version: The version to go on with.

    Returns:
        None if there is no such run.
    """
    others = sorted({str(r["torch"]) for r in records if "torch" in r} - {torch_version})
    if not others:
        return None
    return (
        f"holds runs made with torch {', '.join(others)}, and goes on with torch {torch_version}: "
        "seconds and losses of the two may differ a little."
    )


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep other programs that do the same out of a file of records.

    They would make the same runs, and each would slow down what the other measures.

    Args:
        path: File of JSON lines; made if it is not there, with its folder.

    Raises:
        OSError: If it cannot be written.
        ValueError: If another program is at work there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "ab") as file:
        _lock(file)
        yield


def _lock(file: IO[bytes]) -> None:
    try:
        import fcntl
    except ImportError:  # Windows.
        return
    try:
        # The system lifts it when this process ends, whatever ends it.
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ValueError(
            "another program is adding runs to it: wait for that, or give another file."
        ) from None
    except OSError:
        pass  # A file system without locks is no reason not to measure.


def end_last_line(path: Path) -> None:
    """Make sure that a file that is appended to ends with a whole line.

    Args:
        path: File of JSON lines.

    Raises:
        OSError: If it cannot be written.
    """
    with open(path, "ab+") as file:
        if file.tell() > 0:
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                file.write(b"\n")


def append_record(path: Path, record: Record) -> None:
    """Write a record as a line of JSON, at once.

    Args:
        path: Ends with a whole line, see :func:`end_last_line`.
        record: Plain values by name.

    Raises:
        OSError: If it cannot be written, for instance because the disk is full.
    """
    with open(path, "a") as file:
        file.write(json.dumps(record) + "\n")
