"""The command line of modules that compute what is stored beside them, one entry a name."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import asdict
import json
from pathlib import Path
import sys
from typing import Any

from ..errors import unknown_name
from ..errors import UsageError


def recompute(
    names: Sequence[str],
    file: Path,
    known: Sequence[str],
    compute: Callable[[str], Any],
    argument: str = "NAME",
) -> int:
    """Compute and store the entries of some names, or of all, and keep the others.

    Every entry is stored as soon as it is there.

    Args:
        names: Which ones; none for all.
        file: JSON, an object by name; may not exist yet.
        known: The names that there are, in the order of the file.
        compute: From a name to a dataclass.
        argument: What the command line calls a name.

    Returns:
        Exit status: 0 if all went well, 2 for a wrong argument.
    """
    try:
        for name in names:
            if name not in known:
                raise unknown_name(argument, name, list(known))
    except UsageError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    entries = json.loads(file.read_text(encoding="utf-8")) if names and file.is_file() else {}
    for name in names or known:
        computed = compute(name)
        print(name, computed, flush=True)
        entries[name] = asdict(computed)
        ordered = {key: entries[key] for key in known if key in entries}
        file.write_text(json.dumps(ordered, indent=2) + "\n", encoding="utf-8")
    return 0
