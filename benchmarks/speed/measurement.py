"""What is measured of a sampler's speed, and the file that keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from dataclasses import dataclass
from dataclasses import field
import json
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import UsageError
from ..jsonlines import append
from ..jsonlines import whole_lines


@dataclass
class Measurement:
    """One sampler at one size.

    Attributes:
        sampler: Its name.
        version: What identifies its code.
        n_trials: Finished trials before the first suggestion; each suggestion adds one.
        n_params: Number of parameters.
        threads: ``"default"``, or the number of threads that the libraries were told to use.
        round: Which measurements were made side by side: those with the same number.
        note: Why there is no time, or fewer suggestions than asked for; empty if all went well.
        first: Seconds of the first suggestion, with what it imports; NaN if there is none.
        built: Seconds to build the sampler, likewise.
        wall: Seconds of each timed suggestion.
        cpu: Seconds of processor time of each, all threads together.
        tell: Seconds to tell each value.
        before_mb: Resident memory with the history, before the sampler was there, in MiB.
        peak_mb: Most resident memory from then on, in MiB.
        machine: What it was measured on.
    """

    sampler: str
    version: str
    n_trials: int
    n_params: int
    threads: str
    round: str
    note: str = ""
    first: float = float("nan")
    built: float = float("nan")
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    tell: list[float] = field(default_factory=list)
    # In MiB all the same: the names are those of the files that are there.
    before_mb: float = float("nan")
    peak_mb: float = float("nan")
    machine: dict[str, Any] = field(default_factory=dict)

    @property
    def median(self) -> float:
        """Median seconds of a suggestion; NaN without one."""
        return float(np.median(self.wall)) if self.wall else float("nan")

    @property
    def increase_mb(self) -> float:
        """Peak memory over that before the sampler was there, in MiB."""
        return self.peak_mb - self.before_mb


def load(path: Path) -> list[Measurement]:
    """Read measurements; of those of the same thing the last counts, and a line that was cut off
    is removed.

    Raises:
        UsageError: If the file is no text, or a line no measurement.
    """
    try:
        lines = whole_lines(path)
    except UnicodeDecodeError as error:
        raise UsageError(f"--out: cannot read {path} ({error}).") from error
    found: dict[tuple[Any, ...], Measurement] = {}
    for number, line in enumerate(lines, start=1):
        try:
            one = Measurement(**json.loads(line))
        except (ValueError, TypeError) as error:
            raise UsageError(f"--out: line {number} of {path} is no measurement.") from error
        key = (one.sampler, one.n_trials, one.n_params, one.threads)
        # The last in order, too.
        found.pop(key, None)
        found[key] = one
    return list(found.values())


def store(path: Path, measurements: Sequence[Measurement]) -> None:
    """Append measurements to a file."""
    for one in measurements:
        append(path, asdict(one))
