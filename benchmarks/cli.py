"""The command line: parse, check everything, then work."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
import shlex
import sys
from typing import TYPE_CHECKING

import optuna
from rich.console import Console
from rich.table import Table

from . import ablate
from . import calibrate
from . import compare
from . import hub
from . import speed
from .ablation import ABLATIONS
from .arguments import AtLeast
from .arguments import names
from .contender import Contender
from .contenders import CONTENDERS
from .contenders import get_contender
from .errors import UsageError
from .parts import command as parts
from .problems import Options
from .problems import PROBLEMS
from .problems import wanted_problems
from .suite import SUITES


if TYPE_CHECKING:
    from .campaign import Campaign


_DEFAULT_OUT = "results/perceiver-small-table"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Returns:
        Exit status: 0 if all went well, 1 if a study failed, 2 for a wrong argument, 130 after
        Ctrl-C.
    """
    parser = _parser()
    args = parser.parse_args(arguments)
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 170)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        if args.command == "list":
            return _list(console)
        if args.command == "report":
            return _report(args, console)
        words = sys.argv[1:] if arguments is None else list(arguments)
        command = shlex.join(["python", "-m", "benchmarks", *words])
        if args.command == "compare":
            return compare.run(args, console, command)
        if args.command == "ablate":
            return ablate.run(args, console, command)
        if args.command == "parts":
            return parts.run(args, console, command)
        if args.command == "calibrate":
            return calibrate.run(args, console, command)
        if args.command == "speed":
            return speed.run(args, console, command)
        return _run(args, console, command)
    except UsageError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Compare samplers over problems and seeds."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="samplers and problems, and whether they can run here")
    run = commands.add_parser(
        "run",
        help="run studies, or continue them, and report",
        description="Run every (problem, sampler, seed) as one study, then report. The same "
        "command continues a run that was stopped; more --trials or --seeds extend it.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = run.add_argument
    which = run.add_mutually_exclusive_group()
    which.add_argument(
        "--problems", default="perceiver", metavar="A[,B]", help="problems to compare on"
    )
    which.add_argument(
        "--suite",
        metavar="|".join(SUITES),
        help="all problems of a suite instead",
    )
    add("--preset", default="small", metavar="small|full", help="size of the Perceiver problem")
    add(
        "--mode",
        default="table",
        metavar="table|train",
        help="replay measured training runs, or train",
    )
    add("--device", default="auto", metavar="auto|cpu|cuda|mps", help="where to train")
    add("--data-root", default="data", metavar="DIR", help="folder that holds MNIST/raw")
    add("--download", action="store_true", help="download MNIST into --data-root if need be")
    add(
        "--samplers",
        default="lattice_gp,tpe,random",
        metavar="A[,B]",
        help="samplers to compare: names that `list` shows, module:Class for any class, or "
        "ablations for ours with one ingredient left out each",
    )
    add(
        "--registry",
        default="",
        metavar="DIR",
        help="local copy of the OptunaHub registry, for the samplers that come from there",
    )
    add("--seeds", type=AtLeast(1), default=20, metavar="N", help="number of seeds")
    add("--first-seed", type=AtLeast(0), default=0, metavar="K", help="the first of them")
    add("--trials", type=AtLeast(1), default=30, metavar="N", help="trials a study")
    add(
        "--jobs",
        type=AtLeast(1),
        metavar="N",
        help="worker processes (one a core; one in all when training on a GPU)",
    )
    add("--threads", type=AtLeast(1), default=1, metavar="N", help="threads a worker")
    report = commands.add_parser("report", help="report on what is stored, finished or not")
    for command in (run, report):
        command.add_argument(
            "--out",
            metavar="DIR",
            help="output folder (results/PROBLEM-PRESET-MODE)"
            if command is run
            else f"output folder of the run ({_DEFAULT_OUT})",
        )
        command.add_argument(
            "--storage",
            metavar="URL",
            help="any Optuna storage (sqlite:///OUT/studies.db)",
        )
    compare.add_parser(commands)
    ablate.add_parser(commands)
    parts.add_parser(commands)
    calibrate.add_parser(commands)
    speed.add_parser(commands)
    return parser


def _out(args: argparse.Namespace) -> Path | None:
    if args.out is None and args.suite is not None:
        return Path("results") / f"suite-{args.suite}"
    return None if args.out is None else Path(args.out)


def _with_ablations(wanted: list[str]) -> list[str]:
    """Replace ``ablations`` by the names of all of them."""
    expanded = [n for name in wanted for n in (ABLATIONS if name == "ablations" else [name])]
    return list(dict.fromkeys(expanded))


def _list(console: Console) -> int:
    for title, entries in (
        ("samplers", [(c.name, c.description, c.missing(), "") for c in CONTENDERS.values()]),
        ("problems", [(p.name, p.description, p.missing(), p.note()) for p in PROBLEMS.values()]),
    ):
        table = Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0))
        for column in ("name", "what it is", "here"):
            table.add_column(column, justify="left")
        for name, description, missing, note in entries:
            table.add_row(name, description, missing or note or "ready")
        console.print(table)
        console.print()
    return 0


