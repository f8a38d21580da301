"""The other trials of a study, as one of its trials sees them."""

from __future__ import annotations

from collections.abc import Sequence

from optuna.study import Study
from optuna.trial import FrozenTrial

from ..basics.storage_access import whole_study
from .records import Record
from .records import RecordReader


def trials_of(study: Study) -> list[FrozenTrial]:
    """All trials of a study, those of other workers too; not to be changed."""
    return whole_study(study).get_trials(deepcopy=False)


def read_others(reader: RecordReader, study: Study, trial: FrozenTrial) -> list[Record]:
    """All trials but this one and those whose process was killed; oldest first."""
    number = trial.number
    return [record for record in reader.read(trials_of(study)) if record.number != number]


def index_of(trial: FrozenTrial, others: Sequence[Record]) -> int:
    """The trial's number as it would be had no process been killed."""
    number = trial.number
    return sum(other.number < number for other in others)


def is_new(param_name: str, trial: FrozenTrial, others: Sequence[Record]) -> bool:
    """Whether no trial has had a parameter, as far as the other ones show.

    Running trials that have not gone further than this one may be about to choose the centre, too:
    that they lack the parameter means nothing.
    """
    if any(param_name in other.known for other in others):
        return False
    return any(
        other.trial.state.is_finished() or not other.distributions.keys() <= trial.params.keys()
        for other in others
        if other.known
    )
