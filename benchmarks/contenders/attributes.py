"""User attributes of trials: what is read of them, and as a storage takes them."""

from __future__ import annotations

from collections.abc import Mapping
import json
import math
from typing import Any

import numpy as np


# When a trial ended on a simulated clock, in seconds since the study began.
FINISHED_SECONDS = "finished_seconds"


def told_number(
    attributes: Mapping[str, Any], key: str, default: float, smallest: float = -math.inf
) -> float:
    """A finite number that a problem may have told, in whatever shape.

    Args:
        attributes: User attributes of a trial.
        key: Which of them.
        default: What to take if it is not there, or no finite number.
        smallest: Numbers below are none either.
    """
    try:
        value = float(attributes[key])
    except (KeyError, TypeError, ValueError):
        return default
    return value if math.isfinite(value) and value >= smallest else default


def storable(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """What can be stored of a trial's attributes, which samplers add their own to.

    NumPy's arrays and numbers become lists and Python's numbers; what JSON does not know is left
    out.
    """
    kept = {}
    for key, value in attributes.items():
        plain = value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value
        try:
            json.dumps(plain)
        except (TypeError, ValueError):
            continue
        kept[key] = plain
    return kept
