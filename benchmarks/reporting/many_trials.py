"""How long a report takes on many trials: ``python -m benchmarks.reporting.many_trials``.

Stores made-up results (random losses of a made-up problem, as many samplers, problems and seeds as
asked for) as ``run`` stores real ones, and reports on them.
"""

from __future__ import annotations

import argparse
from pathlib import Path
import sys
import tempfile
import time

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution
from optuna.study import StudyDirection
from optuna.trial import create_trial
from optuna.trial import FrozenTrial
from rich.console import Console

from ..analysis.results import load_runs
from ..arguments import AtLeast
from ..problems.registry import Options
from ..storage import bulk
from ..storage import opening
from ..storage import store
from ..storage.study_spec import StudySpec
from .report import write_report


_SPACE: dict[str, BaseDistribution] = {
    "depth": IntDistribution(2, 8),
    "width": IntDistribution(128, 512, step=64),
    "learning_rate": FloatDistribution(1e-4, 1e-2, log=True),
}


def fill(folder: Path, n_problems: int, n_samplers: int, n_seeds: int, n_trials: int) -> str:
    """Store made-up studies.

    Args:
        folder: Where the SQLite file goes.
        n_problems: Number of problems.
        n_samplers: Samplers on each.
        n_seeds: Seeds of each.
        n_trials: Trials of each study.

    Returns:
        URL of the storage.
    """
    url = opening.default_url(folder)
    storage = opening.open_storage(url, create=True)
    rng = np.random.default_rng(0)
    settings = {
        "problem": {},
        "space": store.space_to_json(_SPACE),
        "sampler_version": "made up",
        "versions": {},
        "command": "",
        "jobs": 1,
        "threads": 1,
    }
    for problem in range(n_problems):
        for sampler in range(n_samplers):
            for seed in range(n_seeds):
                spec = StudySpec(
                    f"problem{problem}", f"sampler{sampler}", seed, n_trials, Options(), url
                )
                store.prepare_study(storage, spec, settings, StudyDirection.MINIMIZE)
                study_id = storage.get_study_id_from_name(spec.study_name)
                bulk.add_trials(storage, study_id, _trials(rng, n_trials), 0)
    return url


def _trials(rng: np.random.Generator, n_trials: int) -> list[FrozenTrial]:
    return [
        create_trial(
            params={
                "depth": int(rng.integers(2, 9)),
                "width": int(128 + 64 * rng.integers(7)),
                "learning_rate": float(10 ** rng.uniform(-4, -2)),
            },
            distributions=_SPACE,
            value=float(np.exp(rng.normal())),
            user_attrs={
                "seconds": float(rng.uniform(1, 10)),
                "ask_seconds": 0.01,
                "objective_seconds": 0.001,
                "tell_seconds": 0.001,
            },
        )
        for _ in range(n_trials)
    ]


def main() -> int:
    """Run the command line.

    Returns:
        Exit status 0.
    """
    parser = argparse.ArgumentParser(
        allow_abbrev=False,
        prog="python -m benchmarks.reporting.many_trials",
        description="How long a report takes on many trials.",
    )
    for name, default in (("problems", 20), ("samplers", 10), ("seeds", 10), ("trials", 50)):
        option = f"--{name}"
        parser.add_argument(
            option, type=AtLeast(1), default=default, metavar="N", help=f"({default})"
        )
    args = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = fill(folder, args.problems, args.samplers, args.seeds, args.trials)
        begin, begin_cpu = time.perf_counter(), time.process_time()
        runs = load_runs(opening.open_storage(url))
        with (folder / "shown.txt").open("w", encoding="utf-8") as shown:
            write_report(runs, folder, Console(file=shown), url)
        seconds, cpu = time.perf_counter() - begin, time.process_time() - begin_cpu
        size = (folder / "report.html").stat().st_size / 2**20
    n_trials = args.problems * args.samplers * args.seeds * args.trials
    print(
        f"{n_trials} trials: reported in {seconds:.1f} s ({cpu:.1f} s of processor time); "
        f"report.html has {size:.1f} MiB"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
