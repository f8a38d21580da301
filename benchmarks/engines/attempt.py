"""One attempt at a study, in whatever worker process an engine has put it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import logging
import traceback
import warnings

import optuna

from ..errors import named
from ..storage.patience import StorageLost
from ..storage.study_spec import StudySpec
from ..storage.writer import Writer
from ..study.runner import Outcome
from ..study.runner import run_study


@dataclass(frozen=True)
class Result:
    """How an attempt ended; plain data, because not every exception survives the way home.

    Attributes:
        outcome: How the study ended; None if it did not.
        error: One line on what went wrong; empty if nothing did.
        details: The traceback, if there is one.
        storage_lost: Whether the storage stays away, which is the end of the whole run.
    """

    outcome: Outcome | None = None
    error: str = ""
    details: str = ""
    storage_lost: bool = False


def attempt(
    spec: StudySpec,
    report: Callable[[int], None],
    on_writer: Callable[[Writer], None] = lambda writer: None,
) -> Result:
    """Run a study to its end, from wherever it stands.

    Args:
        spec: Which study; it must be in the storage already.
        report: Called with the number of finished trials, at the start and after each.
        on_writer: Called once with what stores the trials.
    """
    try:
        return Result(run_study(spec, report, on_writer=on_writer))
    except StorageLost as error:
        return Result(error=str(error), details=traceback.format_exc(), storage_lost=True)
    # A library may even exit, which would end the coordinator if it got there.
    except (Exception, SystemExit) as error:
        line = named(error)
        return Result(error=line, details=traceback.format_exc())


def quieten() -> None:
    """Keep libraries from telling each worker's story a hundred times."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    # Packages of the hub, whose loggers are not below Optuna's.
    logging.getLogger("optunahub_registry").setLevel(logging.ERROR)
    # Hub samplers that were written for an older Optuna.
    warnings.filterwarnings("ignore", message=".*warn_independent_sampling.*")
    # "The value nan is not acceptable": it is counted as a failed trial.
    warnings.filterwarnings("ignore", message=".*not acceptable.*")
