"""``python -m benchmarks run``: run studies, or continue them, and report."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
import shlex
import signal
import sys
from typing import Any
from typing import TYPE_CHECKING

from rich.console import Console

from .. import hub
from ..calls import split_names
from ..contenders.contender import Contender
from ..contenders.registry import get_contender
from ..contenders.seeding import known_seeding
from ..contenders.variants import ABLATIONS
from ..definitions import Definitions
from ..definitions import read_definitions
from ..errors import UsageError
from ..problems.registry import get_problem
from ..problems.registry import wanted_problems
from ..problems.spec import Options
from ..problems.spec import ProblemSpec
from .options import DEFAULT_PROBLEMS
from .options import DEFAULT_SAMPLERS


if TYPE_CHECKING:
    from .campaign import Campaign


def run(args: argparse.Namespace, console: Console, command: str) -> int:
    """Run studies and report.

    Args:
        args: Arguments of the command.
        console: Where to print.
        command: The command line, to be repeated to continue.

    Returns:
        Exit status, as :func:`benchmarks.cli.main` has it.

    Raises:
        UsageError: If an argument is wrong.
    """
    campaign = _campaign(args, console, command)
    if args.dry_run:
        from .estimate import describe

        describe(campaign, console)
        return 0
    try:
        with _ended_like_interrupted():
            campaign.prepare(console)
            return _execute(campaign, console)
    except _Ended as ended:
        print(
            "\nstopped: every finished trial is stored. To continue:\n  "
            f"{campaign.command}\nTo report on what is there:\n  {_report_command(campaign, args)}",
            file=sys.stderr,
        )
        return 128 + ended.signal_number
    finally:
        campaign.release()


def _campaign(args: argparse.Namespace, console: Console, command: str) -> Campaign:
    from .campaign import Campaign
    from .design import Design

    definitions = read_definitions(Path(args.config)) if args.config else Definitions()
    registry = hub.registry_root(args.registry)
    problems = _problems(args, definitions)
    contenders = [_contender(name, definitions) for name in _sampler_names(args, definitions)]
    # Two ways to write a sampler have one name, and would have the same studies.
    once = list({contender.name: contender for contender in contenders}.values())
    design = Design(
        problems=problems,
        contenders=_that_can_run(once, registry, console),
        definitions=definitions,
        options=Options(
            args.preset, args.mode, args.device, args.data_root, args.download, registry
        ),
        seeds=range(args.first_seed, args.first_seed + args.seeds),
        n_trials=args.trials,
        seeding=known_seeding(args.sampler_seeds),
        start_points=args.start_points,
        parallel=args.parallel,
        reevaluations=args.reevaluate,
        registry=registry,
    )
    return Campaign(
        design=design,
        n_workers=args.jobs,
        n_threads=args.threads,
        out=_out(args),
        storage=args.storage,
        command=command,
        scheduler=args.scheduler,
    )


def _out(args: argparse.Namespace) -> Path | None:
    if args.out is not None:
        return Path(args.out)
    if args.suite is not None:
        return Path("results") / f"suite-{args.suite}"
    return Path("results") / Path(args.config).stem if args.config else None


def _sampler_names(args: argparse.Namespace, definitions: Definitions) -> list[str]:
    if args.samplers is None and definitions.samplers:
        return list(definitions.samplers)
    named = DEFAULT_SAMPLERS if args.samplers is None else args.samplers
    return with_ablations(split_names(named, "--samplers"))


def with_ablations(wanted: list[str]) -> list[str]:
    """Replace ``ablations`` by the names of all of them."""
    expanded = [n for name in wanted for n in (ABLATIONS if name == "ablations" else [name])]
    return list(dict.fromkeys(expanded))


def _contender(name: str, definitions: Definitions) -> Contender:
    if name in definitions.samplers:
        return get_contender(definitions.samplers[name], f"--config, sampler {name}", name=name)
    return get_contender(name)


def _problems(args: argparse.Namespace, definitions: Definitions) -> list[ProblemSpec]:
    """What to compare on.

    Raises:
        UsageError: If there is no such problem, or two options exclude each other.
    """
    if args.suite is not None and args.problems is not None:
        raise UsageError("--suite: not allowed with --problems; accepts one of the two.")
    if args.problems is None and args.suite is None and definitions.problems:
        wanted = list(definitions.problems)
    else:
        named = DEFAULT_PROBLEMS if args.problems is None else args.problems
        wanted = wanted_problems(named, args.suite)
    return [
        get_problem(definitions.problems[name], f"--config, problem {name}", name=name)
        if name in definitions.problems
        else get_problem(name)
        for name in wanted
    ]


def _that_can_run(contenders: list[Contender], registry: str, console: Console) -> list[Contender]:
    able = []
    for contender in contenders:
        reason = contender.missing() or contender.cannot_load(registry)
        if reason:
            console.print(f"skipped: {contender.name}: {reason}", markup=False, soft_wrap=True)
        else:
            able.append(contender)
            note = contender.note(registry) if contender.note is not None else ""
            if note:
                console.print(f"note: {contender.name} {note}", markup=False, soft_wrap=True)
    if not able:
        listed = ", ".join(contender.name for contender in contenders)
        raise UsageError(f"--samplers: none of {listed} can run here.")
    return able


def _execute(campaign: Campaign, console: Console) -> int:
    from ..analysis.studies.replacements import replacement_notes
    from ..analysis.studies.results import load_runs
    from ..reporting.report import write_report
    from ..storage.opening import without_password

    failed = campaign.execute(console)
    runs = load_runs(campaign.opened)
    for note in replacement_notes(runs):
        console.print(f"note: {note}", markup=False, soft_wrap=True)
    status = 1 if failed else 0
    try:
        if any(run.trials for run in runs):
            paths = write_report(runs, campaign.out_dir, console, without_password(campaign.url))
            console.print("\nwritten: " + ", ".join(str(p) for p in paths), markup=False)
            shown = without_password(campaign.url)
            console.print(f"studies: {shown}", markup=False, soft_wrap=True)
    finally:
        # Also where the report finds no room: what failed has often failed of the same.
        campaign.say_failed(failed)
    return status


def _report_command(campaign: Campaign, args: argparse.Namespace) -> str:
    words = ["python", "-m", "benchmarks", "report", "--out", str(campaign.out_dir)]
    return shlex.join(words + (["--storage", args.storage] if args.storage else []))


class _Ended(BaseException):
    """The process was told to end."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.signal_number = signal_number


@contextmanager
def _ended_like_interrupted() -> Iterator[None]:
    """Have an order to end (SIGTERM, as of a batch system) do what Ctrl-C does.

    Raises:
        _Ended: On either.
    """

    def end(number: int, frame: Any) -> None:
        raise _Ended(number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    except KeyboardInterrupt:
        raise _Ended(signal.SIGINT) from None
    finally:
        signal.signal(signal.SIGTERM, before)
