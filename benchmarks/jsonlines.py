"""Files of one JSON object a line, appended to as results come, that survive being cut off."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def whole_lines(path: Path) -> list[str]:
    """The lines of a file, after a last one that was cut off has been removed from it.

    Args:
        path: The file; it need not be there.
    """
    if not path.is_file():
        return []
    data = path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    if len(whole) < len(data):
        # Or the next line would be glued to the rest of this one.
        with path.open("r+b") as file:
            file.truncate(len(whole))
    return whole.decode().splitlines()


def append(path: Path, entry: dict[str, Any]) -> None:
    """Add a line."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")
