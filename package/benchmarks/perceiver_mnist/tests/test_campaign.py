"""The measuring campaign: its design, and that it survives being killed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
import dataclasses
from datetime import date
from datetime import datetime
from datetime import timezone
import json
import math
import os
from pathlib import Path
import re
import signal
import subprocess
import sys
import threading
import time
import types
from types import ModuleType
from typing import Any

import pytest


Submodule = Callable[[str], ModuleType]

# Runs the campaign on a lattice of 2 x 2 x 2 cells. At the top level, because the spawned workers
# import this file before they look their preset up.
_DRIVER = """
import dataclasses
from datetime import date
from datetime import datetime
from datetime import timezone
import sys

sys.path.insert(0, {root!r})
from package.benchmarks.perceiver_mnist import campaign
from package.benchmarks.perceiver_mnist.measuring import design
from package.benchmarks.perceiver_mnist import presets

design.N_LEARNING_RATES = 2
design.N_REPEATS = 8
design.N_HELD_OUT = 8
name = "full" if "fast" in sys.argv else "small"
presets.PRESETS[name] = dataclasses.replace(
    presets.PRESETS["small"],
    name=name,
    depth=presets.Range(2, 3, 1),
    latent_dim=presets.Range(8, 12, 4),
    num_latents=presets.Range(4, 6, 2),
    n_train=256,
    n_test=64,
    batch_size=8,
)
if __name__ == "__main__":
    sys.exit(campaign.main())
