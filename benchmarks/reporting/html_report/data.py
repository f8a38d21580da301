"""What the page is made from: plain data, all of it turned to JSON by :mod:`.jsonable`.

Losses and values are signed as the problem has them. NaN stands for what is not known; the page
shows a dash.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field

from .problem_data import Problem


@dataclass(frozen=True)
class Sampler:
    """A sampler of the report.

    Attributes:
        name: Its name.
        versions: What identifies its code; more than one if it changed between studies.
        color: Its colour on a light page, as ``#RRGGBB``.
        dark_color: The same on a dark page.
    """

    name: str
    versions: list[str]
    color: str
    dark_color: str


@dataclass(frozen=True)
class Made:
    """How studies were made.

    Attributes:
        command: The command line.
        versions: Versions of Python and of libraries, by name.
        jobs: Worker processes; None if unknown.
        threads: Threads a worker, likewise.
        samplers: Names of the samplers that were run so.
    """

    command: str
    versions: dict[str, str]
    jobs: int | None
    threads: int | None
    samplers: list[str]


@dataclass(frozen=True)
class Counts:
    """What is there and what is not.

    Attributes:
        studies: Studies that are stored.
        complete: Those of them that have all their trials.
        trials: Finished trials.
        planned: Trials that the studies are to have.
        failed: Trials without a value.
        diverged: Trials with a value that the problem calls diverged, or that is not finite.
        seeds: Seeds of the studies, ascending.
        unfinished: Studies that lack trials, as ``problem, sampler, seed N: n of m trials``.
        missing: Studies that another sampler or problem has and that are not there, in words.
        seeds_differ: How many seeds each sampler had; empty if they had the same ones.
    """

    studies: int
    complete: int
    trials: int
    planned: int
    failed: int
    diverged: int
    seeds: list[int]
    unfinished: list[str]
    missing: list[str]
    seeds_differ: str


@dataclass(frozen=True)
class Regrets:
    """Normalised regret of the studies of one sampler on one problem.

    Attributes:
        problem: Name of the problem.
        sampler: Name of the sampler.
        seeds: Seeds, shape (n_seeds,).
        rows: After so many trials as ``Overview.grid`` says, and last the mean over all trials;
            shape (n_seeds, n_grid + 1), NaN where a study has not got so far.
    """

    problem: str
    sampler: str
    seeds: list[int]
    rows: list[list[float]]


@dataclass(frozen=True)
class OverallRow:
    """Mean normalised regret of one sampler after so many trials, over all problems.

    Attributes:
        sampler: Name of the sampler.
        column: After how many trials, as text, or ``area``.
        mean: Over seeds, then problems, 0 to 1.
        lower: Lower end of its 95% bootstrap interval.
        upper: Upper end.
        n_problems: Problems behind it.
        n_pairs: Pairs of problem and seed behind it.
        rank: Mean rank over the pairs that all samplers have.
    """

    sampler: str
    column: str
    mean: float
    lower: float
    upper: float
    n_problems: int
    n_pairs: int
    rank: float


@dataclass(frozen=True)
class Overview:
    """The first page.

    Attributes:
        columns: After how many trials, as text, and last ``area``.
        grid: Numbers of trials at which regrets are kept, ascending; those of ``columns`` too.
        overall: Means over all problems.
        regrets: By problem and sampler, from which the page works out the means over some
            problems.
        n_ranked: Pairs of problem and seed that all samplers have, by column.
        scales: Between which values a problem's regret is measured, where that is not the suite's
            reference: a sentence a problem.
    """

    columns: list[str]
    grid: list[int]
    overall: list[OverallRow]
    regrets: list[Regrets]
    n_ranked: dict[str, int]
    scales: list[str]


@dataclass(frozen=True)
class Ecdf:
    """Share of targets that a sampler has reached, over seeds.

    One with an empty problem is over all of them. One for each problem lets the page show the mean
    over those that are chosen.

    Attributes:
        sampler: Name of the sampler.
        axis: ``trials`` or ``seconds``.
        x: Where the share changes, ascending, shape (n_points,).
        y: The share from there on, 0 to 1, same shape.
        problem: Name of the problem; empty for all.
        unit: What ``x`` is, in words; empty if ``axis`` says it.
    """

    sampler: str
    axis: str
    x: list[float]
    y: list[float]
    problem: str = ""
    unit: str = ""


@dataclass(frozen=True)
class Pair:
    """One sampler against another one.

    Attributes:
        reference: Name of the one.
        other: Name of the other.
        sentence: What can be said, in words.
        p: Two-sided p value of the paired test.
        p_holm: The same, corrected for the number of comparisons.
        probability_of_improvement: That the reference is better on a pair, 0 to 1.
        interval: 95% interval of that probability.
    """

    reference: str
    other: str
    sentence: str
    p: float = float("nan")
    p_holm: float = float("nan")
    probability_of_improvement: float = float("nan")
    interval: tuple[float, float] = (float("nan"), float("nan"))


@dataclass(frozen=True)
class CriticalDifference:
    """Mean ranks, and which of them cannot be told apart.

    Attributes:
        ranks: Mean rank by sampler, 1 for the best.
        cliques: Groups of samplers that cannot be told apart; empty if that was not tested.
        note: What was ranked and how it was tested.
    """

    ranks: dict[str, float]
    cliques: list[list[str]] = field(default_factory=list)
    note: str = ""


@dataclass(frozen=True)
class Ert:
    """Expected running time of a sampler to a target on one problem.

    Attributes:
        problem: Name of the problem.
        sampler: Name of the sampler.
        target: The target, as it is to be shown.
        value: Trials (or seconds, as ``unit`` says) that it takes; infinity if no seed got there.
        reached_share: Share of seeds that got there, 0 to 1.
        unit: ``trials`` or ``seconds``.
    """

    problem: str
    sampler: str
    target: str
    value: float
    reached_share: float = float("nan")
    unit: str = "trials"


@dataclass(frozen=True)
class Extras:
    """Statistics that the page shows if they are there; a section without any is left out.

    Attributes:
        ecdf: Curves of reached targets.
        pairs: Statements on pairs of samplers.
        critical_difference: Ranks; None for those of the comparison, without a test.
        ert: Expected running times.
    """

    ecdf: list[Ecdf] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    critical_difference: CriticalDifference | None = None
    ert: list[Ert] = field(default_factory=list)


@dataclass(frozen=True)
class ReportData:
    """Everything on the page.

    Attributes:
        storage: URL of the storage, without a password.
        samplers: The samplers.
        made: How the studies were made.
        counts: What is there and what is not.
        reference: Sampler that the others are compared with.
        overview: The first page.
        problems: One page each.
        pairs: Statements on pairs of samplers.
        critical_difference: Ranks; None without any.
        ecdf: Curves of reached targets.
        ert: Expected running times.
    """

    storage: str
    samplers: list[Sampler]
    made: list[Made]
    counts: Counts
    reference: str
    overview: Overview
    problems: list[Problem]
    pairs: list[Pair]
    critical_difference: CriticalDifference | None
    ecdf: list[Ecdf]
    ert: list[Ert]
