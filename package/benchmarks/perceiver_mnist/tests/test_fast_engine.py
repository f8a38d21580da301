"""Runs of the campaign by the fast trainer: groups, deadlines, and devices that are too small."""

from __future__ import annotations

from collections.abc import Callable
import json
import math
from pathlib import Path
import threading
import types
from types import ModuleType
from typing import Any

import pytest


Submodule = Callable[[str], ModuleType]
PlannedRuns = Callable[[str], list[Any]]


class _Trainer:
    """In place of the fast one: with memory for so many runs side by side, and none in the end.

    Args:
        n_at_once: How many.
        record: What it measures.
        n_in_all: After so many runs, the memory is gone.
    """

    def __init__(self, n_at_once: int, record: Any, n_in_all: float = math.inf) -> None:
        self.calls: list[tuple[str, Any]] = []
        self._n_at_once, self._record, self._n_left = n_at_once, record, n_in_all

    def compile(self, start: Any) -> None:
        self.calls.append(("compile", start))

    def train(self, start: Any, rates: list[float]) -> list[Any]:
        import torch

        self.calls.append(("train", start))
        if len(rates) > min(self._n_at_once, self._n_left):
            raise torch.cuda.OutOfMemoryError("CUDA out of memory.")
        self._n_left -= len(rates)
        return [self._record] * len(rates)


def _measured(submodule: Submodule) -> Any:
    return submodule("record").TrainingRecord(0.5, [0.5] * 8, 0.9, 1.0, 1.0, 1.0, False, "cpu")


def _train_by(trainer: _Trainer, submodule: Submodule, monkeypatch: pytest.MonkeyPatch) -> None:
    fast = submodule("training.fast_training")
    monkeypatch.setattr(fast, "FastTrainer", lambda preset, images: trainer)
    monkeypatch.setattr(fast, "prepare", lambda preset, *cell_and_seeds: cell_and_seeds)


@pytest.fixture
def make_records(
    submodule: Submodule, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[_Trainer, list[list[Any]], list[dict[str, Any]]]]:
    """Trains three groups of the design where so many runs fit; trainer, groups and records.

    The deadline is on a clock that tells how many groups were trained.
    """
    pytest.importorskip("torchvision")

    def make(
        n_at_once: int, deadline: float = math.inf
    ) -> tuple[_Trainer, list[list[Any]], list[dict[str, Any]]]:
        trainer = _Trainer(n_at_once, _measured(submodule))
        _train_by(trainer, submodule, monkeypatch)
        preset = submodule("presets").get_preset("full")
        groups = submodule("measuring.design").design(preset)[:3]
        engines = submodule("measuring.engines")
        clock = types.SimpleNamespace(monotonic=lambda: len(trainer.calls) / 2)
        monkeypatch.setattr(engines, "time", clock)
        records = engines.fast_records(groups, preset=preset, images=None, deadline=deadline)
        return trainer, groups, list(records)

    return make


def test_every_group_is_compiled_before_its_seconds_are_measured(
    make_records: Callable[..., Any],
) -> None:
    trainer, groups, records = make_records(5)
    starts = [(*group[0].cell, [run.training_seed for run in group]) for group in groups]
    assert trainer.calls == [(step, start) for start in starts for step in ("compile", "train")]
    assert [(r["training_seed"], r["side_by_side"]) for r in records] == [
        (run.training_seed, len(group)) for group in groups for run in group
    ]


def test_no_group_is_begun_after_the_deadline(make_records: Callable[..., Any]) -> None:
    for n_groups in (0, 1, 2):
        _, groups, records = make_records(5, deadline=n_groups)
        assert len(records) == sum(map(len, groups[:n_groups]))


def test_group_that_is_too_large_for_the_device_is_trained_in_parts(
    make_records: Callable[..., Any],
) -> None:
    _, groups, records = make_records(2)
    assert list(map(len, groups)) == [4, 1, 5]
    assert [record["side_by_side"] for record in records] == [2, 2, 2, 2, 1, 2, 2, 1, 2, 2]
    assert [record["training_seed"] for record in records] == [
        run.training_seed for group in groups for run in group
    ]


def test_weights_are_drawn_by_one_thread_alone_where_a_group_is_too_large(
    submodule: Submodule, make_records: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Two at once would take each other's random numbers.
    engines = submodule("measuring.engines")
    threads: list[threading.Thread] = []
    start = engines._start

    def noted_start(*arguments: Any) -> Any:
        threads.append(threading.current_thread())
        return start(*arguments)

    monkeypatch.setattr(engines, "_start", noted_start)
    make_records(2)
    assert len(threads) == 3 + 2 + 2 + 2  # groups, halves of the two large ones, and of one half
    assert len(set(threads)) == 1


def test_run_that_does_not_fit_the_device_ends_the_campaign_in_a_line(
    submodule: Submodule,
    planned_runs: PlannedRuns,
    preset_of_256: None,
    small_mnist: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("torchvision")
    _train_by(_Trainer(5, _measured(submodule), n_in_all=7), submodule, monkeypatch)
    out = tmp_path / "records.jsonl"
    arguments = ["--preset", "full", "--trainer", "fast", "--data-root", str(small_mnist)]
    assert submodule("campaign").main([*arguments, "--out", str(out)]) == 1
    # Of the third group, in halves, two fit.
    records = [json.loads(line) for line in out.read_text().splitlines()]
    runs = planned_runs("full")
    assert [record["training_seed"] for record in records] == list(range(7))
    (line,) = capsys.readouterr().err.splitlines()
    for name in ("depth", "latent_dim", "num_latents", "learning_rate", "training_seed"):
        assert f"{name}={getattr(runs[7], name)}" in line
    assert "too little free memory" in line and line.endswith("The same command continues.")
