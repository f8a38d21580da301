"""The options of ``python -m benchmarks merge``."""

from __future__ import annotations

from typing import Any

from ..arguments import add_place


def add_parser(commands: Any) -> None:
    """Add this command to the command line."""
    parser = commands.add_parser(
        "merge",
        description="Copy the studies of other results into those in --out, which may be new. A "
        "study that is in both keeps the longer of the two, if one begins like the other.",
    )
    parser.add_argument(
        "sources", nargs="+", metavar="DIR|URL", help="output folders, or URLs of storages"
    )
    add_place(parser, "output folder to merge into", required=True)
