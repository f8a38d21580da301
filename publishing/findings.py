"""What a rule has to say about a package."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that stands between a package and the registry.

    Attributes:
        path: File or folder, relative to the root of the checkout, with forward slashes.
        line: Line of the file, from 1; 0 for the file as a whole.
        rule: Name of the rule, as ``python -m publishing rules`` lists it.
        message: What is wrong and what to do.
    """

    path: str
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else self.path
        return f"{place}: [{self.rule}] {self.message}"
