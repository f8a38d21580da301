"""Text files that are small enough to be committed: compressed if the name ends with ``.gz``."""

from __future__ import annotations

import gzip
from pathlib import Path
import zlib


# What reading a file raises that is not there, is damaged, or holds no text.
UNREADABLE = (OSError, EOFError, UnicodeDecodeError, zlib.error)


def read_lines(path: Path) -> list[str]:
    """The lines of a file.

    Raises:
        Exception: One of :data:`UNREADABLE`.
    """
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).decode().splitlines()


def write_text(path: Path, text: str) -> None:
    """Write a file. Equal texts make equal files."""
    data = text.encode()
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)
