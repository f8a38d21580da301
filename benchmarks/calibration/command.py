"""``python -m benchmarks calibrate``: do outcomes fall where the sampler expected them?"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import inspect
from pathlib import Path
import sys

import numpy as np
from optuna.trial import TrialState
from rich.console import Console

from .. import hub
from ..errors import UsageError
from ..folders import make_folder
from ..folders import own_folder
from ..problems.registry import get_problem
from ..problems.registry import problems_of_suite
from ..problems.spec import Options
from ..problems.spec import ProblemSpec
from ..study.machine import versions
from ..study.one_trial import run_trial
from ..study.one_trial import unpruned_study
from ..tables import to_markdown
from ..tables import to_rich
from . import coverage as calibration
from .options import LOG
from .options import REPORT
from .records import append
from .records import read
from .records import read_log
from .records import Study
from .table import coverage_tables


_PACKAGE = "samplers/lattice_gp"


def run(args: argparse.Namespace, console: Console, command: str) -> int:
    """Run what is not there yet, print and write the tables.

    Args:
        args: Arguments of the command.
        console: Where to print.
        command: The command line.

    Returns:
        Exit status: 0 if all went well, 130 after Ctrl-C.

    Raises:
        UsageError: If an argument is wrong, a problem cannot run here, or the sampler has expected
            nothing of any outcome.
    """
    out = Path(args.out)
    if args.records:
        studies = read(Path(args.records))
        _check_some(studies, f"--records: {args.records}", "records with longer studies")
    else:
        problems = [get_problem(name) for name in problems_of_suite(args.suite)]
        _check_trials(args.trials)
        try:
            with own_folder(out):
                studies = _run_all(problems, args, out / LOG, console)
        except KeyboardInterrupt:
            print(f"\nstopped. To continue:\n  {command}", file=sys.stderr)
            return 130
        _check_some(studies, f"--trials: got {args.trials}, and the run", "more trials")
    tables = coverage_tables(studies)
    for table in tables:
        console.print(to_rich(table))
    make_folder(out)
    lines = [line for table in tables for line in (f"{table.title}:", "", *to_markdown(table), "")]
    (out / REPORT).write_text("\n".join(lines), encoding="utf-8")
    console.print(f"\nwritten: {out / REPORT}", markup=False)
    return 0


def run_study(problem_name: str, seed: int, n_trials: int) -> Study:
    """Run a study in memory and compare outcomes with predictions."""
    package = hub.load_package(_PACKAGE)
    problem = get_problem(problem_name).build(Options(), seed)
    study = unpruned_study(problem.directions, package.LatticeGPSampler(seed=seed))
    for _ in range(n_trials):
        run_trial(study, problem, problem.search_space)
    trials, places = [], []
    for trial in study.get_trials(deepcopy=False):
        prediction = package.prediction_of(trial)
        if prediction is not None and trial.state == TrialState.COMPLETE:
            trials.append(trial.number)
            places.append(calibration.place(trial.values[0], prediction.quantiles[0]))
    return Study(problem_name, seed, np.array(trials, float), np.array(places, float))


def _check_some(studies: Sequence[Study], where: str, accepted: str) -> None:
    """Make sure that there is an outcome of which something was expected.

    Raises:
        UsageError: If there is none.
    """
    if not any(len(study.places) for study in studies):
        raise UsageError(
            f"{where} has no value for which there was a prediction; accepts {accepted}."
        )


def _check_trials(n_trials: int) -> None:
    """Make sure that studies go on beyond the trials that come before the first prediction.

    Raises:
        UsageError: If they do not.
    """
    signature = inspect.signature(hub.load_package(_PACKAGE).LatticeGPSampler)
    n_startup_trials: int = signature.parameters["n_startup_trials"].default
    if n_trials <= n_startup_trials:
        raise UsageError(
            f"--trials: got {n_trials}, but the sampler predicts only after {n_startup_trials} "
            f"start-up trials; accepts an integer of {n_startup_trials + 1} or more."
        )


def _run_all(
    problems: Sequence[ProblemSpec], args: argparse.Namespace, path: Path, console: Console
) -> list[Study]:
    for problem in problems:
        if reason := problem.missing():
            raise UsageError(f"--suite: {problem.name} {reason}")
    ours = {"lattice_gp": f"sha256:{hub.code_digest(_PACKAGE)}"}
    stamp = {"trials": args.trials, "versions": versions() | ours}
    studies = read_log(path, stamp)
    wanted = [(p.name, seed) for seed in range(args.seeds) for p in problems]
    for number, key in enumerate(wanted):
        if key not in studies:
            name, seed = key
            studies[key] = run_study(name, seed, args.trials)
            append(path, studies[key], stamp)
            console.print(f"[{number + 1}/{len(wanted)}] {name} seed {seed}", markup=False)
    return [studies[key] for key in wanted]
