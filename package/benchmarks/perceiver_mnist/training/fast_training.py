# mypy: allow-untyped-calls
"""Train several Perceivers of one shape side by side: what :mod:`.plain_training` does, faster.

The images stay on the device, batches are drawn there by index, matrix products run in bfloat16
(weights, moments and losses are kept in single precision), and a whole step is recorded once as a
CUDA graph and replayed, so that Python is out of the loop. On a CPU the same code runs in single
precision without a graph: that is how the tests compare it with the plain loop.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
import math
import time

import torch
from torch.nn import functional
from torch.nn.attention import sdpa_kernel
from torch.nn.attention import SDPBackend

from ..presets import Preset
from ..record import TrainingRecord
from .data import Images
from .devices import device_name
from .ensemble import Layout
from .ensemble import logits
from .ensemble import normalised_pixels
from .ensemble import pack
from .ensemble import unpack
from .fused import Kernels
from .fused import kernels_for
from .model import FourierPositions
from .plain_training import build_model
from .plain_training import image_order
from .plain_training import to_record
from .timing import kernel_seconds


_IMAGES_AT_ONCE = 2_000
_TEST_IMAGES_AT_ONCE = 500
# Not cuDNN's, which is a little faster: up to torch 2.13 at least, its gradients are not finite
# for 64, 192, ... latents where attention is sharp, as it is when a run diverges
# (https://github.com/pytorch/pytorch/issues/196678).
_ATTENTION = [SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]


@dataclass(frozen=True)
class Start:
    """Models of one shape before their first step.

    Attributes:
        n_heads: Heads of the self-attention.
        weights: Of all models, flattened, in main memory (models, parameters).
        layout: Where each parameter is.
        order: Order of the images for each model (models, n_train).
        seconds: What it took to make these.
    """

    n_heads: int
    weights: torch.Tensor
    layout: Layout
    order: torch.Tensor
    seconds: float


def prepare(
    preset: Preset, depth: int, latent_dim: int, num_latents: int, training_seeds: Sequence[int]
) -> Start:
    """Draw initial weights and image orders: those that the plain loop draws from these seeds.

    Works on the CPU, so that it can be done while the device trains something else.

    Args:
        preset: Size of the problem.
        depth: Number of Perceiver blocks.
        latent_dim: Channels per latent.
        num_latents: Number of latents.
        training_seeds: One per model.
    """
    started = time.perf_counter()
    models = [
        build_model(preset, depth, latent_dim, num_latents, training_seed=seed)
        for seed in training_seeds
    ]
    packed = [pack(model) for model in models]
    return Start(
        n_heads=preset.n_heads,
        weights=torch.stack([flat for flat, _ in packed]),
        layout=packed[0][1],
        order=torch.stack([image_order(preset.n_train, seed) for seed in training_seeds]),
        seconds=time.perf_counter() - started,
    )


class FastTrainer:
    """Trains Perceivers of a preset on one device.

    Args:
        preset: Size of the problem.
        images: The preset's images, on the device to train on.
        dtype: Precision of matrix products and activations; None for bfloat16 on CUDA and single
            precision elsewhere.
        kernels: The steps between matrix products; None for the fastest that the device has.
    """

    def __init__(
        self,
        preset: Preset,
        images: Images,
        *,
        dtype: torch.dtype | None = None,
        kernels: Kernels | None = None,
    ) -> None:
        self.preset = preset
        self.device = images.train_images.device
        default = torch.bfloat16 if self.device.type == "cuda" else torch.float32
        self.dtype = default if dtype is None else dtype
        self._compiled: set[torch.Size] = set()
        self.kernels = kernels_for(self.device) if kernels is None else kernels
        positions = FourierPositions(preset.image_size, preset.n_bands).to(self.device)
        self._train_pixels, self._test_pixels = (
            torch.cat([normalised_pixels(part, positions).to(self.dtype) for part in parts])
            for parts in (
                torch.split(images.train_images, _IMAGES_AT_ONCE),
                torch.split(images.test_images, _IMAGES_AT_ONCE),
            )
        )
        self._train_labels, self._test_labels = images.train_labels, images.test_labels

    def train(self, start: Start, learning_rates: Sequence[float]) -> list[TrainingRecord]:
        """Train for one epoch.

        Args:
            start: From :func:`prepare`, of this trainer's preset.
            learning_rates: One per model.

        Returns:
            A record per model. Seconds and peak memory (without the images) are those of all
            together, divided by the number of models.
        """
        n_models = len(learning_rates)
        memory_before = _allocated(self.device, peak=False)
        started, cpu_started = time.perf_counter(), time.process_time()
        with self._on_device():
            run = _Epoch(self, start, learning_rates)
            losses = run.train()
            seconds = start.seconds + time.perf_counter() - started
            cpu_seconds = start.seconds + time.process_time() - cpu_started
            memory = _allocated(self.device, peak=True) - memory_before
            accuracies = self._test_accuracies(run.parameters(), start.n_heads)
        return [
            to_record(
                losses=losses[i],
                test_accuracy=accuracies[i],
                seconds=seconds / n_models,
                cpu_seconds=cpu_seconds / n_models,
                peak_memory_mb=memory / 1e6 / n_models,
                device=device_name(self.device),
            )
            for i in range(n_models)
        ]

    def compile(self, start: Start) -> None:
        """Make steps, if none were made yet, to compile the kernels that models like these need.

        Without it, that is part of the seconds of the first training. The last step of an epoch,
        of fewer images, needs kernels of its own.

        Args:
            start: From :func:`prepare`, of this trainer's preset; stays as it is.
        """
        shape = start.weights.shape
        if shape not in self._compiled:
            with self._on_device():
                _Epoch(self, start, [0.0] * len(start.weights)).train(max_full_steps=1)
            self._compiled.add(shape)

    def kernel_seconds(self, start: Start) -> dict[str, float]:
        """Seconds of one step by kind of kernel. Only on CUDA.

        Args:
            start: From :func:`prepare`, of this trainer's preset; stays as it is.
        """
        with self._on_device():
            # Kept while its graph is replayed, which works on its tensors and does not own them.
            epoch = _Epoch(self, start, [0.0] * len(start.weights))
            return kernel_seconds(epoch.record().replay)

    def batch(self, indices: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Pixels and labels of training images (models, images)."""
        return self._train_pixels[indices], self._train_labels[indices]

    @contextmanager
    def _on_device(self) -> Iterator[None]:
        """With the attention to use, and with this device as the current one.

        Streams, graphs and kernels belong to the current device, whatever their tensors say.
        """
        if self.device.type != "cuda":
            yield
            return
        with torch.cuda.device(self.device), sdpa_kernel(_ATTENTION, set_priority=True):
            yield

    @torch.no_grad()
    def _test_accuracies(self, parameters: dict[str, torch.Tensor], n_heads: int) -> list[float]:
        n_models = len(parameters["latents"])
        n_correct = torch.zeros(n_models, device=self.device)
        for pixels, labels in zip(
            torch.split(self._test_pixels, _TEST_IMAGES_AT_ONCE),
            torch.split(self._test_labels, _TEST_IMAGES_AT_ONCE),
        ):
            scores = logits(parameters, pixels.expand(n_models, -1, -1, -1), n_heads, self.kernels)
            n_correct += (scores.argmax(dim=-1) == labels).sum(dim=1)
        return [float(value) / len(self._test_labels) for value in n_correct.cpu()]


