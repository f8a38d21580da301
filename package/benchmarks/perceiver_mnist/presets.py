"""The two sizes of the problem: search space, model and data of each.

Imports nothing but the standard library, so that a measuring campaign needs only torch and
torchvision.
"""

from __future__ import annotations

from dataclasses import dataclass
import math


@dataclass(frozen=True)
class Range:
    """An interval of values: on a lattice where ``step`` is given, else log-scaled.

    Attributes:
        low: Smallest value, included.
        high: Largest value, included.
        step: Distance between neighbouring values; None for a continuous log scale.
    """

    low: float
    high: float
    step: int | None = None

    @property
    def values(self) -> list[int]:
        """Every value of a lattice, ascending.

        Raises:
            ValueError: If the range is continuous.
        """
        if self.step is None:
            raise ValueError("A continuous range has no list of values.")
        return list(range(int(self.low), int(self.high) + 1, self.step))

    def log_spaced(self, n: int) -> list[float]:
        """``n`` values from ``low`` to ``high``, evenly spaced on a log scale."""
        ratio = math.log(self.high / self.low) / (n - 1)
        return [float(f"{self.low * math.exp(ratio * i):.6g}") for i in range(n)]


@dataclass(frozen=True)
class Preset:
    """One size of the Perceiver-MNIST problem.

    Attributes:
        name: What the user calls it.
        depth: Range of the number of blocks.
        latent_dim: Range of the number of channels per latent.
        num_latents: Range of the number of latents.
        learning_rate: Range of Adam's learning rate.
        n_train: Training images: the first so many of the training set.
        n_test: Test images: the first so many of the test set.
        image_size: Height and width after average pooling, in pixels; divides 28.
        batch_size: Images per step.
        n_bands: Fourier frequencies per image axis.
        n_heads: Heads of the latent self-attention.
        cpu_threads: Threads that torch uses on a CPU; None leaves torch's setting.
    """

    name: str
    depth: Range
    latent_dim: Range
    num_latents: Range
    learning_rate: Range
    n_train: int
    n_test: int
    image_size: int
    batch_size: int
    n_bands: int
    n_heads: int
    cpu_threads: int | None = None

    @property
    def space(self) -> dict[str, Range]:
        """The four parameters by name, in the order of the blog post."""
        return {
            "depth": self.depth,
            "latent_dim": self.latent_dim,
            "num_latents": self.num_latents,
            "learning_rate": self.learning_rate,
        }


PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset(
            name="full",
            depth=Range(2, 8, 1),
            latent_dim=Range(128, 512, 64),
            num_latents=Range(64, 256, 32),
            learning_rate=Range(1e-4, 1e-2),
            n_train=60_000,
            n_test=10_000,
            image_size=28,
            batch_size=64,
            n_bands=6,
            n_heads=4,
        ),
        # Every number of channels and latents is a sixteenth of the blog post's. With 128 steps in
        # place of 938, the learning rates that work lie five times higher.
        Preset(
            name="small",
            depth=Range(2, 8, 1),
            latent_dim=Range(8, 32, 4),
            num_latents=Range(4, 16, 2),
            learning_rate=Range(5e-4, 5e-2),
            n_train=4_096,
            n_test=1_024,
            image_size=7,
            batch_size=32,
            n_bands=3,
            n_heads=4,
            cpu_threads=1,
        ),
    )
}


def get_preset(name: str) -> Preset:
    """Look a preset up.

    Args:
        name: ``"full"`` or ``"small"``.

    Raises:
        ValueError: If there is no preset of that name.
    """
    if not isinstance(name, str) or name not in PRESETS:
        raise ValueError(f"preset is {name!r}, but must be one of {sorted(PRESETS)}.")
    return PRESETS[name]
