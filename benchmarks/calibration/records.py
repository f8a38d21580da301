"""What is kept of the studies of a calibration, and the lines of files that tell it."""

from __future__ import annotations

from collections.abc import Mapping
import json
from pathlib import Path
from typing import Any
from typing import NamedTuple

import numpy as np

from .. import jsonlines
from ..arrays import FloatArray
from ..compressed import read_lines
from ..compressed import UNREADABLE
from ..errors import in_one_line
from ..errors import UsageError
from .options import LOG


# What reading a line raises that is something else.
_NO_RECORD = (ValueError, KeyError, TypeError)
_ACCEPTED_FILE = f"accepts the {LOG} that `calibrate` has written, also as .gz"


class Study(NamedTuple):
    """What is kept of a study.

    Attributes:
        problem: Its problem.
        seed: Its seed.
        trials: Array (n,): numbers of the trials of which something was expected.
        places: Array (n,): where their values were among the quantiles of the prediction.
    """

    problem: str
    seed: int
    trials: FloatArray
    places: FloatArray


def read_log(path: Path, stamp: Mapping[str, Any]) -> dict[tuple[str, int], Study]:
    """Studies of an output folder, by problem and seed.

    Args:
        path: The log; it need not be there.
        stamp: What they must have been measured with, as for :func:`append`.

    Raises:
        UsageError: If the file is no text, a line no record, or a study was measured otherwise.
    """
    try:
        lines = jsonlines.whole_lines(path)
    except UnicodeDecodeError as error:
        raise UsageError(f"--out: cannot read {path} ({error}); {_ACCEPTED_FILE}.") from error
    studies = {}
    for number, line in enumerate(lines, start=1):
        try:
            entry = json.loads(line)
            # Those that are not wanted now may be next time.
            study = _parse(entry)
            its_stamp = {key: entry[key] for key in stamp}
        except _NO_RECORD as error:
            raise _no_record("--out", path, number, error) from error
        if its_stamp != stamp:
            raise UsageError(
                f"--out: {path} was measured with other versions or --trials; accepts a new folder."
            )
        studies[study.problem, study.seed] = study
    return studies


def append(path: Path, study: Study, stamp: Mapping[str, Any]) -> None:
    """Add a study to a log.

    Args:
        path: The log.
        study: The study.
        stamp: What it was measured with, as JSON has it.
    """
    entry = {
        "problem": study.problem,
        "seed": study.seed,
        "predicted": study.trials.astype(int).tolist(),
        "places": study.places.tolist(),
    }
    jsonlines.append(path, entry | dict(stamp))


def read(path: Path) -> list[Study]:
    """Studies of a file of records, whatever they were measured with.

    Args:
        path: A log, compressed if its name ends with ``.gz``.

    Raises:
        UsageError: If it cannot be read, or a line is no record.
    """
    try:
        lines = read_lines(path)
    except UNREADABLE as error:
        raise UsageError(f"--records: cannot read {path} ({error}); {_ACCEPTED_FILE}.") from error
    studies = []
    for number, line in enumerate(lines, start=1):
        try:
            studies.append(_parse(json.loads(line)))
        except _NO_RECORD as error:
            raise _no_record("--records", path, number, error) from error
    return studies


def _no_record(argument: str, path: Path, number: int, error: Exception) -> UsageError:
    reason = in_one_line(error)[:200]
    return UsageError(
        f"{argument}: line {number} of {path} is no record ({reason}); {_ACCEPTED_FILE}."
    )


def _parse(entry: Any) -> Study:
    """A record as what it tells.

    Raises:
        Exception: One of ``_NO_RECORD``, if it is no record.
    """
    trials, places = (np.array(entry[key], dtype=float) for key in ("predicted", "places"))
    if trials.ndim != 1 or trials.shape != places.shape:
        raise ValueError("'predicted' and 'places' are no lists of the same length")
    return Study(str(entry["problem"]), int(entry["seed"]), trials, places)
