"""What makes a comparison fair: shared starts, a clock, fresh measurements, memory."""

from __future__ import annotations

import dataclasses
from pathlib import Path
import subprocess
import sys
from typing import Any

import numpy as np
import optuna
from optuna.distributions import FloatDistribution
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial
from optuna.trial import Trial
import pytest

from benchmarks.analysis.studies.results import load_runs
from benchmarks.analysis.studies.samples import to_samples
from benchmarks.contenders.contender import Contender
from benchmarks.problems.spec import Options
from benchmarks.problems.toy_problems import Quadratic
from benchmarks.storage import opening
from benchmarks.storage import store
from benchmarks.storage.study_spec import StudySpec
from benchmarks.study import runner
from benchmarks.study.reevaluation import fresh_seed


class Costly:
    """Trials of 1 to 3 seconds each; every fifth raises an error."""

    n_evaluated = 0

    @property
    def search_space(self) -> dict[str, Any]:
        return {"x": FloatDistribution(0, 1), "y": FloatDistribution(0, 1)}

    @property
    def directions(self) -> list[StudyDirection]:
        return [StudyDirection.MINIMIZE]

    def __call__(self, trial: Trial) -> float:
        x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
        trial.set_user_attr("seconds", 1 + 2 * x)
        Costly.n_evaluated += 1
        if trial.number % 5 == 4:
            raise ValueError("every fifth")
        return (x - 0.3) ** 2 + y


