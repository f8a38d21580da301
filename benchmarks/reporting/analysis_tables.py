"""Statistics across problems and seeds as tables, lines of text, and rows of a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..analysis.comparisons.across_problems import Analysis
from ..analysis.comparisons.comparison import AREA
from ..analysis.comparisons.comparison import Comparison
from ..analysis.comparisons.critical_difference import CriticalDifference
from ..analysis.comparisons.pairwise import Pair
from ..analysis.curves.ecdf import Ecdf
from ..analysis.curves.ecdf import SECONDS
from ..analysis.curves.ecdf import share_at
from ..analysis.curves.ecdf import TRIALS
from ..analysis.curves.ert import Ert
from ..analysis.numerics.paired import LEVEL
from ..analysis.numerics.running_times import RunningTime
from ..analysis.numerics.sign_flips import smallest_p_value
from ..tables import show_count
from ..tables import show_interval
from ..tables import show_p
from ..tables import Table


def ecdf_table(analysis: Analysis, comparison: Comparison) -> Table:
    """Share of targets that each sampler has reached after so many trials."""
    checkpoints = comparison.columns[:-1]
    lines = [line for line in analysis.ecdf if line.against == TRIALS]
    rows = [
        [line.sampler, *(f"{share_at(line, float(at)):.0%}" for at in checkpoints)]
        for line in lines
    ]
    bold = {
        (row, place + 1)
        for place, at in enumerate(checkpoints)
        for row, line in enumerate(lines)
        if share_at(line, float(at)) == max(share_at(its, float(at)) for its in lines)
    }
    levels = ", ".join(f"{target:g}" for target in analysis.targets)
    n_problems = lines[0].n_problems if lines else 0
    title = (
        f"Share of targets reached (regret {levels}), over {show_count(n_problems, 'problem')} that "
        "all samplers have, and seeds"
    )
    return Table(title, ["sampler", *(f"after {at} trials" for at in checkpoints)], rows, bold)


def pair_table(pairs: Sequence[Pair], column: str) -> Table:
    """Every sampler against every other one in one column."""
    rows = []
    for pair in pairs:
        if pair.column == column:
            chance = pair.improvement
            rows.append(
                [
                    f"{pair.reference} / {pair.other}",
                    str(pair.n_pairs),
                    f"{pair.ratio:.2f} [{pair.ratio_lower:.2f}, {pair.ratio_upper:.2f}]",
                    f"{chance.mean:.2f} [{chance.lower:.2f}, {chance.upper:.2f}]",
                    f"{pair.wins}/{pair.ties}/{pair.losses}",
                    show_p(pair.p),
                    show_p(pair.p_holm),
                    show_p(pair.p_problems_holm),
                ]
            )
    when = f"over all trials ({AREA})" if column == AREA else f"after {column} trials"
    heads = ["pair", "pairs", "ratio", "P(first better)", "win/tie/loss", "p", "p (Holm)"]
    return Table(f"All pairs of samplers {when}", [*heads, "on other problems"], rows)


def rank_table(found: CriticalDifference) -> Table:
    """Mean ranks over problems; samplers that share a letter cannot be told apart."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    rows = [
        [
            name,
            f"{rank:.2f}",
            " ".join(
                letters[index % 26] for index, clique in enumerate(found.cliques) if name in clique
            )
            or "–",
        ]
        for name, rank in found.ranks.items()
    ]
    title = (
        f"Mean rank over {show_count(found.n_problems, 'problem')} (means over seeds) after "
        f"{found.column} trials; Friedman p {show_p(found.p_friedman)}, Nemenyi's critical "
        f"difference {found.nemenyi:.2f}; who shares a letter cannot be told apart"
    )
    return Table(title, ["sampler", "rank", "alike"], rows)


def ert_tables(analysis: Analysis, samplers: Sequence[str]) -> list[Table]:
    """Expected running times, one table a target in trials, then in seconds if known."""
    found = {(its.problem, its.sampler, its.target): its for its in analysis.ert}
    problems = list(dict.fromkeys(its.problem for its in analysis.ert))
    tables = []
    for against in (TRIALS, SECONDS):
        for target in analysis.targets:
            rows = [
                [p, *(_ert_cell(found.get((p, s, target)), against) for s in samplers)]
                for p in problems
            ]
            if any(cell != "–" for row in rows for cell in row[1:]):
                title = f"Expected {against} to regret {target:g} (seeds that reach it)"
                tables.append(Table(title, ["problem", *samplers], rows))
    return tables


