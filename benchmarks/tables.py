"""Tables for reading: on the terminal or in Markdown."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Sequence
import csv
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
import math
from pathlib import Path
import re
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.console import ConsoleOptions
from rich.console import JustifyMethod
from rich.console import RenderableType
from rich.console import RenderResult
from rich.markup import escape
from rich.table import Table as RichTable


INFINITE = "\N{INFINITY}"

# Characters that a broken name is left with a line, at least.
_MIN_NAME = 8


@dataclass(frozen=True)
class Table:
    """A table for reading.

    Attributes:
        title: What it shows.
        columns: Headings; the first column is a name, the others are numbers.
        rows: Cells as they are shown.
        bold: Cells that stand out, as (row, column).
    """

    title: str
    columns: list[str]
    rows: list[list[str]]
    bold: Collection[tuple[int, int]] = field(default_factory=frozenset)


def to_rich(table: Table, emphasised: str = "") -> RenderableType:
    """A table for the terminal, in which every number can be read however narrow that is.

    Where it is too wide, intervals go on lines of their own and headings are broken between words;
    where that is not enough, the columns are shown in several parts, the names in each.

    Args:
        table: The table.
        emphasised: Name in the first column whose row stands out.
    """
    return _Fitted(table, emphasised)


@dataclass(frozen=True)
class _Fitted:
    table: Table
    emphasised: str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        table = self.table
        n_columns = len(table.columns)
        names, *others = (self._width(column) for column in range(n_columns))
        if _total([names, *others]) <= options.max_width:
            yield self._rich(range(n_columns), [None] * n_columns)
            return
        stacked = [[row[0], *map(_stacked, row[1:])] for row in table.rows]
        table = replace(table, rows=stacked)
        narrow = replace(self, table=table)
        others = [narrow._width(column, is_broken=True) for column in range(1, n_columns)]
        # Names are broken anywhere if they leave no room for one number.
        names = min(names, max(_MIN_NAME, options.max_width - _total([0, max(others, default=0)])))
        title = table.title
        for part in _parts(names, others, options.max_width):
            widths = [names, *(others[column - 1] for column in part)]
            yield replace(narrow, table=replace(table, title=title))._rich([0, *part], widths)
            title = ""

    def _width(self, column: int, is_broken: bool = False) -> int:
        """Width of the widest line of a column, if its heading is broken between words or not."""
        heading = self.table.columns[column]
        lines = heading.split() if is_broken else [heading]
        for row in self.table.rows:
            lines += row[column].splitlines()
        return max(map(cell_len, lines), default=0)

    def _rich(self, columns: Sequence[int], widths: Sequence[int | None]) -> RichTable:
        table = self.table
        title = escape(table.title) or None
        rich = RichTable(title=title, title_justify="left", title_style="")
        for column, width in zip(columns, widths):
            justify: JustifyMethod = "right" if column else "left"
            heading = escape(table.columns[column])
            rich.add_column(heading, justify=justify, width=width, overflow="fold")
        for number, row in enumerate(table.rows):
            cells = [
                f"[bold]{escape(row[column])}[/bold]"
                if (number, column) in table.bold
                else escape(row[column])
                for column in columns
            ]
            is_emphasised = bool(self.emphasised) and row[0] == self.emphasised
            rich.add_row(*cells, style="bold" if is_emphasised else "")
        return rich


def _stacked(cell: str) -> str:
    """A cell with its interval, or what else stands in brackets, on a line of its own."""
    return re.sub(r" (?=[\[(])", "\n", cell)


def _total(widths: Sequence[int]) -> int:
    """Width of a table: a border and two blanks go with each column."""
    return sum(widths) + 3 * len(widths) + 1


def _parts(names: int, others: Sequence[int], width: int) -> list[list[int]]:
    """Which columns, besides the first, are shown together: as many as there is room for."""
    parts: list[list[int]] = [[]]
    for column, its_width in enumerate(others, start=1):
        there = [others[other - 1] for other in parts[-1]]
        if there and _total([names, *there, its_width]) > width:
            parts.append([])
        parts[-1].append(column)
    return parts


def to_markdown(table: Table) -> list[str]:
    """The lines of a table in Markdown, without its title."""
    rows = [
        [
            f"**{cell}**" if (number, column) in table.bold else cell
            for column, cell in enumerate(row)
        ]
        for number, row in enumerate(table.rows)
    ]
    lines = [table.columns, ["---"] + ["---:"] * (len(table.columns) - 1), *rows]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]


def with_title(table: Table) -> list[str]:
    """The lines of a table in Markdown below its title, and a blank one."""
    return [f"**{table.title}**", "", *to_markdown(table), ""]


def show_number(value: float, form: str) -> str:
    """A number in a format, or a dash for none."""
    return "–" if math.isnan(value) else form.format(value)


def show_short(value: float) -> str:
    """A number of trials or seconds in three digits, or as many as it has before the point."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def format_seconds(seconds: float) -> str:
    """Seconds as a person says them: ``"8 s"``, ``"3 min 20 s"``, ``"2 h 05 min"``."""
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    # Rounded before they are divided, or 119.8 seconds would be "1 min 60 s".
    if seconds < 3570:
        return "{} min {:02} s".format(*divmod(round(seconds), 60))
    return "{} h {:02} min".format(*divmod(round(seconds / 60), 60))


def show_interval(
    value: float, lower: float, upper: float, show: Callable[[float], str] = show_short
) -> str:
    """A figure and its interval, infinity alone for what never comes, or a dash for none."""
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return INFINITE
    ends = (INFINITE if math.isinf(end) else show(end) for end in (lower, upper))
    return f"{show(value)} [{', '.join(ends)}]"


def show_difference(difference: float, lower: float, upper: float, *, digits: int) -> str:
    """A difference and its interval, all with their signs, or a dash for none."""
    if math.isnan(difference):
        return "–"
    shown = f"{difference:+.{digits}f} [{lower:+.{digits}f}, {upper:+.{digits}f}]"
    return shown.replace("-", "\N{MINUS SIGN}")


def show_count(n: int, noun: str) -> str:
    """A number of things, as in ``1 problem`` and ``3 problems``."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def show_p(value: float) -> str:
    """A p value, or a dash for none."""
    if math.isnan(value):
        return "–"
    return f"{value:.2g}" if value >= 0.001 else "< 0.001"


def write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write rows that need not have the same columns."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
