"""When to stop: the next trial is not expected to improve on the best by what one cares for."""

from __future__ import annotations

import math
from numbers import Real

import optuna
from optuna.study import Study
from optuna.trial import FrozenTrial

from ..basics.checks import check_int
from ..trials.records import is_interrupted
from .prediction import prediction_of


# Not all of it: a model of a dozen trials believes in some noise where there is none, and a study
# that still improves in every trial would be stopped.
_SHARE_OF_NOISE = 0.1

_logger = optuna.logging.get_logger(f"optuna.{__name__}")


class StopCallback:
    """Stops ``Study.optimize`` when the expected further improvement is too small to pay for.

    Every suggestion of the sampler comes with the improvement that is expected of it, and it is
    the most promising one that was found: if that is small several times in a row, the search is
    done. After a trial in which nothing was predicted (a start-up trial, say) the count begins
    anew.

    Args:
        threshold: Improvement of the objective, in its own units, that a further trial must
            promise; None asks for a tenth of the noise that the model sees in the objective: what
            is less is soon lost in luck.
        patience: Number of suggestions in a row that must promise less, 1 or more.

    Raises:
        TypeError: If an argument is not a number.
        ValueError: If an argument is out of range.
    """

    def __init__(self, threshold: float | None = None, patience: int = 3) -> None:
        if threshold is not None:
            if isinstance(threshold, bool) or not isinstance(threshold, Real):
                raise TypeError(
                    f"threshold is {threshold!r} of type {type(threshold).__name__}, but must be a "
                    "number or None."
                )
            if not 0.0 < threshold < math.inf:
                raise ValueError(f"threshold is {threshold}, but must be positive and finite.")
        check_int("patience", patience, minimum=1)
        self._threshold = None if threshold is None else float(threshold)
        self._patience = int(patience)

    def __call__(self, study: Study, trial: FrozenTrial) -> None:
        """Stop the study if the latest trials up to a finished one promised too little.

        Raises:
            ValueError: If the study has several objectives, whose improvement has no unit.
        """
        if len(study.directions) > 1:
            raise ValueError(
                f"StopCallback was given a study of {len(study.directions)} objectives, but accepts "
                "one of a single objective."
            )
        trials = study.get_trials(deepcopy=False)
        # One that was killed or ended by Ctrl-C is suggested once more: it counts once.
        until_now = [t for t in trials if t.number <= trial.number and not is_interrupted(t)]
        latest = until_now[-self._patience :]
        if len(latest) == self._patience and all(map(self._promises_too_little, latest)):
            _logger.info(
                f"Stopping after trial {trial.number}: the last {self._patience} suggestions were "
                "not expected to improve on the best value by enough."
            )
            study.stop()

    def _promises_too_little(self, trial: FrozenTrial) -> bool:
        prediction = prediction_of(trial)
        if prediction is None or prediction.expected_improvement is None:
            return False
        threshold = self._threshold
        if threshold is None:
            threshold = _SHARE_OF_NOISE * prediction.noise[0]
        return prediction.expected_improvement < threshold
