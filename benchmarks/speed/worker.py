"""One sampler on one history, measured in a process of its own.

The coordinator starts it with what to measure, waits until it is ready, and then asks for a few
suggestions at a time, in turn with the other samplers'. Both sides write a line of JSON a message;
whatever else a library prints has no mark in front and is passed over.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any
import warnings

from ..study import memory


MARK = "@speed "
# Suggestions before the timed ones: the first imports and compiles what it needs.
N_WARM_UP = 2


def main(text: str) -> int:
    """Measure.

    Args:
        text: JSON object with ``sampler``, ``n_trials``, ``n_params``, ``registry`` and
            ``n_timed``, the most suggestions that will be asked for.

    Returns:
        Exit status 0.
    """
    # In this order: what the harness itself needs is there before memory is first looked at.
    import optuna
    import optunahub  # noqa: F401

    from ..contenders.contender import Setup
    from ..contenders.registry import get_contender
    from . import history as speed_history

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore")
    job = json.loads(text)
    space = speed_history.space(job["n_params"])
    trials = speed_history.history(job["n_trials"], job["n_params"])
    study = optuna.create_study()
    study.add_trials(trials)
    del trials
    memory.reset_peak()
    before = memory.resident_mib()
    contender = get_contender(job["sampler"])
    n_planned = job["n_trials"] + N_WARM_UP + job["n_timed"]
    begin = time.perf_counter()
    sampler = contender.build(Setup(0, space, n_planned, job["registry"]))
    study.sampler = sampler
    if contender.learns_when_told:
        for trial in study.get_trials(deepcopy=False):
            sampler.after_trial(study, trial, trial.state, trial.values)
    built = time.perf_counter() - begin

    def suggest() -> dict[str, float]:
        cpu, wall = time.process_time(), time.perf_counter()
        trial = study.ask(fixed_distributions=space)
        asked_cpu, asked = time.process_time(), time.perf_counter()
        value = speed_history.loss(speed_history.to_unit(trial.params))
        telling = time.perf_counter()
        study.tell(trial, value)
        told = time.perf_counter()
        return {"wall": asked - wall, "cpu": asked_cpu - cpu, "tell": told - telling}

    say("ready", built=built)
    for line in sys.stdin:
        asked = [suggest() for _ in range(int(line))]
        say("measured", suggestions=asked, before_mb=before, peak_mb=memory.peak_mib())
    return 0


def say(what: str, **details: Any) -> None:
    """Send a message to the coordinator."""
    print(MARK + json.dumps({"what": what} | details), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
