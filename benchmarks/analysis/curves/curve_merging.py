"""Curves of several sources put together, such as files of several machines."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...errors import UsageError
from .curve_set import Curve
from .curve_set import CurveSet
from .curve_set import Facts
from .curve_set import Key


def merge(curve_sets: Sequence[CurveSet], names: Sequence[str]) -> CurveSet:
    """Put curves of several sources together.

    Args:
        curve_sets: The curves, one set or more.
        names: What to call the sources in a message.

    Raises:
        UsageError: If two sources tell different things of the same study, or have two problems
            under one name.
    """
    _check_problems(curve_sets, names)
    facts = _merged_facts([curve_set.facts for curve_set in curve_sets])
    finished = {
        name for its in curve_sets for name in its.samplers if name not in its.facts.unfinished
    }
    begun = dict.fromkeys(name for its in curve_sets for name in its.facts.unfinished)
    facts.unfinished = [name for name in begun if name not in finished]
    return CurveSet(_merged_curves(curve_sets, names), facts)


def _check_problems(curve_sets: Sequence[CurveSet], names: Sequence[str]) -> None:
    """Make sure that a name means one problem.

    Raises:
        UsageError: If it means the suite's in one source, and another one elsewhere.
    """
    is_of_suite: dict[str, bool] = {}
    for curve_set, name in zip(curve_sets, names):
        for problem in curve_set.problems:
            is_its = problem not in curve_set.facts.unlike_suite
            if is_of_suite.setdefault(problem, is_its) != is_its:
                raise UsageError(
                    f"--curves: {problem} is the suite's in some of the files and another problem "
                    f"or size in others, {name} among them; accepts files of one problem a name."
                )


def _merged_curves(curve_sets: Sequence[CurveSet], names: Sequence[str]) -> dict[Key, Curve]:
    """Each study once, with its times if a source has them.

    Raises:
        UsageError: If two sources tell different things of the same study.
    """
    curves: dict[Key, Curve] = {}
    source: dict[Key, str] = {}
    for curve_set, name in zip(curve_sets, names):
        for key, curve in curve_set.curves.items():
            if key in curves and not _equal(curves[key], curve):
                raise UsageError(
                    f"--curves: {source[key]} and {name} tell different things of sampler {key[1]} "
                    f"on {key[0]} with seed {key[2]}; accepts files of different studies."
                )
            if key not in curves or curves[key].seconds is None:
                curves[key] = curve
                source[key] = name
    return curves


def _merged_facts(several: Sequence[Facts]) -> Facts:
    """All facts but which samplers are unfinished, which depends on the others' studies too."""
    facts = Facts()
    for its in several:
        facts.n_params |= its.n_params
        for problem, (median, n_values) in its.random_medians.items():
            if n_values >= facts.random_medians.get(problem, (0.0, 0))[1]:
                facts.random_medians[problem] = (median, n_values)
        for sampler, (seconds, n_timed) in its.ask_seconds.items():
            total, n_total = facts.ask_seconds.get(sampler, (0.0, 0))
            facts.ask_seconds[sampler] = (total + seconds, n_total + n_timed)
        facts.settings += [how for how in its.settings if how not in facts.settings]
        facts.unlike_suite += [p for p in its.unlike_suite if p not in facts.unlike_suite]
    return facts


def _equal(one: Curve, other: Curve) -> bool:
    return (
        one.n_trials == other.n_trials
        and np.array_equal(one.trials, other.trials)
        and np.allclose(one.values, other.values, rtol=1e-8, atol=0, equal_nan=True)
    )
