"""Ask for batches of trials, have them evaluated elsewhere, tell what came out, or when, or that.

Needs: pip install optuna optunahub "scipy>=1.15". Takes some ten seconds.

For when trials are jobs of a cluster, runs of a simulator or experiments in a laboratory: Optuna
does not call an objective, you ask it for parameters and tell it results. Shown here:

- a batch of eight jobs at a time, no two alike: each takes account of those that still run;
- a job that fails is told as failed: the model learns where jobs fail, and later batches stay
  away;
- one job of the first batch comes back last of all. Nothing waits for it, and it is told by its
  number, by a program that knows no more than the storage.
"""

from __future__ import annotations

import argparse
from concurrent.futures import as_completed
from concurrent.futures import ThreadPoolExecutor
import math
from pathlib import Path
import sys
import tempfile
import time


try:
    import optuna
    from optuna.distributions import BaseDistribution
    from optuna.distributions import FloatDistribution
    from optuna.distributions import IntDistribution
    from optuna.trial import TrialState
    import optunahub
except ImportError as error:
    sys.exit(f'{error}. This example needs: pip install optuna optunahub "scipy>=1.15"')

SPACE: dict[str, BaseDistribution] = {
    "depth": IntDistribution(2, 8),
    "units": IntDistribution(128, 512, step=64),
    "learning_rate": FloatDistribution(1e-4, 1e-2, log=True),
}


def positive(text: str) -> int:
    """An argument that counts something."""
    if int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return int(text)


def run_job(params: dict[str, int | float]) -> float:
    """Stands for a job that runs elsewhere: returns a loss, or runs out of memory."""
    time.sleep(0.2)
    depth, units = params["depth"], params["units"]
    if depth * units > 2000:
        raise MemoryError(f"{depth} layers of {units} units do not fit")
    valley = math.log10(params["learning_rate"] * depth / 2e-3)
    return 0.25 + 0.002 * (depth - 5) ** 2 + 0.001 * (units / 64 - 5) ** 2 + 0.05 * valley**2


def run_batches(study: optuna.Study, n_batches: int, batch_size: int) -> int:
    """Ask, run and tell, batch after batch; returns the number of the trial that is left open."""
    late = 0
    with ThreadPoolExecutor(batch_size) as pool:
        for batch in range(1, n_batches + 1):
            trials = [study.ask(SPACE) for _ in range(batch_size)]
            jobs = {pool.submit(run_job, trial.params): trial for trial in trials}
            n_failed = 0
            for job in as_completed(jobs):
                trial = jobs[job]
                if trial.number == late:
                    continue
                try:
                    study.tell(trial, job.result())
                except MemoryError:
                    study.tell(trial, state=TrialState.FAIL)
                    n_failed += 1
            print(f"batch {batch}: {n_failed} of {batch_size} failed, best {best_value(study)}")
    return late


def best_value(study: optuna.Study) -> str:
    """The best loss so far, if any."""
    done = study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])
    return f"{min(trial.values[0] for trial in done):.4f}" if done else "unknown"


def tell_later(storage: str, number: int) -> None:
    """Tell a result when it comes, from the number that the job was started with."""
    study = optuna.load_study(study_name="ask_and_tell", storage=storage)
    study.tell(number, run_job(study.trials[number].params))
    print(f"trial {number} came late: {study.trials[number].values[0]:.4f}")


def main() -> None:
    parser = argparse.ArgumentParser(
        allow_abbrev=False, description=str(__doc__).partition("\n")[0]
    )
    parser.add_argument("--batches", type=positive, default=5, help="5 by default")
    parser.add_argument("--batch-size", type=positive, default=8, help="8 by default")
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    module = optunahub.load_module("samplers/lattice_gp")
    with tempfile.TemporaryDirectory() as folder:
        storage = f"sqlite:///{Path(folder) / 'jobs.db'}"
        study = optuna.create_study(
            study_name="ask_and_tell",
            storage=storage,
            sampler=module.LatticeGPSampler(seed=0),
        )
        try:
            late = run_batches(study, options.batches, options.batch_size)
            tell_later(storage, late)
        except KeyboardInterrupt:
            print("interrupted")
        points = {tuple(trial.params.values()) for trial in study.trials}
        print(f"{len(study.trials)} trials, {len(points)} different points")
        print(f"best: {best_value(study)}")


if __name__ == "__main__":
    main()
