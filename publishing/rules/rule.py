"""What a rule is."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from dataclasses import dataclass

from ..findings import Finding
from ..packages import Package


@dataclass(frozen=True)
class Rule:
    """A name, one line that says what is asked for, and the function that looks.

    Attributes:
        check: From a package to what is wrong with it; ``None`` for the rules of the registry's
            tools, which run once for all packages.
    """

    name: str
    description: str
    check: Callable[[Package], Iterable[Finding]] | None = None
