"""Packages of this checkout and of a hub registry, loaded the way a user loads them."""

from __future__ import annotations

import functools
import hashlib
import os
from pathlib import Path
from types import ModuleType
from typing import Any

from .errors import UsageError


REGISTRY_ROOT = Path(__file__).resolve().parent.parent / "package"


@functools.cache
def load_package(name: str) -> ModuleType:
    """Load a package of this checkout, such as ``"samplers/lattice_gp"``, once a process.

    Raises:
        ModuleNotFoundError: If the package, or something it imports, is not there.
    """
    module: ModuleType = _optunahub().load_local_module(name, registry_root=str(REGISTRY_ROOT))
    return module


@functools.cache
def load_registry_package(name: str, registry: str) -> ModuleType:
    """Load a package of a hub registry, once a process.

    Args:
        name: The package, such as ``"samplers/auto_sampler"``.
        registry: Folder that holds the packages (see :func:`registry_root`); empty to get the
            package from OptunaHub over the network, or from what was got before.

    Raises:
        Exception: Whatever goes wrong on the way: no network, no git, a missing dependency.
    """
    optunahub = _optunahub()
    module: ModuleType = (
        optunahub.load_local_module(name, registry_root=registry)
        if registry
        else optunahub.load_module(name)
    )
    return module


def registry_root(folder: str, argument: str = "--registry") -> str:
    """Folder of the packages in a local copy of a hub registry.

    Args:
        folder: The root of the copy, or its folder ``package``; empty for no local copy.
        argument: The option it was given to.

    Returns:
        Absolute path; empty if ``folder`` is.

    Raises:
        UsageError: If there are no packages in the folder.
    """
    if not folder:
        return ""
    for candidate in (Path(folder) / "package", Path(folder)):
        if (candidate / "samplers").is_dir():
            return str(candidate.resolve())
    raise UsageError(
        f"{argument}: got {folder!r}, which holds no samplers; accepts a clone of a hub registry "
        "or its folder `package`."
    )


def _optunahub() -> Any:
    # Comparing samplers is nobody's business but the user's.
    os.environ.setdefault("OPTUNAHUB_NO_ANALYTICS", "1")
    import optunahub

    return optunahub


def has_package(name: str, module: str) -> bool:
    """Whether a package folder is there and holds ``module`` (a file name)."""
    return (REGISTRY_ROOT / name / module).is_file()


def digest(name: str, patterns: tuple[str, ...]) -> str:
    """Fingerprint of files of a package of this checkout; see :func:`digest_folder`."""
    return digest_folder(REGISTRY_ROOT / name, patterns)


@functools.cache
def digest_folder(folder: Path, patterns: tuple[str, ...]) -> str:
    """Fingerprint of files, to notice that they changed between two runs.

    Args:
        folder: Where they are.
        patterns: Glob patterns relative to the folder.

    Returns:
        The first twelve hexadecimal digits of a SHA-256; empty if no file matches.
    """
    files = sorted({p for pattern in patterns for p in folder.glob(pattern) if p.is_file()})
    if not files:
        return ""
    sha = hashlib.sha256()
    for path in files:
        sha.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return sha.hexdigest()[:12]
