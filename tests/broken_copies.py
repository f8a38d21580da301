"""Copies of the sampler's package, and ways to break them."""

from __future__ import annotations

from collections.abc import Callable
import os
from pathlib import Path
import re
import shutil

from publishing import packages
from publishing.packages import Package


ROOT = Path(__file__).resolve().parents[1]
Break = Callable[[Path], None]
PNG = b"\x89PNG\r\n\x1a\n"
README, INIT, EXAMPLE = "README.md", "__init__.py", "example.py"
SHOW = "\n![x](images/{})\n"
# Of the modules beside the folders, those that are broken.
KEPT_MODULES = "__init__", "example"


def copy_sampler(checkout: Path) -> Path:
    """The sampler's folder with few of its modules, in a checkout that has nothing else."""
    folder = checkout / "package" / "samplers" / "lattice_gp"
    source = ROOT / "package" / "samplers" / "lattice_gp"
    # The fewer files, the faster.
    left_out = [path.name for path in (source / "tests").glob("test_[!s]*.py")]
    left_out += [path.name for path in source.glob("*.py") if path.stem not in KEPT_MODULES]
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("__pycache__", *left_out))
    shutil.copy(ROOT / "pyproject.toml", checkout)
    return folder


def package_of(folder: Path) -> Package:
    """The one package of a copy's checkout."""
    (package,) = packages.find(folder.parents[2])
    return package


# One line each: how to break a copy. What is replaced must be there.


def replace(name: str, old: str, new: str) -> Break:
    """The first of a text, which must be there, is replaced."""

    def act(folder: Path) -> None:
        text = (folder / name).read_text(encoding="utf-8")
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")

    return act


def append(name: str, text: str) -> Break:
    """A text is added at the end of a file."""

    def act(folder: Path) -> None:
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write(text)

    return act


def write(name: str, content: bytes | str) -> Break:
    """A file is made, or made anew."""

    def act(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        data = content.encode() if isinstance(content, str) else content
        (folder / name).write_bytes(data)

    return act


def remove(name: str) -> Break:
    """A file or a folder is taken out."""

    def act(folder: Path) -> None:
        path = folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    return act


def link(name: str, target: str) -> Break:
    """A symbolic link is made."""
    return lambda folder: os.symlink(target, folder / name)


def move(old: str, new: str) -> Break:
    """A file is moved."""

    def act(folder: Path) -> None:
        (folder / new).parent.mkdir(parents=True, exist_ok=True)
        (folder / old).rename(folder / new)

    return act


def without_section(title: str) -> Break:
    """A section of the README is taken out."""

    def act(folder: Path) -> None:
        path = folder / "README.md"
        text = path.read_text(encoding="utf-8")
        cut, count = re.subn(rf"^## {title}\n.*?(?=^## )", "", text, flags=re.M | re.S)
        assert count == 1
        path.write_text(cut, encoding="utf-8")

    return act


def swap_sections(folder: Path) -> None:
    """Two sections of the README change places."""
    path = folder / "README.md"
    text = path.read_text(encoding="utf-8")
    section = r"(^## {}\n.*?)(?=^## )"
    found = [re.search(section.format(t), text, re.M | re.S) for t in ("Abstract", "APIs")]
    abstract, apis = (match.group(1) for match in found if match)
    path.write_text(text.replace(abstract + apis, apis + abstract), encoding="utf-8")


def both(*breaks: Break) -> Break:
    """All of these."""

    def act(folder: Path) -> None:
        for one in breaks:
            one(folder)

    return act
