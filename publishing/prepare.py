"""From proven packages to a branch in a clone of the registry and the text of a pull request."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import os
from pathlib import Path

from . import clone
from . import pull_request
from .clone import Clone
from .errors import UsageError
from .git import git
from .git import succeeds
from .packages import companions
from .packages import Package
from .rules import RULES
from .testing import Outcome


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that only ``prepare`` has."""
    parser.add_argument(
        "--registry",
        required=True,
        type=Path,
        metavar="CLONE",
        help="a clone of optuna/optunahub-registry; its work tree is not touched",
    )
    parser.add_argument("--branch", metavar="NAME", help="of the new branch; add-... by default")
    parser.add_argument("--base", default="main", metavar="NAME", help="where it begins; main")
    parser.add_argument("--skip-tests", action="store_true", help="check only, and say so")
    parser.add_argument(
        "--text", type=Path, metavar="FILE", help="for the pull request's text; printed by default"
    )


def target(args: argparse.Namespace, packages: Sequence[Package], root: Path) -> Clone:
    """Where the branch goes, once nothing stands against it.

    Raises:
        UsageError: If this checkout has uncommitted changes, the clone is not fit for it, or the
            text cannot be written.
    """
    _require_committed(packages, root)
    if args.text is not None:
        _require_writable(args.text)
    branch = args.branch or "add-" + "-and-".join(package.name for package in packages)
    found = clone.checked(Clone(args.registry.expanduser().resolve(), args.base, branch))
    _require_companions(packages, found)
    return found


def _require_writable(text: Path) -> None:
    got = f"--text: got {str(text)!r}"
    if not text.resolve().parent.is_dir():
        raise UsageError(f"{got}, whose folder does not exist")
    if text.is_dir():
        raise UsageError(f"{got}, which is a folder; accepts a file")
    if not os.access(text if text.exists() else text.resolve().parent, os.W_OK):
        raise UsageError(f"{got}, which cannot be written")


def _require_committed(packages: Sequence[Package], root: Path) -> None:
    git(root, "version")  # a missing git is told as such
    if not succeeds(root, "rev-parse", "--verify", "--quiet", "HEAD"):
        raise UsageError(f"{root}: no git repository with a commit; publish from a checkout")
    folders = [f"package/{package.title}" for package in packages]
    changed = git(root, "status", "--porcelain", "--untracked-files=all", "--", *folders)
    if changed:
        names = ", ".join(line[3:] for line in changed.splitlines())
        raise UsageError(f"uncommitted changes: commit or remove {names}")


def _require_companions(packages: Sequence[Package], target: Clone) -> None:
    chosen = {package.title for package in packages}
    for package in packages:
        for other in companions(package):
            if other.title not in chosen and not target.has(f"package/{other.title}"):
                raise UsageError(
                    f"PACKAGE: {package.title} loads {other.title}, which the registry lacks: "
                    "name both, or publish that one first"
                )


def require_listed(packages: Sequence[Package], outcomes: Sequence[Outcome]) -> None:
    """See that the front matters list each version of Optuna that was tested.

    Raises:
        UsageError: If one lacks a version, such as one that came out since.
    """
    for outcome in outcomes:
        package = outcome.environment.package
        if outcome.optuna not in package.readme.header["optuna_versions"]:
            raise UsageError(
                f"package/{package.title}/README.md: tested with Optuna {outcome.optuna}: add it "
                "to optuna_versions, and to [tool.publishing] of pyproject.toml if it is newest"
            )


def write(
    target: Clone, packages: Sequence[Package], text: Path | None, tested: Sequence[Outcome]
) -> bool:
    """Write branch and text, and say what is left to do.

    Returns:
        Whether the text is where it was asked for; else it is printed.
    """
    known = frozenset(p.title for p in packages if target.has(f"package/{p.title}"))
    change = pull_request.Change(packages, known, tested, len(RULES))
    filled = pull_request.fill(target.text(clone.TEMPLATE), change)
    commit = clone.write_branch(target, packages, change.title + "\n")
    print(f"branch {target.branch} of {target.path}: {commit[:12]}, off {target.base}; not pushed")
    print(f"title of the pull request: {change.title}")
    is_written = True
    if text is None:
        print(f"\n{filled}")
    else:
        try:
            text.write_text(filled, encoding="utf-8")
            print(f"its text: {text}")
        except OSError as error:
            is_written = False
            print(f"its text: {text} cannot be written ({error.strerror}); it is:\n\n{filled}")
    for box in pull_request.open_boxes(filled):
        print(f"left for you to tick: {box}")
    return is_written