class _Epoch:
    """The state of models in training, and one step of it as a function without arguments."""

    def __init__(
        self, trainer: FastTrainer, start: Start, learning_rates: Sequence[float]
    ) -> None:
        self._trainer = trainer
        self._start = start
        device = trainer.device
        self._initial = start.weights.to(device)
        self._master = self._initial.clone()
        self._working = self._initial.to(trainer.dtype).clone().requires_grad_()
        self._first_moments = torch.zeros_like(self._master)
        self._second_moments = torch.zeros_like(self._master)
        self._learning_rates = torch.tensor(learning_rates, device=device).unsqueeze(1)
        self._order = start.order.to(device)
        batch_size = trainer.preset.batch_size
        self._n_steps = math.ceil(self._order.shape[1] / batch_size)
        self._n_full_steps = self._order.shape[1] // batch_size
        self._within_batch = torch.arange(batch_size, device=device)
        self._n_done = torch.zeros((), dtype=torch.long, device=device)
        self._losses = torch.zeros(len(learning_rates), self._n_steps, device=device)

    def parameters(self) -> dict[str, torch.Tensor]:
        """Of all models, in the precision of the matrix products."""
        return unpack(self._working.detach(), self._start.layout)

    def train(self, max_full_steps: float = math.inf) -> list[list[float]]:
        """Make the full steps, at most so many, and the one of what is left of the images.

        Returns:
            Each model's loss at each step of the epoch; 0 at those that were not made.
        """
        graph = self.record() if self._trainer.device.type == "cuda" else None
        for _ in range(int(min(max_full_steps, self._n_full_steps))):
            if graph is None:
                self._full_step()
            else:
                graph.replay()
        if self._n_full_steps < self._n_steps:
            self._step(self._order[:, self._n_full_steps * self._trainer.preset.batch_size :])
        losses: list[list[float]] = self._losses.cpu().tolist()
        if graph is not None:
            graph.reset()
        return losses

    def record(self) -> torch.cuda.CUDAGraph:
        """Record a full step as a graph, after one for real: first use sets up some memory."""
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            self._full_step()
            self._reset()
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self._full_step()
        return graph

    @torch.no_grad()
    def _reset(self) -> None:
        self._master.copy_(self._initial)
        self._working.copy_(self._initial)
        self._first_moments.zero_()
        self._second_moments.zero_()
        self._n_done.zero_()

    def _full_step(self) -> None:
        batch_size = len(self._within_batch)
        self._step(self._order.index_select(1, self._n_done * batch_size + self._within_batch))

    def _step(self, indices: torch.Tensor) -> None:
        pixels, labels = self._trainer.batch(indices)
        parameters = unpack(self._working, self._start.layout)
        scores = logits(parameters, pixels, self._start.n_heads, self._trainer.kernels)
        by_image = functional.cross_entropy(
            scores.flatten(0, 1), labels.flatten(), reduction="none"
        )
        losses = by_image.view(indices.shape).mean(dim=1)
        # Each model's parameters see their own loss alone in the sum.
        (gradients,) = torch.autograd.grad(losses.sum(), self._working)
        with torch.no_grad():
            self._losses.index_copy_(1, self._n_done.unsqueeze(0), losses.detach().unsqueeze(1))
            self._n_done += 1
            self._trainer.kernels.adam(
                self._master,
                self._working.detach(),
                gradients,
                self._first_moments,
                self._second_moments,
                self._learning_rates,
                self._n_done,
            )


def _allocated(device: torch.device, peak: bool) -> int:
    """Bytes on a CUDA device, now or at most since the last call; 0 elsewhere."""
    if device.type != "cuda":
        return 0
    if peak:
        return torch.cuda.max_memory_allocated(device)
    torch.cuda.reset_peak_memory_stats(device)
    return torch.cuda.memory_allocated(device)
