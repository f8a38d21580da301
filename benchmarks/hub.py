"""The packages of this checkout, loaded the way a user loads them from OptunaHub."""

from __future__ import annotations

import functools
import hashlib
import os
from pathlib import Path
from types import ModuleType


REGISTRY_ROOT = Path(__file__).resolve().parent.parent / "package"


@functools.cache
def load_package(name: str) -> ModuleType:
    """Load a package of this checkout, such as ``"samplers/lattice_gp"``, once a process.

    Raises:
        ModuleNotFoundError: If the package, or something it imports, is not there.
    """
    # Comparing samplers is nobody's business but the user's.
    os.environ.setdefault("OPTUNAHUB_NO_ANALYTICS", "1")
    import optunahub

    return optunahub.load_local_module(name, registry_root=str(REGISTRY_ROOT))


def has_package(name: str, module: str) -> bool:
    """Whether a package folder is there and holds ``module`` (a file name)."""
    return (REGISTRY_ROOT / name / module).is_file()


@functools.cache
def digest(name: str, patterns: tuple[str, ...]) -> str:
    """Fingerprint of files of a package, to notice that they changed between two runs.

    Args:
        name: The package.
        patterns: Glob patterns relative to the package folder.

    Returns:
        The first twelve hexadecimal digits of a SHA-256; empty if no file matches.
    """
    folder = REGISTRY_ROOT / name
    files = sorted({p for pattern in patterns for p in folder.glob(pattern) if p.is_file()})
    if not files:
        return ""
    sha = hashlib.sha256()
    for path in files:
        sha.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return sha.hexdigest()[:12]
