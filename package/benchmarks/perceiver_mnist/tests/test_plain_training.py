"""The plain training loop, and the device that it runs on."""

from __future__ import annotations

from collections.abc import Callable
import dataclasses
import math
from pathlib import Path
import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest


torch = pytest.importorskip("torch")
pytest.importorskip("torchvision")

Submodule = Callable[[str], ModuleType]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_peak_memory_is_not_a_number_where_the_kernel_does_not_tell(
    submodule: Submodule, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = submodule("training.plain_training")
    for status, expected in (("VmHWM:\t 2000 kB\n", 2.048), ("Name:\tpython\n", math.nan)):
        monkeypatch.setattr(Path, "read_text", lambda path, status=status: status)
        found = training._peak_memory_mb(torch.device("cpu"))
        assert found == pytest.approx(expected, nan_ok=True)


def test_training_learns(submodule: Submodule, preset: Any, images: Any) -> None:
    record = submodule("training.plain_training").train(
        dataclasses.replace(preset, batch_size=2),
        images,
        depth=2,
        latent_dim=16,
        num_latents=8,
        learning_rate=0.01,
    )
    assert min(record.loss_curve) < 0.75 * record.loss_curve[0]
    assert record.test_accuracy > 0.25


def test_absurd_learning_rate_diverges(submodule: Submodule, preset: Any, images: Any) -> None:
    record = submodule("training.plain_training").train(
        preset, images, depth=8, latent_dim=32, num_latents=16, learning_rate=10.0
    )
    assert record.diverged


@pytest.mark.parametrize("n_values", [8, 9, 128, 938])
def test_part_means_cover_everything_once(submodule: Submodule, n_values: int) -> None:
    values = [float(i) for i in range(n_values)]
    parts = submodule("training.plain_training").part_means(values, 8)
    assert len(parts) == 8
    assert parts == sorted(parts)
    assert np.mean(parts) == pytest.approx(np.mean(values), rel=0.02)


def test_auto_device_is_one_that_is_there(submodule: Submodule) -> None:
    device = submodule("training.devices").resolve_device("auto")
    assert torch.zeros(1, device=device).device.type == device.type