def _ert_cell(its: Ert | None, against: str) -> str:
    time = None if its is None else (its.trials if against == TRIALS else its.seconds)
    if its is None or time is None:
        return "–"
    shown = show_interval(time.mean, time.lower, time.upper)
    return f"{shown} ({its.n_reached}/{its.n_seeds})"


def caution_lines(analysis: Analysis) -> list[str]:
    """What these studies cannot show, however much the samplers differ."""
    its = [pair for pair in analysis.pairs if pair.column == analysis.column]
    if not its:
        return []
    n_blocks = max(pair.n_blocks for pair in its)
    if len(its) * smallest_p_value(n_blocks) < LEVEL:
        return []
    what = "two samplers" if len(its) == 1 else f"{len(its)} pairs of samplers"
    smallest = show_p(smallest_p_value(n_blocks))
    return [
        f"Too few seeds to tell {what} apart: with {n_blocks} exchanges no p value is below "
        f"{smallest} before Holm's correction. More --seeds, or fewer samplers, can show more."
    ]


def note_lines() -> list[str]:
    """How the statistics are to be read, in Markdown."""
    return [
        "- Better, or no significant difference: two-sided signed-rank test, with Holm's "
        "correction for all pairs of samplers. Its p value comes from exchanging the results of "
        "both, which would change nothing if they were one sampler. A seed is exchanged on all "
        "problems at once, or with less than 12 seeds on those of as many parameters: a sampler "
        "may draw the same points there, which Wilcoxon's test over pairs does not know. This is "
        "about these problems. *On other problems*: Wilcoxon's test of the means over seeds, one "
        "a problem, with the same correction.",
        "- P(first better): probability that a run of the first beats one of the second, ties "
        "half, mean over problems; 95% bootstrap interval over seeds.",
        "- Expected trials or seconds: what all seeds spent until they reached the target, or in "
        "vain, divided by the seeds that reached it (ERT of COCO); 95% bootstrap interval over "
        "seeds. Seconds are those of objective and sampler.",
        "- Mean ranks are over problems; groups are of samplers of neighbouring ranks of which "
        "no two differ by Wilcoxon's test over problems with Holm's correction, or all of them if "
        "Friedman's test finds no difference.",
    ]


def csv_rows(analysis: Analysis) -> list[dict[str, Any]]:
    """Everything in one table, told apart by ``kind``."""
    sentences = {(s.reference, s.other): s.sentence for s in analysis.statements}
    rows: list[dict[str, Any]] = []
    for pair in analysis.pairs:
        row: dict[str, Any] = {"kind": "pair", "after": pair.column, "sampler": pair.other}
        row |= {"reference": pair.reference, "pairs": pair.n_pairs, "problems": pair.n_problems}
        row |= {"reference_mean": pair.ours, "mean": pair.theirs, "ratio": pair.ratio}
        row |= {"ratio_lower": pair.ratio_lower, "ratio_upper": pair.ratio_upper}
        row |= {"wins": pair.wins, "ties": pair.ties, "losses": pair.losses}
        row["advantage"] = pair.advantage
        row |= {"p_value": pair.p, "p_holm": pair.p_holm, "p_problems": pair.p_problems}
        row |= {"p_problems_holm": pair.p_problems_holm, "blocks": pair.n_blocks}
        chance = pair.improvement
        row |= {"improvement": chance.mean, "lower": chance.lower, "upper": chance.upper}
        if pair.column == analysis.column:
            row["sentence"] = sentences[pair.reference, pair.other]
        rows.append(row)
    if analysis.critical_difference is not None:
        found = analysis.critical_difference
        for sampler, rank in found.ranks.items():
            row = {"kind": "rank", "after": found.column, "sampler": sampler, "rank": rank}
            rows.append(row | {"problems": found.n_problems, "p_value": found.p_friedman})
    for its in analysis.ert:
        row = {"kind": "ert", "after": analysis.column, "sampler": its.sampler}
        row |= {"problem": its.problem, "target": its.target}
        row |= {"reached": its.n_reached, "seeds": its.n_seeds}
        rows += [row | _time(SECONDS, its.seconds)] if its.seconds else []
        rows.append(row | _time(TRIALS, its.trials))
    for line in analysis.ecdf:
        rows += _ecdf_rows(line)
    return rows


def _time(against: str, time: RunningTime) -> dict[str, Any]:
    return {"against": against, "mean": time.mean, "lower": time.lower, "upper": time.upper}


def _ecdf_rows(line: Ecdf) -> list[dict[str, Any]]:
    row = {"kind": "ecdf", "sampler": line.sampler, "against": line.against}
    return [row | {"spent": x, "mean": y} for x, y in zip(line.x, line.y)]
