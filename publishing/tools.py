"""The registry's own tools, once over all packages, in a copy that has its settings."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from importlib import metadata
import os
from pathlib import Path
import re
import subprocess
import sys
import tempfile

from .errors import UsageError
from .findings import Finding
from .packages import Package
from .settings import Settings
from .staging import copy_packages


# What `pip install` calls them; mdformat reads tables and front matter by mdformat-myst only.
_NEEDED = ("ruff", "mypy", "mdformat", "mdformat-myst")
_PLACE = re.compile(
    r"^(?P<path>[^\s:][^:\n]*):(?P<line>\d+):(?:\d+:)? (?P<message>.*)$", re.MULTILINE
)
# Path, line, message.
_Found = tuple[str, int, str]


def findings_by_tools(packages: Sequence[Package], settings: Settings) -> list[Finding]:
    """Run ruff, mypy and mdformat as the registry's CI does.

    Raises:
        UsageError: If one of them is not installed or fails for another reason than a finding.
    """
    findings = list(_version_findings(settings))
    with tempfile.TemporaryDirectory(prefix="publishing-") as name:
        root = Path(name)
        copy_packages(packages, root)
        _remove_unreadable(packages, root)
        (root / "pyproject.toml").write_text(settings.pyproject, encoding="utf-8")
        for run in (_ruff_check, _ruff_format, _mypy, _mdformat):
            findings += run(root)
    return findings


def _remove_unreadable(packages: Sequence[Package], root: Path) -> None:
    """Remove code and pages that are no UTF-8 or no Python from a copy.

    The rules tell of these. A tool that meets one ends there, and tells of nothing else.
    """
    for package in packages:
        readable = {name for name in package.texts if not name.endswith(".py")}
        readable |= package.modules.keys()
        for name in package.files:
            if name.endswith((".py", ".md")) and name not in readable:
                (root / "package" / package.title / name).unlink()


def _version_findings(settings: Settings) -> Iterator[Finding]:
    for tool in _NEEDED:
        try:
            installed = metadata.version(tool)
        except metadata.PackageNotFoundError:
            raise UsageError(f"{tool} is not installed: pip install -e '.[publish]'") from None
        pinned = settings.pins.get(tool)
        if pinned is not None and pinned != installed:
            message = f"{tool} {installed} is installed, {settings.source} pins {pinned}: "
            message += f"pip install {tool}=={pinned}"
            yield Finding(".pre-commit-config.yaml", 0, "tool-versions", message)


def _run(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *arguments], cwd=root, capture_output=True, text=True
    )


def _names(root: Path, ending: str) -> list[str]:
    paths = sorted(path for path in root.rglob(f"*{ending}") if not path.is_symlink())
    return [path.relative_to(root).as_posix() for path in paths]


def _findings(
    rule: str, finished: subprocess.CompletedProcess[str], read: Callable[[str], list[_Found]]
) -> list[Finding]:
    """Turn a tool's output into findings.

    Raises:
        UsageError: If it failed and nothing of what it wrote could be read.
    """
    output = finished.stdout + finished.stderr
    findings = [Finding(path, line, rule, text) for path, line, text in read(output)]
    if finished.returncode != 0 and not findings:
        raise UsageError(f"{rule}: failed: {' '.join(output.split())[-500:]}")
    return findings


def _with_place(advice: str) -> Callable[[str], list[_Found]]:
    def read(output: str) -> list[_Found]:
        found = []
        for match in _PLACE.finditer(output):
            message = match["message"].removeprefix("error: ")
            if not message.startswith("note: "):
                found.append((match["path"], int(match["line"]), f"{message}: {advice}"))
        return found

    return read


def _ruff_check(root: Path) -> list[Finding]:
    finished = _run(root, "ruff", "check", "--no-cache", "--output-format", "concise", "package")
    return _findings("ruff-check", finished, _with_place("correct it, or run ruff check --fix"))


def _ruff_format(root: Path) -> list[Finding]:
    def read(output: str) -> list[_Found]:
        paths = re.findall(r"^Would reformat: (.*)$", output, re.MULTILINE)
        return [(path, 0, "not formatted: run ruff format") for path in paths]

    finished = _run(root, "ruff", "format", "--no-cache", "--check", "package")
    return _findings("ruff-format", finished, read)


def _mypy(root: Path) -> list[Finding]:
    names = _names(root, ".py")
    if not names:
        return []
    # The hook's arguments; its environment has no package installed but mypy.
    hook = ("--ignore-missing-imports", "--scripts-are-modules", "--no-site-packages")
    show = ("--no-error-summary", "--no-color-output", "--no-pretty", "--cache-dir", os.devnull)
    finished = _run(root, "mypy", *hook, *show, *names)
    return _findings("mypy", finished, _with_place("correct it"))


def _mdformat(root: Path) -> list[Finding]:
    names = _names(root, ".md")
    if not names:
        return []

    def read(output: str) -> list[_Found]:
        # Wrapped where the path is long.
        paths = map(Path, re.findall(r'File "(.*?)" is\s+not\s+formatted', output))
        inside = [path.resolve().relative_to(root.resolve()) for path in paths]
        return [(path.as_posix(), 0, "not formatted: run mdformat") for path in inside]

    return _findings("mdformat", _run(root, "mdformat", "--check", *names), read)
