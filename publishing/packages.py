"""The package folders: where they are, what is in them, and their code, parsed once."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from functools import lru_cache
from pathlib import Path
from pathlib import PurePosixPath
import warnings

from . import readme
from .errors import UsageError
from .findings import Finding
from .git import files_in
from .versions import Supported
from .versions import supported


@dataclass(frozen=True)
class Package:
    """One package folder of a checkout.

    Attributes:
        root: Root of the checkout.
        category: Such as ``samplers``.
        name: Such as ``lattice_gp``.
        supported: Versions of Optuna that it is for.
    """

    root: Path
    category: str
    name: str
    supported: Supported

    @property
    def title(self) -> str:
        """The name by which OptunaHub loads it."""
        return f"{self.category}/{self.name}"

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return self.root / "package" / self.category / self.name

    @cached_property
    def files(self) -> list[str]:
        """Names relative to the folder: what is tracked or could be; all outside a repository.

        Raises:
            UsageError: If one is no file that a registry can hold, or git is missing or refuses to
                read the repository.
        """
        has_git = any((folder / ".git").exists() for folder in (self.root, *self.root.parents))
        names = self._names_by_git() if has_git else self._names_on_disk()
        for name in names:
            if not name.isprintable():
                raise UsageError(
                    f"package/{self.title}: has a file of the name {ascii(name)}, which other "
                    "systems cannot hold; rename it"
                )
            path = self.folder / name
            if path.is_dir() and not path.is_symlink():
                raise UsageError(
                    f"package/{self.title}/{name}: is a git repository of its own, whose files "
                    "would not be published; remove it, or the .git in it"
                )
        return names

    def _names_by_git(self) -> list[str]:
        inside = f"package/{self.title}"
        names = files_in(self.root, inside)
        return [str(PurePosixPath(name).relative_to(inside)) for name in names]

    def _names_on_disk(self) -> list[str]:
        found = (path for path in self.folder.rglob("*") if path.is_symlink() or path.is_file())
        return sorted(path.relative_to(self.folder).as_posix() for path in found)

    @cached_property
    def texts(self) -> dict[str, str]:
        """Contents of the files that are UTF-8 text, by name."""
        texts = {}
        for name in self.files:
            if (self.folder / name).is_symlink():
                continue
            try:
                text = (self.folder / name).read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue
            if "\0" not in text:
                texts[name] = text
        return texts

    @cached_property
    def readme(self) -> readme.Readme:
        """README.md, parsed; that of an empty text if it is missing."""
        return readme.read(self.texts.get("README.md", ""))

    @cached_property
    def modules(self) -> dict[str, ast.Module]:
        """Syntax trees of the Python files that can be parsed, by name."""
        trees = {}
        for name, text in self.texts.items():
            if name.endswith(".py"):
                try:
                    trees[name] = parsed(text)
                except SyntaxError:
                    continue
        return trees

    @property
    def runtime_modules(self) -> dict[str, ast.Module]:
        """The modules that users run: neither tests nor the further examples."""
        return {
            name: tree
            for name, tree in self.modules.items()
            if PurePosixPath(name).parts[0] not in ("tests", "examples")
        }

    def finding(self, rule: str, name: str, line: int, message: str) -> Finding:
        """A finding about one of its files; about the folder if the name is empty."""
        path = f"package/{self.title}/{name}" if name else f"package/{self.title}"
        return Finding(path, line, rule, message)


@lru_cache(maxsize=1024)
def parsed(text: str) -> ast.Module:
    """The syntax tree of Python code; ruff says what Python would warn of.

    Raises:
        SyntaxError: If it is no Python, or nested too deeply to be parsed.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (RecursionError, MemoryError):
        raise SyntaxError("nested too deeply") from None


@lru_cache(maxsize=1024)
def nodes(tree: ast.Module) -> tuple[ast.AST, ...]:
    """All nodes of a module; several rules walk through them."""
    return tuple(ast.walk(tree))


def find(root: Path, titles: Sequence[str] = ()) -> list[Package]:
    """The packages of a checkout.

    Args:
        root: Root of the checkout.
        titles: Which, such as ``samplers/lattice_gp``; ``package/`` before it and a slash after
            it do no harm. All if empty.

    Raises:
        UsageError: If there is no package of a name, or none at all.
    """
    versions = supported(root)
    known = sorted(
        path.relative_to(root / "package").as_posix()
        for path in (root / "package").glob("*/*")
        if _is_package(path)
    )
    if not known:
        raise UsageError(f"{root / 'package'}: has no package; run from the root of the checkout")
    wanted = [title.removeprefix("package/").rstrip("/") for title in titles] or known
    for title in wanted:
        if title not in known:
            raise UsageError(f"PACKAGE: got {title!r}, accepts {', '.join(known)}")
    packages = []
    for title in dict.fromkeys(wanted):
        category, _, name = title.partition("/")
        packages.append(Package(root, category, name, versions))
    return packages


def companions(package: Package) -> list[Package]:
    """The other packages of the checkout that it loads, and those that they load.

    Found by their names, as whole strings of its code: ``load_module("samplers/lattice_gp")``.
    """
    known = {other.title: other for other in find(package.root)}
    reached = {package.title}
    waiting = [package]
    while waiting:
        for tree in waiting.pop().modules.values():
            strings = {n.value for n in nodes(tree) if isinstance(n, ast.Constant)}
            new = [title for title in known if title in strings and title not in reached]
            reached.update(new)
            waiting += [known[title] for title in new]
    return [known[title] for title in sorted(reached - {package.title})]


def _is_package(folder: Path) -> bool:
    """Whether a folder holds more than the bytecode that another branch of git left behind."""
    if not folder.is_dir() or folder.name.startswith((".", "__")):
        return False
    files = (path for path in folder.rglob("*") if path.is_symlink() or path.is_file())
    return any("__pycache__" not in path.parts for path in files)
