"""Files of the checkout that may be damaged."""

from __future__ import annotations

from pathlib import Path

from .errors import UsageError


def read_text(path: Path) -> str:
    """The text of a file.

    Raises:
        UsageError: If it cannot be read, or is not in UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"{path}: not in UTF-8; save it so") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None
