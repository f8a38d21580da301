"""What is known of a sampler class or hub package that its signature does not say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from optuna.samplers import BaseSampler

from ..suite.space import Space
from . import factory


@dataclass(frozen=True)
class Known:
    """Traits of a sampler; the attributes are those of a contender.

    Attributes:
        description: One line for ``list``.
        requires: Modules that it imports besides the harness's own.
        install: The command that installs them.
        libraries: Distributions that its suggestions come from.
        stateless: As of a contender.
        learns_when_told: As of a contender.
        takes_history: As of a contender.
        limit: As of a contender.
        unfit: As of a contender.
        is_seeded: Whether ``make`` seeds it though its signature has no seed.
        note: What a reader of its results has to know; empty for nothing.
        defaults: Arguments that the user may replace.
        make: Builds it, called as :func:`benchmarks.contenders.factory.make`.
    """

    description: str = ""
    requires: tuple[str, ...] = ()
    install: str = ""
    libraries: tuple[str, ...] = ()
    stateless: bool = False
    learns_when_told: bool = False
    takes_history: bool = True
    limit: Callable[[Space], int] | None = None
    unfit: Callable[[Space], str] | None = None
    is_seeded: bool = False
    note: str = ""
    defaults: tuple[tuple[str, Any], ...] = ()
    make: Callable[..., BaseSampler] = factory.make
