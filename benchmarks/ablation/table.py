"""What each ingredient of the sampler's recipe is worth, as a table, rows of a file, and notes."""

from __future__ import annotations

import math
from typing import Any

from ..analysis.comparisons.comparison import AREA
from ..analysis.comparisons.comparison import Comparison
from ..analysis.comparisons.versus import Versus
from ..analysis.curves.curve_set import CurveSet
from ..contenders.variants import PREFIX
from ..contenders.variants import VARIANTS
from ..reporting import compare_tables
from ..tables import show_difference
from ..tables import show_number
from ..tables import show_p
from ..tables import Table


def ablation_table(comparison: Comparison, curve_set: CurveSet) -> Table:
    """The sampler and its variants, one a row.

    Args:
        comparison: Of the variants with the sampler itself, which is its reference.
        curve_set: What was compared.
    """
    columns = ["variant", "pairs"]
    columns += [f"after {column}" for column in comparison.columns[:-1]]
    columns += ["area", "area lost without", "p", "p (Holm)", "ms"]
    rows = []
    for row in csv_rows(comparison, curve_set):
        cells = [row["variant"], str(row["pairs"])]
        cells += [show_number(row[f"regret_{column}"], "{:.3f}") for column in comparison.columns]
        ends = [row[f"area_lost{end}"] for end in ("", "_lower", "_upper")]
        cells.append(show_difference(*ends, digits=4))
        cells += [show_p(row["p_value"]), show_p(row["p_holm"])]
        rows.append([*cells, show_number(row["milliseconds"], "{:.1f}")])
    return Table(
        "The recipe with one ingredient left out or replaced: mean normalised regret over problems "
        "and seeds; what is lost, with 95% bootstrap interval",
        columns,
        rows,
    )


def csv_rows(comparison: Comparison, curve_set: CurveSet) -> list[dict[str, Any]]:
    """The table with all digits, the sampler itself first; NaN where there is nothing to tell.

    Args:
        comparison: Of the variants with the sampler itself, which is its reference.
        curve_set: What was compared.
    """
    rows = []
    for sampler in in_order(comparison):
        area = comparison.overall.get((sampler, AREA))
        row: dict[str, Any] = {
            "variant": sampler.removeprefix(PREFIX),
            "what": describe(sampler, comparison.reference),
            "pairs": area.n_pairs if area else 0,
        }
        for column in comparison.columns:
            found = comparison.overall.get((sampler, column))
            row[f"regret_{column}"] = found.mean if found else math.nan
        rows.append(row | _lost(comparison.versus.get((sampler, AREA))))
        seconds, n_timed = curve_set.facts.ask_seconds.get(sampler, (0.0, 0))
        rows[-1]["milliseconds"] = 1000 * seconds / n_timed if n_timed else math.nan
    return rows


def _lost(versus: Versus | None) -> dict[str, Any]:
    names = ["area_lost", "area_lost_lower", "area_lost_upper"]
    if versus is None:
        return dict.fromkeys([*names, "p_value", "p_holm"], math.nan)
    values = [versus.difference, versus.difference_lower, versus.difference_upper]
    row = dict(zip(names, values)) | {"p_value": versus.p_value, "p_holm": versus.p_holm}
    return row | {"better": versus.losses, "same": versus.ties, "worse": versus.wins}


def in_order(comparison: Comparison) -> list[str]:
    """The reference first, then the variants as they are listed, then those of earlier recipes."""
    listed = [PREFIX + name for name in VARIANTS]
    ordered = [comparison.reference, *listed, *comparison.samplers]
    return [name for name in dict.fromkeys(ordered) if name in comparison.samplers]


def describe(sampler: str, reference: str) -> str:
    """What is different in a variant, in words; empty for one of an earlier recipe."""
    if sampler == reference:
        return "the sampler as it is"
    variant = VARIANTS.get(sampler.removeprefix(PREFIX))
    return variant.description if variant else ""


def heading_lines(comparison: Comparison, curve_set: CurveSet) -> list[str]:
    """What was compared, and what to be careful about."""
    same = [
        sampler.removeprefix(PREFIX)
        for sampler in in_order(comparison)
        if (versus := comparison.versus.get((sampler, AREA))) and versus.ties == versus.n_pairs
    ]
    lines = compare_tables.heading_lines(comparison, curve_set)
    if same:
        lines.append(
            f"No difference to the sampler in any pair: {', '.join(same)}. A variant that differs "
            "only after more trials needs longer studies (--trials)."
        )
    return lines


def note_lines(comparison: Comparison, curve_set: CurveSet, command: str) -> list[str]:
    """The variants in words, how to read the report and how it was made, in Markdown."""
    lines = ["## The variants", ""]
    for sampler in in_order(comparison):
        what = describe(sampler, comparison.reference)
        if what:
            lines.append(f"- `{sampler.removeprefix(PREFIX)}`: {what}.")
    lines += [
        "",
        "Area lost without: mean regret over all trials of the variant minus that of the sampler, "
        "over the pairs that both have. Above 0, the ingredient pays.",
        "",
    ]
    return lines + compare_tables.note_lines(curve_set, command)
