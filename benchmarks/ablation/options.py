"""The options of ``python -m benchmarks ablate``."""

from __future__ import annotations

from typing import Any

from ..arguments import AtLeast
from ..contenders.variants import VARIANTS
from ..reporting.compare_options import add_filters
from ..suite import SUITES


DEFAULT_SUITE = "dev"
_DEFAULT_OUT = "results/ablation"


def add_parser(commands: Any) -> None:
    """Add this command to the command line."""
    parser = commands.add_parser(
        "ablate",
        description="Run lattice_gp and its variants, each with one ingredient of the recipe left "
        "out or replaced, and write what that costs to ablation.md and ablation.csv in --out, "
        "with the curves.csv.gz from which --curves makes the tables again. The same command "
        f"continues a run that was stopped. Variants: {', '.join(VARIANTS)}.",
    )
    add = parser.add_argument
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--problems", metavar="A[,B]", help="problems to compare on")
    which.add_argument(
        "--suite",
        metavar="|".join(SUITES),
        help=f"all problems of a suite instead ({DEFAULT_SUITE})",
    )
    add("--variants", metavar="A[,B]", help="only these variants")
    add("--seeds", type=AtLeast(1), default=10, metavar="N", help="number of seeds (10)")
    add("--first-seed", type=AtLeast(0), default=0, metavar="K", help="the first of them (0)")
    add("--trials", type=AtLeast(1), default=60, metavar="N", help="trials a study (60)")
    add("--jobs", type=AtLeast(1), metavar="N", help="worker processes (one a core)")
    add("--threads", type=AtLeast(1), default=1, metavar="N", help="threads a worker (1)")
    add("--out", default=_DEFAULT_OUT, metavar="DIR", help=f"output folder ({_DEFAULT_OUT})")
    add("--curves", nargs="+", metavar="FILE", help="run nothing: tables from files of curves")
    add("--at", metavar="N[,N]", help="after how many trials to look (10,20,30,60,.. to the end)")
    add_filters(parser)
