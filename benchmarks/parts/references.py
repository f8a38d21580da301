"""Between which values the parts measure a regret; see :mod:`benchmarks.suite.references`.

The best value is known by construction where the problem is a formula whose minimum is
(``"known"``), and else found by a long search downhill (``"search"``).

``python -m benchmarks.parts.references [NAME ...]`` computes those of the parts' own problems
anew, of all or of those named; that of all takes some minutes.
"""

from __future__ import annotations

from collections.abc import Sequence
import functools
import json
from pathlib import Path
import sys

from ..suite import references as of_suites
from ..suite.recompute import recompute
from ..suite.references import Reference


_FILE = Path(__file__).with_name("references.json")
# Evaluations of a search: of models that are trained; of others as in the suites.
_N_SEARCH = {"digits_curves": 1_500, "cancer_curves": 900}


@functools.cache
def load() -> dict[str, Reference]:
    """The references of the parts' problems and those of the suites, by name."""
    from .problems.by_name import SAME_AS

    found = of_suites.load() | _load_own()
    return found | {name: found[other] for name, other in SAME_AS.items() if other in found}


def compute(name: str) -> Reference:
    """Compute the reference of one of the parts' own problems."""
    from .problems.by_name import OWN

    return of_suites.reference_of(OWN[name](), _N_SEARCH.get(name, of_suites.N_SEARCH))


def main(names: Sequence[str]) -> int:
    """Compute and store the references of the named problems, or of all.

    Returns:
        Exit status: 0 if all went well, 2 for a wrong argument.
    """
    from .problems.by_name import OWN

    return recompute(names, _FILE, list(OWN), compute)


def _load_own() -> dict[str, Reference]:
    if not _FILE.is_file():
        return {}
    stored = json.loads(_FILE.read_text(encoding="utf-8"))
    return {name: Reference(**entry) for name, entry in stored.items()}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
