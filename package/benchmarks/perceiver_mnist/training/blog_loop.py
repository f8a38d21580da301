"""The training loop of the blog post, as written there: what the faster ones are measured by."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
import time

import torch
from torch import nn
from torch.utils.data import DataLoader

from ..presets import Preset
from .data import plain_files
from .data import pooled
from .data import standardisation
from .plain_training import build_model
from .plain_training import image_order


@contextmanager
def blog_loader(
    preset: Preset, data_root: str | Path, training_seed: int
) -> Iterator[DataLoader[tuple[torch.Tensor, int]]]:
    """A loader over torchvision's data set: one image after the other, on the CPU.

    Args:
        preset: Size of the problem.
        data_root: Folder that holds ``MNIST/raw``.
        training_seed: Chooses the order, which is that of the other trainers.
    """
    from torchvision.datasets import MNIST
    from torchvision.transforms import ToTensor

    to_tensor = ToTensor()
    with plain_files(data_root) as root:
        mnist = MNIST(str(root), train=True)
        grey = pooled(mnist.data[: preset.n_train].float().div(255), preset)
        mean_image, deviation = standardisation(grey)
        mnist.transform = lambda image: (
            (pooled(to_tensor(image), preset)[0] - mean_image) / deviation
        )
        order = image_order(preset.n_train, training_seed).tolist()
        yield DataLoader(mnist, batch_size=preset.batch_size, sampler=order)


def blog_epoch(
    preset: Preset,
    loader: DataLoader[tuple[torch.Tensor, int]],
    device: torch.device,
    *,
    depth: int,
    latent_dim: int,
    num_latents: int,
    learning_rate: float,
    training_seed: int,
) -> tuple[float, float]:
    """Train for one epoch; returns the mean loss and the seconds it took.

    Args:
        preset: Size of the problem.
        loader: From :func:`blog_loader`.
        device: Where to train.
        depth: Number of Perceiver blocks.
        latent_dim: Channels per latent.
        num_latents: Number of latents.
        learning_rate: Adam's learning rate.
        training_seed: Seed of the initial weights.
    """
    started = time.perf_counter()
    model = build_model(preset, depth, latent_dim, num_latents, training_seed).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    criterion = nn.CrossEntropyLoss()
    model.train()
    total_loss = 0.0
    for images, labels in loader:
        images, labels = images.to(device), labels.to(device)
        optimizer.zero_grad()
        logits = model(images)
        loss = criterion(logits, labels)
        loss.backward()
        optimizer.step()
        total_loss += loss.item()
    return total_loss / len(loader), time.perf_counter() - started
