"""From stored studies to the data of the page."""

from __future__ import annotations

from collections.abc import Sequence

from ...analysis.comparisons.comparison import compare
from ...analysis.curves import run_curves
from ...analysis.studies.results import Run
from ...contenders.registry import OURS
from ..analysed import Analysed
from . import overview
from .data import Extras
from .data import ReportData
from .extras import from_comparison
from .problem import budget_for
from .problem import problem_page


def build(
    runs: Sequence[Run],
    problems: Sequence[Analysed],
    storage_shown: str,
    extras: Extras | None = None,
) -> ReportData:
    """Gather everything that the page shows.

    Args:
        runs: The stored studies, one or more of them with a trial.
        problems: The same by problem.
        storage_shown: URL of the storage, without a password.
        extras: Statistics across problems and seeds; None for those of :mod:`.extras`.
    """
    curve_set = run_curves.from_runs(runs)
    longest = max(curve.n_trials for curve in curve_set.curves.values())
    names = curve_set.samplers
    # Someone whose samplers are not ours compares with the first that was named.
    reference = OURS if OURS in names else names[0]
    comparison = compare(
        curve_set, overview.checkpoints(longest, curve_set.common_budget), reference
    )
    if extras is None:
        extras = from_comparison(curve_set, comparison)
    budget = budget_for(problems)
    critical = extras.critical_difference or overview.ranks(comparison)
    return ReportData(
        storage_shown,
        overview.samplers(runs, names),
        overview.made(runs),
        overview.counts(runs),
        reference,
        overview.overview(curve_set, comparison),
        [problem_page(problem, budget, OURS) for problem in problems],
        extras.pairs,
        critical,
        extras.ecdf,
        extras.ert,
    )
