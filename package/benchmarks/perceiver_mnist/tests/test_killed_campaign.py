"""A campaign that is killed, interrupted or out of time goes on where it ended."""

from __future__ import annotations

from collections import Counter
import json
import os
from pathlib import Path
import signal
import subprocess
import sys
import time

import pytest


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
from package.benchmarks.perceiver_mnist import presets
from package.benchmarks.perceiver_mnist.measuring import design

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
