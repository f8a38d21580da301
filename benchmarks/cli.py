"""The command line: which command, and what it returns."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import difflib
import errno
import re
import shlex
import sys
from typing import Any
from typing import NoReturn

import optuna
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .ablation import command as ablate
from .calibration import command as calibrate
from .contenders.registry import CONTENDERS
from .errors import UsageError
from .parts import command as parts
from .problems.registry import PROBLEMS
from .reporting import command as report_command
from .reporting import compare
from .running import command as run_command
from .speed import command as speed
from .storage import merge


# What is no fault of the harness, once it is at work.
_CANNOT_WRITE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EISDIR)
_COMMANDS = {
    "run": run_command,
    "report": report_command,
    "merge": merge,
    "compare": compare,
    "ablate": ablate,
    "parts": parts,
    "calibrate": calibrate,
    "speed": speed,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Returns:
        Exit status: 0 if all went well, 1 if a study failed, 2 for a wrong argument, 130 after
        Ctrl-C, 143 after an order to end (SIGTERM).
    """
    args = parser().parse_args(arguments)
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 170)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    words = sys.argv[1:] if arguments is None else list(arguments)
    command = shlex.join(["python", "-m", "benchmarks", *words])
    try:
        if args.command == "list":
            return _list(console)
        status: int = _COMMANDS[args.command].run(args, console, command)
        return status
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


def parser() -> argparse.ArgumentParser:
    """The parser of the command line, with a subparser for each command."""
    whole = _Parser(
        prog="python -m benchmarks", description="Compare samplers over problems and seeds."
    )
    commands = whole.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="samplers and problems, and whether they can run here")
    for module in _COMMANDS.values():
        module.add_parser(commands)
    return whole


def _list(console: Console) -> int:
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
