"""Studies whose process is killed: real processes, a real SQLite file."""

from __future__ import annotations

from importlib import import_module
import os
from pathlib import Path
import signal
import subprocess
import sys
import time
from typing import Any

import optuna
from optuna.trial import TrialState
import optunahub
import pytest


REGISTRY_ROOT = str(Path(__file__).parents[3])
lattice_gp = optunahub.load_local_module("samplers/lattice_gp", registry_root=REGISTRY_ROOT)
records = import_module(f"{lattice_gp.__name__}.trials.records")
storage_access = import_module(f"{lattice_gp.__name__}.basics.storage_access")
worker = import_module(f"{lattice_gp.__name__}.trials.worker")

# Runs a study up to 30 completed trials. At the 13th, it tells that it got to `hang_at` and hangs,
# to be killed there.
SCRIPT = """
import sys, time
import optuna, optunahub
registry_root, storage, hang_at = sys.argv[1:]
module = optunahub.load_local_module("samplers/lattice_gp", registry_root=registry_root)

def objective(trial):
    def hang(where):
        if trial.number == 12 and where == hang_at:
            print("hanging", flush=True)
            time.sleep(600)
    hang("before the parameters")
    depth = trial.suggest_int("depth", 2, 8)
    hang("between the parameters")
    latent_dim = trial.suggest_int("latent_dim", 128, 512, step=64)
    learning_rate = trial.suggest_float("learning_rate", 1e-4, 1e-2, log=True)
    hang("after the parameters")
    return (depth - 5) ** 2 + (latent_dim / 64 - 4) ** 2 + (learning_rate * 1e3 - 0.4) ** 2

study = optuna.create_study(
    storage=storage,
    study_name="study",
    load_if_exists=True,
    sampler=module.LatticeGPSampler(seed=11),
)
done = len(study.get_trials(states=[optuna.trial.TrialState.COMPLETE]))
study.optimize(objective, n_trials=30 - done)
"""


def start(storage: str, hang_at: str = "nowhere") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, REGISTRY_ROOT, storage, hang_at],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    )


def completed(storage: str) -> list[tuple[dict[str, Any], list[float]]]:
    study = optuna.load_study(storage=storage, study_name="study")
    return [(t.params, t.values) for t in study.get_trials(states=[TrialState.COMPLETE])]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[dict[str, Any], Any]]:
    storage = f"sqlite:///{tmp_path_factory.mktemp('undisturbed') / 'study.db'}"
    assert start(storage).wait() == 0
    trials = completed(storage)
    assert len(trials) == 30
    return trials


def kill_at_trial_12(storage: str, hang_at: str) -> None:
    process = start(storage, hang_at)
    assert process.stdout is not None
    assert process.stdout.readline() == "hanging\n"
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert len(completed(storage)) == 12


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc to tell that a process is gone")
@pytest.mark.slow
@pytest.mark.parametrize(
    "hang_at", ["before the parameters", "between the parameters", "after the parameters"]
)
def test_killed_study_ends_as_the_undisturbed_one(
    hang_at: str, tmp_path: Path, undisturbed: list[tuple[dict[str, Any], Any]]
) -> None:
    storage = f"sqlite:///{tmp_path / 'study.db'}"
    kill_at_trial_12(storage, hang_at)
    assert start(storage).wait() == 0
    assert completed(storage) == undisturbed


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc to tell that a process is gone")
def test_killed_trial_declared_failed_by_hand(
    tmp_path: Path, undisturbed: list[tuple[dict[str, Any], Any]]
) -> None:
    storage = f"sqlite:///{tmp_path / 'study.db'}"
    kill_at_trial_12(storage, "after the parameters")
    study = optuna.load_study(
        storage=storage, study_name="study", sampler=lattice_gp.LatticeGPSampler(seed=11)
    )
    study.tell(12, state=TrialState.FAIL)
    assert start(storage).wait() == 0
    assert completed(storage) == undisturbed


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc to tell that a process is gone")
def test_killed_trial_tried_again_by_the_heartbeat(
    tmp_path: Path, undisturbed: list[tuple[dict[str, Any], Any]]
) -> None:
    storage = f"sqlite:///{tmp_path / 'study.db'}"
    kill_at_trial_12(storage, "after the parameters")
    # What optuna.storages.RetryFailedTrialCallback does with a stale trial.
    study = optuna.load_study(storage=storage, study_name="study")
    stale = study.trials[12]
    study.tell(12, state=TrialState.FAIL)
    study.enqueue_trial(stale.params)
    assert start(storage).wait() == 0
    assert completed(storage) == undisturbed


def test_a_failure_of_the_objective_is_not_an_interruption() -> None:
    def objective(trial: optuna.Trial) -> float:
        trial.suggest_float("x", 0, 1)
        raise RuntimeError("out of memory")

    study = optuna.create_study(sampler=lattice_gp.LatticeGPSampler(seed=0))
    study.optimize(objective, n_trials=3, catch=RuntimeError)
    assert not any(records.is_interrupted(trial) for trial in study.trials)
    assert len({trial.params["x"] for trial in study.trials}) == 3


