"""Files of curves: everything that a comparison needs, a hundredth of the storage."""

from __future__ import annotations

import csv
from dataclasses import asdict
import io
import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from ...compressed import read_lines
from ...compressed import UNREADABLE
from ...compressed import write_text
from ...errors import in_one_line
from ...errors import UsageError
from .curve_set import Curve
from .curve_set import CurveSet
from .curve_set import Facts
from .curve_set import Key
from .curve_set import SECONDS_FORMAT
from .curve_set import VALUE_FORMAT


_COLUMNS = ["problem", "sampler", "seed", "trial", "value"]
# Files from before times were kept do not have this column.
_SECONDS = "seconds"
# The first line of a file, before what is known of the runs.
_MARK = "# curves of python -m benchmarks: "


def write(curve_set: CurveSet, path: Path) -> None:
    """Write curves as CSV, compressed if the name ends with ``.gz``.

    Equal curves make equal files. Without a time there is no column of them.
    """
    timed = any(curve.seconds is not None for curve in curve_set.curves.values())
    text = io.StringIO()
    text.write(_MARK + _facts_to_json(curve_set.facts) + "\n")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*_COLUMNS, _SECONDS] if timed else _COLUMNS)
    for key, curve in curve_set.curves.items():
        rows = [[*key, t, VALUE_FORMAT.format(v)] for t, v in zip(curve.trials, curve.values)]
        # The last row of a study tells no more than how far it goes.
        rows.append([*key, curve.n_trials, ""])
        if timed:
            for row, seconds in zip(rows, _seconds_column(curve)):
                row.append(seconds)
        writer.writerows(rows)
    write_text(path, text.getvalue())


def _facts_to_json(facts: Facts) -> str:
    """The facts, without what is only sometimes there where it is not."""
    told = asdict(facts)
    for name in ("unlike_suite", "unfinished"):
        if not told[name]:
            del told[name]
    return json.dumps(told)


def _seconds_column(curve: Curve) -> list[str]:
    """Times of the rows of a study; empty texts if they are not known."""
    if curve.seconds is None:
        return [""] * (len(curve.trials) + 1)
    return [SECONDS_FORMAT.format(value) for value in [*curve.seconds, curve.total_seconds]]


def read(path: Path) -> CurveSet:
    """Read what :func:`write` has written.

    Raises:
        UsageError: If the file cannot be read, or is something else.
    """
    try:
        lines = read_lines(path)
        if not lines or not lines[0].startswith(_MARK):
            raise ValueError("its first line is another")
        facts = _facts_from_json(lines[0].removeprefix(_MARK))
        rows: dict[Key, list[tuple[int, str, str]]] = {}
        for row in csv.DictReader(lines[1:]):
            key = (row["problem"], row["sampler"], int(row["seed"]))
            rows.setdefault(key, []).append(
                (int(row["trial"]), row["value"], row.get(_SECONDS) or "")
            )
        curves = {key: _curve(its_rows) for key, its_rows in rows.items()}
    except (*UNREADABLE, ValueError, LookupError, TypeError) as error:
        reason = in_one_line(error)
        raise UsageError(
            f"--curves: cannot read {path} ({reason}); accepts a curves.csv.gz that `compare` has "
            "written."
        ) from error
    return CurveSet(curves, facts)


def _facts_from_json(text: str) -> Facts:
    """What :func:`_facts_to_json` was made of.

    Raises:
        ValueError: If it is something else.
        LookupError: If something is missing.
        TypeError: If something in it is of another kind.
    """
    told = json.loads(text)
    if not isinstance(told, dict):
        raise ValueError("its first line tells no facts")
    for name in ("random_medians", "ask_seconds"):
        told[name] = {key: _pair(value, name) for key, value in dict(told[name]).items()}
    facts = Facts(**told)
    if not all(isinstance(n, int) for n in dict(facts.n_params).values()):
        raise ValueError("its first line has a strange n_params")
    for names, what in ((facts.unlike_suite, "unlike_suite"), (facts.unfinished, "unfinished")):
        if not all(isinstance(name, str) for name in names):
            raise ValueError(f"its first line has a strange {what}")
    for settings in facts.settings:
        _check_settings(settings)
    return facts


def _check_settings(settings: Any) -> None:
    """Make sure that it says how studies were run.

    Raises:
        ValueError: If it does not.
    """
    kinds = {
        "command": str,
        "versions": dict,
        "threads": int,
        "sampler": str,
        "sampler_version": str,
    }
    if not isinstance(settings, dict) or not all(
        isinstance(settings.get(name), kind) for name, kind in kinds.items()
    ):
        raise ValueError(f"its first line has strange settings, without {', '.join(kinds)}")
    if not all(isinstance(value, (str, int)) for value in _leaves(settings)):
        raise ValueError("its first line has strange settings")


def _leaves(told: dict[str, Any]) -> list[Any]:
    return [
        leaf
        for value in told.values()
        for leaf in (_leaves(value) if isinstance(value, dict) else [value])
    ]


def _pair(value: Any, name: str) -> tuple[float, int]:
    number, count = value
    if not isinstance(number, (int, float)) or not isinstance(count, int):
        raise ValueError(f"its first line has a strange {name}")
    return number, count


def _curve(rows: list[tuple[int, str, str]]) -> Curve:
    *changes, (n_trials, _, total) = rows
    return Curve(
        np.array([trial for trial, _, _ in changes], dtype=np.int64),
        np.array([float(value) for _, value, _ in changes]),
        n_trials,
        np.array([float(seconds) for _, _, seconds in changes]) if total else None,
        float(total) if total else math.nan,
    )
