"""What a study has spent, and the regret of its incumbent."""

from __future__ import annotations

from optuna.trial import TrialState

from benchmarks.parts.incumbent import one_trial
from benchmarks.parts.incumbent import progress_of
from benchmarks.parts.incumbent import seconds_taken
from benchmarks.parts.incumbent import steps_trained
from benchmarks.suite.references import Reference
from tests.finished_trials import finished
from tests.finished_trials import study_of


def test_regret_is_that_of_the_incumbent_without_noise() -> None:
    lucky = {"expected_loss": 6.0}
    study = study_of(
        finished(None, state=TrialState.FAIL, end=1),
        finished(2.0, attrs=lucky, end=3),
        finished(8.0, end=2),
        finished(4.0, end=4),
        finished(1.5, attrs={"expected_loss": 2.0}, end=5),
    )
    progress = progress_of(study, Reference(2.0, 10.0), one_trial)
    assert progress.spent.tolist() == [1, 2, 3, 4, 5]
    # In the order in which they ended; 4 is better than 6, but the study was told 2 before.
    assert progress.regret.tolist() == [1.0, 0.75, 0.5, 0.5, 0.0]


def test_regret_never_ascends() -> None:
    study = study_of(finished(3.0, end=1), finished(2.0, attrs={"expected_loss": 5.0}, end=2))
    assert progress_of(study, Reference(0.0, 10.0), one_trial).regret.tolist() == [0.3, 0.3]


def test_pruned_trials_spend_steps_and_have_no_value() -> None:
    pruned = finished(None, state=TrialState.PRUNED, steps={1: 0.0, 2: 0.0}, end=1)
    complete = finished(5.0, steps={1: 9.0, 2: 7.0, 3: 5.0}, end=2)
    progress = progress_of(study_of(pruned, complete), Reference(0.0, 10.0), steps_trained)
    assert progress.spent.tolist() == [2, 5]
    assert progress.regret.tolist() == [1.0, 0.5]


def test_seconds_are_those_that_the_objective_set() -> None:
    trials = [finished(1.0, attrs={"seconds": seconds}) for seconds in (2.5, 4.0)]
    progress = progress_of(study_of(*trials), Reference(0.0, 1.0), seconds_taken)
    assert progress.spent.tolist() == [2.5, 6.5]
