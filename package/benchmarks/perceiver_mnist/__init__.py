"""The Perceiver-MNIST tuning problem: real training, and a table of measured training runs."""

from __future__ import annotations

from typing import Any
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from .problem import Problem


__all__ = ["Problem"]


def __getattr__(name: str) -> Any:
    # Imported on first use, so that the measuring campaign (`campaign.py`) runs where only torch
    # and torchvision are installed.
    if name == "Problem":
        from .problem import Problem

        return Problem
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
