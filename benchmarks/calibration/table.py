"""How often outcomes fell into the predicted intervals, as tables."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..arrays import FloatArray
from ..tables import show_number
from ..tables import Table
from . import coverage as calibration
from .coverage import ACCEPTED
from .coverage import SHARES
from .records import Study


# Trials are looked at in these ranges too: early models know little.
_RANGES = ((0, 10), (10, 20), (20, 30), (30, 60), (60, 1000))


def coverage_tables(studies: Sequence[Study]) -> list[Table]:
    """All outcomes together and by ranges of trials, with intervals; then by problem.

    Args:
        studies: One or more.
    """
    rng = np.random.default_rng(0)
    everything = [study.places for study in studies]
    low, high = calibration.coverage_interval(everything, rng)
    shares = calibration.coverage(everything)
    columns = [f"{share:.0%} interval" for share in SHARES]
    total = [f"{s:.1%} [{a:.1%}, {b:.1%}]" for s, a, b in zip(shares, low, high)]
    accepted = [f"{a:.0%} to {b:.0%}" for a, b in ACCEPTED]
    n = sum(map(len, everything))
    rows = [["all", str(n), *total], ["calibrated means", "", *accepted]]
    for first, last in _RANGES:
        parts = [s.places[(s.trials >= first) & (s.trials < last)] for s in studies]
        if count := sum(map(len, parts)):
            rows.append([f"trials {first} to {last - 1}", str(count), *_percent(parts)])
    problems = dict.fromkeys(study.problem for study in studies)
    by_problem = []
    for problem in problems:
        parts = [s.places for s in studies if s.problem == problem]
        by_problem.append([problem, str(sum(map(len, parts))), *_percent(parts)])
    return [
        Table("Outcomes inside the predicted intervals", ["", "predictions", *columns], rows),
        Table("By problem", ["problem", "predictions", *columns], by_problem),
    ]


def _percent(places: Sequence[FloatArray]) -> list[str]:
    return [show_number(share, "{:.1%}") for share in calibration.coverage(places)]
