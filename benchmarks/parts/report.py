"""A comparison of parts as tables for the terminal and in Markdown."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass
import math

from ..analysis.comparisons.rows import Rows
from ..analysis.comparisons.versus import against_reference
from ..tables import show_difference
from ..tables import show_number
from ..tables import show_p
from ..tables import Table
from ..tables import with_title
from . import scores
from .catalog import Choice
from .records import Key
from .records import Record
from .task import Task


REFERENCE = "on"


@dataclass(frozen=True)
class Section:
    """What is told of one part.

    Attributes:
        title: Name and description of the part.
        lines: What to know before reading the tables.
        tables: The tables.
    """

    title: str
    lines: list[str]
    tables: list[Table]


def section(choice: Choice, records: dict[Key, Record]) -> Section:
    """The tables of one part.

    Args:
        choice: The part, and which tasks and entrants of it.
        records: Studies, also of other parts.
    """
    wanted = {entrant.name for entrant in choice.entrants}
    its_records = [
        record
        for record in scores.of_part(records, choice.part.name)
        if record.entrant in wanted and record.task in {task.name for task in choice.tasks}
    ]
    there = {record.entrant for record in its_records}
    entrants = [entrant.name for entrant in choice.entrants if entrant.name in there]
    done = {record.task for record in its_records}
    lines = [_what(choice.tasks, done, its_records)]
    tables = []
    for offers, title in (
        (True, "Tasks on which the part has something to offer"),
        (False, "Tasks on which it has nothing to offer and must do no harm"),
    ):
        tasks = [task for task in choice.tasks if task.offers is offers and task.name in done]
        if tasks:
            tables += _group_tables(title, choice.part.unit, tasks, entrants, its_records)
    finished = [task for task in choice.tasks if task.name in done]
    tables += _measure_tables(finished, entrants, its_records)
    if finished:
        tables.append(_task_table(finished, entrants, its_records))
    return Section(f"{choice.part.name}: {choice.part.description}", lines, tables)


def _what(tasks: Sequence[Task], done: set[str], records: Sequence[Record]) -> str:
    of_kind = [
        f"{sum(task.is_dev is is_dev for task in tasks if task.name in done)} {name}"
        for is_dev, name in ((True, "for development"), (False, "only for the report"))
    ]
    seeds = {record.seed for record in records}
    text = (
        f"Tasks: {len(done)} ({', '.join(of_kind)}). Seeds: {len(seeds)}. Studies: {len(records)}."
    )
    n_pruned, n_failed = (
        sum(getattr(record, name) for record in records) for name in ("n_pruned", "n_failed")
    )
    if n_pruned or n_failed:
        text += f" Trials pruned: {n_pruned}; failed: {n_failed}."
    return text


def _group_tables(
    title: str,
    unit: str,
    tasks: Sequence[Task],
    entrants: Sequence[str],
    records: Sequence[Record],
) -> list[Table]:
    rows = scores.rows_of(records, tasks)
    names = [name for name in entrants if name in rows]
    heads = _checkpoint_heads(tasks, unit)
    tables = [_mean_table(f"{title}: mean regret with 95% interval", names, rows, heads, records)]
    if REFERENCE in names and len(names) > 1:
        tables.append(_versus_table(f"{title}: what is lost without", names, rows, heads))
    return tables


def _checkpoint_heads(tasks: Sequence[Task], unit: str) -> list[str]:
    """One heading a checkpoint: what was spent, if it is the same in all tasks."""
    heads = []
    for index, spent in enumerate(zip(*(task.checkpoints for task in tasks))):
        low, high = min(spent), max(spent)
        shown = f"{low:g}" if low == high else f"{low:g}-{high:g}"
        heads.append(f"{index + 1}: {shown} {unit}")
    return heads


def _mean_table(
    title: str,
    names: Sequence[str],
    rows: dict[str, Rows],
    heads: Sequence[str],
    records: Sequence[Record],
) -> Table:
    seconds = scores.seconds_per_trial(records)
    cells: list[list[str]] = []
    means: list[list[float]] = []
    for name in names:
        found = scores.mean_regret(rows[name])
        means.append([round(float(mean), 3) for mean in found.mean])
        shown = [
            f"{mean:.3f} [{low:.3f}, {high:.3f}]"
            for mean, low, high in zip(found.mean, found.lower, found.upper)
        ]
        cells.append([name, str(found.n_pairs), *shown, f"{1000 * seconds[name]:.1f}"])
    bold = {
        (row, place + 2)
        for place in range(len(heads))
        for row in range(len(names))
        if means[row][place] == min(its[place] for its in means)
    }
    return Table(title, ["entrant", "pairs", *heads, "ms a trial"], cells, bold)


def _versus_table(
    title: str,
    names: Sequence[str],
    rows: dict[str, Rows],
    heads: Sequence[str],
) -> Table:
    columns = ["against", "pairs"]
    for head in heads:
        columns += [head, "win/tie/loss", "p"]
    found = against_reference({name: rows[name] for name in names}, heads, REFERENCE)
    cells = []
    for name in names:
        its = [found[name, head] for head in heads if (name, head) in found]
        if not its:
            continue
        line = [name, str(its[0].n_pairs)]
        for at in its:
            ends = (at.difference, at.difference_lower, at.difference_upper)
            line.append(show_difference(*ends, digits=3))
            line += [f"{at.wins}/{at.ties}/{at.losses}", show_p(at.p_value)]
        cells.append(line)
    return Table(title, columns, cells)


def _measure_tables(
    tasks: Sequence[Task], entrants: Sequence[str], records: Sequence[Record]
) -> list[Table]:
    """What else tasks tell of their studies: one table each, means over seeds."""
    tables = []
    for name in dict.fromkeys(name for task in tasks for name in task.measures):
        cells = []
        for task in tasks:
            shown = []
            for entrant in entrants:
                values = [
                    record.measures[name]
                    for record in records
                    if (record.task, record.entrant) == (task.name, entrant)
                    and name in record.measures
                ]
                mean = sum(values) / len(values) if values else math.nan
                shown.append(show_number(mean, "{:.3f}"))
            cells.append([task.name, *shown])
        tables.append(Table(f"Share of {name}, by task", ["task", *entrants], cells))
    return tables


def _task_table(
    tasks: Sequence[Task], entrants: Sequence[str], records: Sequence[Record]
) -> Table:
    cells: list[list[str]] = []
    bold: set[tuple[int, int]] = set()
    for task in tasks:
        means = scores.task_means(records, task)
        shown = [show_number(means.get(name, math.nan), "{:.3f}") for name in entrants]
        best = min(text for text in shown if text != "–")
        bold |= {(len(cells), i + 2) for i, text in enumerate(shown) if text == best}
        kind = "dev" if task.is_dev else "report"
        cells.append([task.name, kind if task.offers else f"{kind}, nothing to offer", *shown])
    return Table(
        "Mean regret at the last checkpoint, by task", ["task", "kind", *entrants], cells, bold
    )


def to_lines(sections: Iterable[Section], command: str, made: Iterable[str]) -> list[str]:
    """The report in Markdown.

    Args:
        sections: Of the parts.
        command: The command that made the report.
        made: What the studies were made with.
    """
    lines = ["# What the parts of the sampler are worth", ""]
    for part in sections:
        lines += [f"## {part.title}", ""]
        for line in part.lines:
            lines += [line, ""]
        for table in part.tables:
            lines += with_title(table)
    return [
        *lines,
        "## How to read this",
        "",
        "- Regret: 1 is a random trial (or nothing yet), 0 the best that is known; each task says "
        "what of. Checkpoints are numbered; tasks may reach them after different budgets.",
        "- Means are over seeds, then over tasks. Intervals are percentiles of 10,000 resamples of "
        "the seeds within each task.",
        f"- What is lost without: regret minus that of `{REFERENCE}`, over the pairs of task and "
        f"seed that both have. Above 0, `{REFERENCE}` is better. Wins are those of "
        f"`{REFERENCE}`; p is of a two-sided Wilcoxon signed-rank test over the pairs, not "
        "corrected for their number.",
        "- Milliseconds a trial: what the sampler took to suggest and to learn, on a shared "
        "machine.",
        "",
        "## How it was made",
        "",
        f"- Command: `{command}`",
        *(f"- {line}" for line in made),
        "",
    ]


def made_lines(records: Iterable[Record]) -> list[str]:
    """What studies were made with: versions, each combination once, and how many studies."""
    counts: dict[str, int] = {}
    for record in records:
        text = ", ".join(f"{name} {version}" for name, version in record.versions.items())
        counts[text] = counts.get(text, 0) + 1
    return [f"{count} studies: {text}" for text, count in counts.items()]
