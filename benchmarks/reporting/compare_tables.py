"""A comparison across problems as tables, rows of a file, and notes."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence
import math
from typing import Any

from ..analysis.comparisons.comparison import AREA
from ..analysis.comparisons.comparison import Comparison
from ..analysis.curves.curve_set import CurveSet
from ..tables import show_count
from ..tables import show_number
from ..tables import show_p
from ..tables import Table
from .seeds import ranges


# To this many digits a regret is shown, and the best of a row is equal.
_DIGITS = 3
# Of more problems without a reference, the first is named.
_MOST_NAMED = 3


def _heading(column: str) -> str:
    return column if column == AREA else f"after {column}"


def overall_table(comparison: Comparison) -> Table:
    """Mean normalised regret of each sampler, with its interval."""
    columns = ["sampler", "pairs"]
    columns += [f"{_heading(column)} trials" for column in comparison.columns[:-1]]
    columns += ["area", "rank"]
    last = comparison.ranked_column
    rows: list[list[str]] = []
    means: dict[tuple[int, str], float] = {}
    for sampler in comparison.samplers:
        first = comparison.overall.get((sampler, comparison.columns[0]))
        rank = comparison.overall.get((sampler, last))
        cells = [sampler, str(first.n_pairs) if first else "0"]
        for column in comparison.columns:
            found = comparison.overall.get((sampler, column))
            means[len(rows), column] = math.inf if found is None else round(found.mean, _DIGITS)
            if found is None:
                cells.append("–")
                continue
            partly = f" ({found.n_pairs})" if first and found.n_pairs < first.n_pairs else ""
            cells.append(f"{found.mean:.3f} [{found.lower:.3f}, {found.upper:.3f}]{partly}")
        cells.append(show_number(math.nan if rank is None else rank.rank, "{:.2f}"))
        rows.append(cells)
    bold = set()
    for place, column in enumerate(comparison.columns):
        best = min(means[row, column] for row in range(len(rows)))
        bold |= {(row, place + 2) for row in range(len(rows)) if means[row, column] == best}
    return Table(
        "Mean normalised regret over problems and seeds, with 95% bootstrap interval; rank after "
        f"{last} trials over the {comparison.n_ranked[last]} pairs that all samplers have",
        columns,
        rows,
        bold,
    )


def versus_tables(comparison: Comparison) -> list[Table]:
    """The reference against each other sampler, one table a column."""
    ours = comparison.reference
    tables = []
    for column in comparison.columns:
        rows = []
        for other in comparison.samplers:
            found = comparison.versus.get((other, column))
            if found is None:
                continue
            rows.append(
                [
                    other,
                    str(found.n_pairs),
                    f"{found.ours:.3f}",
                    f"{found.theirs:.3f}",
                    f"{found.ratio:.2f} [{found.ratio_lower:.2f}, {found.ratio_upper:.2f}]",
                    f"{found.wins}/{found.ties}/{found.losses}",
                    show_p(found.p_value),
                    show_p(found.p_holm),
                ]
            )
        if rows:
            when = "over all trials (area)" if column == AREA else f"after {column} trials"
            heads = ["against", "pairs", ours, "other", "ratio", "win/tie/loss", "p", "p (Holm)"]
            tables.append(Table(f"{ours} {when}, over the pairs that both have", heads, rows))
    return tables


def problem_tables(comparison: Comparison) -> list[Table]:
    """Mean regret by problem and sampler, one table a column."""
    tables = []
    for column in comparison.columns:
        rows: list[list[str]] = []
        bold: set[tuple[int, int]] = set()
        for problem in comparison.problems:
            means = [
                comparison.by_problem.get((problem, sampler, column), math.nan)
                for sampler in comparison.samplers
            ]
            shown = [show_number(mean, f"{{:.{_DIGITS}f}}") for mean in means]
            numbers = [float(text) for text in shown if text != "–"]
            bold |= {
                (len(rows), place + 1)
                for place, text in enumerate(shown)
                if text != "–" and float(text) == min(numbers)
            }
            rows.append([problem, *shown])
        if any(cell != "–" for row in rows for cell in row[1:]):
            when = "Area" if column == AREA else f"After {column} trials"
            title = f"{when}: mean normalised regret over seeds"
            tables.append(Table(title, ["problem", *comparison.samplers], rows, bold))
    return tables


def worse_table(
    comparison: Comparison, columns: Iterable[str], p_at_most: float = math.inf
) -> Table:
    """Problems on which the reference sampler's mean is higher than another one's.

    Args:
        comparison: The comparison.
        columns: In these columns.
        p_at_most: Only with such a p value; infinity for all, also those without one.
    """
    wanted = set(columns)
    rows = [
        [
            worse.problem,
            worse.column,
            worse.sampler,
            f"{worse.ours:.3f}",
            f"{worse.theirs:.3f}",
            f"{worse.ours - worse.theirs:.3f}",
            str(worse.n_pairs),
            show_p(worse.p_value),
        ]
        for worse in comparison.worse
        if worse.column in wanted and (p_at_most == math.inf or worse.p_value <= p_at_most)
    ]
    title = f"Problems where {comparison.reference} is worse on average"
    if p_at_most < math.inf:
        title += f", with p at most {p_at_most:g} (uncorrected)"
    heads = ["problem", "after", "than", comparison.reference, "other", "difference"]
    return Table(title, [*heads, "seeds", "p"], rows)


def heading_lines(comparison: Comparison, curve_set: CurveSet) -> list[str]:
    """What was compared, and what to be careful about."""
    seeds = sorted({seed for _, _, seed in curve_set.curves})
    lines = [
        f"{show_count(len(comparison.problems), 'problem')}, "
        f"{show_count(len(comparison.samplers), 'sampler')}, {len(curve_set.curves)} studies; "
        f"seeds {ranges(seeds)}."
    ]
    first = comparison.columns[0]
    counts = {
        sampler: comparison.overall[sampler, first].n_pairs
        for sampler in comparison.samplers
        if (sampler, first) in comparison.overall
    }
    fewer = [f"{name} {n}" for name, n in counts.items() if n < max(counts.values())]
    if fewer:
        lines.append(
            f"Not all samplers have all {max(counts.values())} pairs of problem and seed "
            f"({', '.join(fewer)}): their means are over other pairs; the comparisons below are "
            "over common ones."
        )
    unfinished = [name for name in comparison.samplers if name in curve_set.facts.unfinished]
    if unfinished:
        lines.append(
            f"No study of {', '.join(unfinished)} has all of its trials: what is told of all "
            "samplers does not wait for these."
        )
    if not comparison.reference:
        lines.append("No study of the reference sampler: no tests.")
    return lines + reference_lines(comparison)


def reference_lines(comparison: Comparison) -> list[str]:
    """Which problems have no reference values, and what their regret is between instead."""
    problems_by_note: dict[str, list[str]] = {}
    for problem, scale in comparison.scales.items():
        if scale.note:
            problems_by_note.setdefault(scale.note, []).append(problem)
    lines = []
    for note, problems in problems_by_note.items():
        if len(problems) <= _MOST_NAMED:
            lines += [
                f"{name} has no reference: its regret is between {note}." for name in problems
            ]
        else:
            lines.append(
                f"{len(problems)} problems have no reference, {problems[0]} and others: their "
                f"regret is between {note}."
            )
    return lines


def note_lines(curve_set: CurveSet, command: str, more: Sequence[str] = ()) -> list[str]:
    """How to read the report and how it was made, in Markdown.

    Args:
        curve_set: What was compared.
        command: The command line.
        more: More lines on how to read it.
    """
    speed = [
        f"{sampler} {1000 * seconds / n_timed:.1f}"
        for sampler, (seconds, n_timed) in sorted(curve_set.facts.ask_seconds.items())
        if n_timed
    ]
    lines = [
        "## How to read this",
        "",
        "- Normalised regret: (value of the incumbent - best known) / (median of random points - "
        "best known), between 0 and 1. The incumbent is the best trial by the value that the "
        "sampler was told; its value is that without noise where the problem tells it.",
        "- Means are over seeds, then over problems. A pair is a problem and a seed: all samplers "
        "meet the same noise with the same seed. Intervals are percentiles of 10,000 resamples of "
        "the seeds within each problem.",
        "- Area: mean regret over all trials up to the last column.",
        "- p: two-sided Wilcoxon signed-rank test over the pairs; Holm: corrected for the number "
        "of samplers in the table. Ties count in neither direction.",
        *more,
        f"- Milliseconds a suggestion, mean over all trials, on a shared machine: "
        f"{', '.join(speed)}.",
        "",
        "## How it was made",
        "",
        f"- Command: `{command}`",
        "- Budgets: " + _budgets(curve_set),
    ]
    made: dict[tuple[str, str, Any], list[str]] = {}
    for how in curve_set.facts.settings:
        versions = ", ".join(f"{name} {version}" for name, version in how["versions"].items())
        samplers = made.setdefault((how["command"], versions, how["threads"]), [])
        samplers.append(f"{how['sampler']} ({how['sampler_version']})")
    for (its_command, versions, threads), samplers in made.items():
        lines.append(
            f"- `{its_command}`: {', '.join(samplers)}. {versions}. Threads a worker: {threads}."
        )
    return [*lines, ""]


def _budgets(curve_set: CurveSet) -> str:
    by_sampler: dict[str, set[int]] = {}
    for (_, sampler, _), curve in curve_set.curves.items():
        by_sampler.setdefault(sampler, set()).add(curve.n_trials)
    return "; ".join(
        f"{sampler} {', '.join(map(str, sorted(n)))}" for sampler, n in by_sampler.items()
    )


def csv_rows(comparison: Comparison) -> list[dict[str, Any]]:
    """Everything in one table: means, comparisons and problems, told apart by ``kind``."""
    rows: list[dict[str, Any]] = []
    for (sampler, column), overall in comparison.overall.items():
        row = {"kind": "overall", "after": column, "sampler": sampler, "mean": overall.mean}
        row |= {"lower": overall.lower, "upper": overall.upper, "rank": overall.rank}
        rows.append(row | {"problems": overall.n_problems, "pairs": overall.n_pairs})
    for (sampler, column), versus in comparison.versus.items():
        row = {"kind": "versus", "after": column, "sampler": sampler}
        row |= {"reference": comparison.reference, "pairs": versus.n_pairs}
        row |= {"reference_mean": versus.ours, "mean": versus.theirs, "ratio": versus.ratio}
        row |= {"ratio_lower": versus.ratio_lower, "ratio_upper": versus.ratio_upper}
        row |= {"wins": versus.wins, "ties": versus.ties, "losses": versus.losses}
        rows.append(row | {"p_value": versus.p_value, "p_holm": versus.p_holm})
    for (problem, sampler, column), mean in comparison.by_problem.items():
        row = {"kind": "problem", "after": column, "sampler": sampler, "problem": problem}
        rows.append(row | {"mean": mean})
    for worse in comparison.worse:
        row = {"kind": "worse", "after": worse.column, "sampler": worse.sampler}
        row |= {"problem": worse.problem, "reference": comparison.reference}
        row |= {"reference_mean": worse.ours, "mean": worse.theirs, "p_value": worse.p_value}
        rows.append(row | {"pairs": worse.n_pairs})
    for problem, scale in comparison.scales.items():
        row = {"kind": "scale", "problem": problem, "best_known": scale.best}
        rows.append(row | {"random_median": scale.median})
    return rows
