"""One training run: build the model, train it for one epoch, measure everything."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from dataclasses import dataclass
import math
from pathlib import Path
import sys
import time
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from .data import Images
from .model import PerceiverMNIST
from .presets import Preset


N_CURVE_POINTS = 8
DEVICES = ("auto", "cpu", "cuda", "mps")
# Mean loss over the last part of the epoch above which a run counts as diverged: 5% worse than
# giving each of the ten digits the same probability.
_DIVERGED_LOSS = 1.05 * math.log(10)


@dataclass(frozen=True)
class TrainingRecord:
    """What one training run measured.

    Attributes:
        loss: Mean training loss over the steps of the epoch, as in the blog post; NaN if any step
            was not finite.
        loss_curve: Mean training loss in each of ``N_CURVE_POINTS`` equal parts of the epoch.
        test_accuracy: Share of test images classified correctly after the epoch, 0 to 1.
        seconds: Wall-clock seconds of model construction and training, without the test.
        cpu_seconds: Processor seconds of the same.
        peak_memory_mb: Peak memory in MB: allocated on the device for CUDA and MPS, resident in
            the process for a CPU (NaN where the system does not tell).
        diverged: Whether the loss was not finite, or on average over the last part of the epoch
            5% worse than a uniform guess.
        device: Name of the device.
    """

    loss: float
    loss_curve: list[float]
    test_accuracy: float
    seconds: float
    cpu_seconds: float
    peak_memory_mb: float
    diverged: bool
    device: str

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain JSON-ready values."""
        return asdict(self)


def resolve_device(device: str) -> torch.device:
    """Turn a user's device name into a device that is there.

    Args:
        device: ``"auto"`` (CUDA, else MPS, else CPU), ``"cpu"``, ``"cuda"`` or ``"mps"``; CUDA
            devices may be numbered (``"cuda:1"``).

    Raises:
        ValueError: If the name is none of these.
        RuntimeError: If this machine or this build of torch has no such device.
    """
    kind, _, index = device.partition(":")
    if kind not in DEVICES or (index and (kind != "cuda" or not index.isdigit())):
        raise ValueError(f"device is {device!r}, but must be one of {DEVICES} or 'cuda:N'.")
    available = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if kind == "auto":
        return torch.device(next(name for name, there in available.items() if there))
    if not available[kind] or (index and int(index) >= torch.cuda.device_count()):
        raise RuntimeError(
            f"device is {device!r}, but torch {torch.__version__} finds no such device here. "
            f"Available: {[name for name, there in available.items() if there]}."
        )
    return torch.device(device)


def train(
    preset: Preset,
    images: Images,
    *,
    depth: int,
    latent_dim: int,
    num_latents: int,
    learning_rate: float,
    training_seed: int = 0,
) -> TrainingRecord:
    """Train a Perceiver with Adam for one epoch: the blog post's objective.

    Args:
        preset: Size of the problem.
        images: The preset's images, on the device to train on.
        depth: Number of Perceiver blocks.
        latent_dim: Channels per latent.
        num_latents: Number of latents.
        learning_rate: Adam's learning rate.
        training_seed: Seed of the initial weights and of the order of the images. The global
            random state of torch is left as it was.
    """
    device = images.train_images.device
    with _isolated_torch(training_seed, device, preset.cpu_threads):
        _reset_peak_memory(device)
        started, cpu_started = time.perf_counter(), time.process_time()
        model = PerceiverMNIST(
            depth,
            latent_dim,
            num_latents,
            image_size=preset.image_size,
            n_bands=preset.n_bands,
            n_heads=preset.n_heads,
        ).to(device)
        losses = _train_one_epoch(model, images, preset.batch_size, learning_rate, training_seed)
        seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu_started
        peak_memory_mb = _peak_memory_mb(device)
        accuracy = _test_accuracy(model, images)
    curve = part_means(losses, N_CURVE_POINTS)
    loss = sum(losses) / len(losses)
    return TrainingRecord(
        loss=loss,
        loss_curve=curve,
        test_accuracy=accuracy,
        seconds=seconds,
        cpu_seconds=cpu_seconds,
        peak_memory_mb=peak_memory_mb,
        diverged=not math.isfinite(loss) or curve[-1] > _DIVERGED_LOSS,
        device=device_name(device),
    )


def part_means(values: list[float], n_parts: int) -> list[float]:
    """Means over ``n_parts`` consecutive parts of ``values``, as equal in length as can be.

    Args:
        values: At least ``n_parts`` numbers.
        n_parts: Number of parts.
    """
    edges = [round(i * len(values) / n_parts) for i in range(n_parts + 1)]
    return [sum(values[a:b]) / (b - a) for a, b in zip(edges[:-1], edges[1:])]


def device_name(device: torch.device) -> str:
    """The model of a CUDA device, else the kind of device."""
    if device.type == "cuda":
        return str(torch.cuda.get_device_name(device))
    return device.type


def _train_one_epoch(
    model: nn.Module, images: Images, batch_size: int, learning_rate: float, training_seed: int
) -> list[float]:
    """Return the loss of every step."""
    device = images.train_images.device
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate, fused=device.type != "mps")
    generator = torch.Generator().manual_seed(training_seed)
    order = torch.randperm(len(images.train_images), generator=generator).to(device)
    model.train()
    losses = []
    for batch in order.split(batch_size):
        optimizer.zero_grad(set_to_none=True)
        logits = model(images.train_images[batch])
        loss = functional.cross_entropy(logits, images.train_labels[batch])
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    # Moved off the device at once: a copy at every step would make the device wait for the CPU.
    return [float(value) for value in torch.stack(losses).cpu()]


@torch.no_grad()
def _test_accuracy(model: nn.Module, images: Images, batch_size: int = 512) -> float:
    model.eval()
    n_correct = 0
    for pixels, labels in zip(
        images.test_images.split(batch_size), images.test_labels.split(batch_size)
    ):
        n_correct += int((model(pixels).argmax(dim=-1) == labels).sum())
    return n_correct / len(images.test_labels)


@contextmanager
def _isolated_torch(seed: int, device: torch.device, n_threads: int | None) -> Iterator[None]:
    """Seed torch and limit its threads inside the block only."""
    threads_before = torch.get_num_threads()
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        if device.type == "cpu" and n_threads is not None:
            torch.set_num_threads(n_threads)
        try:
            yield
        finally:
            torch.set_num_threads(threads_before)


def _reset_peak_memory(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    elif device.type == "cpu" and sys.platform == "linux":
        try:
            Path("/proc/self/clear_refs").write_text("5")  # resets VmHWM, see proc(5)
        except OSError:
            pass  # not permitted in some containers: the peak is then that of the whole process


def _peak_memory_mb(device: torch.device) -> float:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 1e6
    if device.type == "mps":
        return torch.mps.driver_allocated_memory() / 1e6
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return math.nan
    kilobytes = next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]
    return int(kilobytes) * 1024 / 1e6
