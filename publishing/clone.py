"""A clone of the registry: what it must be, and a branch written into it.

The branch is made of git objects, with an index of its own: the clone's work tree, its index and
the branch that is checked out are not touched, and the branch's name is the last thing written, so
that a run that is stopped leaves none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
import shlex
import subprocess
import sys
import tarfile
import tempfile

from .errors import UsageError
from .git import git
from .git import is_repository_root
from .git import succeeds
from .packages import Package
from .settings import Settings
from .settings import settings_of


TEMPLATE = ".github/pull_request_template.md"
_HEADER_CHECK = "optunahub-registry/header_confirm.py"
_MARKS = (TEMPLATE, "template/README.md", "pyproject.toml", ".pre-commit-config.yaml", "package")


@dataclass(frozen=True)
class Clone:
    """A clone of the registry, and the branch that shall be written.

    Attributes:
        path: Its root.
        base: Name of the branch that the new one begins at.
        branch: Name of the new one.
    """

    path: Path
    base: str
    branch: str

    @property
    def git(self) -> str:
        """The beginning of a git command in it, to be copied into a shell."""
        return f"git -C {shlex.quote(str(self.path))}"

    def settings(self) -> Settings:
        """Settings of the registry's tools."""
        return settings_of(self.path, self.base)

    def text(self, name: str) -> str:
        """A file of the base branch."""
        return git(self.path, "show", f"{self.base}:{name}")

    def has(self, name: str) -> bool:
        """Whether the base branch has a file or folder."""
        return succeeds(self.path, "cat-file", "-e", f"{self.base}:{name}")


def checked(clone: Clone) -> Clone:
    """Return the clone if a branch can be written into it.

    Raises:
        UsageError: If it is no clone of the registry, the branch is there, or no author is known.
    """
    got = f"--registry: got {str(clone.path)!r}"
    if not is_repository_root(clone.path):
        raise UsageError(f"{got}, which is no git repository; accepts a clone of the registry")
    if not succeeds(clone.path, "rev-parse", "--verify", "--quiet", f"{clone.base}^{{commit}}"):
        raise UsageError(f"{got}, which has no branch {clone.base!r}; name another by --base")
    missing = [name for name in _MARKS if not clone.has(name)]
    if missing:
        raise UsageError(
            f"{got}, whose {clone.base} lacks {', '.join(missing)}; accepts a clone of "
            "optuna/optunahub-registry"
        )
    _check_branch(clone)
    _check_author(clone)
    return clone


def _check_branch(clone: Clone) -> None:
    got = f"--branch: got {clone.branch!r}"
    if not succeeds(clone.path, "check-ref-format", "--branch", clone.branch):
        raise UsageError(f"{got}, accepts a name that git allows")
    if clone.branch == clone.base:
        raise UsageError(f"{got}, which the new branch begins at; choose another name")
    heads = git(clone.path, "for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads")
    for head in heads.splitlines():
        if head == clone.branch:
            raise UsageError(
                f"{got}, which is there; choose another name, or delete it: "
                f"{clone.git} branch -D {clone.branch}"
            )
        if head.startswith(f"{clone.branch}/") or clone.branch.startswith(f"{head}/"):
            raise UsageError(f"{got}, which git does not allow beside {head!r}; choose another")


def _check_author(clone: Clone) -> None:
    # Without this git would make an address up from the machine's name.
    given_only = ("-c", "user.useConfigOnly=true")
    for identity in ("GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"):
        if not succeeds(clone.path, *given_only, "var", identity):
            raise UsageError(
                "user.name or user.email: not set, and the commit needs an author and a committer; "
                f"{clone.git} config user.name VALUE, {clone.git} config user.email VALUE"
            )


def write_branch(clone: Clone, packages: Sequence[Package], message: str) -> str:
    """Write a branch with the packages' files and nothing else changed, and return its commit.

    Raises:
        UsageError: If nothing differs from the base, the registry's own header check fails, or
            the branch came into being meanwhile.
    """
    tree = _tree(clone, packages)
    if tree == git(clone.path, "rev-parse", f"{clone.base}^{{tree}}").strip():
        raise UsageError(f"nothing to write: {clone.base} of the registry has these files")
    _confirm_headers(clone, packages, tree)
    parent = git(clone.path, "rev-parse", f"{clone.base}^{{commit}}").strip()
    commit = git(clone.path, "commit-tree", tree, "-p", parent, given=message).strip()
    # Zeros: only if there is no such branch yet.
    reference = f"refs/heads/{clone.branch}"
    git(clone.path, "update-ref", "-m", "publishing", reference, commit, "0" * len(commit))
    return commit


def _tree(clone: Clone, packages: Sequence[Package]) -> str:
    with tempfile.TemporaryDirectory(prefix="publishing-") as name:
        index = {"GIT_INDEX_FILE": str(Path(name) / "index")}
        git(clone.path, "read-tree", clone.base, environment=index)
        for package in packages:
            folder = f"package/{package.title}/"
            old = git(clone.path, "ls-files", "-z", "--", folder, environment=index)
            entries = [f"0 {'0' * 40}\t{path}" for path in old.split("\0") if path]
            entries += _entries(clone, package)
            given = "".join(f"{entry}\0" for entry in entries)
            git(clone.path, "update-index", "-z", "--index-info", given=given, environment=index)
        return git(clone.path, "write-tree", environment=index).strip()


def _entries(clone: Clone, package: Package) -> list[str]:
    """Its files as lines of ``git update-index --index-info``."""
    paths = "".join(f"{(package.folder / name).resolve()}\n" for name in package.files)
    options = ("-w", "--no-filters", "--stdin-paths")
    blobs = git(clone.path, "hash-object", *options, given=paths).split()
    return [
        f"100644 {blob}\tpackage/{package.title}/{name}"
        for blob, name in zip(blobs, package.files, strict=True)
    ]


def _confirm_headers(clone: Clone, packages: Sequence[Package], tree: str) -> None:
    """Run the registry's own check of front matters on these packages of the branch."""
    if not clone.has(_HEADER_CHECK):
        return
    with tempfile.TemporaryDirectory(prefix="publishing-") as name:
        folder = Path(name)
        archive = folder / "tree.tar"
        names = [_HEADER_CHECK, "template", *(f"package/{p.title}" for p in packages)]
        git(clone.path, "archive", "--format=tar", f"--output={archive}", tree, "--", *names)
        with tarfile.open(archive) as files:
            files.extractall(folder / "tree", filter="data")
        finished = subprocess.run(
            [sys.executable, _HEADER_CHECK], cwd=folder / "tree", capture_output=True, text=True
        )
    if finished.returncode != 0:
        words = finished.stderr.strip().splitlines()[-1:]
        raise UsageError(f"{_HEADER_CHECK} of the registry: {' '.join(words)}")
