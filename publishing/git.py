"""Git, by its command line."""

from __future__ import annotations

import os
from pathlib import Path
import subprocess

from .errors import UsageError


def git(
    repository: Path,
    *arguments: str,
    given: str | None = None,
    environment: dict[str, str] | None = None,
) -> str:
    """Run a git command and return what it prints.

    Args:
        repository: Folder to run it in.
        *arguments: The command and its arguments.
        given: Text for its standard input.
        environment: Variables beside those of this process.

    Raises:
        UsageError: If git is missing or the command fails; with git's own words.
    """
    try:
        finished = subprocess.run(
            ["git", "-C", str(repository), *arguments],
            input=given,
            capture_output=True,
            text=True,
            errors="surrogateescape",  # of names that are no UTF-8
            env={**os.environ, **(environment or {})},
        )
    except FileNotFoundError:
        raise UsageError("git: not found on PATH; install it, or put its folder there") from None
    if finished.returncode != 0:
        words = " ".join(finished.stderr.split()) or f"exit status {finished.returncode}"
        raise UsageError(f"git {arguments[0]} in {repository}: {words}")
    return finished.stdout


def succeeds(repository: Path, *arguments: str) -> bool:
    """Whether a git command ends without an error."""
    try:
        git(repository, *arguments)
    except UsageError:
        return False
    return True


def is_repository_root(folder: Path) -> bool:
    """Whether a folder is the top of a git work tree, or a bare repository."""
    if not folder.is_dir():
        return False
    try:
        if git(folder, "rev-parse", "--is-bare-repository").strip() == "true":
            return True
        top = git(folder, "rev-parse", "--show-toplevel").strip()
    except UsageError:
        return False
    return Path(top).resolve() == folder.resolve()


def files_in(repository: Path, folder: str) -> list[str]:
    """Tracked files of a folder and those that could be, relative to the repository, sorted.

    What git ignores is left out; what is deleted but not yet committed too.
    """
    listed = git(repository, "ls-files", "-z", "-co", "--exclude-standard", "--", folder)
    names = sorted({name for name in listed.split("\0") if name})
    return [name for name in names if os.path.lexists(repository / name)]
