"""Statistics across problems and seeds, as the page shows them."""

from __future__ import annotations

from collections.abc import Iterable

from ...analysis.comparisons import across_problems
from ...analysis.comparisons import critical_difference as ranking
from ...analysis.comparisons.comparison import Comparison
from ...analysis.curves import ecdf as shares
from ...analysis.curves.curve_set import CurveSet
from ...analysis.curves.ert import Ert as ErtResult
from ...tables import show_p
from . import thin
from .data import CriticalDifference
from .data import Ecdf
from .data import Ert
from .data import Extras
from .data import Pair


# Points of the curves of reached targets on the page, and of one of them.
_N_POINTS, _LEAST, _MOST = 40_000, 10, 150
_UNITS = {
    shares.TRIALS: "trials",
    shares.SECONDS: "seconds / those of a random trial",
}


def from_comparison(curve_set: CurveSet, comparison: Comparison) -> Extras:
    """All of :func:`~benchmarks.analysis.comparisons.across_problems.analyse`, and its curves
    by problem.

    Args:
        curve_set: The studies, one or more.
        comparison: Their comparison.
    """
    found = across_problems.analyse(curve_set, comparison)
    return Extras(
        _curves(curve_set, comparison, found),
        [
            Pair(
                said.reference,
                said.other,
                said.sentence,
                said.p,
                said.p_holm,
                said.probability_of_improvement,
                said.interval,
            )
            for said in found.statements
        ],
        _ranks(found.critical_difference),
        _running_times(found.ert),
    )


def _curves(
    curve_set: CurveSet, comparison: Comparison, found: across_problems.Analysis
) -> list[Ecdf]:
    unit = shares.trial_seconds(curve_set)
    n_curves = 2 * (1 + len(comparison.problems)) * len(comparison.samplers)
    n_points = thin.budget(_N_POINTS, n_curves, _LEAST, _MOST)
    lines = [_curve(line, "", n_points) for line in found.ecdf]
    if len(comparison.problems) == 1:
        return lines
    for problem in comparison.problems:
        its = {key: value for key, value in found.hits.items() if key[0] == problem}
        for against in (shares.TRIALS, shares.SECONDS):
            lines += [
                _curve(line, problem, n_points)
                for line in shares.ecdf(its, comparison.samplers, against, unit)
            ]
    return lines


def _curve(line: shares.Ecdf, problem: str, n_points: int) -> Ecdf:
    kept = thin.evenly(len(line.x), n_points)
    return Ecdf(
        line.sampler,
        line.against,
        [line.x[index] for index in kept],
        [line.y[index] for index in kept],
        problem,
        _UNITS[line.against],
    )


def _ranks(found: ranking.CriticalDifference | None) -> CriticalDifference | None:
    if found is None or len(found.ranks) < 2:
        return None
    note = (
        f"Mean rank of the mean normalised regret after {found.column} trials, over the "
        f"{found.n_problems} problems that all samplers have. Not told apart: by Wilcoxon's "
        f"signed-rank test over problems with Holm's correction. Friedman's test that all are "
        f"alike: p {show_p(found.p_friedman)}; Nemenyi's critical difference "
        f"{found.nemenyi:.2f}."
    )
    return CriticalDifference(found.ranks, [list(clique) for clique in found.cliques], note)


def _running_times(found: Iterable[ErtResult]) -> list[Ert]:
    return [
        Ert(
            entry.problem,
            entry.sampler,
            f"regret {entry.target:g}",
            entry.trials.mean,
            entry.n_reached / entry.n_seeds,
        )
        for entry in found
    ]