"""
N_RUNS = 8 * (2 + 1 + 1)


def _design(submodule: Submodule, preset_name: str) -> list[Any]:
    design, presets = submodule("measuring.design"), submodule("presets")
    return [run for group in design.design(presets.get_preset(preset_name)) for run in group]


def test_design_covers_the_whole_lattice_once(submodule: Submodule) -> None:
    preset, design = submodule("presets").get_preset("small"), submodule("measuring.design")
    runs = _design(submodule, "small")
    assert Counter(run.role for run in runs) == {
        "lattice": 343 * design.N_LEARNING_RATES,
        "repeat": design.N_REPEATS,
        "held_out": design.N_HELD_OUT,
    }
    assert len(runs) >= 2000
    points = Counter((run.cell, run.learning_rate) for run in runs if run.role == "lattice")
    assert len(points) == 343 * design.N_LEARNING_RATES
    rates = sorted({point[-1] for point in points})
    assert (rates[0], rates[-1]) == (preset.learning_rate.low, preset.learning_rate.high)
    for role in ("repeat", "held_out"):
        cells = Counter(run.cell for run in runs if run.role == role)
        assert set(cells.values()) == {1}
    assert all(run.learning_rate in rates for run in runs if run.role == "repeat")
    assert all(rates[0] < run.learning_rate < rates[-1] for run in runs if run.role == "held_out")


def test_scattered_design_has_every_cell_at_rates_of_its_own(submodule: Submodule) -> None:
    preset, design = submodule("presets").get_preset("full"), submodule("measuring.design")
    runs = _design(submodule, "full")
    assert len(runs) >= 1500
    once = [run for run in runs if run.role != "repeat"]
    repeats = [run for run in runs if run.role == "repeat"]
    assert len(repeats) >= 150
    assert Counter(Counter(run.cell for run in once).values()) == {design.N_RATES_A_CELL: 343}
    known = {(run.cell, run.learning_rate) for run in once}
    assert len(known) == len(once)
    assert all((run.cell, run.learning_rate) in known for run in repeats)
    low, high = preset.learning_rate.low, preset.learning_rate.high
    for cell in {run.cell for run in once}:
        positions = sorted(
            math.log(run.learning_rate / low) / math.log(high / low)
            for run in once
            if run.cell == cell
        )
        parts = [int(design.N_RATES_A_CELL * position + 1e-6) for position in positions]
        assert parts == list(range(design.N_RATES_A_CELL))
    held_out = {run.cell for run in once if run.role == "held_out"}
    assert len(held_out) == 343 // design.HELD_OUT_EVERY
    assert not held_out & {run.cell for run in once if run.role == "design"}


def test_groups_of_the_scattered_design_can_be_trained_side_by_side(submodule: Submodule) -> None:
    groups = submodule("measuring.design").design(submodule("presets").get_preset("full"))
    assert all(len({run.cell for run in group}) == 1 for group in groups)
    alone = [group[0] for group in groups if len(group) == 1]
    assert {run.role for run in alone} == {"repeat"}
    assert len(alone) >= 80  # these tell what a run costs
    for name in ("depth", "latent_dim", "num_latents"):
        assert len({getattr(run, name) for run in alone}) == 7


@pytest.mark.parametrize("preset_name", ["small", "full"])
def test_every_run_has_its_own_training_seed(submodule: Submodule, preset_name: str) -> None:
    runs = _design(submodule, preset_name)
    assert [run.training_seed for run in runs] == list(range(len(runs)))


@pytest.mark.parametrize("preset_name", ["small", "full"])
def test_design_is_always_the_same(submodule: Submodule, preset_name: str) -> None:
    # A campaign that was interrupted goes by the training seeds: they must mean the same runs.
    assert _design(submodule, preset_name) == _design(submodule, preset_name)


@pytest.mark.parametrize("preset_name", ["small", "full"])
def test_every_beginning_of_the_design_covers_the_space(
    submodule: Submodule, preset_name: str
) -> None:
    runs = _design(submodule, preset_name)[:343]
    for name in ("depth", "latent_dim", "num_latents"):
        counts = Counter(getattr(run, name) for run in runs)
        assert len(counts) == 7 and min(counts.values()) > 20


def test_cut_last_line_is_left_out_and_spoils_no_later_one(
    submodule: Submodule, tmp_path: Path
) -> None:
    files = submodule("measuring.record_file")
    path = tmp_path / "folder" / "records.jsonl"
    assert files.read_records(path) == []
    with files.locked(path):
        files.end_last_line(path)
    assert path.read_bytes() == b""
    path.write_bytes(b'{"training_seed": 0}\n{"training_seed": 1, "lo\0\0')
    assert [record["training_seed"] for record in files.read_records(path)] == [0]
    files.end_last_line(path)
    files.append_record(path, {"training_seed": 1})
    assert [record["training_seed"] for record in files.read_records(path)] == [0, 1]
    before = path.read_bytes()
    files.end_last_line(path)
    assert path.read_bytes() == before


def _records(submodule: Submodule, preset_name: str) -> list[dict[str, Any]]:
    runs = _design(submodule, preset_name)[:3]
    return [dataclasses.asdict(run) | {"device": "cpu"} for run in runs]


def _write(path: Path, records: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("other preset", "no run of the design of preset 'small': {'depth': "),
        ("other learning rate", "no run of the design of preset 'small'.*'learning_rate': 0.5"),
        ("other seed", "no run of the design of preset 'small'.*'training_seed': 99999"),
        ("other device", "runs on NVIDIA H200, with whose seconds those on cpu do not compare"),
        ("other trainer", "runs of --trainer fast.*go on with --trainer fast, or give a new file"),
        ("side by side", "runs of --trainer fast, with whose seconds those of --trainer plain do"),
        ("no record", "no run of the design of preset 'small'"),
        ("no JSON", "line 1 is '5', but must be a JSON object"),
        ("no text", "line 1 is .*, but must be a JSON object"),
        ("folder", "Is a directory"),
    ],
)
def test_file_of_something_else_is_an_error_and_stays_as_it_is(
    submodule: Submodule,
    small_mnist: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    content: str,
    message: str,
) -> None:
    pytest.importorskip("torchvision")
    _shrink(submodule, monkeypatch)
    out = tmp_path / "records.jsonl"
    records = _records(submodule, "full" if content == "other preset" else "small")
    if content == "other learning rate":
        records[1]["learning_rate"] = 0.5
    elif content == "other seed":
        records[1]["training_seed"] = 99999
    elif content == "other device":
        records[1]["device"] = "NVIDIA H200"
    elif content == "other trainer":
        records[1]["trainer"] = "fast"
    elif content == "side by side":
        records[1]["side_by_side"] = 4
    elif content == "no record":
        records[1] = {"matrix_rate": 1.0}
    _write(out, records)
    if content == "no JSON":
        out.write_text("5\n")
    elif content == "no text":
        out.write_bytes(b"\xff\xfe\x00")
    elif content == "folder":
        out.unlink()
        out.mkdir()
    before = out.read_bytes() if out.is_file() else None
    with pytest.raises(SystemExit):
        submodule("campaign").main(["--out", str(out), "--data-root", str(small_mnist)])
    last = capsys.readouterr().err.splitlines()[-1]
    assert re.search(f"--out {re.escape(str(out))}: .*{message}", last)
    assert before is None or out.read_bytes() == before


@pytest.mark.parametrize("recorded", ["1.0", "this", None])
def test_campaign_says_that_it_goes_on_with_another_torch(
    submodule: Submodule,
    small_mnist: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    recorded: str | None,
) -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("torchvision")
    _shrink(submodule, monkeypatch)
    monkeypatch.setattr(submodule("campaign"), "plain_records", lambda *_, **__: iter([]))
    out = tmp_path / "records.jsonl"
    records = _records(submodule, "small")
    if recorded is not None:
        version = torch.__version__ if recorded == "this" else recorded
        records = [record | {"torch": version} for record in records]
    _write(out, records)
    arguments = ["--out", str(out), "--data-root", str(small_mnist)]
    assert submodule("campaign").main(arguments) == 0
    told = capsys.readouterr().err.splitlines()
    if recorded == "1.0":
        expected = f"--out {out} holds runs made with torch 1.0, and goes on with torch "
        assert len(told) == 1 and told[0].startswith(expected + torch.__version__)
    else:
        assert told == []


def _shrink(submodule: Submodule, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the presets' data as small as the made-up data set."""
    presets = submodule("presets").PRESETS
    for name, preset in presets.items():
        small = dataclasses.replace(preset, n_train=256, n_test=64)
        monkeypatch.setitem(presets, name, small)


