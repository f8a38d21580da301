"""Checks of arguments that several public methods take."""

from __future__ import annotations

from typing import Any

import numpy as np
from optuna.trial import FrozenTrial


def check_int(name: str, value: Any, minimum: int) -> None:
    """Refuse what is no int of at least ``minimum``.

    Args:
        name: Of the argument.
        value: What it got.
        minimum: The least that it accepts.

    Raises:
        TypeError: If it is no int.
        ValueError: If it is less.
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name} is {value!r} of type {type(value).__name__}, but must be an int.")
    if value < minimum:
        raise ValueError(f"{name} is {value}, but must be {minimum} or more.")


def check_trial(trial: Any) -> None:
    """Refuse what is no trial as studies list them.

    Raises:
        TypeError: If it is anything else.
    """
    if not isinstance(trial, FrozenTrial):
        raise TypeError(
            f"trial is {trial!r}, but must be an optuna.trial.FrozenTrial, such as one of "
            "study.trials."
        )
