"""Problems that fail or return what is no number: figures that still can be believed."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.study import StudyDirection
import pytest

from benchmarks import cli
from benchmarks.analysis.curves import regret
from benchmarks.analysis.curves import run_curves
from benchmarks.analysis.curves.curve_set import Curve
from benchmarks.analysis.curves.curve_set import CurveSet
from benchmarks.analysis.curves.curve_set import Facts
from benchmarks.analysis.studies.failures import failure_note
from benchmarks.analysis.studies.results import load_runs
from benchmarks.analysis.studies.results import objective_seconds
from benchmarks.analysis.studies.results import Run
from benchmarks.analysis.studies.run_arrays import run_arrays
from benchmarks.analysis.studies.samples import to_samples
from benchmarks.errors import UsageError
from benchmarks.problems.registry import get_problem
from benchmarks.storage import opening
from benchmarks.study.reevaluation import reevaluate
from tests.commands import run_one_seed


_PROBLEMS = """
import math
import optuna

def endless(trial):
    x = trial.suggest_float("x", -5.0, 5.0)
    return math.inf if x > 0 else -math.inf if x < -4 else x * x

def broken(trial):
    trial.suggest_float("x", -5.0, 5.0)
    return undefined_name

def confused(trial):
    x = trial.suggest_float("x", 1.0, 5.0)
    odd = [math.nan, None, math.inf, "abc", -3.0][trial.number]
    for key in ("seconds", "expected_loss"):
        if key == "seconds" or trial.number < 4:
            trial.set_user_attr(key, odd)
    return x

def wordy(trial):
    trial.suggest_float("x", -5.0, 5.0)
    return "low"
"""


@pytest.fixture
def problems(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Name of a module with problems, on the path also of worker processes."""
    name = "strange_" + tmp_path.name.replace("-", "_")
    (tmp_path / f"{name}.py").write_text(_PROBLEMS, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return name


def _runs(out: Path) -> list[Run]:
    return load_runs(opening.open_storage(opening.default_url(out)))


@pytest.mark.slow
def test_infinite_values_are_no_values(
    tmp_path: Path, problems: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--problems", f"{problems}:endless", "--samplers", "random", "--trials", "30"]
    assert run_one_seed(tmp_path / "out", *arguments) == 0
    stored = [trial.values for run in _runs(tmp_path / "out") for trial in run.trials]
    assert {math.inf, -math.inf} <= {values[0] for values in stored if values is not None}
    found = run_curves.from_runs(_runs(tmp_path / "out"))
    scale = regret.find_scales(found)[f"{problems}:endless"]
    assert 0 <= scale.best < scale.median < 16
    assert cli.main(["compare", "--out", str(tmp_path / "out")]) == 0
    assert "Warning" not in capsys.readouterr().err


def test_files_with_infinite_values_still_have_a_scale() -> None:
    changes = np.array([1, 2, 3])
    curve = Curve(changes, np.array([math.inf, 4.0, 1.0]), 3)
    other = Curve(changes[:2], np.array([3.0, -math.inf]), 3)
    curve_set = CurveSet({("p", "a", 0): curve, ("p", "b", 0): other}, Facts())
    assert regret.find_scales(curve_set)["p"].best == 1.0
    assert regret.find_scales(curve_set)["p"].median == 3.0


def test_an_infinite_incumbent_is_not_measured_again() -> None:
    seen = []

    class Noted:
        search_space: dict[str, Any] = {}
        directions = [StudyDirection.MINIMIZE]

        def __call__(self, trial: Any) -> float:
            seen.append(trial.suggest_float("x", 0.0, 9.0))
            return -math.inf

    space: dict[str, Any] = {"x": optuna.distributions.FloatDistribution(0.0, 9.0)}
    trials = [
        optuna.trial.create_trial(params={"x": x}, distributions=space, value=value)
        for x, value in ((1.0, -math.inf), (2.0, 5.0), (3.0, 7.0))
    ]
    values = reevaluate(trials, StudyDirection.MINIMIZE, lambda seed: Noted(), 0, range(1))
    assert (seen, values) == ([2.0], [math.inf])


@pytest.mark.slow
def test_a_report_says_why_nothing_has_a_value(
    tmp_path: Path, problems: str, capsys: pytest.CaptureFixture[str]
) -> None:
    named = f"{problems}:broken,{problems}:wordy,quadratic"
    arguments = ["--problems", named, "--samplers", "random,tpe", "--trials", "2"]
    assert run_one_seed(tmp_path / "out", *arguments) == 0
    said = capsys.readouterr().out
    assert said.count("No trial of any sampler has a value; the last error: ") == 2
    assert "NameError: name 'undefined_name' is not defined" in said
    assert "the objective returned 'low', which is not one number" in said
    broken = [run for run in _runs(tmp_path / "out") if run.problem.endswith("broken")]
    fine = [run for run in _runs(tmp_path / "out") if run.problem == "quadratic"]
    assert failure_note(fine) == ""
    random_runs = [run for run in fine if run.sampler == "random"]
    only_tpe = [*[run for run in broken if run.sampler == "tpe"], *random_runs]
    assert failure_note(only_tpe).startswith("No trial of tpe has a value; the last error: Name")


def test_a_misspelt_problem_is_compared_with_no_modules(problems: str) -> None:
    with pytest.raises(UsageError) as raised:
        get_problem(f"{problems}:brokne")
    told = "got 'brokne'. Did you mean 'broken'? Accepts endless, broken, confused, wordy."
    assert told in str(raised.value)


@pytest.mark.slow
@pytest.mark.parametrize("parallel", ["1", "2"])
def test_numbers_that_a_problem_gets_wrong_are_not_told(
    tmp_path: Path, problems: str, parallel: str
) -> None:
    arguments = ["--problems", f"{problems}:confused", "--samplers", "random", "--trials", "5"]
    assert run_one_seed(tmp_path / "out", *arguments, "--parallel", parallel) == 0
    (run,) = _runs(tmp_path / "out")
    attrs = [trial.user_attrs for trial in run.trials]
    assert [objective_seconds(trial) for trial in run.trials] == [
        a["objective_seconds"] for a in attrs
    ]
    arrays = run_arrays(run)
    assert np.array_equal(arrays.losses, arrays.noise_free) and np.isfinite(arrays.losses).all()
    (sample,) = to_samples([run])
    assert np.isnan(sample.expected).all()
