"""The command line: what each command does, and what it returns."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
import sys
from typing import Any

from . import environments
from . import packages
from . import prepare
from . import release
from . import testing
from .errors import UsageError
from .findings import Finding
from .packages import Package
from .rules import findings_by_rules
from .rules import RULES
from .settings import kept_settings
from .settings import Settings
from .tools import findings_by_tools


_ROOT = Path(__file__).resolve().parents[1]


def main(arguments: Sequence[str] | None = None, root: Path = _ROOT) -> int:
    """Run the command line.

    Args:
        arguments: The words after ``python -m publishing``; those of this process by default.
        root: Root of the checkout.

    Returns:
        Exit status: 0 if all is well, 1 if something stands between a package and the registry,
        2 for a wrong argument.
    """
    args = _parser().parse_args(arguments)
    try:
        if args.command == "rules":
            return _rules()
        if args.command == "release":
            return _release(root, args.dry_run)
        chosen = packages.find(root, args.packages)
        if args.command == "check":
            return _check(chosen, kept_settings())
        if args.command == "test":
            return 0 if _succeeded(_test(_plan(args, chosen))) else 1
        return _prepare(args, chosen, root)
    except UsageError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


class _Parser(argparse.ArgumentParser):
    """Takes options as they are and no abbreviations, in which a typo can be another option."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(allow_abbrev=False, **settings)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m publishing",
        description="Prove that the packages are ready for the OptunaHub registry, prepare the "
        "pull request, and tag releases. Nothing is ever pushed.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("rules", help="list the rules")
    check = commands.add_parser("check", help="look at the folders; seconds")
    test = commands.add_parser("test", help="run tests and examples in clean environments")
    write = commands.add_parser("prepare", help="check, test and write a branch; never pushes")
    tag = commands.add_parser("release", help="tag this commit as the version; never pushes")
    tag.add_argument("--dry-run", action="store_true", help="check only, make no tag")
    for command in (check, test, write):
        help_ = "such as samplers/lattice_gp; all by default"
        command.add_argument("packages", metavar="PACKAGE", nargs="*", help=help_)
    for command in (test, write):
        _add_test_options(command)
    prepare.add_arguments(write)
    return parser


def _add_test_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--optuna",
        type=_names,
        default=["oldest", "newest"],
        metavar="VERSIONS",
        help="versions, or oldest (supported) and newest (of the package index); both by default",
    )
    parser.add_argument(
        "--python",
        type=_names,
        default=["current"],
        metavar="PYTHONS",
        help="one for all or one for each Optuna: current (default), oldest, newest, 3.12 or paths",
    )
    parser.add_argument(
        "--without",
        type=_names,
        default=[],
        metavar="NAMES",
        help="requirements not to install, such as torch,torchvision",
    )
    parser.add_argument("--quick", action="store_true", help="leave out tests marked slow")


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise argparse.ArgumentTypeError(f"got {text!r}, accepts names separated by commas")
    return names


def _rules() -> int:
    width = max(len(rule.name) for rule in RULES)
    for rule in RULES:
        print(f"{rule.name:{width}}  {rule.description}")
    return 0


def _release(root: Path, dry_run: bool) -> int:
    tag = release.release(root, dry_run=dry_run)
    if dry_run:
        print(f"{tag} can be made")
    else:
        print(f"made {tag}; nothing is pushed: git push origin {tag} does so")
    return 0


def findings(chosen: Sequence[Package], settings: Settings) -> list[Finding]:
    """All that rules and tools have to say, by file and line."""
    found = [finding for package in chosen for finding in findings_by_rules(package)]
    return sorted(found + findings_by_tools(chosen, settings))


def _check(chosen: Sequence[Package], settings: Settings) -> int:
    found = findings(chosen, settings)
    for finding in found:
        print(finding)
    titles = ", ".join(package.title for package in chosen)
    summary = f"{len(found)} finding{'s' * (len(found) > 1)}" if found else "no findings"
    print(f"{titles}: {summary} by {len(RULES)} rules")
    return 1 if found else 0


def _plan(args: argparse.Namespace, chosen: Sequence[Package]) -> list[environments.Environment]:
    return environments.plan(chosen, args.optuna, args.python, args.without, args.quick)


def _test(planned: Sequence[environments.Environment]) -> list[testing.Outcome]:
    outcomes = []
    for environment in planned:
        outcome = testing.run_package(environment)
        print(outcome, flush=True)
        if outcome.failed:
            print(outcome.output)
        outcomes.append(outcome)
    return outcomes


def _succeeded(outcomes: Sequence[testing.Outcome]) -> bool:
    return not any(outcome.failed for outcome in outcomes)


def _prepare(args: argparse.Namespace, chosen: Sequence[Package], root: Path) -> int:
    # Everything that may be refused is, before the tests take minutes.
    target = prepare.target(args, chosen, root)
    planned = [] if args.skip_tests else _plan(args, chosen)
    if _check(chosen, target.settings()) != 0:
        return 1
    outcomes = _test(planned)
    if not _succeeded(outcomes):
        return 1
    prepare.require_listed(chosen, outcomes)
    return 0 if prepare.write(target, chosen, args.text, outcomes) else 1
