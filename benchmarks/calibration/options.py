"""The options of ``python -m benchmarks calibrate``."""

from __future__ import annotations

from typing import Any

from ..arguments import AtLeast
from ..suite import SUITES


LOG, REPORT = "calibration.jsonl", "calibration.md"
_DEFAULT_OUT = "results/calibration"


def add_parser(commands: Any) -> None:
    """Add this command to the command line."""
    parser = commands.add_parser(
        "calibrate",
        description="Run our sampler and compare each outcome with what was expected of it; write "
        f"{REPORT} and {LOG} to --out. The same command continues a run that was stopped.",
    )
    add = parser.add_argument
    add("--suite", default="report", metavar="|".join(SUITES), help="problems (report)")
    add("--seeds", type=AtLeast(1), default=10, metavar="N", help="number of seeds (10)")
    add("--trials", type=AtLeast(1), default=60, metavar="N", help="trials a study (60)")
    add("--out", default=_DEFAULT_OUT, metavar="DIR", help=f"output folder ({_DEFAULT_OUT})")
    add("--records", metavar="FILE", help="run nothing: the tables of a file of records")
