"""Samplers and problems that a TOML file gives names to.

.. code-block:: toml

    [samplers.eager_tpe]
    use = "tpe"
    n_startup_trials = 3

    [problems.noisy]
    use = "perceiver+noise=0.05"
    preset = "full"
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
import sys
from typing import Any

from .calls import Call
from .calls import parse_call
from .calls import show_call
from .contenders.registry import CONTENDERS
from .errors import unknown_name
from .errors import UsageError
from .problems.registry import PROBLEMS


_SECTIONS = ("samplers", "problems")


@dataclass(frozen=True)
class Definitions:
    """What the names of a file stand for.

    Attributes:
        samplers: By name: a sampler of the harness with keyword arguments, as text.
        problems: Likewise.
    """

    samplers: dict[str, str] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)


def read_definitions(path: Path) -> Definitions:
    """Read a file.

    Args:
        path: A TOML file.

    Raises:
        UsageError: If it cannot be read, or holds something else.
    """
    tables = _load(path)
    for section in tables:
        if section not in _SECTIONS:
            raise unknown_name(f"--config {path}", section, _SECTIONS)
    taken = {"samplers": {*CONTENDERS, "ablations"}, "problems": {*PROBLEMS}}
    found: dict[str, dict[str, str]] = {}
    for section in _SECTIONS:
        entries = tables.get(section, {})
        if not isinstance(entries, dict):
            raise _wrong(path, f"{section} is no table")
        found[section] = {
            name: _call_text(name, entry, taken[section], f"--config {path}: {section}")
            for name, entry in entries.items()
        }
    return Definitions(**found)


def _load(path: Path) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        reason = error.strerror or error
        raise UsageError(
            f"--config: cannot read {path} ({reason}); accepts a TOML file."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _wrong(path, f"is no TOML ({error})") from error


def _call_text(name: str, entry: Any, taken: Collection[str], where: str) -> str:
    """An entry as it would be written on the command line."""
    if not name.strip():
        raise UsageError(f"{where}: got an empty name; accepts a name of one letter or more.")
    if name in taken:
        raise UsageError(
            f"{where}: got {name!r}, which the harness has already; accepts another name, so that "
            "it stands for the same in all results."
        )
    if not isinstance(entry, dict) or not isinstance(entry.get("use"), str):
        raise UsageError(
            f'{where}.{name}: accepts use = "NAME" and keyword arguments of what it names.'
        )
    arguments = {key: value for key, value in entry.items() if key != "use"}
    # Wrappers of a problem come after its arguments.
    base, plus, wrappers = entry["use"].partition("+")
    call = parse_call(base, where)
    for key in arguments:
        if key in call.arguments:
            raise UsageError(f"{where}.{name}: {key} is given twice.")
    text = show_call(Call(call.name, call.arguments | arguments))
    return f"{text}{plus}{wrappers}"


def _wrong(path: Path, reason: str) -> UsageError:
    return UsageError(
        f"--config: {path} {reason}; accepts tables [samplers.NAME] and [problems.NAME] with "
        'use = "..." and keyword arguments.'
    )
