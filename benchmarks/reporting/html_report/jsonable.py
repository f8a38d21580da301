"""From data to JSON that may stand inside a page."""

from __future__ import annotations

from dataclasses import fields
from dataclasses import is_dataclass
import json
import math
from typing import Any

import numpy as np


# Digits of a number: more than a table shows or a screen has pixels.
_DIGITS = 6
_INFINITY = {math.inf: "inf", -math.inf: "-inf"}
# What could end the script element or begin a comment in it.
_ESCAPES = {ord(character): f"\\u{ord(character):04x}" for character in "<>&"}


def to_json(data: Any) -> str:
    """Data as JSON that is safe inside a script element of a page.

    Args:
        data: Dataclasses, mappings, sequences, numbers and text. NaN becomes ``null``, infinities
            the texts ``inf`` and ``-inf``, other floats have six digits.

    Raises:
        TypeError: If it holds something else.
    """
    text = json.dumps(plain(data), allow_nan=False, separators=(",", ":"))
    return text.translate(_ESCAPES)


def plain(data: Any) -> Any:
    """Data as what JSON knows; see :func:`to_json`."""
    # Most of it by far.
    if type(data) is float:
        return _number(data)
    if data is None or isinstance(data, (str, bool, int)):
        return data
    if isinstance(data, (float, np.floating)):
        return _number(float(data))
    if isinstance(data, np.integer):
        return int(data)
    if is_dataclass(data):
        return {entry.name: plain(getattr(data, entry.name)) for entry in fields(data)}
    if isinstance(data, dict):
        return {str(key): plain(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [plain(value) for value in data]
    raise TypeError(f"{type(data).__name__} has no place in the report's data.")


def _number(value: float) -> float | int | str | None:
    if math.isnan(value):
        return None
    if math.isinf(value):
        return _INFINITY[value]
    rounded = float(f"{value:.{_DIGITS}g}")
    # "3" is shorter than "3.0".
    return int(rounded) if rounded.is_integer() and abs(rounded) < 1e15 else rounded
