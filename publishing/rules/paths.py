"""Where a relative path of the README leads."""

from __future__ import annotations

import posixpath
from urllib.parse import unquote


def leaves_package(path: str) -> bool:
    """Whether it is absolute or leads out of the package's folder, where it breaks on the hub."""
    normal = posixpath.normpath(unquote(path))
    return normal.startswith(("/", ".."))
