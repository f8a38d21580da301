"""A problem for tests that disturb a run: it gives them the time, however long they take."""

from __future__ import annotations

import os
from pathlib import Path
import time
from typing import Any

from optuna.trial import Trial

from benchmarks.problems.toy_problems import Sleepy


# The problem's name on the command line, and the variable that says where the file may come.
DROWSY = f"{__name__}:Drowsy"
ALARM = "DROWSY_ALARM"
# From this trial of a study on, each naps for so many seconds: far more than it takes a test on a
# busy machine to see that a study has got there. Naps of any length would keep the trials before
# them from being stored.
_FIRST_NAP = 30
_NAP_SECONDS = 2.0


class Drowsy(Sleepy):
    """The bowl, whose later trials take long until a file is there and all take their turn."""

    def __call__(self, trial: Trial) -> Any:
        """Evaluate a trial, later."""
        end = time.monotonic() + _NAP_SECONDS
        while trial.number >= _FIRST_NAP and time.monotonic() < end:
            if Path(os.environ[ALARM]).exists():
                break
            time.sleep(0.02)
        return super().__call__(trial)
