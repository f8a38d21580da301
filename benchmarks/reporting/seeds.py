"""Which seeds the samplers had, in words."""

from __future__ import annotations

from collections.abc import Sequence

from ..analysis.studies.results import Run


def ranges(numbers: Sequence[int]) -> str:
    """``0-2, 5`` for 0, 1, 2 and 5."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][-1] + 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    return ", ".join(f"{p[0]}-{p[-1]}" if len(p) > 1 else str(p[0]) for p in parts)


def seeds_differ(runs: Sequence[Run]) -> str:
    """How many seeds each sampler had, if not all of a problem had the same.

    Args:
        runs: Studies; those without a trial do not count.

    Returns:
        Such as ``lattice_gp 3 (0-2), tpe 2 (0-1)``; empty if they had the same ones.
    """
    seeds: dict[str, dict[str, set[int]]] = {}
    for run in runs:
        if run.trials:
            seeds.setdefault(run.sampler, {}).setdefault(run.problem, set()).add(run.seed)
    on_problem: dict[str, set[tuple[int, ...]]] = {}
    for its in seeds.values():
        for problem, found in its.items():
            on_problem.setdefault(problem, set()).add(tuple(sorted(found)))
    if all(len(found) == 1 for found in on_problem.values()):
        return ""
    return ", ".join(f"{sampler} {_how_many(its)}" for sampler, its in seeds.items())


def _how_many(by_problem: dict[str, set[int]]) -> str:
    distinct = {tuple(sorted(found)) for found in by_problem.values()}
    if len(distinct) == 1:
        (only,) = distinct
        return f"{len(only)} ({ranges(only)})"
    sizes = sorted({len(found) for found in distinct})
    counted = str(sizes[0]) if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]}"
    return f"{counted} a problem ({ranges(sorted(set().union(*distinct)))})"
