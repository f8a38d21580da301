"""``python -m benchmarks compare``: samplers across problems, in tables, a picture, raw data."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from ..analysis.comparisons.across_problems import analyse
from ..analysis.comparisons.comparison import CHECKPOINTS
from ..analysis.comparisons.comparison import compare
from ..analysis.curves import curve_files
from ..analysis.curves import curve_merging
from ..analysis.curves import run_curves
from ..analysis.curves.curve_set import CurveSet
from ..analysis.curves.hitting import TARGETS
from ..analysis.studies.results import load_runs
from ..arguments import integers
from ..arguments import regrets
from ..calls import parse_call
from ..calls import show_call
from ..calls import split_names
from ..contenders.registry import OURS
from ..errors import unknown_name
from ..errors import UsageError
from ..folders import make_folder
from ..storage import opening
from ..suite import TAGS
from . import compare_output
from .compare_options import DEFAULT_OUT
from .target_table import target_table


def run(args: argparse.Namespace, console: Console, command: str) -> int:
    """Compare, print and write.

    Args:
        args: Arguments of the command.
        console: Where to print.
        command: The command line, for the report.

    Returns:
        Exit status 0.

    Raises:
        UsageError: If an argument is wrong or there is nothing to compare.
    """
    wanted = None if args.at is None else integers(args.at, "--at")
    targets = TARGETS if args.targets is None else regrets(args.targets, "--targets")
    curve_set, out = _load(args)
    curve_set = _filtered(curve_set, args)
    checkpoints = _checkpoints(curve_set, wanted)
    reference = OURS
    if args.reference:
        reference = _as_stored(args.reference, curve_set.samplers, "--reference")
        if reference not in curve_set.samplers:
            raise unknown_name("--reference", args.reference, curve_set.samplers)
    make_folder(out)
    comparison = compare(curve_set, checkpoints, reference)
    extra = []
    if args.target is not None:
        # One for each: studies that end before the last of them are in the others.
        extra = [
            target_table(curve_set, comparison.scales, args.target, n_trials)
            for n_trials in checkpoints
        ]
    analysis = analyse(curve_set, comparison, targets)
    compare_output.show(comparison, analysis, curve_set, extra, console)
    shown = opening.without_passwords(command)
    paths = compare_output.write(comparison, analysis, curve_set, extra, out, shown)
    console.print("\nwritten: " + ", ".join(map(str, paths)), markup=False, soft_wrap=True)
    return 0


def _load(args: argparse.Namespace) -> tuple[CurveSet, Path]:
    out = Path(args.out or DEFAULT_OUT)
    if args.curves:
        paths = [Path(name) for name in args.curves]
        return curve_merging.merge([curve_files.read(path) for path in paths], args.curves), out
    if args.out is None and args.storage is None:
        raise UsageError("--out: missing; accepts the output folder of a run, or give --curves.")
    if args.storage is None:
        opening.check_results(out, "--out", "the output folder of a run, or give --curves.")
    runs = load_runs(opening.open_results(out, args.storage))
    return run_curves.from_runs(runs), out


def _filtered(curve_set: CurveSet, args: argparse.Namespace) -> CurveSet:
    """Only what the options ask for.

    Raises:
        UsageError: If they name what is not there, or nothing is left.
    """
    problems, samplers = curve_set.problems, curve_set.samplers
    if args.problems is not None:
        problems = _known(split_names(args.problems, "--problems"), problems, "--problems")
    if args.samplers is not None:
        wanted = split_names(args.samplers, "--samplers")
        wanted = [_as_stored(name, samplers, "--samplers") for name in wanted]
        samplers = _known(wanted, samplers, "--samplers")
    problems = part_of(problems, curve_set.facts.n_params, args)
    chosen = curve_set.only(problems, samplers)
    if not chosen.curves:
        given = [option for option, value in _filters(args).items() if value is not None]
        if given and curve_set.curves:
            raise UsageError(
                f"{'/'.join(given)}: nothing to compare, no study is left; accepts other filters."
            )
        raise UsageError("nothing to compare: no study has a finished trial.")
    return chosen


def _filters(args: argparse.Namespace) -> dict[str, object]:
    """The options that leave out studies, with what was given."""
    return {
        "--problems": args.problems,
        "--samplers": args.samplers,
        "--tag": args.tag,
        "--min-dims": args.min_dims,
        "--max-dims": args.max_dims,
    }


def part_of(
    problems: list[str], n_params: Mapping[str, int], args: argparse.Namespace
) -> list[str]:
    """The problems that the options of :func:`.compare_options.add_filters` choose.

    Args:
        problems: Names.
        n_params: Number of parameters by problem, where it is known.
        args: Arguments of the command.

    Raises:
        UsageError: If there is no such tag.
    """
    if args.tag is not None:
        tags = sorted(set().union(*TAGS.values()))
        if args.tag not in tags:
            raise unknown_name("--tag", args.tag, tags)
        problems = [name for name in problems if args.tag in TAGS.get(name, ())]
    if args.min_dims is not None:
        problems = [name for name in problems if n_params.get(name, 0) >= args.min_dims]
    if args.max_dims is not None:
        problems = [name for name in problems if n_params.get(name, 0) <= args.max_dims]
    return problems


def _as_stored(name: str, there: Sequence[str], argument: str) -> str:
    """A sampler's name as ``run`` has stored it, however its arguments were spaced."""
    return name if name in there else show_call(parse_call(name, argument))


def _known(wanted: Sequence[str], there: list[str], argument: str) -> list[str]:
    for name in wanted:
        if name not in there:
            raise unknown_name(argument, name, there)
    return [name for name in there if name in wanted]


def _checkpoints(curve_set: CurveSet, wanted: list[int] | None) -> list[int]:
    """After how many trials to look.

    Raises:
        UsageError: If no study has got as far as asked for.
    """
    longest = max(curve.n_trials for curve in curve_set.curves.values())
    if wanted is None:
        numbers = [number for number in CHECKPOINTS if number <= longest]
        # All samplers can be compared where the first of them ends.
        return sorted({*numbers, curve_set.common_budget})
    return reached(wanted, longest)


def reached(wanted: list[int], longest: int) -> list[int]:
    """The numbers of trials asked for, ascending, if the longest study has so many.

    Raises:
        UsageError: If it has not.
    """
    if wanted[-1] > longest:
        raise UsageError(
            f"--at: got {wanted[-1]}, but the longest study has {longest} trials; accepts "
            f"integers from 1 to {longest}."
        )
    return wanted
