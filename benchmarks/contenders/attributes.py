"""User attributes of trials, as a storage takes them."""

from __future__ import annotations

from collections.abc import Mapping
import json
from typing import Any

import numpy as np


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
