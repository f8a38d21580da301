"""The command line: which command, and what it returns."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import difflib
import errno
import importlib
import re
import shlex
import sys
from typing import Any
from typing import NamedTuple
from typing import NoReturn
from typing import TYPE_CHECKING

from .errors import UsageError


if TYPE_CHECKING:
    from rich.console import Console


# What is no fault of the harness, once it is at work.
_CANNOT_WRITE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EISDIR)


class _Command(NamedTuple):
    """A command, by the modules that are imported for it alone.

    Attributes:
        options: Module whose ``add_parser`` adds its options.
        module: Module whose ``run`` runs it.
        help: What it does.
    """

    options: str
    module: str
    help: str


_COMMANDS = {
    "run": _Command(
        "running.options", "running.command", "run studies, or continue them, and report"
    ),
    "report": _Command(
        "reporting.options", "reporting.command", "report on what is stored, finished or not"
    ),
    "merge": _Command(
        "storage.merge_options", "storage.merge", "bring results of several machines together"
    ),
    "compare": _Command(
        "reporting.compare_options",
        "reporting.compare",
        "compare samplers across all problems of a run",
    ),
    "ablate": _Command(
        "ablation.options",
        "ablation.command",
        "run the sampler with one ingredient left out each, and compare",
    ),
    "parts": _Command(
        "parts.options",
        "parts.command",
        "compare our sampler with and without each of its parts, and with peers",
    ),
    "calibrate": _Command(
        "calibration.options",
        "calibration.command",
        "how often outcomes fall into the intervals that the sampler predicts",
    ),
    "speed": _Command(
        "speed.options",
        "speed.command",
        "seconds a suggestion and peak memory, against finished trials and parameters",
    ),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Returns:
        Exit status: 0 if all went well, 1 if a study failed, 2 for a wrong argument, 130 after
        Ctrl-C, 143 after an order to end (SIGTERM).
    """
    words = sys.argv[1:] if arguments is None else list(arguments)
    args = parse_arguments(words)
    try:
        return _run(args, shlex.join(["python", "-m", "benchmarks", *words]))
    except UsageError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        if error.errno not in _CANNOT_WRITE:
            raise
        where = error.filename or getattr(args, "out", None) or "the output folder"
        print(f"error: --out: cannot write to {where} ({error.strerror})", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        return 130


def _run(args: argparse.Namespace, command: str) -> int:
    # Imported late, like the command itself: together they take a second or two, which nobody
    # waits for who asks for help or has mistyped an option.
    import optuna

    from .terminal import Terminal

    console = Terminal(piped_width=170)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if args.command == "list":
        return _list(console)
    module = _module(_COMMANDS[args.command].module)
    status: int = module.run(args, console, command)
    return status


def _module(name: str) -> Any:
    return importlib.import_module(f".{name}", __package__)


class _Parser(argparse.ArgumentParser):
    """Tells what is wrong with an argument in one line, without all options before it.

    Args:
        **settings: Those of :class:`argparse.ArgumentParser`.
    """

    def __init__(self, **settings: Any) -> None:
        # An option that is cut short would stand for another one as soon as there are two that
        # begin so, and a typo for an option that was not meant.
        super().__init__(allow_abbrev=False, **settings)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """As its parent's, but no word is left over: each parser tells of its own command's."""
        found, left = super().parse_known_args(args, namespace)
        for word in left:
            if word.startswith("-"):
                option = word.partition("=")[0]
                close = difflib.get_close_matches(option, self._options(), n=1)
                hint = f" Did you mean {close[0]}?" if close else ""
                self.error(f"got {option}, which is no option.{hint}")
        if left:
            self.error(f"got {left[0]!r}, which belongs to no option")
        return found, left

    def _options(self) -> list[str]:
        return re.findall(r"--[\w-]+", self.format_usage())

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message} ({self.prog} --help tells more)\n")


def parse_arguments(words: Sequence[str]) -> argparse.Namespace:
    """What the words after ``python -m benchmarks`` ask for.

    Raises:
        SystemExit: If it is help, which is printed, or they are wrong, which is said.
    """
    whole = _Parser(
        prog="python -m benchmarks", description="Compare samplers over problems and seeds."
    )
    commands = whole.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="samplers and problems, and whether they can run here")
    for name, command in _COMMANDS.items():
        # The first word names the command, as nothing but --help may stand before it.
        if name in words[:1]:
            _module(command.options).add_parser(commands)
        else:
            commands.add_parser(name, help=command.help)
    return whole.parse_args(words)


def _list(console: Console) -> int:
    from rich.markup import escape
    from rich.table import Table

    from .contenders.registry import CONTENDERS
    from .problems.registry import PROBLEMS

    for title, entries in (
        ("samplers", [(c.name, c.description, c.missing(), "") for c in CONTENDERS.values()]),
        ("problems", [(p.name, p.description, p.missing(), p.note()) for p in PROBLEMS.values()]),
    ):
        table = Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0))
        for column in ("name", "what it is", "here"):
            table.add_column(column, justify="left")
        for name, description, missing, note in entries:
            table.add_row(*map(escape, (name, description, missing or note or "ready")))
        console.print(table)
        console.print()
    return 0
