"""The share of targets reached against what was spent, over problems, seeds and targets.

What COCO calls the empirical cumulative distribution of running times: a sampler whose line is
higher and farther left reaches more, and sooner.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...arrays import FloatArray
from .curve_set import CurveSet
from .hitting import Hits


TRIALS, SECONDS = "trials", "seconds"
# A line of more points looks the same.
_MAX_POINTS = 400
# What the other problems' seconds are measured by, if it took part.
_RANDOM = "random"


@dataclass(frozen=True)
class Ecdf:
    """The line of one sampler: steps up at ``x``, level between them.

    Attributes:
        sampler: Name of the sampler.
        against: ``"trials"`` or ``"seconds"``.
        x: What was spent, ascending from 0. Seconds are those of a problem divided by the mean
            seconds of a trial of random search there.
        y: Share of targets reached by then, 0 to 1, as many: over seeds and targets, then
            problems.
        n_problems: Problems behind it: those that all samplers have.
    """

    sampler: str
    against: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    n_problems: int


def share_reached(first: Sequence[FloatArray]) -> tuple[FloatArray, FloatArray]:
    """The mean over problems of the empirical distribution functions of running times.

    Args:
        first: What was spent until a target was reached, one array a problem of any shape, one
            problem and one value each or more; infinity where it was missed.

    Returns:
        Where it steps, ascending from 0, and its value from there on, both of shape (n_steps,).
    """
    spent = np.concatenate([its.ravel() for its in first])
    # A problem with fewer seeds weighs as much as the others.
    most = max(its.size for its in first)
    weights = np.concatenate([np.full(its.size, most / its.size) for its in first])
    is_reached = np.isfinite(spent)
    x, place = np.unique(spent[is_reached], return_inverse=True)
    reached = np.bincount(place, weights[is_reached], minlength=len(x))
    y = np.minimum(np.cumsum(reached) / (most * len(first)), 1.0)
    if not len(x) or x[0] > 0:
        x, y = np.insert(x, 0, 0.0), np.insert(y, 0, 0.0)
    return x, y


def trial_seconds(curve_set: CurveSet) -> dict[str, float]:
    """Mean seconds of a trial of random search by problem, or of all samplers if it has none.

    Problems without times, or whose trials take none, are left out.
    """
    found: dict[str, dict[bool, list[float]]] = {}
    for (problem, sampler, _), curve in curve_set.curves.items():
        if curve.total_seconds > 0:
            its = found.setdefault(problem, {})
            mean = curve.total_seconds / curve.n_trials
            its.setdefault(sampler == _RANDOM, []).append(mean)
    return {problem: float(np.mean(its.get(True) or its[False])) for problem, its in found.items()}


def ecdf(
    hits: Mapping[tuple[str, str], Hits],
    samplers: Sequence[str],
    against: str,
    unit: Mapping[str, float],
) -> list[Ecdf]:
    """One line a sampler, over the problems that all of them have.

    Args:
        hits: When the studies reached the targets, by problem and sampler.
        samplers: Names; those without a study are left out.
        against: ``"trials"`` or ``"seconds"``.
        unit: Seconds by problem that count as one; what :func:`trial_seconds` gives. Not used for
            trials.

    Returns:
        Empty if no problem is common to all, or times are missing.
    """
    there = [name for name in samplers if any(sampler == name for _, sampler in hits)]
    problems = [
        problem
        for problem in dict.fromkeys(problem for problem, _ in hits)
        if all((problem, name) in hits for name in there)
        and (against == TRIALS or _timed(hits, problem, there, unit))
    ]
    if not problems:
        return []
    result = []
    for name in there:
        first = [
            hits[p, name].trials if against == TRIALS else hits[p, name].seconds / unit[p]
            for p in problems
        ]
        x, y = _thinned(*share_reached(first))
        result.append(Ecdf(name, against, tuple(x.tolist()), tuple(y.tolist()), len(problems)))
    return result


def _timed(
    hits: Mapping[tuple[str, str], Hits],
    problem: str,
    samplers: Sequence[str],
    unit: Mapping[str, float],
) -> bool:
    return problem in unit and all(hits[problem, name].timed for name in samplers)


def share_at(line: Ecdf, spent: float) -> float:
    """Share of targets that a sampler has reached after so much, 0 to 1."""
    return line.y[max(0, int(np.searchsorted(line.x, spent, side="right")) - 1)]


def _thinned(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """At most so many of the steps, evenly, the first and the last among them."""
    if len(x) <= _MAX_POINTS:
        return x, y
    index = np.linspace(0, len(x) - 1, _MAX_POINTS).round().astype(int)
    return x[index], y[index]
