"""``python -m benchmarks ablate``: what each ingredient of the sampler's recipe is worth."""

from __future__ import annotations

import argparse
from pathlib import Path
import sys

from rich.console import Console

from ..analysis.comparisons.comparison import compare as compare_all
from ..analysis.comparisons.comparison import Comparison
from ..analysis.curves import curve_files
from ..analysis.curves import curve_merging
from ..analysis.curves import run_curves
from ..analysis.curves.curve_set import CurveSet
from ..analysis.studies.results import load_runs
from ..arguments import integers
from ..calls import split_names
from ..contenders.registry import get_contender
from ..contenders.registry import OURS
from ..contenders.variants import ABLATIONS
from ..contenders.variants import PREFIX
from ..contenders.variants import VARIANTS
from ..errors import unknown_name
from ..errors import UsageError
from ..folders import make_folder
from ..problems.registry import get_problem
from ..problems.registry import wanted_problems
from ..problems.spec import Options
from ..reporting import compare
from ..running.campaign import Campaign
from ..running.design import Design
from ..suite.catalog import CATALOG
from ..tables import to_rich
from ..tables import with_title
from ..tables import write_csv
from . import table as ablation_table
from .options import DEFAULT_SUITE


_CHECKPOINTS = (10, 20, 30, 60, 100, 200, 500)


def run(args: argparse.Namespace, console: Console, command: str) -> int:
    """Run what is not there yet, compare, print and write.

    Args:
        args: Arguments of the command.
        console: Where to print.
        command: The command line, to be repeated to continue, and for the report.

    Returns:
        Exit status: 0 if all went well, 1 if a study failed, 130 after Ctrl-C.

    Raises:
        UsageError: If an argument is wrong or there is nothing to compare.
    """
    variants = _variants(args)
    at = None if args.at is None else integers(args.at, "--at")
    status, out = 0, Path(args.out)
    if args.curves:
        curve_set = _read(args, variants)
        checkpoints = _checkpoints(max(c.n_trials for c in curve_set.curves.values()), at)
    else:
        # Before any work.
        checkpoints = _checkpoints(args.trials, at)
        campaign = _campaign(args, variants, command)
        campaign.prepare(console)
        try:
            failed = campaign.execute(console)
        except KeyboardInterrupt:
            print(
                f"\nstopped: every finished trial is stored. To continue:\n  {command}",
                file=sys.stderr,
            )
            return 130
        campaign.say_failed(failed)
        status = 1 if failed else 0
        stored = run_curves.from_runs(load_runs(campaign.opened))
        curve_set = _chosen(stored, [spec.name for spec in campaign.design.problems], variants)
    make_folder(out)
    comparison = compare_all(curve_set, checkpoints, OURS)
    for line in ablation_table.heading_lines(comparison, curve_set):
        console.print(line, markup=False, soft_wrap=True)
    console.print(to_rich(ablation_table.ablation_table(comparison, curve_set), OURS))
    paths = _write(comparison, curve_set, out, command)
    console.print("\nwritten: " + ", ".join(map(str, paths)), markup=False, soft_wrap=True)
    return status


def _variants(args: argparse.Namespace) -> list[str]:
    """Names of the variants as contenders.

    Raises:
        UsageError: If there is none of a name, or it is the sampler itself by now.
    """
    wanted = list(VARIANTS) if args.variants is None else split_names(args.variants, "--variants")
    for name in wanted:
        if name not in VARIANTS:
            raise unknown_name("--variants", name, list(VARIANTS))
        if not args.curves and not VARIANTS[name].differs():
            raise UsageError(
                f"--variants: {name} ({VARIANTS[name].description}) is no variant any more: the "
                "recipe has become the same; accepts those that differ from it."
            )
    return [PREFIX + name for name in wanted]


def _campaign(args: argparse.Namespace, variants: list[str], command: str) -> Campaign:
    suite = DEFAULT_SUITE if args.problems is None and args.suite is None else args.suite
    n_params = {entry.name: entry.n_params for entry in CATALOG.values()}
    problems = compare.part_of(wanted_problems(args.problems, suite), n_params, args)
    if not problems:
        raise UsageError("--tag/--min-dims/--max-dims: no problem is left; accepts other filters.")
    design = Design(
        problems=[get_problem(name) for name in problems],
        contenders=[get_contender(OURS), *(ABLATIONS[name] for name in variants)],
        options=Options(),
        seeds=range(args.first_seed, args.first_seed + args.seeds),
        n_trials=args.trials,
    )
    return Campaign(
        design=design,
        n_workers=args.jobs,
        n_threads=args.threads,
        out=Path(args.out),
        storage=None,
        command=command,
    )


def _read(args: argparse.Namespace, variants: list[str]) -> CurveSet:
    """The curves of files, also those of variants that are no longer listed."""
    found = curve_merging.merge(
        [curve_files.read(Path(name)) for name in args.curves], args.curves
    )
    problems = found.problems
    if args.problems is not None or args.suite is not None:
        wanted = wanted_problems(args.problems, args.suite)
        problems = [name for name in problems if name in wanted]
    problems = compare.part_of(problems, found.facts.n_params, args)
    if args.variants is None:
        variants = [name for name in found.samplers if name.startswith(PREFIX)]
    return _chosen(found, problems, variants)


def _chosen(curve_set: CurveSet, problems: list[str], variants: list[str]) -> CurveSet:
    """The curves of some problems and variants, and of the sampler itself.

    Raises:
        UsageError: If it has none.
    """
    chosen = curve_set.only(problems, [OURS, *variants])
    if OURS not in chosen.samplers:
        raise UsageError(
            f"nothing to compare: there is no study of {OURS}, with which the variants are "
            "compared, on these problems."
        )
    return chosen


def _checkpoints(n_trials: int, wanted: list[int] | None) -> list[int]:
    """After how many trials to look, the last of which is where the area ends.

    Raises:
        UsageError: If no study gets as far as asked for.
    """
    if wanted is None:
        return [number for number in _CHECKPOINTS if number < n_trials] + [n_trials]
    return compare.reached(wanted, n_trials)


def _write(comparison: Comparison, curve_set: CurveSet, out: Path, command: str) -> list[Path]:
    table = ablation_table.ablation_table(comparison, curve_set)
    lines = ["# What each ingredient is worth", ""]
    for line in ablation_table.heading_lines(comparison, curve_set):
        lines += [line, ""]
    lines += with_title(table)
    lines += ablation_table.note_lines(comparison, curve_set, command)
    paths = [out / "ablation.md", out / "ablation.csv", out / "curves.csv.gz"]
    paths[0].write_text("\n".join(lines), encoding="utf-8")
    write_csv(paths[1], ablation_table.csv_rows(comparison, curve_set))
    curve_files.write(curve_set, paths[2])
    return paths
