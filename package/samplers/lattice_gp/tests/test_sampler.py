"""The sampler as Optuna sees it."""

from __future__ import annotations

from collections.abc import Callable
import os
from pathlib import Path
import subprocess
import sys
from typing import Any

import optuna
from optuna.samplers import BaseSampler
from optuna.testing.pytest_samplers import BasicSamplerTestCase
from optuna.testing.pytest_samplers import MultiObjectiveSamplerTestCase
from optuna.testing.pytest_samplers import RelativeSamplerTestCase
import optunahub
import pytest


os.environ["OPTUNAHUB_NO_ANALYTICS"] = "1"
REGISTRY_ROOT = str(Path(__file__).parents[3])
lattice_gp = optunahub.load_local_module("samplers/lattice_gp", registry_root=REGISTRY_ROOT)
LatticeGPSampler = lattice_gp.LatticeGPSampler
Objective = Callable[[optuna.Trial], float]


class TestContract(BasicSamplerTestCase, RelativeSamplerTestCase, MultiObjectiveSamplerTestCase):
    """Optuna's own test cases; the model is used after the first trial."""

    @pytest.fixture
    def sampler(self) -> Callable[[], BaseSampler]:
        return lambda: LatticeGPSampler(seed=0, n_startup_trials=1)

    @pytest.fixture(autouse=True)
    def model_never_fails(self, warnings_logged: Callable[[], list[str]]) -> Any:
        yield
        assert not [message for message in warnings_logged() if "model failed" in message]


def best_value(sampler: BaseSampler, objective: Callable[[optuna.Trial], float], n: int) -> float:
    study = optuna.create_study(sampler=sampler)
    study.optimize(objective, n_trials=n)
    return study.best_value


@pytest.mark.slow
def test_beats_random_search(perceiver_like: Objective) -> None:
    ours = [best_value(LatticeGPSampler(seed=s), perceiver_like, 30) for s in range(5)]
    random = [
        best_value(optuna.samplers.RandomSampler(seed=s), perceiver_like, 30) for s in range(5)
    ]
    assert max(ours) < min(random)


@pytest.mark.parametrize("seed", range(3))
def test_best_point_of_a_lattice_is_found_among_a_thousand(seed: int) -> None:
    def objective(trial: optuna.Trial) -> float:
        depth = trial.suggest_int("depth", 2, 8)
        width = trial.suggest_int("width", 64, 512, step=64)
        dropout = trial.suggest_float("dropout", 0.0, 0.5, step=0.1)
        loss = ((depth - 6) / 2) ** 2 + (width / 192 - 1) ** 2 + 10 * (dropout - 0.2) ** 2
        return loss + (trial.suggest_categorical("norm", ["layer", "batch", "none"]) != "batch")

    # Random search does so in one of fifty studies.
    assert best_value(LatticeGPSampler(seed=seed), objective, 20) == pytest.approx(0.0)


def test_maximizing_mirrors_minimizing(perceiver_like: Objective) -> None:
    minimized = optuna.create_study(sampler=LatticeGPSampler(seed=3))
    maximized = optuna.create_study(sampler=LatticeGPSampler(seed=3), direction="maximize")
    minimized.optimize(perceiver_like, n_trials=15)
    maximized.optimize(lambda trial: -perceiver_like(trial), n_trials=15)
    assert [t.params for t in minimized.trials] == [t.params for t in maximized.trials]


def test_first_trial_is_the_centre(perceiver_like: Objective) -> None:
    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    study.optimize(perceiver_like, n_trials=1)
    assert study.trials[0].params == {
        "depth": 5,
        "latent_dim": 320,
        "num_latents": 160,
        "learning_rate": pytest.approx(1e-3),
    }


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"seed": -1}, ValueError, ["seed", "-1", "0 or more"]),
        ({"seed": "1"}, TypeError, ["seed", "'1'", "int"]),
        ({"seed": 1.5}, TypeError, ["seed", "1.5", "int"]),
        ({"n_startup_trials": 0}, ValueError, ["n_startup_trials", "0", "1 or more"]),
        ({"n_startup_trials": True}, TypeError, ["n_startup_trials", "True", "int"]),
    ],
)
def test_bad_arguments(
    arguments: dict[str, Any], error: type[Exception], words: list[str]
) -> None:
    with pytest.raises(error) as raised:
        LatticeGPSampler(**arguments)
    assert all(word in str(raised.value) for word in words)


def test_hyperband_study(perceiver_like: Objective) -> None:
    def objective(trial: optuna.Trial) -> float:
        value = perceiver_like(trial)
        for step in range(9):
            trial.report(value + 1 / (step + 1), step)
            if trial.should_prune():
                raise optuna.TrialPruned
        return value

    study = optuna.create_study(
        sampler=LatticeGPSampler(seed=0),
        pruner=optuna.pruners.HyperbandPruner(min_resource=1, max_resource=9),
    )
    study.optimize(objective, n_trials=20)
    assert len(study.trials) == 20


def test_importing_does_not_import_torch() -> None:
    script = (
        "import sys, optunahub\n"
        f"optunahub.load_local_module('samplers/lattice_gp', registry_root={REGISTRY_ROOT!r})\n"
        "assert not {'torch', 'pandas', 'sklearn'} & set(sys.modules), 'imported'\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
