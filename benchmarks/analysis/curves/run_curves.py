"""Curves of stored studies, and the facts that are kept of these."""

from __future__ import annotations

from collections.abc import Sequence
import math

import numpy as np

from ...contenders.seeding import SHARED
from ...storage import store
from ...suite import references
from ..numerics.losses import incumbents
from ..studies.results import Run
from ..studies.run_arrays import run_arrays
from ..studies.run_arrays import RunArrays
from .curve_set import Curve
from .curve_set import CurveSet
from .curve_set import Facts
from .curve_set import SECONDS_FORMAT
from .curve_set import VALUE_FORMAT


def from_runs(runs: Sequence[Run]) -> CurveSet:
    """Curves of stored studies that have a trial.

    A sampler that has nothing left to suggest, such as a grid, keeps what it has found up to the
    longest budget on its problem.
    """
    longest: dict[str, int] = {}
    for run in runs:
        longest[run.problem] = max(longest.get(run.problem, 0), run.planned)
    curves, facts = {}, Facts()
    random_values: dict[str, list[float]] = {}
    for run in runs:
        if not run.trials:
            continue
        arrays = run_arrays(run)
        n_trials = longest[run.problem] if run.is_exhausted else len(run.trials)
        curves[run.problem, run.sampler, run.seed] = _curve(arrays, n_trials)
        _note(run, facts)
        if run.sampler == "random":
            values = arrays.noise_free
            random_values.setdefault(run.problem, []).extend(values[np.isfinite(values)])
    for problem, its_values in random_values.items():
        if its_values:
            facts.random_medians[problem] = (float(np.median(its_values)), len(its_values))
    finished = {run.sampler for run in runs if run.complete}
    begun = dict.fromkeys(sampler for _, sampler, _ in curves)
    facts.unfinished = [sampler for sampler in begun if sampler not in finished]
    return CurveSet(curves, facts)


def _curve(arrays: RunArrays, n_trials: int) -> Curve:
    """The incumbent of a study, known up to ``n_trials``.

    Values are rounded as a file has them, or a comparison from a file would differ in the last
    digits.
    """
    index = incumbents(arrays.losses)
    changes = np.flatnonzero(np.diff(index, prepend=-1))
    values = [float(VALUE_FORMAT.format(v)) for v in arrays.noise_free[index[changes]]]
    if arrays.ended is None:
        return Curve(changes + 1, np.array(values), n_trials)
    ended = np.array([float(SECONDS_FORMAT.format(seconds)) for seconds in arrays.ended])
    return Curve(changes + 1, np.array(values), n_trials, ended[changes], float(ended[-1]))


def _note(run: Run, facts: Facts) -> None:
    """Add to the facts what a study tells by itself."""
    facts.n_params[run.problem] = len(run.settings.get("space", {}))
    chosen = run.settings.get("problem", {})
    is_unlike = run.problem in references.load() and not references.hold_for(chosen)
    if is_unlike and run.problem not in facts.unlike_suite:
        facts.unlike_suite.append(run.problem)
    attrs = [trial.user_attrs for trial in run.trials]
    seconds = [a.get("ask_seconds", math.nan) + a.get("tell_seconds", math.nan) for a in attrs]
    timed = [value for value in seconds if not math.isnan(value)]
    total, n_timed = facts.ask_seconds.get(run.sampler, (0.0, 0))
    facts.ask_seconds[run.sampler] = (total + sum(timed), n_timed + len(timed))
    how = {
        "command": run.settings.get("command", ""),
        "versions": run.settings.get("versions", {}),
        "threads": run.settings.get("threads"),
        "sampler_seeds": chosen.get(store.SAMPLER_SEEDS, SHARED),
        "sampler": run.sampler,
        "sampler_version": run.settings.get("sampler_version", ""),
    }
    if how not in facts.settings:
        facts.settings.append(how)
