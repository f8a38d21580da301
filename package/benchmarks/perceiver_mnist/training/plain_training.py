"""One training run: build the model, train it for one epoch, measure everything."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import math
from pathlib import Path
import sys
import time

import torch
from torch import nn
from torch.nn import functional

from ..presets import Preset
from ..record import DIVERGED_LOSS
from ..record import N_CURVE_POINTS
from ..record import TrainingRecord
from .data import Images
from .devices import device_name
from .model import PerceiverMNIST


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
        model = _new_model(preset, depth, latent_dim, num_latents).to(device)
        losses = _train_one_epoch(model, images, preset.batch_size, learning_rate, training_seed)
        seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu_started
        peak_memory_mb = _peak_memory_mb(device)
        accuracy = _test_accuracy(model, images)
    return to_record(
        losses=losses,
        test_accuracy=accuracy,
        seconds=seconds,
        cpu_seconds=cpu_seconds,
        peak_memory_mb=peak_memory_mb,
        device=device_name(device),
    )


def to_record(
    *,
    losses: list[float],
    test_accuracy: float,
    seconds: float,
    cpu_seconds: float,
    peak_memory_mb: float,
    device: str,
) -> TrainingRecord:
    """Sum a training run up.

    Args:
        losses: Of every step, at least ``N_CURVE_POINTS``.
        test_accuracy: See :class:`.record.TrainingRecord`, as all that follow.
        seconds: Wall-clock seconds.
        cpu_seconds: Processor seconds.
        peak_memory_mb: Peak memory.
        device: Name of the device.
    """
    curve = part_means(losses, N_CURVE_POINTS)
    # An infinite step must not come out as an infinite mean, which Optuna takes for a result.
    loss = sum(losses) / len(losses) if all(map(math.isfinite, losses)) else math.nan
    return TrainingRecord(
        loss=loss,
        loss_curve=curve,
        test_accuracy=test_accuracy,
        seconds=seconds,
        cpu_seconds=cpu_seconds,
        peak_memory_mb=peak_memory_mb,
        diverged=not math.isfinite(loss) or curve[-1] > DIVERGED_LOSS,
        device=device,
    )


def build_model(
    preset: Preset, depth: int, latent_dim: int, num_latents: int, training_seed: int
) -> PerceiverMNIST:
    """A model on the CPU with the initial weights that :func:`train` draws from this seed.

    Args:
        preset: Size of the problem.
        depth: Number of Perceiver blocks.
        latent_dim: Channels per latent.
        num_latents: Number of latents.
        training_seed: Seed of the weights. The global random state is left as it was.
    """
    with _isolated_torch(training_seed, torch.device("cpu"), None):
        return _new_model(preset, depth, latent_dim, num_latents)


def image_order(n_images: int, training_seed: int) -> torch.Tensor:
    """The order in which :func:`train` shows the images (n_images,).

    Args:
        n_images: Number of training images.
        training_seed: Seed of the order.
    """
    generator = torch.Generator().manual_seed(training_seed)
    return torch.randperm(n_images, generator=generator)


def _new_model(preset: Preset, depth: int, latent_dim: int, num_latents: int) -> PerceiverMNIST:
    return PerceiverMNIST(
        depth,
        latent_dim,
        num_latents,
        image_size=preset.image_size,
        n_bands=preset.n_bands,
        n_heads=preset.n_heads,
    )


def part_means(values: list[float], n_parts: int) -> list[float]:
    """Means over ``n_parts`` consecutive parts of ``values``, as equal in length as can be.

    Args:
        values: At least ``n_parts`` numbers.
        n_parts: Number of parts.
    """
    edges = [round(i * len(values) / n_parts) for i in range(n_parts + 1)]
    return [sum(values[a:b]) / (b - a) for a, b in zip(edges[:-1], edges[1:])]


def _train_one_epoch(
    model: nn.Module, images: Images, batch_size: int, learning_rate: float, training_seed: int
) -> list[float]:
    """Return the loss of every step."""
    device = images.train_images.device
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate, fused=device.type != "mps")
    order = image_order(len(images.train_images), training_seed).to(device)
    model.train()
    losses = []
    for batch in torch.split(order, batch_size):
        optimizer.zero_grad(set_to_none=True)
        logits = model(images.train_images[batch])
        loss = functional.cross_entropy(logits, images.train_labels[batch])
        torch.autograd.backward(loss)
        optimizer.step()
        losses.append(loss.detach())
    # Moved off the device at once: a copy at every step would make the device wait for the CPU.
    return [float(value) for value in torch.stack(losses).cpu()]


@torch.no_grad()
def _test_accuracy(model: nn.Module, images: Images, batch_size: int = 512) -> float:
    model.eval()
    n_correct = 0
    for pixels, labels in zip(
        torch.split(images.test_images, batch_size), torch.split(images.test_labels, batch_size)
    ):
        n_correct += int((model(pixels).argmax(dim=-1) == labels).sum())
    return n_correct / len(images.test_labels)


@contextmanager
def _isolated_torch(seed: int, device: torch.device, n_threads: int | None) -> Iterator[None]:
    """Seed torch and limit its threads inside the block only."""
    threads_before = torch.get_num_threads()
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        # All that is drawn is drawn on the CPU. Seeding every device, as torch.manual_seed does,
        # must not happen while another thread records a CUDA graph.
        torch.default_generator.manual_seed(seed)
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
    # Not every kernel that has the file has the line, gVisor's for one.
    lines = (line for line in status.splitlines() if line.startswith("VmHWM"))
    return next((int(line.split()[1]) * 1024 / 1e6 for line in lines), math.nan)