@pytest.fixture
def preset_of_256(submodule: Submodule, monkeypatch: pytest.MonkeyPatch) -> None:
    """Presets whose data is as small as the made-up data set."""
    _shrink(submodule, monkeypatch)


def test_campaign_goes_on_with_what_is_left_until_a_time_counted_from_its_start(
    submodule: Submodule,
    small_mnist: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("torchvision")
    campaign, data = submodule("campaign"), submodule("training.data")
    _shrink(submodule, monkeypatch)
    now = [1000.0]
    monkeypatch.setattr(campaign.time, "monotonic", lambda: now[0])
    load = data.load_images

    def load_slowly(*arguments: Any) -> Any:
        now[0] += 50.0
        return load(*arguments)

    asked: dict[str, Any] = {}

    def fast_records(groups: Any, **more: Any) -> Any:
        asked.update(more, groups=groups)
        yield from (dataclasses.asdict(run) | {"loss": 0.5} for run in groups[0])

    monkeypatch.setattr(data, "load_images", load_slowly)
    monkeypatch.setattr(campaign, "fast_records", fast_records)
    out = tmp_path / "records.jsonl"
    _write(out, _records(submodule, "full"))
    arguments = ["--preset", "full", "--trainer", "fast", "--data-root", str(small_mnist)]
    assert campaign.main([*arguments, "--out", str(out), "--minutes", "2"]) == 0
    assert asked["deadline"] == 1000.0 + 120.0
    left = [run for group in asked["groups"] for run in group]
    assert left == _design(submodule, "full")[3:]
    made = [json.loads(line) for line in out.read_text().splitlines()[3:]]
    assert [record["training_seed"] for record in made] == [3]
    assert all(made[0][name] for name in ("python", "torch", "torchvision", "machine"))
    assert made[0]["trainer"] == "fast"
    today = datetime.now(timezone.utc).date()
    assert (today - date.fromisoformat(made[0]["date"])).days in (0, 1)
    assert f"3 of {len(left) + 3} runs done" in capsys.readouterr().out


class _Trainer:
    """In place of the fast one: with memory for so many runs side by side, and for none in the end.

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
    small_mnist: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("torchvision")
    _shrink(submodule, monkeypatch)
    _train_by(_Trainer(5, _measured(submodule), n_in_all=7), submodule, monkeypatch)
    out = tmp_path / "records.jsonl"
    arguments = ["--preset", "full", "--trainer", "fast", "--data-root", str(small_mnist)]
    assert submodule("campaign").main([*arguments, "--out", str(out)]) == 1
    # Of the third group, in halves, two fit.
    records = [json.loads(line) for line in out.read_text().splitlines()]
    runs = _design(submodule, "full")
    assert [record["training_seed"] for record in records] == list(range(7))
    (line,) = capsys.readouterr().err.splitlines()
    for name in ("depth", "latent_dim", "num_latents", "learning_rate", "training_seed"):
        assert f"{name}={getattr(runs[7], name)}" in line
    assert "too little free memory" in line and line.endswith("The same command continues.")


def test_plain_run_that_does_not_fit_the_device_is_named(
    submodule: Submodule, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch = pytest.importorskip("torch")
    engines = submodule("measuring.engines")

    def train(*_: Any, **__: Any) -> None:
        raise torch.cuda.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(submodule("training.plain_training"), "train", train)
    monkeypatch.setattr(engines, "_worker_state", {"preset": None, "images": None})
    run = _design(submodule, "full")[0]
    with pytest.raises(engines.DoesNotFitError, match=f"learning_rate={run.learning_rate}"):
        engines._measure(run, math.inf)


def test_plain_run_whose_turn_comes_after_the_deadline_is_not_begun(
    submodule: Submodule, monkeypatch: pytest.MonkeyPatch
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
    first, second = _design(submodule, "full")[:2]
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
    submodule: Submodule, monkeypatch: pytest.MonkeyPatch
) -> None:
    engines = submodule("measuring.engines")
    executor = _Executor(engines.DoesNotFitError("no memory"))
    monkeypatch.setattr(engines, "ProcessPoolExecutor", lambda *_, **__: executor)
    runs = _design(submodule, "small")[:40]
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
    submodule: Submodule, monkeypatch: pytest.MonkeyPatch, errors: list[BaseException]
) -> list[int]:
    """Seeds of the runs that are kept of three that were begun, and of six handed out.

    Args:
        submodule: Imports a module of the package.
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
        _make(engines, _design(submodule, "small"), 3, made)
    return sorted(made)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("of another run")])
