"""The options of ``python -m benchmarks speed``."""

from __future__ import annotations

from typing import Any

from ..arguments import AtLeast
from ..arguments import DefaultsFormatter


def add_parser(commands: Any) -> None:
    """Add this command to the command line."""
    parser = commands.add_parser(
        "speed",
        description="Measures samplers side by side, each in a process of its own, on a mixed "
        "space with the history of a tuning run. Sizes that are measured already are not measured "
        "again. Writes speed.md, speed.csv, speed.png, speed.svg and speed.jsonl to --out.",
        formatter_class=DefaultsFormatter,
    )
    add = parser.add_argument
    add("--samplers", default="lattice_gp,tpe,gp", metavar="A[,B]", help="samplers to measure")
    add("--registry", default="", metavar="DIR", help="local copy of the OptunaHub registry")
    add(
        "--sizes",
        default="10,30,60,100,300,1000,3000,10000",
        metavar="N[,N]",
        help="finished trials",
    )
    add("--dims", default="4,10,20", metavar="N[,N]", help="parameters")
    add("--threads", default="1", metavar="N|default", help="threads that libraries may use")
    add("--repeats", type=AtLeast(1), default=20, metavar="N", help="suggestions to time")
    add(
        "--limit-seconds",
        type=AtLeast(1),
        default=60,
        metavar="S",
        help="a sampler whose suggestion takes longer is not measured at larger sizes",
    )
    add("--out", default="results/speed", metavar="DIR", help="output folder")
