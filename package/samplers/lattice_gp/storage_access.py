"""The one place that touches what Optuna does not export.

What has no public way in Optuna 4.8 to 5.0: a sampler writing an attribute of the trial that it is
sampling (it is handed a ``FrozenTrial``, which has no setter; Optuna's own samplers write system
attributes the same way); whether a trial was created by ``Study.optimize``, so that the process
that asked for it is the one evaluating it; and the study behind the view of one Hyperband bracket.
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
    """Whether the calling thread runs ``Study.optimize`` rather than ask-and-tell."""
    return bool(whole_study(study)._thread_local.in_optimize_loop)


def whole_study(study: Study) -> Study:
    """The study itself, where Hyperband hands out a view of one bracket's trials.

    All brackets' completed trials have the same objective, and their points are equally spent.
    """
    whole: Study = getattr(study, "_study", study)
    return whole
