"""A comparison for reading: on the terminal, as ``compare.md`` and beside it."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from ..analysis.comparisons.across_problems import Analysis
from ..analysis.comparisons.comparison import Comparison
from ..analysis.comparisons.sentences import Statement
from ..analysis.curves import curve_files
from ..analysis.curves.curve_set import CurveSet
from ..tables import Table
from ..tables import to_rich
from ..tables import with_title
from ..tables import write_csv
from . import analysis_tables
from . import compare_tables


# Of more pairs of samplers, the terminal tells those with the reference.
_MOST_PAIRS = 10
# Of the problems where the reference is worse, the terminal shows those that are hardly by chance.
_P_SHOWN = 0.05


def show(
    comparison: Comparison,
    analysis: Analysis,
    curve_set: CurveSet,
    extra: Sequence[Table],
    console: Console,
) -> None:
    """Print a comparison.

    Args:
        comparison: Means, and tests against the reference.
        analysis: Statistics across problems and seeds.
        curve_set: What was compared.
        extra: More tables.
        console: Where to print.
    """
    for line in compare_tables.heading_lines(comparison, curve_set):
        console.print(line, markup=False, soft_wrap=True)
    tables = [compare_tables.overall_table(comparison)]
    tables += compare_tables.versus_tables(comparison)
    tables += compare_tables.problem_tables(comparison)
    tables += extra
    for table in [*tables, *_analysis_tables(analysis, comparison)]:
        console.print(to_rich(table))
    worse = compare_tables.worse_table(comparison, comparison.columns, _P_SHOWN)
    if worse.rows:
        console.print(to_rich(worse))
    everything = compare_tables.worse_table(comparison, comparison.columns)
    if everything.rows:
        n_problems = len({row[0] for row in everything.rows})
        console.print(f"{everything.title}: {n_problems}, listed in compare.md", markup=False)
    told = _told_on_terminal(analysis.statements, comparison.reference)
    for line in _sentences(told, analysis):
        console.print(line, markup=False, soft_wrap=True)
    n_left = len(analysis.statements) - len(told)
    if n_left:
        console.print(f"Sentences on other pairs: {n_left}, in compare.md", markup=False)


def write(
    comparison: Comparison,
    analysis: Analysis,
    curve_set: CurveSet,
    extra: Sequence[Table],
    out: Path,
    command: str,
) -> list[Path]:
    """Write a comparison: text, rows, curves and pictures.

    Args:
        comparison: Means, and tests against the reference.
        analysis: Statistics across problems and seeds.
        curve_set: What was compared.
        extra: More tables.
        out: Folder to write to.
        command: The command line, for the text.

    Returns:
        The files.
    """
    # Imported late: matplotlib takes its time.
    from . import analysis_plots
    from . import compare_plot

    paths = [out / "compare.md", out / "compare.csv", out / "curves.csv.gz"]
    text = _text(comparison, analysis, curve_set, extra, command)
    paths[0].write_text("\n".join(text), encoding="utf-8")
    rows = compare_tables.csv_rows(comparison) + analysis_tables.csv_rows(analysis)
    write_csv(paths[1], rows)
    curve_files.write(curve_set, paths[2])
    paths += compare_plot.draw(curve_set, comparison, int(analysis.column), out)
    return paths + analysis_plots.draw(analysis, comparison.samplers, comparison.reference, out)


def _text(
    comparison: Comparison,
    analysis: Analysis,
    curve_set: CurveSet,
    extra: Sequence[Table],
    command: str,
) -> list[str]:
    """The lines of ``compare.md``."""
    lines = ["# Comparison of samplers across problems", ""]
    for line in compare_tables.heading_lines(comparison, curve_set):
        lines += [line, ""]
    lines += _in_markdown([compare_tables.overall_table(comparison)])
    lines += ["![Mean normalised regret against trials](compare.png)", ""]
    if analysis.statements:
        lines += ["## Which is better", ""]
        lines += [f"- {line}" for line in _sentences(analysis.statements, analysis)] + [""]
        columns = comparison.columns
        tables = [analysis_tables.pair_table(analysis.pairs, column) for column in columns]
        lines += _in_markdown([table for table in tables if table.rows])
    lines += _in_markdown(compare_tables.versus_tables(comparison))
    lines += _in_markdown(extra)
    if analysis.critical_difference is not None:
        lines += _in_markdown([analysis_tables.rank_table(analysis.critical_difference)])
        lines += ["![Ranks, and which samplers are alike](critical_difference.png)", ""]
    lines += ["## Time to a target", ""]
    if analysis.ecdf:
        lines += _in_markdown([analysis_tables.ecdf_table(analysis, comparison)])
        lines += ["![Share of targets reached](ecdf.png)", ""]
    lines += _in_markdown(analysis_tables.ert_tables(analysis, comparison.samplers))
    lines += ["## By problem", "", *_in_markdown(compare_tables.problem_tables(comparison))]
    worse = compare_tables.worse_table(comparison, comparison.columns)
    if worse.rows:
        lines += ["## Where it does not help", "", *_in_markdown([worse])]
    return lines + compare_tables.note_lines(curve_set, command, analysis_tables.note_lines())


def _analysis_tables(analysis: Analysis, comparison: Comparison) -> list[Table]:
    """Those that the terminal shows."""
    tables = []
    if analysis.ecdf:
        tables.append(analysis_tables.ecdf_table(analysis, comparison))
    if analysis.critical_difference is not None:
        tables.append(analysis_tables.rank_table(analysis.critical_difference))
    return tables


def _told_on_terminal(statements: Sequence[Statement], reference: str) -> Sequence[Statement]:
    """Of many pairs those with the reference, if there are any."""
    if len(statements) <= _MOST_PAIRS:
        return statements
    return [s for s in statements if reference in (s.reference, s.other)] or statements


def _sentences(statements: Sequence[Statement], analysis: Analysis) -> list[str]:
    its = [statement.sentence for statement in statements]
    return its + analysis_tables.caution_lines(analysis)


def _in_markdown(tables: Iterable[Table]) -> list[str]:
    return [line for table in tables for line in with_title(table)]
