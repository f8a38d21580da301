"""Statistics across problems and seeds that a comparison is told with, one function each.

Pairs of samplers in words, ranks over problems, expected running times, and the share of targets
reached: plain values, for tables, pictures and pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..curves.curve_set import CurveSet
from ..curves.ecdf import Ecdf
from ..curves.ecdf import ecdf
from ..curves.ecdf import SECONDS
from ..curves.ecdf import trial_seconds
from ..curves.ecdf import TRIALS
from ..curves.ert import Ert
from ..curves.ert import expected_running_times
from ..curves.hitting import find_hits
from ..curves.hitting import Hits
from ..curves.hitting import TARGETS
from .comparison import Comparison
from .critical_difference import critical_difference
from .critical_difference import CriticalDifference
from .pairwise import compare_pairs
from .pairwise import Pair
from .sentences import Statement
from .sentences import statements


@dataclass(frozen=True)
class Analysis:
    """All statistics across problems.

    Attributes:
        column: The last number of trials looked at, as text: what the statements are about.
        targets: Normalised regrets to reach, descending.
        pairs: Every sampler against every other one, in every column.
        statements: What is told of them in ``column``.
        critical_difference: Ranks over problems in ``column``; None without a common problem.
        hits: When the studies reached the targets within so many trials, by problem and sampler.
        ert: Expected running times by problem, sampler and target.
        ecdf: Share of targets reached against trials, then against seconds where they are known.
    """

    column: str
    targets: tuple[float, ...]
    pairs: list[Pair]
    statements: list[Statement]
    critical_difference: CriticalDifference | None
    hits: dict[tuple[str, str], Hits]
    ert: list[Ert]
    ecdf: list[Ecdf]


def _main_column(columns: Sequence[str], common: int) -> str:
    """The latest number of trials that all samplers have; if none is looked at, the latest."""
    shared = [column for column in columns if int(column) <= common]
    return shared[-1] if shared else columns[-1]


def analyse(
    curve_set: CurveSet, comparison: Comparison, targets: Sequence[float] = TARGETS
) -> Analysis:
    """Work out all statistics across problems.

    Args:
        curve_set: The studies.
        comparison: Their comparison.
        targets: Normalised regrets to reach, 0 or more.
    """
    column = _main_column(comparison.columns[:-1], curve_set.common_budget)
    # From the easiest to the hardest.
    levels = tuple(sorted(targets, reverse=True))
    # With one seed on all problems, those of as many parameters see the same points.
    kinds = None if curve_set.has_own_seeds else curve_set.facts.n_params
    pairs = compare_pairs(comparison.regrets, comparison.columns, kinds)
    hits = find_hits(curve_set, comparison.scales, levels, int(column))
    unit = trial_seconds(curve_set)
    return Analysis(
        column,
        levels,
        pairs,
        statements(pairs, column),
        critical_difference(
            comparison.by_problem, comparison.problems, comparison.samplers, column
        ),
        hits,
        expected_running_times(hits, levels),
        [
            *ecdf(hits, comparison.samplers, TRIALS, unit),
            *ecdf(hits, comparison.samplers, SECONDS, unit),
        ],
    )