class Noisy:
    """A line with noise that depends on nothing but the seed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    @property
    def search_space(self) -> dict[str, Any]:
        return {"x": FloatDistribution(0, 1)}

    @property
    def directions(self) -> list[StudyDirection]:
        return [StudyDirection.MAXIMIZE]

    def __call__(self, trial: Trial) -> float:
        return trial.suggest_float("x", 0, 1) + self._seed


def _prepare(
    spec: StudySpec, folder: Path, direction: StudyDirection = StudyDirection.MINIMIZE
) -> None:
    settings = {"problem": {}, "space": {}, "sampler_version": ""}
    storage = opening.open_storage(opening.default_url(folder), create=True)
    store.prepare_study(storage, spec, settings, direction)


def _spec(folder: Path, sampler: str, n_trials: int = 12, **more: Any) -> StudySpec:
    return StudySpec("toy", sampler, 0, n_trials, Options(), opening.default_url(folder), **more)


def _stored(spec: StudySpec) -> list[FrozenTrial]:
    return store.finished_trials(
        store.load_study(opening.open_storage(spec.storage), spec.study_name)
    )


def _facts(trials: list[FrozenTrial]) -> list[Any]:
    return [(t.params, t.state, t.values, t.user_attrs.get("finished_seconds")) for t in trials]


@pytest.mark.parametrize("sampler", ["tpe", "lattice_gp", "cmaes"])
def test_all_samplers_of_a_seed_begin_with_the_same_points(tmp_path: Path, sampler: str) -> None:
    if sampler == "cmaes":
        pytest.importorskip("cmaes")
    firsts = []
    for name in (sampler, "random"):
        spec = _spec(tmp_path, name, 8, start_points=5)
        _prepare(spec, tmp_path)
        runner.run_study(spec, problem=Quadratic())
        firsts.append([trial.params for trial in _stored(spec)][:5])
    assert firsts[0] == firsts[1] and len({str(point) for point in firsts[0]}) == 5


@pytest.mark.parametrize("parallel", [1, 3])
@pytest.mark.parametrize("sampler", ["tpe", "lattice_gp"])
def test_a_stopped_study_with_start_points_ends_as_an_undisturbed_one(
    tmp_path: Path, sampler: str, parallel: int
) -> None:
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    found = []
    for folder, stops in ((whole, [12]), (stopped, [2, 3, 7, 12])):
        folder.mkdir()
        spec = _spec(folder, sampler, start_points=4, parallel=parallel)
        _prepare(spec, folder)
        for n_trials in stops:
            runner.run_study(dataclasses.replace(spec, n_trials=n_trials), problem=Costly())
        found.append(_facts(_stored(spec)))
    assert found[0] == found[1]


def test_nothing_is_evaluated_again_after_a_stop(tmp_path: Path) -> None:
    spec = _spec(tmp_path, "tpe", parallel=4)
    _prepare(spec, tmp_path)
    Costly.n_evaluated = 0
    runner.run_study(dataclasses.replace(spec, n_trials=5), problem=Costly())
    runner.run_study(spec, problem=Costly())
    assert Costly.n_evaluated == 12


@pytest.mark.parametrize("parallel", [2, 5])
def test_workers_take_the_next_trial_when_they_have_told_the_last(
    tmp_path: Path, parallel: int
) -> None:
    spec = _spec(tmp_path, "random", 20, parallel=parallel)
    _prepare(spec, tmp_path)
    runner.run_study(spec, problem=Costly())
    free = [0.0] * parallel
    for trial in _stored(spec):
        begin = min(free)
        free[free.index(begin)] = begin + trial.user_attrs["seconds"]
        assert trial.user_attrs["finished_seconds"] == pytest.approx(
            begin + trial.user_attrs["seconds"], abs=1e-5
        )


def test_a_report_sees_parallel_trials_as_they_ended(tmp_path: Path) -> None:
    spec = _spec(tmp_path, "random", 20, parallel=4)
    _prepare(spec, tmp_path)
    runner.run_study(spec, problem=Costly())
    (run,) = load_runs(opening.open_storage(spec.storage))
    (sample,) = to_samples([run])
    ended = sample.finished_at[0]
    assert np.all(np.diff(ended) >= 0)
    busy = sum(trial.user_attrs["seconds"] for trial in run.trials)
    assert busy / 4 <= ended[-1] < busy
    assert [trial.number for trial in run.trials] != list(range(20))


class Drifting(optuna.samplers.RandomSampler):
    """Never suggests the same again."""

    def __init__(self) -> None:
        super().__init__(seed=None)


@pytest.mark.slow
def test_a_sampler_that_is_not_repeatable_goes_on_with_what_is_stored(tmp_path: Path) -> None:
    spec = _spec(tmp_path, "drifting", parallel=3)
    _prepare(spec, tmp_path)
    contender = Contender("drifting", "", lambda setup: Drifting())
    runner.run_study(dataclasses.replace(spec, n_trials=6), contender=contender, problem=Costly())
    before = _facts(_stored(spec))
    runner.run_study(spec, contender=contender, problem=Costly())
    after = _stored(spec)
    assert _facts(after)[:6] == before and len(after) == 12
    ended = [trial.user_attrs["finished_seconds"] for trial in after]
    assert min(ended[6:]) > max(ended[:6])


def test_incumbents_are_measured_again_with_fresh_seeds(tmp_path: Path) -> None:
    spec = dataclasses.replace(_spec(tmp_path, "random", 5, reevaluations=2), problem="noisy")
    _prepare(spec, tmp_path, StudyDirection.MAXIMIZE)
    spec = dataclasses.replace(spec, problem_call=f"{__name__}:Noisy")
    runner.run_study(spec)
    (run,) = load_runs(opening.open_storage(spec.storage))
    best = max(trial.values[0] for trial in run.trials)
    assert run.reevaluated == pytest.approx([best + fresh_seed(0, repeat) for repeat in (0, 1)])
    # More of them only add; more trials make them anew.
    runner.run_study(dataclasses.replace(spec, reevaluations=3))
    (run,) = load_runs(opening.open_storage(spec.storage))
    assert len(run.reevaluated) == 3
    runner.run_study(dataclasses.replace(spec, n_trials=30))
    (run,) = load_runs(opening.open_storage(spec.storage))
    best = max(trial.values[0] for trial in run.trials)
    assert run.reevaluated == pytest.approx([best + fresh_seed(0, repeat) for repeat in (0, 1)])


def test_memory_is_that_of_the_study(tmp_path: Path) -> None:
    spec = _spec(tmp_path, "random", 2)
    _prepare(spec, tmp_path)
    runner.run_study(spec, problem=Quadratic())
    (run,) = load_runs(opening.open_storage(spec.storage))
    assert 10 < run.peak_memory_mib < 10_000


_HOLD_AND_RESET = """
from pathlib import Path
import numpy as np
from benchmarks.study import memory
memory.reset_peak()
before = memory.peak_mib()
assert 10 < memory.resident_mib() < before + 100, (memory.resident_mib(), before)
held = np.ones(40_000_000)
assert memory.peak_mib() > before + 200, (memory.peak_mib(), before)
del held
if Path("/proc/self/clear_refs").exists():
    memory.reset_peak()
    assert memory.peak_mib() < before + 100, (memory.peak_mib(), before)
"""


def test_peak_of_memory_goes_up_with_what_is_held_and_down_with_a_reset() -> None:
    # In a small process: of one that holds a gigabyte from earlier tests, a kernel that reclaims
    # idle pages may take more meanwhile than is added here.
    words = [sys.executable, "-c", _HOLD_AND_RESET]
    root = Path(__file__).parents[1]
    ended = subprocess.run(words, cwd=root, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
