"""What the harness itself costs a trial: ``python -m benchmarks.running.overhead [--storage URL]``.

Random search on a problem that takes microseconds, so that nearly all of the time is the harness's
own: restoring, bookkeeping and, above all, storing. Printed is the wall clock of a whole study
less the seconds that its trials spent in the sampler and in the objective, per trial.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
import sys
import tempfile
import time

import optuna
from optuna.study import StudyDirection

from ..arguments import AtLeast
from ..errors import UsageError
from ..problems.spec import Options
from ..storage import opening
from ..storage import store
from ..storage.opening import without_password
from ..storage.study_spec import StudySpec
from ..study.runner import run_study


@dataclass(frozen=True)
class Overhead:
    """What a study cost besides sampler and objective.

    Attributes:
        n_trials: Its trials.
        total: Wall clock of the study, in seconds.
        working: Seconds in the sampler and in the objective.
    """

    n_trials: int
    total: float
    working: float

    @property
    def milliseconds(self) -> float:
        """Milliseconds a trial that are the harness's."""
        return (self.total - self.working) / self.n_trials * 1000


def measure(url: str, n_trials: int, seed: int) -> Overhead:
    """Run a study and take its time.

    Args:
        url: URL of the storage; the study must not be there.
        n_trials: Its trials, 1 or more.
        seed: Its seed; also tells it from others in the storage.

    Raises:
        UsageError: If the storage cannot be reached, or the study is there.
    """
    storage = opening.open_storage(url, create=True)
    spec = StudySpec("quadratic", "random", seed, n_trials, Options(), url)
    begun = time.time_ns()
    name = {"problem": f"overhead-{begun}"}
    settings = {"problem": name, "space": {}, "sampler_version": ""}
    n_finished, _ = store.prepare_study(storage, spec, settings, StudyDirection.MINIMIZE)
    if n_finished:
        raise UsageError(f"--storage: {without_password(url)} holds {spec.study_name} already.")
    opening.connect(url)
    begin = time.perf_counter()
    run_study(spec)
    total = time.perf_counter() - begin
    trials = store.finished_trials(store.load_study(storage, spec.study_name))
    keys = ("ask_seconds", "objective_seconds", "tell_seconds")
    working = sum(trial.user_attrs[key] for trial in trials for key in keys)
    return Overhead(n_trials, total, working)


def main() -> int:
    """Run the command line.

    Returns:
        Exit status: 0, or 2 for a wrong argument.
    """
    parser = argparse.ArgumentParser(
        allow_abbrev=False,
        prog="python -m benchmarks.running.overhead",
        description="What the harness costs a trial.",
    )
    parser.add_argument(
        "--storage", metavar="URL", help="an empty storage (SQLite in a new folder)"
    )
    parser.add_argument("--trials", type=AtLeast(1), default=1000, metavar="N", help="(1000)")
    parser.add_argument("--repeats", type=AtLeast(1), default=3, metavar="N", help="studies (3)")
    args = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with tempfile.TemporaryDirectory() as folder:
            url = args.storage or opening.default_url(Path(folder))
            print(f"{without_password(url)}, random search on quadratic, {args.trials} trials")
            for seed in range(args.repeats):
                cost = measure(url, args.trials, seed)
                print(
                    f"study {seed}: {cost.milliseconds:.3f} ms a trial besides sampler and "
                    f"objective ({cost.total:.2f} s in all, {cost.working:.2f} s of them theirs)"
                )
    except UsageError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
