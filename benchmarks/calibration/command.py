"""``python -m benchmarks calibrate``: do outcomes fall where the sampler expected them?"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from collections.abc import Sequence
import inspect
import json
from pathlib import Path
import sys
from typing import Any
from typing import NamedTuple

import numpy as np
from optuna.trial import TrialState
from rich.console import Console

from .. import hub
from .. import jsonlines
from ..arrays import FloatArray
from ..compressed import read_lines
from ..compressed import UNREADABLE
from ..errors import in_one_line
from ..errors import unknown_name
from ..errors import UsageError
from ..folders import make_folder
from ..folders import own_folder
from ..problems.registry import get_problem
from ..problems.spec import Options
from ..running.machine import versions
from ..running.one_trial import run_trial
from ..running.one_trial import unpruned_study
from ..suite import SUITES
from ..tables import show_number
from ..tables import Table
from ..tables import to_markdown
from ..tables import to_rich
from . import coverage as calibration
from .coverage import ACCEPTED
from .coverage import SHARES
from .options import LOG
from .options import REPORT


_PACKAGE = "samplers/lattice_gp"
# Trials are looked at in these ranges too: early models know little.
_RANGES = ((0, 10), (10, 20), (20, 30), (30, 60), (60, 1000))


# What reading a line raises that is something else.
_NO_RECORD = (ValueError, KeyError, TypeError)
_ACCEPTED_FILE = f"accepts the {LOG} that `calibrate` has written, also as .gz"


class Study(NamedTuple):
    """What is kept of a study.

    Attributes:
        problem: Its problem.
        seed: Its seed.
        trials: Array (n,): numbers of the trials of which something was expected.
        places: Array (n,): where their values were among the quantiles of the prediction.
    """

    problem: str
    seed: int
    trials: FloatArray
    places: FloatArray


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
        studies = _read(Path(args.records))
        _check_some(studies, f"--records: {args.records}", "records with longer studies")
    else:
        if args.suite not in SUITES:
            raise unknown_name("--suite", args.suite, list(SUITES))
        _check_trials(args.trials)
        try:
            with own_folder(out):
                studies = _run_all(args, out / LOG, console)
        except KeyboardInterrupt:
            print(f"\nstopped. To continue:\n  {command}", file=sys.stderr)
            return 130
        _check_some(studies, f"--trials: got {args.trials}, and the run", "more trials")
    tables = _tables(studies)
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


def _run_all(args: argparse.Namespace, path: Path, console: Console) -> list[Study]:
    problems = [get_problem(name) for name in SUITES[args.suite]]
    for problem in problems:
        if reason := problem.missing():
            raise UsageError(f"--suite: {problem.name} {reason}")
    ours = {"lattice_gp": f"sha256:{hub.code_digest(_PACKAGE)}"}
    stamp = {"trials": args.trials, "versions": versions() | ours}
    there: dict[tuple[str, int], dict[str, Any]] = {}
    for number, entry in enumerate(_logged(path), start=1):
        try:
            # Those that are not wanted now may be next time.
            _parse(entry)
            its_stamp = {key: entry[key] for key in stamp}
        except _NO_RECORD as error:
            raise _no_record("--out", path, number, error) from error
        if its_stamp != stamp:
            raise UsageError(
                f"--out: {path} was measured with other versions or --trials; accepts a new folder."
            )
        there[entry["problem"], entry["seed"]] = entry
    wanted = [(p.name, seed) for seed in range(args.seeds) for p in problems]
    for number, (name, seed) in enumerate(wanted):
        if (name, seed) not in there:
            study = run_study(name, seed, args.trials)
            entry = {
                "problem": name,
                "seed": seed,
                "predicted": study.trials.astype(int).tolist(),
                "places": study.places.tolist(),
                **stamp,
            }
            jsonlines.append(path, entry)
            there[name, seed] = entry
            console.print(f"[{number + 1}/{len(wanted)}] {name} seed {seed}", markup=False)
    return [_parse(there[key]) for key in wanted]


def _logged(path: Path) -> Iterator[Any]:
    """What the lines of the log hold, which need not be records.

    Raises:
        UsageError: If a line is no JSON, or the file no text.
    """
    try:
        lines = jsonlines.whole_lines(path)
    except UnicodeDecodeError as error:
        raise UsageError(f"--out: cannot read {path} ({error}); {_ACCEPTED_FILE}.") from error
    for number, line in enumerate(lines, start=1):
        try:
            yield json.loads(line)
        except ValueError as error:
            raise _no_record("--out", path, number, error) from error


def _read(path: Path) -> list[Study]:
    try:
        lines = read_lines(path)
    except UNREADABLE as error:
        raise UsageError(f"--records: cannot read {path} ({error}); {_ACCEPTED_FILE}.") from error
    studies = []
    for number, line in enumerate(lines, start=1):
        try:
            studies.append(_parse(json.loads(line)))
        except _NO_RECORD as error:
            raise _no_record("--records", path, number, error) from error
    return studies


def _no_record(argument: str, path: Path, number: int, error: Exception) -> UsageError:
    reason = in_one_line(error)[:200]
    return UsageError(
        f"{argument}: line {number} of {path} is no record ({reason}); {_ACCEPTED_FILE}."
    )


def _parse(entry: Any) -> Study:
    """A record as what it tells.

    Raises:
        Exception: One of ``_NO_RECORD``, if it is no record.
    """
    trials, places = (np.array(entry[key], dtype=float) for key in ("predicted", "places"))
    if trials.ndim != 1 or trials.shape != places.shape:
        raise ValueError("'predicted' and 'places' are no lists of the same length")
    return Study(str(entry["problem"]), int(entry["seed"]), trials, places)


def _tables(studies: Sequence[Study]) -> list[Table]:
    rng = np.random.default_rng(0)
    everything = [study.places for study in studies]
    low, high = calibration.coverage_interval(everything, rng)
    shares = calibration.coverage(everything)
    columns = [f"{share:.0%} interval" for share in SHARES]
    total = [f"{s:.1%} [{a:.1%}, {b:.1%}]" for s, a, b in zip(shares, low, high)]
    accepted = [f"{a:.0%} to {b:.0%}" for a, b in ACCEPTED]
    n = sum(map(len, everything))
    rows = [["all", str(n), *total], ["calibrated means", "", *accepted]]
    for first, last in _RANGES:
        parts = [s.places[(s.trials >= first) & (s.trials < last)] for s in studies]
        if count := sum(map(len, parts)):
            rows.append([f"trials {first} to {last - 1}", str(count), *_percent(parts)])
    problems = dict.fromkeys(study.problem for study in studies)
    by_problem = []
    for problem in problems:
        parts = [s.places for s in studies if s.problem == problem]
        by_problem.append([problem, str(sum(map(len, parts))), *_percent(parts)])
    return [
        Table("Outcomes inside the predicted intervals", ["", "predictions", *columns], rows),
        Table("By problem", ["problem", "predictions", *columns], by_problem),
    ]


def _percent(places: Sequence[FloatArray]) -> list[str]:
    return [show_number(share, "{:.1%}") for share in calibration.coverage(places)]