@pytest.mark.slow
def test_trials_asked_for_by_a_process_that_ended_still_run(tmp_path: Path) -> None:
    """With ask-and-tell, the process that asks need not be the one that evaluates."""
    storage = f"sqlite:///{tmp_path / 'study.db'}"
    script = (
        "import sys, optuna, optunahub\n"
        "root, storage = sys.argv[1:]\n"
        "module = optunahub.load_local_module('samplers/lattice_gp', registry_root=root)\n"
        "sampler = module.LatticeGPSampler(seed=0)\n"
        "study = optuna.create_study(\n"
        "    storage=storage, study_name='study', load_if_exists=True, sampler=sampler)\n"
        "study.ask({'x': optuna.distributions.IntDistribution(0, 2)})\n"
    )
    for _ in range(3):
        subprocess.run([sys.executable, "-c", script, REGISTRY_ROOT, storage], check=True)
    study = optuna.load_study(storage=storage, study_name="study")
    assert {trial.params["x"] for trial in study.trials} == {0, 1, 2}


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc to tell that a process is gone")
def test_worker_is_gone_once_killed_even_as_a_zombie() -> None:
    script = (
        "import sys, time, optunahub\n"
        "module = optunahub.load_local_module('samplers/lattice_gp', registry_root=sys.argv[1])\n"
        "print(module.trials.worker.current_worker(), flush=True)\n"
        "time.sleep(600)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, REGISTRY_ROOT], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    name = process.stdout.readline().strip()
    assert not worker.is_gone(name)
    process.kill()
    deadline = time.monotonic() + 600
    while not worker.is_gone(name) and time.monotonic() < deadline:
        time.sleep(0.01)  # not waited for: the process stays as a zombie
    assert worker.is_gone(name)
    process.wait()
    assert worker.is_gone(name)
    assert not worker.is_gone(worker.current_worker())


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc to tell that a process is gone")
def test_worker_that_the_system_hides_is_not_taken_for_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As where ``/proc`` is mounted with ``hidepid=2``, and the worker is another user's."""
    machine = worker.current_worker().rsplit("/", 2)[0]
    pid = 2**22 + 1  # above the largest of Linux

    def kill(given: int, signum: int) -> None:
        assert (given, signum) == (pid, 0)
        raise PermissionError

    assert worker.is_gone(f"{machine}/{pid}/123")
    assert worker.is_gone(f"{machine}/{10**30}/123")
    monkeypatch.setattr(os, "kill", kill)
    assert not worker.is_gone(f"{machine}/{pid}/123")


@pytest.mark.parametrize("name", ["another-boot/pid:[1]/1/1", "nonsense", "", "a/b/c/d"])
def test_workers_elsewhere_are_never_taken_for_gone(name: str) -> None:
    assert not worker.is_gone(name)


def test_private_access_still_works() -> None:
    """Notices when Optuna moves what `storage_access` relies on."""
    study = optuna.create_study()
    trial = study.ask()
    storage_access.set_trial_attribute(study, study.trials[0], "key", {"a": 1.5})
    assert study.trials[0].system_attrs["key"] == {"a": 1.5}
    study.tell(trial, 0.0)
    assert not storage_access.is_in_optimize_loop(study)
    seen: list[bool] = []

    def objective(trial: optuna.Trial) -> float:
        seen.append(storage_access.is_in_optimize_loop(trial.study))
        return 0.0

    study.optimize(objective, n_trials=2)
    study.optimize(objective, n_trials=2, n_jobs=2)
    assert seen == [True] * 4
    assert not storage_access.is_in_optimize_loop(study)


def _depths(interrupted_at: int | None) -> list[int]:
    """Those of 20 completed trials, of a study that Ctrl-C may end once and that goes on."""

    def objective(trial: optuna.Trial) -> float:
        depth = trial.suggest_int("depth", 2, 30)
        if trial.number == interrupted_at:
            raise KeyboardInterrupt
        return (depth - 5) ** 2

    study = optuna.create_study(sampler=lattice_gp.LatticeGPSampler(seed=3))
    if interrupted_at is not None:
        with pytest.raises(KeyboardInterrupt):
            study.optimize(objective, n_trials=20)
    n_done = len(study.get_trials(states=[TrialState.COMPLETE]))
    study.optimize(objective, n_trials=20 - n_done)
    trials = study.get_trials(states=[TrialState.COMPLETE])
    return [trial.params["depth"] for trial in trials]


@pytest.mark.skipif(sys.platform != "linux", reason="needs to know its processes")
def test_ctrl_c_is_no_failure_of_the_trial() -> None:
    """Also notices when Optuna moves what tells it from one."""
    assert _depths(interrupted_at=9) == _depths(interrupted_at=None)


def test_parameters_that_appear_while_a_trial_is_read_wait_for_the_next_time() -> None:
    """In memory, the dicts of a running trial are those that its own thread adds to."""
    study = optuna.create_study(sampler=lattice_gp.LatticeGPSampler(seed=0))
    asked = study.ask()
    asked.suggest_float("a", 0.0, 1.0)
    trial = study.get_trials(deepcopy=False)[0]
    record = records.RecordReader().read([trial])[0]
    trial.distributions["b"] = optuna.distributions.FloatDistribution(0.0, 1.0)
    trial.params["b"] = 0.5
    assert record.distributions.keys() == record.known.keys() == {"a"}
