"""What the report needs to know of each problem, worked out once for all that shows it."""

from __future__ import annotations

from dataclasses import dataclass

from ..analysis.studies.failures import failure_note
from ..analysis.studies.mean_curves import curve_over_seconds
from ..analysis.studies.mean_curves import curve_over_trials
from ..analysis.studies.mean_curves import MeanCurve
from ..analysis.studies.results import Run
from ..analysis.studies.samples import Sample
from ..analysis.studies.samples import to_samples
from ..analysis.studies.summary import summarise
from ..analysis.studies.summary import Summary
from ..analysis.studies.time_to_target import find_target
from ..analysis.studies.time_to_target import Target
from ..analysis.studies.time_to_target import times_to_target
from ..analysis.studies.time_to_target import TimeToTarget


@dataclass(frozen=True)
class Analysed:
    """One problem and what the samplers made of it.

    Attributes:
        problem: Its name.
        title: The name, and what it was built with where that matters.
        sign: 1 to minimise, -1 to maximise.
        state: How many studies and trials there are, and who has got no value at all.
        runs: Its studies, also those without a trial.
        samples: The same by sampler, as arrays.
        target: The loss whose reaching is timed; None if there is none.
        times: How long samplers take until then, by name; none without a target.
        summaries: One a sample.
        by_trials: Curve of the best loss so far against trials, one a sample; lower is better.
        by_seconds: The same against seconds.
    """

    problem: str
    title: str
    sign: int
    state: str
    runs: list[Run]
    samples: list[Sample]
    target: Target | None
    times: dict[str, TimeToTarget]
    summaries: list[Summary]
    by_trials: list[MeanCurve]
    by_seconds: list[MeanCurve]


def analyse(runs: list[Run]) -> list[Analysed]:
    """Gather runs by problem, those problems only that have a finished trial.

    Args:
        runs: The stored studies, in the order in which they are to be shown.
    """
    begun = dict.fromkeys(run.problem for run in runs if run.trials)
    by_problem: dict[str, list[Run]] = {problem: [] for problem in begun}
    for run in runs:
        if run.problem in by_problem:
            by_problem[run.problem].append(run)
    return [_analyse(problem, its_runs) for problem, its_runs in by_problem.items()]


def _analyse(problem: str, runs: list[Run]) -> Analysed:
    samples = to_samples(runs)
    target = find_target(samples)
    return Analysed(
        problem,
        _title(problem, runs[0]),
        runs[0].sign,
        " ".join(filter(None, (_state(runs), _shorter(runs), failure_note(runs)))),
        runs,
        samples,
        target,
        {its.sampler: its for its in times_to_target(samples, target)} if target else {},
        summarise(samples),
        [curve_over_trials(sample) for sample in samples],
        [curve_over_seconds(sample) for sample in samples],
    )


def _title(problem: str, run: Run) -> str:
    chosen = run.settings["problem"]
    details = [str(chosen[key]) for key in ("preset", "mode", "device") if key in chosen]
    return f"{problem} ({', '.join(details)})" if details else problem


def _state(runs: list[Run]) -> str:
    n_complete = sum(run.complete for run in runs)
    n_trials = sum(len(run.trials) for run in runs)
    if n_complete == len(runs):
        return f"{len(runs)} studies, {n_trials} trials, all complete."
    n_planned = sum(run.planned for run in runs)
    return (
        f"UNFINISHED: {n_complete} of {len(runs)} studies are complete, {n_trials} of {n_planned} "
        "trials are there. Figures after so many trials are over the seeds that have so many; "
        "totals, times to target and tests over complete seeds."
    )


def _shorter(runs: list[Run]) -> str:
    """Which samplers have spent a smaller budget than others; empty if none has."""
    longest = max(max(run.planned, len(run.trials)) for run in runs)
    found: dict[str, set[int]] = {}
    for run in runs:
        if run.complete and len(run.trials) < longest and not run.is_exhausted:
            found.setdefault(run.sampler, set()).add(len(run.trials))
    if not found:
        return ""
    budgets = "; ".join(
        f"{sampler} {', '.join(map(str, sorted(numbers)))}" for sampler, numbers in found.items()
    )
    return (
        f"Planned with fewer trials than {longest}, and not counted in totals, times to target and "
        f"tests: studies of {budgets}."
    )