def test_runs_that_were_begun_when_the_campaign_ends_are_kept(
    submodule: Submodule, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    assert _interrupted_campaign(submodule, monkeypatch, [error]) == [0, 1, 2]


def test_second_ctrl_c_does_not_wait_for_them(
    submodule: Submodule, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = []
    process = types.SimpleNamespace(kill=lambda: killed.append("killed"))
    multiprocessing = submodule("measuring.engines").multiprocessing
    monkeypatch.setattr(multiprocessing, "active_children", lambda: [process])
    errors: list[BaseException] = [KeyboardInterrupt(), KeyboardInterrupt()]
    assert _interrupted_campaign(submodule, monkeypatch, errors) == []
    assert killed == ["killed"]


def test_file_that_cannot_be_written_ends_the_campaign_in_a_line(
    submodule: Submodule, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    campaign = submodule("campaign")
    out = tmp_path / "folder" / "records.jsonl"  # as if it were gone all of a sudden
    assert campaign._write(iter([{"training_seed": 0}]), out, {}, n_left=1) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert str(out) in line and "The same command continues." in line


@pytest.mark.parametrize("arguments", [["--minutes", "nan"], ["--minutes", "-1"]])
def test_time_box_is_a_number_from_0(
    submodule: Submodule,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
) -> None:
    with pytest.raises(SystemExit):
        submodule("campaign").main(["--out", str(tmp_path / "records.jsonl"), *arguments])
    assert f"is {arguments[1]}, but must be a number from 0" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [([], "MNIST is not at data_root"), (["--workers", "0"], "--workers is 0")],
)
def test_wrong_arguments_end_before_any_run(
    submodule: Submodule,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    pytest.importorskip("torchvision")
    out = tmp_path / "records.jsonl"
    arguments = ["--out", str(out), "--data-root", str(tmp_path), *arguments]
    with pytest.raises(SystemExit):
        submodule("campaign").main(arguments)
    assert message in capsys.readouterr().err
    assert not out.exists()


def test_campaign_without_torchvision_says_what_to_install(
    submodule: Submodule,
    small_mnist: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("torch")
    monkeypatch.setitem(sys.modules, "torchvision.datasets", None)
    out = str(tmp_path / "out.jsonl")
    with pytest.raises(SystemExit):
        submodule("campaign").main(["--data-root", str(small_mnist), "--out", out])
    assert "pip install torch torchvision" in capsys.readouterr().err


def test_campaign_does_not_measure_the_seconds_of_other_kernels(
    submodule: Submodule,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("torchvision")
    cuda = torch.device("cuda")
    monkeypatch.setattr(submodule("training.devices"), "resolve_device", lambda name: cuda)
    monkeypatch.setattr(submodule("training.fused"), "find_spec", lambda name: None)
    with pytest.raises(SystemExit):
        submodule("campaign").main(["--trainer", "fast", "--out", str(tmp_path / "out.jsonl")])
    assert "The fast trainer needs triton on CUDA" in capsys.readouterr().err


def _main(submodule: Submodule, program: str, out: Path, data_root: Path) -> int:
    arguments = ["--out", str(out), "--data-root", str(data_root), "--device", "cpu"]
    return int(submodule(program).main([*arguments, "--preset", "small"]))


PROGRAMS = pytest.mark.parametrize("program", ["campaign", "compare_trainers"])


@PROGRAMS
def test_ctrl_c_ends_it_in_a_line_at_any_time(
    submodule: Submodule,
    small_mnist: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    program: str,
) -> None:
    pytest.importorskip("torchvision")

    def load_images(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(submodule("training.data"), "load_images", load_images)
    assert _main(submodule, program, tmp_path / "out.jsonl", small_mnist) == 130
    assert capsys.readouterr().err == "Interrupted. The same command continues.\n"


@PROGRAMS
def test_folder_that_may_not_be_read_is_told_in_a_line(
    submodule: Submodule,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    program: str,
) -> None:
    pytest.importorskip("torchvision")

    def is_file(path: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_file", is_file)
    with pytest.raises(SystemExit):
        _main(submodule, program, tmp_path / "out.jsonl", tmp_path)
    assert "Permission denied" in capsys.readouterr().err.splitlines()[-1]


@PROGRAMS
def test_without_torch_it_says_what_to_install(
    submodule: Submodule,
    small_mnist: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    program: str,
) -> None:
    called = submodule(program)
    for name in ("torch", "torchvision.datasets"):
        monkeypatch.setitem(sys.modules, name, None)
        with pytest.raises(SystemExit):
            _main(lambda _: called, program, tmp_path / "out.jsonl", small_mnist)
        assert "pip install torch torchvision" in capsys.readouterr().err
        monkeypatch.undo()


def test_comparison_is_reported_without_torch(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text('{"matrix_rate": 1.0}\n')
    program = (
        "import sys; sys.modules['torch'] = None; "
        f"sys.path.insert(0, {str(Path(__file__).parents[4])!r}); "
        "from package.benchmarks.perceiver_mnist import compare_trainers; "
        f"compare_trainers.main(['--report', '--out', {str(out)!r}])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.startswith("| depth, channels, latents |"), done.stderr


@pytest.mark.skipif(os.name != "posix", reason="needs locks")
@PROGRAMS
def test_second_program_is_kept_out_of_a_file_of_records(
    submodule: Submodule,
    preset_of_256: None,
    small_mnist: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    program: str,
) -> None:
    pytest.importorskip("torchvision")
    out = tmp_path / "folder" / "out.jsonl"
    with submodule("measuring.record_file").locked(out), pytest.raises(SystemExit):
        _main(submodule, program, out, small_mnist)
    assert f"--out {out}: another program is adding runs" in capsys.readouterr().err
    assert out.read_bytes() == b""
    with submodule("measuring.record_file").locked(out):  # It was given back.
        pass


def _start(driver: Path, out: Path, data_root: Path, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(driver), "--data-root", str(data_root), "--out", str(out)]
    command += more
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _wait_for_lines(path: Path, n: int, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 600
    while not path.exists() or path.read_bytes().count(b"\n") < n:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _children(pid: int) -> list[int]:
    try:
        return [
            int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        ]
    except OSError:
        return []


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def driver(tmp_path: Path) -> Path:
    path = tmp_path / "driver.py"
    path.write_text(_DRIVER.format(root=str(Path(__file__).parents[4])))
    return path


@pytest.mark.slow
def test_killed_campaign_continues_and_makes_each_run_once(
    driver: Path, tmp_path: Path, small_mnist: Path
) -> None:
    pytest.importorskip("torchvision")
    out = tmp_path / "records.jsonl"
    first = _start(driver, out, small_mnist)
    _wait_for_lines(out, 3, first)
    workers = _children(first.pid)
    first.send_signal(signal.SIGKILL)
    first.wait(timeout=600)
    deadline = time.monotonic() + 600
    while any(map(_runs, workers)):  # no worker outlives the main process
        assert time.monotonic() < deadline
        time.sleep(0.05)
    n_before = len(out.read_text().splitlines())
    assert n_before < N_RUNS
    with open(out, "a") as file:  # as if killed in the middle of a write
        file.write('{"role": "lattice", "dep')

    second = _start(driver, out, small_mnist)
    output, errors = second.communicate(timeout=600)
    assert second.returncode == 0, errors
    assert f"{n_before} of {N_RUNS} runs done" in output
    lines = out.read_text().splitlines()
    records = []
    for line in lines:
        try:
            records.append(json.loads(line))
        except json.JSONDecodeError:
            assert line == '{"role": "lattice", "dep'
    assert Counter(record["training_seed"] for record in records) == dict.fromkeys(
        range(N_RUNS), 1
    )
    assert all(record["loss_curve"] and record["torch"] for record in records)


@pytest.mark.slow
def test_killed_fast_campaign_continues_and_makes_each_run_once(
    driver: Path, tmp_path: Path, small_mnist: Path
) -> None:
    pytest.importorskip("torchvision")
    out = tmp_path / "records.jsonl"
    arguments = ["--preset", "full", "--trainer", "fast"]
    first = _start(driver, out, small_mnist, *arguments)
    _wait_for_lines(out, 6, first)
    first.send_signal(signal.SIGKILL)
    first.wait(timeout=600)
    n_before = len(out.read_text().splitlines())
    n_runs = 8 * 5
    assert n_before < n_runs

    second = _start(driver, out, small_mnist, *arguments)
    output, errors = second.communicate(timeout=600)
    assert second.returncode == 0, errors
    assert f"{n_before} of {n_runs} runs done" in output
    records = list(map(json.loads, out.read_text().splitlines()))
    assert Counter(r["training_seed"] for r in records) == dict.fromkeys(range(n_runs), 1)
    assert {r["side_by_side"] for r in records} >= {1, 4, 5}


@pytest.mark.slow
def test_time_box_ends_a_campaign_that_can_go_on(
    driver: Path, tmp_path: Path, small_mnist: Path
) -> None:
    pytest.importorskip("torchvision")
    out = tmp_path / "records.jsonl"
    for arguments in ([], ["--preset", "full", "--trainer", "fast"]):
        process = _start(driver, out, small_mnist, *arguments, "--minutes", "0")
        output, errors = process.communicate(timeout=600)
        assert process.returncode == 0, errors
        assert "0 of " in output
        assert out.read_text() == ""


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT")
def test_interrupted_campaign_ends_in_order(
    driver: Path, tmp_path: Path, small_mnist: Path
) -> None:
    pytest.importorskip("torchvision")
    out = tmp_path / "records.jsonl"
    process = _start(driver, out, small_mnist)
    _wait_for_lines(out, 1, process)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=600)
    assert process.returncode == 130, errors
    assert "The same command continues" in errors
    assert "Traceback" not in errors
    for line in out.read_text().splitlines():
        json.loads(line)
