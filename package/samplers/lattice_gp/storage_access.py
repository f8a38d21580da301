"""The one place that touches what Optuna does not export.

Three things have no public way in Optuna 4.8 to 5.0: a sampler writing an attribute of the trial
that it is sampling (it is handed a ``FrozenTrial``, which has no setter; Optuna's own samplers
write system attributes the same way), the identifier this takes, and whether a trial was created
by ``Study.optimize``, so that the process that asked for it is the one evaluating it.
A test of ``tests/test_resume.py`` notices when any of them moves.
"""

from __future__ import annotations

from typing import Any

from optuna.study import Study
from optuna.trial import FrozenTrial


def set_trial_attribute(study: Study, trial: FrozenTrial, key: str, value: Any) -> None:
    """Store a JSON-serialisable attribute on a running trial, visible to every worker at once."""
    study._storage.set_trial_system_attr(trial._trial_id, key, value)


def is_in_optimize_loop(study: Study) -> bool:
    """Whether the calling thread runs ``Study.optimize`` rather than ask-and-tell.

    False for a study that cannot tell, such as the view of a study that Hyperband hands out.
    """
    thread_local = getattr(study, "_thread_local", None)
    return bool(getattr(thread_local, "in_optimize_loop", False))
