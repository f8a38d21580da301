"""The first page's data: what was compared, and how the samplers stand over all problems."""

from __future__ import annotations

from collections.abc import Sequence
import math
from typing import Any

import numpy as np

from ...analysis.comparisons.comparison import CHECKPOINTS
from ...analysis.comparisons.comparison import Comparison
from ...analysis.curves.curve_set import CurveSet
from ...analysis.curves.regret import regret_curve
from ...analysis.studies.results import diverged
from ...analysis.studies.results import Run
from ..compare_tables import reference_lines
from ..palette import color_of
from ..palette import dark_color_of
from ..seeds import seeds_differ
from . import thin
from .data import Counts
from .data import CriticalDifference
from .data import Made
from .data import OverallRow
from .data import Overview
from .data import Regrets
from .data import Sampler


# Numbers that the page may hold for its regrets, and points of a curve.
_N_REGRETS, _LEAST, _MOST = 150_000, 8, 60


def checkpoints(longest: int, common: int) -> list[int]:
    """After how many trials to look.

    Args:
        longest: Trials of the longest study, the last of them.
        common: Where the first sampler ends, one of them too.

    Returns:
        Ascending.
    """
    return sorted({*(number for number in CHECKPOINTS if number < longest), common, longest})


def overview(curve_set: CurveSet, comparison: Comparison) -> Overview:
    """Regrets over all problems.

    Args:
        curve_set: The studies, one or more.
        comparison: Their comparison.
    """
    marks = [int(column) for column in comparison.columns[:-1]]
    n_points = thin.budget(_N_REGRETS, len(curve_set.curves), _LEAST, _MOST)
    evenly = 1 + thin.evenly(marks[-1], n_points)
    grid = np.union1d(evenly, marks)
    return Overview(
        comparison.columns,
        grid.tolist(),
        [
            OverallRow(
                sampler,
                column,
                found.mean,
                found.lower,
                found.upper,
                found.n_problems,
                found.n_pairs,
                found.rank,
            )
            for (sampler, column), found in comparison.overall.items()
        ],
        _regrets(curve_set, comparison, grid.tolist()),
        comparison.n_ranked,
        reference_lines(comparison),
    )


def _regrets(curve_set: CurveSet, comparison: Comparison, grid: list[int]) -> list[Regrets]:
    at = np.array(grid) - 1
    seeds: dict[tuple[str, str], list[int]] = {}
    rows: dict[tuple[str, str], list[list[float]]] = {}
    for key in sorted(curve_set.curves):
        problem, sampler, seed = key
        by_trial = regret_curve(curve_set, key, comparison.scales[problem], grid[-1])
        seeds.setdefault((problem, sampler), []).append(seed)
        row = np.append(by_trial[at], by_trial.mean())
        rows.setdefault((problem, sampler), []).append(row.tolist())
    return [
        Regrets(problem, sampler, seeds[problem, sampler], rows[problem, sampler])
        for problem in comparison.problems
        for sampler in comparison.samplers
        if (problem, sampler) in rows
    ]


def samplers(runs: Sequence[Run], order: Sequence[str]) -> list[Sampler]:
    """The samplers with their versions and colours.

    Args:
        runs: The studies.
        order: Names, as they are to be shown.
    """
    versions: dict[str, dict[str, None]] = {name: {} for name in order}
    for run in runs:
        if run.sampler in versions:
            versions[run.sampler][str(run.settings.get("sampler_version", ""))] = None
    return [
        Sampler(name, list(versions[name]), color_of(name, index), dark_color_of(name, index))
        for index, name in enumerate(order)
    ]


def made(runs: Sequence[Run]) -> list[Made]:
    """How the studies were made: each way once, with the samplers that were run so."""
    ways: dict[tuple[Any, ...], list[str]] = {}
    for run in runs:
        how = run.settings
        key = (
            str(how.get("command", "")),
            tuple(sorted(how.get("versions", {}).items())),
            how.get("jobs"),
            how.get("threads"),
        )
        names = ways.setdefault(key, [])
        if run.sampler not in names:
            names.append(run.sampler)
    return [
        Made(command, dict(versions), jobs, threads, names)
        for (command, versions, jobs, threads), names in ways.items()
    ]


def counts(runs: Sequence[Run]) -> Counts:
    """What is there, and what another sampler or problem has and is not there."""
    trials = [trial for run in runs for trial in run.trials]
    failed = sum(trial.values is None for trial in trials)
    unfinished = [
        f"{run.problem}, {run.sampler}, seed {run.seed}: {len(run.trials)} of {run.planned} trials"
        for run in runs
        if not run.complete
    ]
    return Counts(
        len(runs),
        sum(run.complete for run in runs),
        len(trials),
        sum(run.planned for run in runs),
        failed,
        sum(diverged(trial) for trial in trials) - failed,
        sorted({run.seed for run in runs}),
        unfinished,
        _missing(runs),
        seeds_differ(runs),
    )


def _missing(runs: Sequence[Run]) -> list[str]:
    problems = dict.fromkeys(run.problem for run in runs)
    names = dict.fromkeys(run.sampler for run in runs)
    seeds = sorted({run.seed for run in runs})
    there: dict[tuple[str, str], set[int]] = {}
    for run in runs:
        there.setdefault((run.problem, run.sampler), set()).add(run.seed)
    lines = []
    for problem in problems:
        for name in names:
            lacking = [seed for seed in seeds if seed not in there.get((problem, name), set())]
            if len(lacking) == len(seeds):
                lines.append(f"{problem}, {name}: no study")
            elif lacking:
                listed = ", ".join(map(str, lacking))
                lines.append(f"{problem}, {name}: no study with seed {listed}")
    return lines


def ranks(comparison: Comparison) -> CriticalDifference | None:
    """Mean ranks of the samplers after the last number of trials with any; None without two."""
    column = comparison.ranked_column
    its = {
        name: comparison.overall[name, column].rank
        for name in comparison.samplers
        if (name, column) in comparison.overall
    }
    by_sampler = {name: rank for name, rank in its.items() if not math.isnan(rank)}
    if len(by_sampler) < 2:
        return None
    note = (
        f"Mean rank of the normalised regret after {column} trials, over the "
        f"{comparison.n_ranked[column]} pairs of problem and seed that all samplers have."
    )
    return CriticalDifference(by_sampler, note=f"{note} No test was made of the ranks.")
