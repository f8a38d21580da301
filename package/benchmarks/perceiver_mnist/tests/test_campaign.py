"""The measuring campaign: its design, and that it survives being killed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
import json
import math
import os
from pathlib import Path
import signal
import subprocess
import sys
import time
from types import ModuleType
from typing import Any

import pytest


Submodule = Callable[[str], ModuleType]

# Runs the campaign on a lattice of 2 x 2 x 2 cells. At the top level, because the spawned workers
# import this file before they look their preset up.
_DRIVER = """
import dataclasses
import sys

sys.path.insert(0, {root!r})
from package.benchmarks.perceiver_mnist import campaign
from package.benchmarks.perceiver_mnist import design
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
    design, presets = submodule("design"), submodule("presets")
    return [run for group in design.design(presets.get_preset(preset_name)) for run in group]


def test_design_covers_the_whole_lattice_once(submodule: Submodule) -> None:
    preset, design = submodule("presets").get_preset("small"), submodule("design")
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
    preset, design = submodule("presets").get_preset("full"), submodule("design")
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
    groups = submodule("design").design(submodule("presets").get_preset("full"))
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
    campaign = submodule("campaign")
    path = tmp_path / "records.jsonl"
    assert campaign.read_records(path) == []
    campaign.end_last_line(path)
    assert not path.exists()
    path.write_text('{"training_seed": 0}\n{"training_seed": 1, "lo')
    assert [record["training_seed"] for record in campaign.read_records(path)] == [0]
    campaign.end_last_line(path)
    with open(path, "a") as file:
        campaign.append_record(file, {"training_seed": 1})
    assert [record["training_seed"] for record in campaign.read_records(path)] == [0, 1]
    before = path.read_bytes()
    campaign.end_last_line(path)
    assert path.read_bytes() == before


def test_wrong_arguments_end_before_any_run(
    submodule: Submodule, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torchvision")
    out = tmp_path / "records.jsonl"
    arguments = ["--out", str(out), "--data-root", str(tmp_path)]
    with pytest.raises(SystemExit):
        submodule("campaign").main(arguments)
    assert "MNIST is not at data_root" in capsys.readouterr().err
    assert not out.exists()


def _start(driver: Path, out: Path, data_root: Path, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(driver), "--data-root", str(data_root), "--out", str(out)]
    command += more
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _wait_for_lines(path: Path, n: int, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 240
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
    first.wait(timeout=60)
    deadline = time.monotonic() + 60
    while any(map(_runs, workers)):  # no worker outlives the main process
        assert time.monotonic() < deadline
        time.sleep(0.05)
    n_before = len(out.read_text().splitlines())
    assert n_before < N_RUNS
    with open(out, "a") as file:  # as if killed in the middle of a write
        file.write('{"role": "lattice", "dep')

    second = _start(driver, out, small_mnist)
    output, errors = second.communicate(timeout=240)
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
    first.wait(timeout=60)
    n_before = len(out.read_text().splitlines())
    n_runs = 8 * 5
    assert n_before < n_runs

    second = _start(driver, out, small_mnist, *arguments)
    output, errors = second.communicate(timeout=240)
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
        output, errors = process.communicate(timeout=240)
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
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130, errors
    assert "The same command continues" in errors
    assert "Traceback" not in errors
    for line in out.read_text().splitlines():
        json.loads(line)