def _run(args: argparse.Namespace, console: Console, command: str) -> int:
    from .campaign import Campaign

    wanted = _with_ablations(names(args.samplers, "--samplers"))
    contenders = [get_contender(name) for name in wanted]
    registry = hub.registry_root(args.registry)
    contenders = _that_can_run(contenders, registry, console)
    campaign = Campaign(
        problems=wanted_problems(args.problems, args.suite),
        contenders=contenders,
        options=Options(args.preset, args.mode, args.device, args.data_root, args.download),
        seeds=range(args.first_seed, args.first_seed + args.seeds),
        n_trials=args.trials,
        n_workers=args.jobs,
        n_threads=args.threads,
        out=_out(args),
        storage=args.storage,
        command=command,
        registry=registry,
    )
    campaign.prepare(console)
    try:
        return _execute(campaign, args, console)
    except KeyboardInterrupt:
        print(
            "\nstopped: every finished trial is stored. To continue:\n  "
            f"{campaign.command}\nTo report on what is there:\n  {_report_command(campaign, args)}",
            file=sys.stderr,
        )
        return 130


def _that_can_run(contenders: list[Contender], registry: str, console: Console) -> list[Contender]:
    able = []
    for contender in contenders:
        reason = contender.missing() or contender.cannot_load(registry)
        if reason:
            console.print(f"skipped: {contender.name}: {reason}", markup=False, soft_wrap=True)
        else:
            able.append(contender)
    if not able:
        listed = ", ".join(contender.name for contender in contenders)
        raise UsageError(f"--samplers: none of {listed} can run here.")
    return able


def _execute(campaign: Campaign, args: argparse.Namespace, console: Console) -> int:
    from .report import write_report
    from .results import load_runs
    from .store import without_password

    failed = campaign.execute(console)
    runs = load_runs(campaign.opened)
    status = 1 if failed else 0
    if any(run.trials for run in runs):
        paths = write_report(runs, campaign.out_dir, console, without_password(campaign.url))
        console.print("\nwritten: " + ", ".join(str(p) for p in paths), markup=False)
        console.print(f"studies: {without_password(campaign.url)}", markup=False, soft_wrap=True)
    campaign.say_failed(failed)
    return status


def _report_command(campaign: Campaign, args: argparse.Namespace) -> str:
    words = ["python", "-m", "benchmarks", "report", "--out", str(campaign.out_dir)]
    return shlex.join(words + (["--storage", args.storage] if args.storage else []))


def _report(args: argparse.Namespace, console: Console) -> int:
    from . import store
    from .campaign import make_folder
    from .report import write_report
    from .results import load_runs

    out = Path(args.out or _DEFAULT_OUT)
    if args.storage is None:
        database = out / "studies.db"
        if not database.is_file():
            there = sorted(str(path.parent) for path in Path("results").glob("*/studies.db"))
            hint = f" Results are in: {', '.join(there)}." if there else ""
            raise UsageError(
                f"--out: {out} holds no results ({database.name} is not there); accepts the "
                f"output folder of a run.{hint}"
            )
    make_folder(out)
    url = args.storage or store.default_url(out)
    runs = load_runs(store.open_storage(url))
    paths = write_report(runs, out, console, store.without_password(url))
    console.print("\nwritten: " + ", ".join(str(path) for path in paths), markup=False)
    return 0
