"""Runs of the campaign by the plain trainer in several processes, and when one ends it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
import math
import types
from types import ModuleType
from typing import Any

import pytest


Submodule = Callable[[str], ModuleType]
PlannedRuns = Callable[[str], list[Any]]


def _measured(submodule: Submodule) -> Any:
    return submodule("record").TrainingRecord(0.5, [0.5] * 8, 0.9, 1.0, 1.0, 1.0, False, "cpu")


def test_plain_run_that_does_not_fit_the_device_is_named(
    submodule: Submodule, planned_runs: PlannedRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch = pytest.importorskip("torch")
    engines = submodule("measuring.engines")

    def train(*_: Any, **__: Any) -> None:
        raise torch.cuda.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(submodule("training.plain_training"), "train", train)
    monkeypatch.setattr(engines, "_worker_state", {"preset": None, "images": None})
    run = planned_runs("full")[0]
    with pytest.raises(engines.DoesNotFitError, match=f"learning_rate={run.learning_rate}"):
        engines._measure(run, math.inf)


def test_plain_run_whose_turn_comes_after_the_deadline_is_not_begun(
    submodule: Submodule, planned_runs: PlannedRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch")
    engines, begun = submodule("measuring.engines"), []

    def train(*_: Any, **params: Any) -> Any:
        begun.append(params["training_seed"])
        return _measured(submodule)

    monkeypatch.setattr(submodule("training.plain_training"), "train", train)
    monkeypatch.setattr(engines, "_worker_state", {"preset": None, "images": None})
    clock = types.SimpleNamespace(monotonic=lambda: 100.0)
    monkeypatch.setattr(engines, "time", clock)
    first, second = planned_runs("full")[:2]
    assert engines._measure(first, deadline=100.5)["training_seed"] == 0
    assert engines._measure(second, deadline=100.0) is None
    assert begun == [0]


class _Executor:
    """In place of processes: all is done at once, and the first run does not fit."""

    def __init__(self, error: Exception) -> None:
        self._error: Exception | None = error

    def shutdown(self, **_: Any) -> None:
        pass

    def submit(self, measure: Any, run: Any, deadline: float) -> Future[Any]:
        future: Future[Any] = Future()
        if self._error is None:
            future.set_result({"training_seed": run.training_seed})
        else:
            future.set_exception(self._error)
            self._error = None
        return future


def _make(engines: Any, runs: list[Any], n_workers: int, made: list[int]) -> None:
    """Make the plain trainer's runs of one group, and note the seeds until it ends or raises."""
    for record in engines.plain_records(
        [runs],
        preset_name="small",
        data_root="data",
        device="cpu",
        n_workers=n_workers,
        deadline=math.inf,
    ):
        made.append(record["training_seed"])


def test_what_was_measured_beside_a_run_that_does_not_fit_is_kept(
    submodule: Submodule, planned_runs: PlannedRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    engines = submodule("measuring.engines")
    executor = _Executor(engines.DoesNotFitError("no memory"))
    monkeypatch.setattr(engines, "ProcessPoolExecutor", lambda *_, **__: executor)
    runs = planned_runs("small")[:40]
    made: list[int] = []
    with pytest.raises(engines.DoesNotFitError):
        _make(engines, runs, 20, made)
    assert sorted(made) == list(range(1, 40))


class _BusyExecutor:
    """In place of processes: so many runs are begun, and end when they are waited for."""

    def __init__(self, n_begun: int) -> None:
        self._n_begun = n_begun
        self.begun: dict[Future[Any], int] = {}

    def shutdown(self, **_: Any) -> None:
        pass

    def submit(self, measure: Any, run: Any, deadline: float) -> Future[Any]:
        future: Future[Any] = Future()
        if len(self.begun) < self._n_begun:
            future.set_running_or_notify_cancel()
            self.begun[future] = run.training_seed
        return future


def _interrupted_campaign(
    submodule: Submodule,
    runs: list[Any],
    monkeypatch: pytest.MonkeyPatch,
    errors: list[BaseException],
) -> list[int]:
    """Seeds of the runs that are kept of three that were begun, and of six handed out.

    Args:
        submodule: Imports a module of the package.
        runs: Of the design.
        monkeypatch: Of the test.
        errors: What is raised where the runs are waited for, one each time.
    """
    engines, executor = submodule("measuring.engines"), _BusyExecutor(3)

    def wait(futures: set[Future[Any]], **_: Any) -> None:
        if errors:
            raise errors.pop(0)
        assert futures == set(executor.begun)
        for future, seed in executor.begun.items():
            future.set_result({"training_seed": seed})

    monkeypatch.setattr(engines, "ProcessPoolExecutor", lambda *_, **__: executor)
    monkeypatch.setattr(engines, "wait", wait)
    made: list[int] = []
    with pytest.raises(type(errors[0])):
        _make(engines, runs, 3, made)
    return sorted(made)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("of another run")])
def test_runs_that_were_begun_when_the_campaign_ends_are_kept(
    submodule: Submodule,
    planned_runs: PlannedRuns,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
) -> None:
    runs = planned_runs("small")
    assert _interrupted_campaign(submodule, runs, monkeypatch, [error]) == [0, 1, 2]


def test_second_ctrl_c_does_not_wait_for_them(
    submodule: Submodule, planned_runs: PlannedRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = []
    process = types.SimpleNamespace(kill=lambda: killed.append("killed"))
    multiprocessing = submodule("measuring.engines").multiprocessing
    monkeypatch.setattr(multiprocessing, "active_children", lambda: [process])
    errors: list[BaseException] = [KeyboardInterrupt(), KeyboardInterrupt()]
    assert _interrupted_campaign(submodule, planned_runs("small"), monkeypatch, errors) == []
    assert killed == ["killed"]
