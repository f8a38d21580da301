"""The problem's face to the user, on the measured table. Needs no torch."""

from __future__ import annotations

import json
import math
from pathlib import Path
import pickle
import subprocess
import sys
from types import ModuleType
from typing import Any

import numpy as np
import optuna
import pytest


PARAMS = {"depth": 3, "latent_dim": 20, "num_latents": 10, "learning_rate": 0.004}
PACKAGE = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def table(small_table: Any) -> Any:
    return small_table


@pytest.fixture
def problem(package: ModuleType, table: Any) -> Any:
    return package.Problem()


def test_small_preset_has_a_table(package: ModuleType) -> None:
    package.Problem("small", "table")


def test_search_space_is_a_new_copy_each_time(problem: Any) -> None:
    space = problem.search_space
    assert list(space) == ["depth", "latent_dim", "num_latents", "learning_rate"]
    assert space["latent_dim"] == optuna.distributions.IntDistribution(8, 32, step=4)
    assert space["learning_rate"] == optuna.distributions.FloatDistribution(5e-4, 5e-2, log=True)
    space["depth"].high = 99
    del space["learning_rate"]
    assert problem.search_space["depth"].high == 8
    assert "learning_rate" in problem.search_space


def test_study_optimizes_and_records_what_was_measured(problem: Any) -> None:
    study = optuna.create_study(
        directions=problem.directions, sampler=optuna.samplers.RandomSampler(seed=0)
    )
    study.optimize(problem, n_trials=20)
    assert len(study.get_trials(states=[optuna.trial.TrialState.COMPLETE])) == 20
    for trial in study.trials:
        assert trial.distributions == problem.search_space
        assert trial.value == problem.evaluate(trial.params)
        assert set(trial.user_attrs) == {
            "seconds",
            "test_accuracy",
            "loss_curve",
            "diverged",
            "peak_memory_mb",
            "expected_loss",
        }
        assert trial.user_attrs["expected_loss"] == problem.expected_loss(trial.params)
        assert type(trial.user_attrs["diverged"]) is bool
        json.dumps(trial.user_attrs)


def test_default_call_of_optunahub_and_fixed_trial_agree(problem: Any) -> None:
    assert problem(optuna.trial.FixedTrial(PARAMS)) == problem.evaluate(PARAMS)


def test_values_of_pandas_and_numpy_are_accepted(problem: Any) -> None:
    same = {
        "depth": np.int64(3),
        "latent_dim": np.float64(20.0),
        "num_latents": 10.0,
        "learning_rate": np.float64(0.004),
    }
    assert problem.evaluate(same) == problem.evaluate(PARAMS)


# Errors name the argument, its value and what is accepted.


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"preset": "huge"}, ValueError, ["preset", "'huge'", "full", "small"]),
        ({"preset": ["small"]}, ValueError, ["preset", "['small']", "full", "small"]),
        ({"data_root": None}, ValueError, ["data_root", "None", "folder"]),
        ({"mode": "replay"}, ValueError, ["mode", "'replay'", "table", "train"]),
        ({"device": "gpu"}, ValueError, ["device", "'gpu'", "cuda", "mps"]),
        ({"device": "cpu:1"}, ValueError, ["device", "'cpu:1'"]),
        ({"device": "cuda:"}, ValueError, ["device", "'cuda:'"]),
        ({"device": None}, ValueError, ["device", "None"]),
        ({"training_seed": -1}, ValueError, ["training_seed", "-1"]),
        ({"training_seed": 1.5}, ValueError, ["training_seed", "1.5"]),
        ({"training_seed": True}, ValueError, ["training_seed", "True"]),
    ],
)
def test_bad_argument(
    package: ModuleType, arguments: dict[str, Any], error: type[Exception], words: list[str]
) -> None:
    with pytest.raises(error) as caught:
        package.Problem(**arguments)
    assert all(word in str(caught.value) for word in words)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"depth": 9}, ["depth", "9", "[2, 3, 4, 5, 6, 7, 8]"]),
        ({"depth": 2.5}, ["depth", "2.5"]),
        ({"depth": 10**400}, ["depth", "1000"]),
        ({"learning_rate": 10**400}, ["learning_rate", "1000"]),
        ({"depth": True}, ["depth", "True"]),
        ({"depth": "3"}, ["depth", "'3'"]),
        ({"latent_dim": 10}, ["latent_dim", "10", "[8, 12,"]),
        ({"num_latents": 18}, ["num_latents", "18"]),
        ({"learning_rate": 0.06}, ["learning_rate", "0.06", "0.0005", "0.05"]),
        ({"learning_rate": 0.0}, ["learning_rate", "0.0"]),
        ({"learning_rate": math.nan}, ["learning_rate", "nan"]),
        ({"learning_rate": None}, ["learning_rate", "None"]),
        ({"momentum": 0.9}, ["momentum", "unknown"]),
    ],
)
def test_bad_parameter(problem: Any, change: dict[str, Any], words: list[str]) -> None:
    for method in (problem.evaluate, problem.run, problem.expected_loss):
        with pytest.raises(ValueError) as caught:
            method(PARAMS | change)
        assert all(word in str(caught.value) for word in words)


@pytest.mark.parametrize("params", [None, 3, list(PARAMS), "depth"])
def test_parameters_that_are_no_mapping(problem: Any, params: Any) -> None:
    with pytest.raises(ValueError, match="params is .*'num_latents'.* to a value"):
        problem.evaluate(params)


def test_missing_parameter(problem: Any) -> None:
    with pytest.raises(ValueError, match="missing.*num_latents"):
        problem.evaluate({k: v for k, v in PARAMS.items() if k != "num_latents"})


# In another process.


@pytest.mark.parametrize("preset", ["small", "full"])
def test_problem_can_be_sent_to_another_process(package: ModuleType, preset: str) -> None:
    problem = package.Problem(preset, training_seed=2**63 - 1)
    sent = pickle.dumps(problem)
    assert len(sent) < 10_000  # without the table, which is in a file
    params = {name: d.high for name, d in problem.search_space.items()}
    assert pickle.loads(sent).run(params) == problem.run(params)


def test_table_mode_imports_no_torch(table: Any) -> None:
    code = (
        "import sys, optunahub\n"
        f"package = optunahub.load_local_module({PACKAGE.name!r}, "
        f"registry_root={str(PACKAGE.parent)!r})\n"
        f"loss = package.Problem().evaluate({PARAMS!r})\n"
        "assert not {'torch', 'torchvision', 'scipy', 'pandas'} & set(sys.modules), sys.modules\n"
        "print(loss)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=600
    )
    assert result.returncode == 0, result.stderr
