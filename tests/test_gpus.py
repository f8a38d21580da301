"""GPUs: which there are, and one worker for each."""

from __future__ import annotations

import os

import pytest

from benchmarks.engines import choice as engines
from benchmarks.engines import gpus
from benchmarks.engines import local as engine
from benchmarks.engines.jobs import Board


@pytest.mark.parametrize(
    "environment, listed, counted, found",
    [
        ({}, "GPU 0: H100 (UUID: GPU-a)\nGPU 1: H100 (UUID: GPU-b)\n", "", ["0", "1"]),
        ({}, "GPU 0: H100 (UUID: GPU-a)\n  MIG 1g Device 0: (UUID: MIG-c)\n", "", ["MIG-c"]),
        ({}, "", "3\n", ["0", "1", "2"]),
        ({}, "", "", []),
        ({"CUDA_VISIBLE_DEVICES": "4, GPU-x"}, "GPU 0: H100", "1", ["4", "GPU-x"]),
        ({"CUDA_VISIBLE_DEVICES": "2,-1,3"}, "GPU 0: H100", "1", ["2"]),
        ({"CUDA_VISIBLE_DEVICES": ""}, "GPU 0: H100", "1", []),
    ],
)
def test_visible_gpus(
    environment: dict[str, str], listed: str, counted: str, found: list[str]
) -> None:
    def run(command: list[str]) -> str:
        return listed if command[0] == "nvidia-smi" else counted

    assert gpus.visible_gpus(environment, run) == found


def test_missing_program_prints_nothing() -> None:
    assert gpus.run_text(["no-such-program-here"]) == ""


def test_one_worker_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "visible_gpus", lambda: ["5", "7"])
    assert engines.local(None, ["cpu", "cuda"], 8) == engines.Local(2, ["5", "7"])
    assert engines.local(1, ["cuda"], 8) == engines.Local(1, ["5", "7"])
    assert engines.local(None, ["cpu"], 8) == engines.Local(8, [])
    assert engines.local(None, ["mps"], 8) == engines.Local(1, [])


@pytest.mark.slow
def test_worker_sees_its_gpu_before_torch_is_there() -> None:
    executor = engine._new_executor(Board(1), "7")
    seen = executor.submit(os.getenv, gpus.VISIBLE).result()
    loaded = executor.submit(eval, "'torch' in __import__('sys').modules").result()
    executor.shutdown()
    assert (seen, loaded) == ("7", False)
