"""The options of ``python -m benchmarks compare``, and those that choose a part of problems."""

from __future__ import annotations

import argparse
from typing import Any

from ..arguments import AtLeast
from ..arguments import regret


DEFAULT_OUT = "results/compare"


def add_parser(commands: Any) -> None:
    """Add this command to the command line."""
    parser = commands.add_parser(
        "compare",
        description="Mean normalised regret over problems and seeds, tests of every pair of "
        "samplers in plain words, ranks, and expected trials and seconds to a target. Reads the "
        "results in --out, or the files of --curves, and writes compare.md, compare.csv, "
        "curves.csv.gz and pictures (compare, ecdf, critical_difference) to --out.",
    )
    add = parser.add_argument
    add("--out", metavar="DIR", help=f"output folder of the run ({DEFAULT_OUT} with --curves)")
    add("--storage", metavar="URL", help="any Optuna storage (sqlite:///OUT/studies.db)")
    add("--curves", nargs="+", metavar="FILE", help="files that `compare` wrote, all together")
    add(
        "--at",
        metavar="N[,N]",
        help="after how many trials to look (10,20,30,60, and what all samplers have)",
    )
    add(
        "--target",
        type=regret,
        metavar="R",
        help="also: how many trials until the regret is at most R (0: the best known value), within "
        "each number of trials of --at",
    )
    add(
        "--targets",
        metavar="R[,R]",
        help="regrets whose reaching is timed (0.5,0.2,0.1,0.05)",
    )
    add("--reference", metavar="A", help="sampler that the others are compared with (lattice_gp)")
    add("--samplers", metavar="A[,B]", help="only these samplers")
    add("--problems", metavar="A[,B]", help="only these problems")
    add_filters(parser)


def add_filters(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose a part of the problems."""
    add = parser.add_argument
    add("--tag", metavar="TAG", help="only problems with this tag, such as multimodal")
    for name, what in (("--min-dims", "more"), ("--max-dims", "fewer")):
        help_text = f"only problems with so many parameters or {what}"
        add(name, type=AtLeast(1), metavar="N", help=help_text)
