"""``python -m benchmarks parts``: what each part of the sampler is worth."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
import sys
import time

from rich.console import Console

from ..calls import split_names
from ..errors import UsageError
from ..folders import make_folder
from ..folders import own_folder
from ..tables import to_rich
from . import records
from . import report
from . import runner
from .catalog import check_constraints
from .catalog import check_entrants
from .catalog import Choice
from .catalog import choose
from .catalog import missing
from .records import Key
from .records import Log
from .records import Record


_LOG, _COMPACT, _REPORT = "curves.jsonl", "curves.jsonl.gz", "parts.md"


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
    choices = choose(
        None if args.parts is None else split_names(args.parts, "--parts"),
        None if args.tasks is None else split_names(args.tasks, "--tasks"),
        None if args.entrants is None else split_names(args.entrants, "--entrants"),
        args.kind,
    )
    out = Path(args.out)
    if args.curves:
        found = records.merge([records.read(Path(name)) for name in args.curves], args.curves)
        _check_some(found, choices)
        make_folder(out)
        _publish(choices, found, out, console, command)
        return 0
    check_entrants(choices)
    check_constraints(choices)
    seeds = range(args.first_seed, args.first_seed + args.seeds)
    with own_folder(out):
        return _run_and_publish(choices, seeds, args.jobs, out, console, command)


def _run_and_publish(
    choices: Sequence[Choice],
    seeds: range,
    n_jobs: int,
    out: Path,
    console: Console,
    command: str,
) -> int:
    log = Log(out / _LOG)
    try:
        failures = _run(choices, seeds, log, n_jobs, console)
    except KeyboardInterrupt:
        print(
            f"\nstopped: every finished study is stored. To continue:\n  {command}",
            file=sys.stderr,
        )
        return 130
    chosen = {key: record for key, record in log.records.items() if key.seed in seeds}
    if any(key in chosen for key in runner.studies(choices, seeds)):
        _publish(choices, chosen, out, console, command)
    _say_failed(failures, out)
    return 1 if failures else 0


def _run(
    choices: Sequence[Choice], seeds: range, log: Log, n_jobs: int, console: Console
) -> list[runner.Failure]:
    for name, modules in missing(choices).items():
        console.print(f"skipped: {name}: needs {modules}", markup=False)
    keys = runner.studies(choices, seeds)
    todo = [key for key in keys if key not in log.records]
    if len(todo) < len(keys):
        console.print(
            f"continuing: {len(keys) - len(todo)} of {len(keys)} studies are there", markup=False
        )
        _note_versions([log.records[key] for key in keys if key in log.records], console)
    begin, n_done = time.monotonic(), 0

    def tick(key: Key, error: str) -> None:
        nonlocal n_done
        n_done += 1
        where = f"{key.part}/{key.task} {key.entrant} seed {key.seed}"
        seconds = time.monotonic() - begin
        what = f"failed: {error}" if error else "done"
        console.print(
            f"[{n_done}/{len(todo)}, {seconds:.0f} s] {where}: {what}",
            markup=False,
            soft_wrap=True,
        )

    return runner.execute(todo, log, n_jobs, tick)


def _note_versions(there: Sequence[Record], console: Console) -> None:
    """Say so if studies were made with other versions than those of now."""
    now = runner.current_versions()
    changed = {
        f"{name} {record.versions.get(name)}, now {version}"
        for record in there
        for name, version in now.items()
        if record.versions.get(name) != version
    }
    for text in sorted(changed):
        console.print(
            f"note: studies that are there were made with {text}; use another --out to keep them "
            "apart",
            markup=False,
            soft_wrap=True,
        )


def _check_some(found: dict[Key, Record], choices: Sequence[Choice]) -> None:
    chosen = {
        (choice.part.name, task.name, entrant.name)
        for choice in choices
        for task in choice.tasks
        for entrant in choice.entrants
    }
    if not any(key[:3] in chosen for key in found):
        raise UsageError("--curves: no study of these parts, tasks and entrants; accepts others.")


def _publish(
    choices: Sequence[Choice],
    found: dict[Key, Record],
    out: Path,
    console: Console,
    command: str,
) -> None:
    # In an order that does not depend on which study was finished first: it changes the last digit
    # of sums, and with it now and then a digit of a table.
    found = {key: found[key] for key in sorted(found)}
    sections = [report.section(choice, found) for choice in choices]
    sections = [section for section in sections if section.tables]
    for section in sections:
        console.print(f"\n{section.title}", style="bold", markup=False)
        for line in section.lines:
            console.print(line, markup=False, soft_wrap=True)
        for table in section.tables:
            console.print(to_rich(table, report.REFERENCE))
    paths = [out / _REPORT, out / _COMPACT]
    lines = report.to_lines(sections, command, report.made_lines(found.values()))
    paths[0].write_text("\n".join(lines), encoding="utf-8")
    records.write_compact(found.values(), paths[1], command)
    console.print("\nwritten: " + ", ".join(map(str, paths)), markup=False, soft_wrap=True)


def _say_failed(failures: Sequence[runner.Failure], out: Path) -> None:
    if not failures:
        return
    log = out / "errors.log"
    log.write_text(
        "\n\n".join(f"{'/'.join(map(str, f.key))}: {f.details}" for f in failures),
        encoding="utf-8",
    )
    print(f"\n{len(failures)} studies failed (tracebacks: {log}):", file=sys.stderr)
    for failure in failures:
        print(f"  {'/'.join(map(str, failure.key))}: {failure.error}", file=sys.stderr)
