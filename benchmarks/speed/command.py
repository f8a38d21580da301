"""``python -m benchmarks speed``: seconds a suggestion and peak memory against finished trials."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import datetime
from datetime import timezone
import math
from pathlib import Path
import platform
from typing import Any

from rich.console import Console

from .. import hub
from ..arguments import integers
from ..calls import split_names
from ..contenders.contender import Contender
from ..contenders.registry import get_contender
from ..errors import UsageError
from ..folders import own_folder
from ..study.machine import available_cores
from ..study.machine import versions
from ..tables import format_seconds
from .measure import measure
from .measurement import load
from .measurement import Measurement
from .measurement import store


_FILE = "speed.jsonl"


def run(args: argparse.Namespace, console: Console, command: str) -> int:
    """Measure what is not measured yet, and report on everything in the folder.

    Args:
        args: Arguments of the command.
        console: Where to print.
        command: The command line, for the report.

    Returns:
        Exit status: 0 if all went well, 1 if a sampler failed, 130 after Ctrl-C.

    Raises:
        UsageError: If an argument is wrong.
    """
    sizes = integers(args.sizes, "--sizes")
    dims = integers(args.dims, "--dims")
    if args.threads != "default" and not (args.threads.isdigit() and int(args.threads)):
        raise UsageError(
            f"--threads: got {args.threads!r}, accepts an integer of 1 or more, or 'default'."
        )
    registry = hub.registry_root(args.registry)
    contenders = _that_can_run(split_names(args.samplers, "--samplers"), registry, console)
    cells = [(n_params, n_trials) for n_params in dims for n_trials in sizes]
    out = Path(args.out)
    with own_folder(out):
        return _measure_all(cells, contenders, args, registry, out, console, command)


def _measure_all(
    cells: Sequence[tuple[int, int]],
    contenders: Sequence[Contender],
    args: argparse.Namespace,
    registry: str,
    out: Path,
    console: Console,
    command: str,
) -> int:
    """Measure all sizes, given as numbers of parameters and trials, and report.

    Returns:
        Exit status, as of :func:`run`.
    """
    path = out / _FILE
    # Before any work.
    load(path)
    status = 0
    try:
        for n_params, n_trials in cells:
            status = max(
                status,
                _measure_cell(
                    path, contenders, n_trials, n_params, args, registry, command, console
                ),
            )
    except KeyboardInterrupt:
        console.print(
            "\nstopped: the sizes that were finished are stored; the same command goes on"
        )
        status = 130
    measurements = load(path)
    if measurements:
        from .report import write_report

        paths = write_report(measurements, out, console)
        console.print("\nwritten: " + ", ".join(map(str, paths)), markup=False, soft_wrap=True)
    return status


def _that_can_run(wanted: Sequence[str], registry: str, console: Console) -> list[Contender]:
    able = []
    # Two ways to write a sampler have one name.
    found = {contender.name: contender for contender in map(get_contender, wanted)}
    for contender in found.values():
        reason = contender.missing() or contender.cannot_load(registry)
        if not contender.takes_history:
            reason = "suggests its initial design first, whatever the history; `run` times it"
        if reason:
            console.print(f"skipped: {contender.name}: {reason}", markup=False, soft_wrap=True)
        else:
            able.append(contender)
    if not able:
        raise UsageError(f"--samplers: none of {', '.join(wanted)} can run here.")
    return able


def _measure_cell(
    path: Path,
    contenders: Sequence[Contender],
    n_trials: int,
    n_params: int,
    args: argparse.Namespace,
    registry: str,
    command: str,
    console: Console,
) -> int:
    """Measure one size, unless every sampler's present code has been measured there.

    Returns:
        1 if a sampler failed, else 0.
    """
    known = load(path)
    there = {
        (one.sampler, one.version)
        for one in known
        if (one.n_trials, one.n_params, one.threads) == (n_trials, n_params, args.threads)
    }
    new = [
        Measurement(
            contender.name,
            contender.version(registry),
            n_trials,
            n_params,
            args.threads,
            datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
            machine=_machine(command),
        )
        for contender in contenders
    ]
    # All anew if one is: only what is measured side by side can be compared.
    if all((one.sampler, one.version) in there for one in new):
        return 0
    able = []
    for one in new:
        one.round = new[0].round
        one.note = _too_slow(one, known)
        if not one.note:
            able.append(one)
    measure(able, registry, args.repeats, float(args.limit_seconds))
    store(path, new)
    shown = ", ".join(f"{one.sampler} {_show(one)}" for one in new)
    console.print(f"{n_params} parameters, {n_trials} trials: {shown}", markup=False)
    return int(any(one.note.startswith("failed") for one in new))


def _too_slow(one: Measurement, known: Sequence[Measurement]) -> str:
    """Why a sampler need not be tried: it was too slow with fewer trials."""
    for other in known:
        same = (other.sampler, other.version, other.n_params, other.threads) == (
            one.sampler,
            one.version,
            one.n_params,
            one.threads,
        )
        if same and other.n_trials < one.n_trials and not other.wall and other.note:
            reason = other.note.removeprefix("not tried: ")
            return f"not tried: {reason}" + (
                "" if " at " in reason else f" at {other.n_trials} trials"
            )
    return ""


def _show(one: Measurement) -> str:
    if math.isnan(one.median):
        return one.note
    if one.median >= 10:
        return format_seconds(one.median)
    return f"{one.median:.2g} s" if one.median >= 1 else f"{1000 * one.median:.2g} ms"


def _machine(command: str) -> dict[str, Any]:
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": available_cores(),
        "versions": versions(),
        "command": command,
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    found = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return found[0] if found else platform.processor()
