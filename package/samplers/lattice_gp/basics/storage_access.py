"""The one place that touches what Optuna does not export.

What has no public way in Optuna 4.8 to 5.0: a sampler writing an attribute of the trial that it is
sampling (it is handed a ``FrozenTrial``, which has no setter; Optuna's own samplers write system
attributes the same way); whether a trial was created by ``Study.optimize``, so that the process
that asked for it is the one evaluating it; whether Ctrl-C ended it there, which Optuna stores as a
failure like any other; and the study behind the view of one Hyperband bracket. Tests of
``tests/test_resume.py`` notice when any of them moves.
"""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

from optuna.study import Study
from optuna.trial import FrozenTrial


# The module whose function runs a trial, with the error that ended it in a local variable.
_LOOP = "optuna.study._optimize"


def set_trial_attribute(study: Study, trial: FrozenTrial, key: str, value: Any) -> None:
    """Store a JSON-serialisable attribute on a running trial, visible to every worker at once."""
    study._storage.set_trial_system_attr(trial._trial_id, key, value)


def is_in_optimize_loop(study: Study) -> bool:
    """Whether the calling thread runs ``Study.optimize`` rather than ask-and-tell."""
    return bool(whole_study(study)._thread_local.in_optimize_loop)


def is_keyboard_interrupt() -> bool:
    """Whether the ``Study.optimize`` that calls the sampler does so because of Ctrl-C.

    Returns:
        False also where Optuna has moved what tells it: the trial then counts as failed.
    """
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if "func_err" in frame.f_code.co_varnames and frame.f_globals["__name__"] == _LOOP:
            return isinstance(frame.f_locals.get("func_err"), KeyboardInterrupt)
        frame = frame.f_back
    return False


def whole_study(study: Study) -> Study:
    """The study itself, where Hyperband hands out a view of one bracket's trials.

    All brackets' completed trials have the same objective, and their points are equally spent.
    """
    whole: Study = getattr(study, "_study", study)
    return whole
