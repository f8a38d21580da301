"""Between which values a regret is measured: the best known and what random search begins with.

The normalised regret of a study is ``(value - best_known) / (random_median - best_known)``, where
the value is that of its incumbent without noise: 1 is a random point, 0 the best there is.

``python -m benchmarks.suite.references [NAME ...]`` computes the references anew, of all problems
or of those named; that of all takes some minutes.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
import functools
import json
import math
from pathlib import Path
import statistics
import sys
from typing import Any

import numpy as np

from .base import SuiteProblem
from .catalog import CATALOG
from .recompute import recompute
from .space import enumerate_points
from .space import move
from .space import n_points
from .space import Params
from .space import sample
from .space import Space


_FILE = Path(__file__).with_name("references.json")
# Of the Perceiver, the size and the mode that the suite has.
_AS_IN_SUITE = {"preset": "small", "mode": "table"}
_N_RANDOM = 1000
# Spaces of up to so many points are listed in full.
_MAX_LISTED = 100_000
# Evaluations of a search for the best value: of a formula, and of a model that is trained.
N_SEARCH, _N_SEARCH_LIVE = 20_000, 1_500
_N_STARTS = 5


@dataclass(frozen=True)
class Reference:
    """Values of one problem without noise.

    Attributes:
        best_known: The lowest value there is, or the lowest found.
        random_median: Median over random points.
        source: Where ``best_known`` is from: ``"known"``, ``"all points"`` or ``"search"``.
    """

    best_known: float
    random_median: float
    source: str = ""


@functools.cache
def load() -> dict[str, Reference]:
    """The committed references, by name of the problem."""
    stored = json.loads(_FILE.read_text(encoding="utf-8"))
    return {name: Reference(**entry) for name, entry in stored.items()}


def hold_for(settings: Mapping[str, str]) -> bool:
    """Whether the references are those of a problem that was run with these settings.

    Its name does not tell: the Perceiver of the other size has the same one, and a file of names
    may give any to a problem of the user's (``use``).
    """
    if "use" in settings:
        return False
    return all(settings.get(key, value) == value for key, value in _AS_IN_SUITE.items())


def noise_free(problem: Any) -> Callable[[Params], float]:
    """The function of a problem that gives its value without noise."""
    if isinstance(problem, SuiteProblem):
        return problem.loss
    loss: Callable[[Params], float] = problem.expected_loss
    return loss


def compute(name: str) -> Reference:
    """Compute the reference of a problem.

    Raises:
        ModuleNotFoundError: If something that the problem needs is not installed.
    """
    entry = CATALOG[name]
    n_search = _N_SEARCH_LIVE if "live" in entry.tags else N_SEARCH
    return reference_of(entry.build(0), n_search)


def reference_of(problem: Any, n_search: int) -> Reference:
    """Compute the reference of any problem.

    Args:
        problem: One of the suites' kind, or with ``expected_loss`` and ``search_space``.
        n_search: Evaluations of the search, where there must be one.
    """
    loss, space = noise_free(problem), problem.search_space
    rng = np.random.default_rng(0)
    median = statistics.median(loss(sample(space, rng)) for _ in range(_N_RANDOM))
    known = problem.known_minimum() if isinstance(problem, SuiteProblem) else None
    if known is not None:
        return Reference(known, median, "known")
    if n_points(space) <= _MAX_LISTED:
        return Reference(min(map(loss, enumerate_points(space))), median, "all points")
    return Reference(_search(loss, space, n_search, rng), median, "search")


def _search(
    loss: Callable[[Params], float], space: Space, n_search: int, rng: np.random.Generator
) -> float:
    """The lowest value of random points and of random walks downhill from the best of them.

    Args:
        loss: What to minimise.
        space: The search space.
        n_search: Number of evaluations.
        rng: Source of chance.
    """
    n_random = n_search // 3
    points = [sample(space, rng) for _ in range(n_random)]
    found = sorted(((loss(point), i) for i, point in enumerate(points)))[:_N_STARTS]
    lowest = math.inf
    for here, i in found:
        point = points[i]
        for _ in range((n_search - n_random) // _N_STARTS):
            radius = 10 ** rng.uniform(-2.5, -0.5)
            candidate = move(space, point, rng, radius)
            value = loss(candidate)
            if value <= here:
                here, point = value, candidate
        lowest = min(lowest, here)
    return lowest


def main(names: Sequence[str]) -> int:
    """Compute and store the references of the named problems, or of all.

    Returns:
        Exit status: 0 if all went well, 2 for a wrong argument.
    """
    return recompute(names, _FILE, list(CATALOG), compute)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
