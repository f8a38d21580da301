"""What the page of a problem is made from; see :mod:`.data`."""

from __future__ import annotations

from dataclasses import dataclass

from ...analysis.studies.time_to_target import TimeToTarget


@dataclass(frozen=True)
class Mean:
    """A mean over seeds with its 95% bootstrap interval, and the number of seeds behind it."""

    mean: float
    lower: float
    upper: float
    n: int


@dataclass(frozen=True)
class Band:
    """A curve and its 95% interval, all of shape (n_points,)."""

    x: list[float]
    mean: list[float]
    lower: list[float]
    upper: list[float]


@dataclass(frozen=True)
class Points:
    """Some trials of one sampler on one problem.

    Attributes:
        seed: Seed of each trial, shape (n_points,).
        trial: Its number, likewise.
        value: Its value, likewise.
        params: Values by parameter, each of shape (n_points,); None where a trial has none.
    """

    seed: list[int]
    trial: list[int]
    value: list[float]
    params: dict[str, list[float | str | None]]


@dataclass(frozen=True)
class ProblemRow:
    """One sampler on one problem.

    Attributes:
        sampler: Name of the sampler.
        n_seeds: Seeds that have been begun.
        n_complete: Seeds that have all their trials.
        best: Best value after so many trials, in the order of ``Problem.marks``.
        noise_free: Value of the final incumbents without noise; None where it is not known.
        measured_again: The same, measured again after the study; None where that was not asked
            for.
        ask_seconds: Seconds a study of the sampler to suggest, mean over complete seeds.
        tell_seconds: Likewise, to learn.
        objective_seconds: Likewise, of the objective.
        seconds_a_suggestion: Mean over trials.
        peak_memory_mib: Mean over seeds of the most memory of a process, in MiB.
        failed_share: Share of trials without a value, 0 to 1.
        bad_share: Share of trials that failed or diverged, 0 to 1.
        wasted_share: Share of the trials in the second half of the budget that are no better than
            the median trial of ``random``, 0 to 1; NaN without it.
        to_target: How long it takes until the target; None without a target or a complete seed.
        p_value: Paired test of the final losses against the reference.
        finals: Seed and best value of the complete seeds.
        by_trials: Best value so far against trials.
        by_seconds: Best value so far against seconds of objective and sampler.
        points: Some of its trials.
    """

    sampler: str
    n_seeds: int
    n_complete: int
    best: list[Mean]
    noise_free: Mean | None
    measured_again: Mean | None
    ask_seconds: float
    tell_seconds: float
    objective_seconds: float
    seconds_a_suggestion: float
    peak_memory_mib: float
    failed_share: float
    bad_share: float
    wasted_share: float
    to_target: TimeToTarget | None
    p_value: float
    finals: list[tuple[int, float]]
    by_trials: Band
    by_seconds: Band
    points: Points


@dataclass(frozen=True)
class Parameter:
    """A parameter of a search space.

    Attributes:
        name: Its name.
        kind: ``float``, ``int``, ``categorical``, or the name of the class of its distribution.
        values: What it may be, in words.
        log: Whether its axis is logarithmic.
    """

    name: str
    kind: str
    values: str
    log: bool


@dataclass(frozen=True)
class Problem:
    """A page of a problem.

    Attributes:
        name: Its name.
        title: The name, and what it was built with where that matters.
        sign: 1 to minimise, -1 to maximise.
        state: How many studies and trials there are.
        settings: What it was built with.
        space: Its search space.
        marks: After how many trials the table looks.
        target: The loss whose reaching is timed; NaN if there is none.
        target_sampler: The sampler whose median it is.
        reference: Sampler that the others are tested against; empty if it has no study.
        value_range: Range of values worth showing; empty if nothing is finite.
        rows: One a sampler.
    """

    name: str
    title: str
    sign: int
    state: str
    settings: dict[str, str]
    space: list[Parameter]
    marks: list[int]
    target: float
    target_sampler: str
    reference: str
    value_range: list[float]
    rows: list[ProblemRow]
