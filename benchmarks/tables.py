"""Tables for reading: on the terminal or in Markdown."""

from __future__ import annotations

from collections.abc import Collection
import csv
from dataclasses import dataclass
from dataclasses import field
import math
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table as RichTable


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


def to_rich(table: Table, emphasised: str = "") -> RichTable:
    """A table for the terminal.

    Args:
        table: The table.
        emphasised: Name in the first column whose row stands out.
    """
    rich = RichTable(title=table.title, title_justify="left", title_style="")
    for index, column in enumerate(table.columns):
        rich.add_column(column, justify="left" if index == 0 else "right", no_wrap=index == 0)
    for number, row in enumerate(table.rows):
        cells = [
            f"[bold]{escape(cell)}[/bold]" if (number, column) in table.bold else escape(cell)
            for column, cell in enumerate(row)
        ]
        rich.add_row(*cells, style="bold" if emphasised and row[0] == emphasised else "")
    return rich


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


def show_number(value: float, form: str) -> str:
    """A number in a format, or a dash for none."""
    return "–" if math.isnan(value) else form.format(value)


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
