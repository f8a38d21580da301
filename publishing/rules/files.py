"""The files of a package: which must be there, and what must not."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from pathlib import PurePosixPath
import re

from ..findings import Finding
from ..packages import Package
from .images import image_files
from .images import is_readme_image


# As much as the largest text that a package of this repository needs, a table of measured runs,
# and a third more.
FILE_BYTES = 400_000
_REQUIRED = ("LICENSE", "README.md", "__init__.py", "example.py")
_GENERATED = re.compile(
    r"(^|/)(__pycache__|\.ipynb_checkpoints|\.pytest_cache|\.mypy_cache|\.ruff_cache"
    r"|\.hypothesis|\.DS_Store|[^/]*\.py[cod]|[^/]*\.egg-info|build|dist)(/|$)"
)
# A drive letter, or a home folder that is not part of an address.
_MACHINE_PATH = re.compile(
    r"(?<![\w.:/~-])/(?:home|Users|root)/\w[^\s'\"`)]*|\b[A-Z]:\\{1,2}[A-Za-z]{3,}[^\s'\"`)]*"
)
_LICENCE = Path(__file__).parents[1] / "registry_settings" / "LICENSE"
_COPYRIGHT = re.compile(r"^Copyright \(c\) (\d{4})(?:\s*[-,]\s*\d{4})*,? (?P<holder>\S.*)$", re.M)


def required_files(package: Package) -> Iterable[Finding]:
    """What every package of the registry has, and tests."""
    for name in _REQUIRED:
        if name not in package.files:
            message = f"{name} is missing: start from the registry's template/{name}"
            yield package.finding("required-files", "", 0, message)
    tests = [n for n in package.files if re.fullmatch(r"tests/(.*/)?test_\w+\.py", n)]
    if not tests:
        message = "tests/test_*.py is missing: add tests, which run in clean environments"
        yield package.finding("required-files", "", 0, message)


def package_name(package: Package) -> Iterable[Finding]:
    """The folder's name is an importable one."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", package.name):
        message = f"name {package.name!r}: use lower case letters, digits and underscores"
        yield package.finding("package-name", "", 0, message)


def licence(package: Package) -> Iterable[Finding]:
    """LICENSE is the registry's MIT text with a year and a name."""
    text = package.texts.get("LICENSE")
    if text is None:
        return
    copyrights = _COPYRIGHT.search(text)
    if "<COPYRIGHT HOLDER" in text or copyrights is None:
        message = "write 'Copyright (c) YEAR NAME' with your name instead of <COPYRIGHT HOLDER>"
        yield package.finding("licence", "LICENSE", 3, message)
    if _words_of(text) != _words_of(_LICENCE.read_text(encoding="utf-8")):
        message = "not the text of the MIT licence: copy the registry's template/LICENSE"
        yield package.finding("licence", "LICENSE", 0, message)


def _words_of(text: str) -> list[str]:
    kept = (line for line in text.splitlines() if not line.startswith("Copyright"))
    return " ".join(kept).split()


def no_binary(package: Package) -> Iterable[Finding]:
    """Text only, but for the images; the registry refuses binary files."""
    for name in package.files:
        path = package.folder / name
        if name in package.texts or path.is_symlink() or _GENERATED.search(name):
            continue
        if not is_readme_image(package, name) and name not in image_files(package):
            message = "is binary: keep it as text, or host it elsewhere and download it"
            yield package.finding("no-binary", name, 0, message)


def file_size(package: Package) -> Iterable[Finding]:
    """No large file."""
    for name in package.files:
        size = (package.folder / name).lstat().st_size
        if size > FILE_BYTES and name not in image_files(package):
            message = f"{size:,} bytes, at most {FILE_BYTES:,}: shorten it or host it elsewhere"
            yield package.finding("file-size", name, 0, message)


def no_symlinks(package: Package) -> Iterable[Finding]:
    """OptunaHub downloads files one by one, and a link becomes a text with a path."""
    for name in package.files:
        if (package.folder / name).is_symlink():
            yield package.finding("no-symlinks", name, 0, "is a link: copy the file itself")


def no_generated(package: Package) -> Iterable[Finding]:
    """No caches, build folders or notebooks' checkpoints."""
    for name in package.files:
        if _GENERATED.search(name):
            message = "is generated: remove it (git rm --cached) and have git ignore it"
            yield package.finding("no-generated", name, 0, message)


def machine_paths(package: Package) -> Iterable[Finding]:
    """No absolute path of one machine."""
    for name, text in package.texts.items():
        if PurePosixPath(name).suffix in (".csv", ".jsonl"):
            continue
        for number, line in enumerate(text.splitlines(), 1):
            found = _MACHINE_PATH.search(line)
            if found:
                message = f"{found.group()!r} exists on one machine only: make it relative"
                yield package.finding("machine-paths", name, number, message)
