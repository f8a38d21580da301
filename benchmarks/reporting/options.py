"""The options of ``python -m benchmarks report``, and those that say where results are."""

from __future__ import annotations

import argparse
from typing import Any


DEFAULT_OUT = "results/perceiver-small-table"


def add_parser(commands: Any) -> None:
    """Add this command to the command line."""
    parser = commands.add_parser(
        "report",
        description="Print tables and write report.html, report.md, pictures and raw data to "
        "--out.",
    )
    add_place(parser, f"output folder of the run ({DEFAULT_OUT})")


def add_place(parser: argparse.ArgumentParser, out_help: str, *, required: bool = False) -> None:
    """Add the options that say where results are."""
    parser.add_argument("--out", required=required, metavar="DIR", help=out_help)
    parser.add_argument(
        "--storage", metavar="URL", help="any Optuna storage (sqlite:///OUT/studies.db)"
    )
