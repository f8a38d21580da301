"""Packages of this checkout and of a hub registry, loaded the way a user loads them."""

from __future__ import annotations

import difflib
import functools
import hashlib
import os
from pathlib import Path
import shlex
from types import ModuleType
from typing import Any
import warnings

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
    with warnings.catch_warnings():
        # Of what will be gone one day: nothing that a user can do about.
        warnings.simplefilter("ignore", FutureWarning)
        module: ModuleType = (
            optunahub.load_local_module(name, registry_root=registry)
            if registry
            else optunahub.load_module(name)
        )
    return module


def similar_package(name: str, registry: str) -> str | None:
    """The package of a local registry that was perhaps meant by one that is not there.

    Returns:
        Its name, empty if none is similar; None if the package is there, or the registry is not
        local.
    """
    if not registry or (Path(registry) / name / "__init__.py").is_file():
        return None
    there = [
        f"samplers/{path.parent.name}" for path in Path(registry).glob("samplers/*/__init__.py")
    ]
    return next(iter(difflib.get_close_matches(name, there, n=1)), "")


def install_command(name: str, registry: str) -> str:
    """The command that installs what a package says it needs; empty if it says nothing.

    Args:
        name: The package.
        registry: As for :func:`load_registry_package`.
    """
    root = Path(registry) if registry else _network_root()
    requirements = root / name / "requirements.txt"
    if not requirements.is_file():
        return ""
    lines = requirements.read_text(encoding="utf-8").splitlines()
    wanted = [word for line in lines if (word := line.split("#")[0].strip())]
    return shlex.join(["pip", "install", *wanted]) if wanted else ""


def _network_root() -> Path:
    """Where OptunaHub keeps the packages that it got over the network."""
    from optunahub import _conf

    return Path(_conf.cache_home()) / "github.com" / "optuna" / "optunahub-registry/main/package"


def registry_root(folder: str) -> str:
    """Folder of the packages in a local copy of a hub registry.

    Args:
        folder: The root of the copy, or its folder ``package``; empty for no local copy.

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
        f"--registry: got {folder!r}, which holds no samplers; accepts a clone of a hub registry "
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


def code_digest(name: str) -> str:
    """Fingerprint of the code of a package of this checkout; see :func:`digest_folder`.

    Its modules, those of the folders that are packages themselves (examples and tests are none)
    and what it says it needs.
    """
    inner = sorted(init.parent.name for init in (REGISTRY_ROOT / name).glob("*/__init__.py"))
    return digest(name, ("*.py", *(f"{folder}/**/*.py" for folder in inner), "requirements.txt"))


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
