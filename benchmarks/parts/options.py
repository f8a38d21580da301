"""The options of ``python -m benchmarks parts``."""

from __future__ import annotations

from typing import Any

from ..arguments import AtLeast


def add_parser(commands: Any) -> None:
    """Add this command to the command line."""
    parser = commands.add_parser(
        "parts",
        description="Run tasks made for parts of the sampler (conditional spaces, constraints, "
        "several objectives and so on) and write parts.md and curves.jsonl.gz to --out. The same "
        "command continues a run that was stopped; more --seeds extend it.",
    )
    add = parser.add_argument
    add("--parts", metavar="A[,B]", help="only these parts")
    add("--tasks", metavar="A[,B]", help="only these tasks")
    add("--entrants", metavar="A[,B]", help="only these entrants")
    add(
        "--kind",
        default="all",
        metavar="dev|report|all",
        help="tasks that the sampler is developed on, those that are only reported, or all (all)",
    )
    add("--seeds", type=AtLeast(1), default=10, metavar="N", help="number of seeds (10)")
    add("--first-seed", type=AtLeast(0), default=0, metavar="K", help="the first of them (0)")
    add("--jobs", type=AtLeast(1), default=1, metavar="N", help="worker processes (1)")
    add("--out", default="results/parts", metavar="DIR", help="output folder (results/parts)")
    add("--curves", nargs="+", metavar="FILE", help="run nothing: tables from files of curves")
