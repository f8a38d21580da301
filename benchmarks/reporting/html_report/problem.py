"""The data of a problem's page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import json
import math
from typing import Any

import numpy as np

from ...analysis.numerics.losses import running_best
from ...analysis.studies.mean_curves import MeanCurve
from ...analysis.studies.results import has_value
from ...analysis.studies.results import Run
from ...analysis.studies.samples import Sample
from ...analysis.studies.summary import Estimate
from ...arrays import FloatArray
from ..analysed import Analysed
from ..limits import y_limits
from . import thin
from .problem_data import Mean
from .problem_data import Parameter
from .problem_data import Points
from .problem_data import Problem
from .problem_data import ProblemRow


# Numbers of points on all pages together, and on a curve or of a sampler's trials.
_N_CURVE_POINTS, _LEAST_CURVE, _MOST_CURVE = 60_000, 15, 150
_N_TRIALS, _LEAST_TRIALS, _MOST_TRIALS = 20_000, 20, 200


@dataclass(frozen=True)
class Budget:
    """How many points a sampler may have on a problem's page.

    Attributes:
        curve: Points of one curve.
        trials: Trials in the scatter plot.
    """

    curve: int
    trials: int


def budget_for(problems: Sequence[Analysed]) -> Budget:
    """Fewer points the more problems and samplers there are."""
    n_curves = sum(len(problem.samples) for problem in problems)
    return Budget(
        # One curve against trials and one against seconds.
        thin.budget(_N_CURVE_POINTS, 2 * n_curves, _LEAST_CURVE, _MOST_CURVE),
        thin.budget(_N_TRIALS, n_curves, _LEAST_TRIALS, _MOST_TRIALS),
    )


def problem_page(problem: Analysed, budget: Budget, reference: str) -> Problem:
    """Turn one problem into the data of its page.

    Args:
        problem: The problem.
        budget: Points a sampler.
        reference: Sampler that the others are tested against.
    """
    settings = problem.runs[0].settings
    limits = y_limits(problem.by_trials)
    target = problem.target
    names = [sample.sampler for sample in problem.samples]
    rows = [
        _row(problem, index, [run for run in problem.runs if run.sampler == name], budget)
        for index, name in enumerate(names)
    ]
    return Problem(
        problem.problem,
        problem.title,
        problem.sign,
        problem.state,
        {str(key): str(value) for key, value in settings.get("problem", {}).items()},
        [_parameter(name, text) for name, text in settings.get("space", {}).items()],
        list(problem.summaries[0].best),
        math.nan if target is None else problem.sign * target.loss,
        "" if target is None else target.sampler,
        reference if reference in names else "",
        [] if limits is None else sorted(problem.sign * limit for limit in limits),
        rows,
    )


def _row(problem: Analysed, index: int, runs: list[Run], budget: Budget) -> ProblemRow:
    sample, summary = problem.samples[index], problem.summaries[index]
    sign = problem.sign
    complete = np.array(sample.complete)
    n_run = sum(sample.n_run)
    failed = sum(trial.values is None for run in runs for trial in run.trials)
    memory = [run.peak_memory_mib for run in runs if not math.isnan(run.peak_memory_mib)]
    return ProblemRow(
        sampler=summary.sampler,
        n_seeds=summary.n_seeds,
        n_complete=summary.n_complete,
        best=[_mean(found, sign) for found in summary.best.values()],
        noise_free=None if summary.expected is None else _mean(summary.expected, sign),
        measured_again=None
        if summary.measured_again is None
        else _mean(summary.measured_again, sign),
        ask_seconds=_total(sample.ask, complete),
        tell_seconds=_total(sample.tell, complete),
        objective_seconds=summary.objective_seconds,
        seconds_a_suggestion=summary.ask_seconds,
        peak_memory_mib=float(np.mean(memory)) if memory else math.nan,
        failed_share=failed / n_run if n_run else math.nan,
        bad_share=summary.bad_share,
        wasted_share=summary.wasted_share,
        to_target=problem.times.get(summary.sampler),
        p_value=summary.p_value,
        finals=_finals(sample, sign),
        by_trials=thin.band(problem.by_trials[index], sign, budget.curve),
        by_seconds=thin.band(_until_known(problem.by_seconds[index]), sign, budget.curve),
        points=_points(runs, budget.trials),
    )


def _mean(found: Estimate, sign: int) -> Mean:
    lower, upper = sorted((sign * found.lower, sign * found.upper))
    return Mean(sign * found.mean, lower, upper, found.n_seeds)


def _total(seconds: FloatArray, complete: Any) -> float:
    totals = np.nansum(seconds, axis=-1)[complete]
    return float(totals.mean()) if len(totals) else math.nan


def _finals(sample: Sample, sign: int) -> list[tuple[int, float]]:
    best = sign * running_best(sample.filled)[:, -1]
    return [
        (seed, float(value))
        for seed, value, complete in zip(sample.seeds, best, sample.complete)
        if complete
    ]


def _until_known(curve: MeanCurve) -> MeanCurve:
    """A curve without the points where its mean is not finite."""
    known = np.isfinite(curve.mean)
    return MeanCurve(curve.x[known], curve.mean[known], curve.lower[known], curve.upper[known])


def _points(runs: Sequence[Run], n_kept: int) -> Points:
    trials = [(run.seed, trial) for run in runs for trial in run.trials if has_value(trial)]
    kept = [trials[index] for index in thin.evenly(len(trials), n_kept)]
    names = dict.fromkeys(name for _, trial in kept for name in trial.params)
    return Points(
        [seed for seed, _ in kept],
        [trial.number + 1 for _, trial in kept],
        [trial.values[0] for _, trial in kept],
        {name: [_cell(trial.params.get(name)) for _, trial in kept] for name in names},
    )


def _cell(value: Any) -> float | str | None:
    if value is None or (isinstance(value, (int, float)) and not isinstance(value, bool)):
        return value
    return str(value)


def _parameter(name: str, text: str) -> Parameter:
    """A parameter from its distribution as Optuna writes it."""
    described = json.loads(text)
    attributes = described["attributes"]
    kind = described["name"].removesuffix("Distribution").lower()
    if "choices" in attributes:
        return Parameter(name, kind, ", ".join(map(str, attributes["choices"])), False)
    values = f"{attributes['low']:g} to {attributes['high']:g}"
    step, log = attributes.get("step"), bool(attributes.get("log"))
    # A step of one goes without saying for integers.
    if step is not None and not (kind == "int" and step == 1):
        values += f", step {step:g}"
    return Parameter(name, kind, values + (", log scale" if log else ""), log)
