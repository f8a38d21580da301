"""The Pythons of this machine, by their versions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
import shutil
import subprocess
import sys

from .errors import UsageError


# Optuna 5 and this repository need 3.10; what does not exist yet is not found.
_MINORS = range(10, 21)
_ACCEPTED = "current, oldest, newest, a version such as 3.12, or a path"


def interpreter(name: str) -> str:
    """The path of an interpreter.

    Args:
        name: ``current``, ``oldest`` or ``newest`` of what is found (from Python 3.10), a version
            such as ``3.12``, or a path.

    Raises:
        UsageError: If there is none of that name or it does not run.
    """
    if name == "current":
        return sys.executable
    if name in ("oldest", "newest"):
        found = found_interpreters()
        return found[min(found) if name == "oldest" else max(found)]
    if name.replace(".", "").isdigit():
        found = found_interpreters()
        by_text = {f"{major}.{minor}": path for (major, minor), path in found.items()}
        if name not in by_text:
            raise UsageError(f"--python: got {name!r}, found {', '.join(by_text)}")
        return by_text[name]
    path = shutil.which(name)
    if path is None or version_of(path) is None:
        raise UsageError(f"--python: got {name!r}, which does not run; accepts {_ACCEPTED}")
    return path


def found_interpreters() -> dict[tuple[int, int], str]:
    """Interpreters on PATH, those that pyenv has and this one, by version, oldest first."""
    found = {sys.version_info[:2]: sys.executable}
    for path in [*_on_path(), *_of_pyenv()]:
        version = version_of(path)
        if version is not None and version >= (3, min(_MINORS)):
            found.setdefault(version, path)
    return dict(sorted(found.items()))


def version_of(path: str) -> tuple[int, int] | None:
    """Major and minor version of an interpreter; ``None`` if it does not run.

    The shims of pyenv are on PATH for versions that are switched off, and then do not run.
    """
    code = "import sys, venv; print(*sys.version_info[:2])"
    try:
        finished = subprocess.run([path, "-c", code], capture_output=True, text=True, timeout=60)
        major, minor = finished.stdout.split()
        return int(major), int(minor)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None


def _on_path() -> Iterator[str]:
    for minor in _MINORS:
        path = shutil.which(f"python3.{minor}")
        if path is not None:
            yield path


def _of_pyenv() -> Iterator[str]:
    if shutil.which("pyenv") is None:
        return
    for version in _pyenv("versions", "--bare").split():
        if version.startswith("3."):
            path = Path(_pyenv("prefix", version).strip()) / "bin" / "python"
            if path.exists():
                yield str(path)


def _pyenv(*arguments: str) -> str:
    return subprocess.run(["pyenv", *arguments], capture_output=True, text=True).stdout
