"""``python -m benchmarks report``: a report on what is stored, finished or not."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.console import Console

from .options import DEFAULT_OUT


def run(args: argparse.Namespace, console: Console, command: str) -> int:
    """Report.

    Args:
        args: Arguments of the command.
        console: Where to print.
        command: The command line.

    Returns:
        Exit status 0.

    Raises:
        UsageError: If there are no results.
    """
    # Imported late: matplotlib takes its time, and other commands do not need it.
    from ..analysis.studies.results import load_runs
    from ..folders import make_folder
    from ..storage import opening
    from .report import write_report

    out = Path(args.out or DEFAULT_OUT)
    if args.storage is None:
        there = sorted(str(path.parent) for path in Path("results").glob(f"*/{opening.FILE}"))
        hint = f" Results are in: {', '.join(there)}." if there else ""
        opening.check_results(out, "--out", f"the output folder of a run.{hint}")
    make_folder(out)
    url = args.storage or opening.default_url(out)
    runs = load_runs(opening.open_results(out, args.storage))
    paths = write_report(runs, out, console, opening.without_password(url))
    console.print("\nwritten: " + ", ".join(str(path) for path in paths), markup=False)
    return 0
