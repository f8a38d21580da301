"""A copy of package folders as they will lie in the registry: nothing else of this repository."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
import shutil

from .packages import Package


def copy_packages(packages: Sequence[Package], root: Path) -> None:
    """Copy the files of packages to ``root/package/<category>/<name>/``, links as links."""
    for package in packages:
        for name in package.files:
            target = root / "package" / package.title / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(package.folder / name, target, follow_symlinks=False)
