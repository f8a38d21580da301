"""Files of curves: everything that a comparison needs, a hundredth of the storage."""

from __future__ import annotations

import csv
from dataclasses import asdict
import gzip
import io
import json
import math
from pathlib import Path

import numpy as np

from ..errors import UsageError
from .curves import Curve
from .curves import CurveSet
from .curves import Facts
from .curves import Key
from .curves import SECONDS_FORMAT
from .curves import VALUE_FORMAT


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
    data = text.getvalue().encode()
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)


def _facts_to_json(facts: Facts) -> str:
    """The facts, without what is only sometimes there where it is not."""
    told = asdict(facts)
    if not facts.unlike_suite:
        del told["unlike_suite"]
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
        data = path.read_bytes()
        lines = (gzip.decompress(data) if path.suffix == ".gz" else data).decode().splitlines()
        if not lines or not lines[0].startswith(_MARK):
            raise ValueError("its first line is another")
        facts = json.loads(lines[0].removeprefix(_MARK))
        rows: dict[Key, list[tuple[int, str, str]]] = {}
        for row in csv.DictReader(lines[1:]):
            key = (row["problem"], row["sampler"], int(row["seed"]))
            rows.setdefault(key, []).append(
                (int(row["trial"]), row["value"], row.get(_SECONDS) or "")
            )
        curves = {key: _curve(its_rows) for key, its_rows in rows.items()}
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise UsageError(
            f"--curves: cannot read {path} ({reason}); accepts a curves.csv.gz that `compare` has "
            "written."
        ) from error
    for name in ("random_medians", "ask_seconds"):
        facts[name] = {key: tuple(value) for key, value in facts[name].items()}
    return CurveSet(curves, Facts(**facts))


def _curve(rows: list[tuple[int, str, str]]) -> Curve:
    *changes, (n_trials, _, total) = rows
    return Curve(
        np.array([trial for trial, _, _ in changes], dtype=np.int64),
        np.array([float(value) for _, value, _ in changes]),
        n_trials,
        np.array([float(seconds) for _, _, seconds in changes]) if total else None,
        float(total) if total else math.nan,
    )
