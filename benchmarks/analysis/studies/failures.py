"""Trials without a value, in words: a report full of dashes does not say what went wrong."""

from __future__ import annotations

from collections.abc import Sequence

from .results import has_value
from .results import Run


_MAX_ERROR_CHARS = 200


def failure_note(runs: Sequence[Run]) -> str:
    """Say which samplers have got no value at all on a problem, and with which error.

    Args:
        runs: The studies of one problem.

    Returns:
        One sentence; empty if every sampler that has a trial has a value.
    """
    trials = {
        run.sampler: [t for r in runs if r.sampler == run.sampler for t in r.trials]
        for run in runs
    }
    without = [name for name, its in trials.items() if its and not any(map(has_value, its))]
    if not without:
        return ""
    errors = [trial.user_attrs.get("error", "") for name in without for trial in trials[name]]
    last = " ".join(next((error for error in reversed(errors) if error), "").split())
    who = "any sampler" if len(without) == len(trials) else ", ".join(without)
    note = f"No trial of {who} has a value"
    return f"{note}; the last error: {last[:_MAX_ERROR_CHARS]}" if last else f"{note}."
