"""The options of ``python -m benchmarks report``."""

from __future__ import annotations

from typing import Any

from ..arguments import add_place


DEFAULT_OUT = "results/perceiver-small-table"


def add_parser(commands: Any) -> None:
    """Add this command to the command line."""
    parser = commands.add_parser(
        "report",
        description="Print tables and write report.html, report.md, pictures and raw data to "
        "--out.",
    )
    add_place(parser, f"output folder of the run ({DEFAULT_OUT})")
