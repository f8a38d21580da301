"""Tune the training loop of a small Perceiver: pruning, divergence, memory and time all count.

Needs: pip install optuna optunahub "scipy>=1.15" torch scikit-learn. Takes a minute or two on one
CPU core. A GPU is used if there is one.

The Perceiver (Jaegle et al. 2021, https://arxiv.org/abs/2103.03206) reads images as sets of
pixels: a few latents attend to all pixels and then to each other, again and again. Tuned are its
depth, the number and the width of its latents, and the learning rate. The sampler makes use of

- the loss of each epoch, and of trials that the pruner ended early;
- trials that ran out of memory or diverged: they fail, and it learns where trials do;
- the seconds that a trial takes (``cost_aware``): it looks for improvement per second.

Images are scikit-learn's digits (8 x 8 pixels), of which nothing is downloaded, or MNIST from a
folder as torchvision lays it out, with which the space is that of a network of real size:

    python pytorch_perceiver.py --data-root data --epochs 1 --trials 30
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
import math
import sys
from typing import cast


try:
    import optuna
    from optuna.trial import TrialState
    import optunahub
    import torch
    from torch import nn
except ImportError as error:
    packages = 'optuna optunahub "scipy>=1.15" torch scikit-learn'
    sys.exit(f"{error}. This example needs: pip install {packages}")


def positive(text: str) -> int:
    """An argument that counts something."""
    if int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return int(text)


def duration(text: str) -> float:
    """An argument in seconds."""
    if not 0.0 <= float(text) < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not 0 or more")
    return float(text)


class Block(nn.Module):
    """Latents attend to the pixels, then to each other; pre-norm and residual."""

    def __init__(self, dim: int, n_channels: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in range(3))
        self.cross = nn.MultiheadAttention(
            dim, num_heads=1, kdim=n_channels, vdim=n_channels, batch_first=True
        )
        self.attend = nn.MultiheadAttention(dim, num_heads=4, batch_first=True)
        self.perceptron = nn.Sequential(nn.Linear(dim, dim), nn.GELU(), nn.Linear(dim, dim))

    def forward(self, latents: torch.Tensor, pixels: torch.Tensor) -> torch.Tensor:
        """Update latents (batch, num_latents, dim) from pixels (batch, n_pixels, n_channels)."""
        latents = latents + self.cross(self.norms[0](latents), pixels, pixels)[0]
        normed = self.norms[1](latents)
        latents = latents + self.attend(normed, normed, normed)[0]
        return cast(torch.Tensor, latents + self.perceptron(self.norms[2](latents)))


class Perceiver(nn.Module):
    """Classifies square images of ``size`` x ``size`` pixels into ten digits."""

    def __init__(self, size: int, depth: int, latent_dim: int, num_latents: int) -> None:
        super().__init__()
        axis = torch.linspace(-1.0, 1.0, size)
        places = torch.stack(torch.meshgrid(axis, axis, indexing="ij"), dim=-1).reshape(-1, 2, 1)
        # Fourier features: without them, pixels would have no places.
        angles = (math.pi * places * torch.linspace(1.0, size / 2, 6)).flatten(1)
        self.register_buffer("places", torch.cat([angles.sin(), angles.cos()], dim=1))
        self.latents = nn.Parameter(torch.randn(num_latents, latent_dim))
        self.blocks = nn.ModuleList(Block(latent_dim, 25) for _ in range(depth))
        self.head = nn.Linear(latent_dim, 10)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """From images (batch, size, size) to logits (batch, 10)."""
        places = cast(torch.Tensor, self.places).expand(len(images), -1, -1)
        pixels = torch.cat([images.flatten(1).unsqueeze(-1), places], dim=-1)
        latents = self.latents.expand(len(images), -1, -1)
        for block in self.blocks:
            latents = block(latents, pixels)
        return cast(torch.Tensor, self.head(latents.mean(dim=1)))


class Objective:
    """Validation loss after some epochs of training.

    Args:
        images: Tensor (n, size, size), standardised; the last sixth is for validation.
        digits: Tensor (n,) of what they show.
        n_epochs: Epochs of a trial.
        is_large: Whether networks are of real size, or small enough for one CPU core.
    """

    def __init__(
        self, images: torch.Tensor, digits: torch.Tensor, n_epochs: int, is_large: bool
    ) -> None:
        n_valid = len(images) // 6
        self.train = images[:-n_valid], digits[:-n_valid]
        self.valid = images[-n_valid:], digits[-n_valid:]
        self.criterion = nn.CrossEntropyLoss()
        self.n_epochs = n_epochs
        self.is_large = is_large

    def build(self, trial: optuna.Trial) -> Perceiver:
        """The network of a trial."""
        unit, max_depth = (64, 8) if self.is_large else (8, 4)
        torch.manual_seed(0)
        return Perceiver(
            self.train[0].shape[-1],
            depth=trial.suggest_int("depth", 1, max_depth),
            latent_dim=trial.suggest_int("latent_dim", 2 * unit, 8 * unit, step=unit),
            num_latents=trial.suggest_int("num_latents", unit, 4 * unit, step=unit // 2),
        )

    def __call__(self, trial: optuna.Trial) -> float:
        model = self.build(trial).to(self.train[0].device)
        learning_rate = trial.suggest_float("learning_rate", 1e-4, 1e-1, log=True)
        optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
        loss = math.inf
        for epoch in range(1, self.n_epochs + 1):
            self.train_epoch(model, optimizer)
            loss = self.validate(model)
            if not math.isfinite(loss):
                raise FloatingPointError(f"diverged in epoch {epoch}")
            trial.report(loss, epoch)
            if trial.should_prune():
                raise optuna.TrialPruned
        return loss

    def train_epoch(self, model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        """One pass over the images, in random order."""
        images, digits = self.train
        order = torch.randperm(len(images)).to(images.device)
        for batch in torch.split(order, 32):
            optimizer.zero_grad()
            self.criterion(model(images[batch]), digits[batch]).backward()
            optimizer.step()

    def validate(self, model: nn.Module) -> float:
        """Mean loss on the images that were kept back."""
        images, digits = self.valid
        with torch.no_grad():
            logits = torch.cat([model(batch) for batch in torch.split(images, 256)])
        return float(self.criterion(logits, digits))


def load_images(root: str | None) -> tuple[torch.Tensor, torch.Tensor]:
    """Images (n, size, size) of mean 0 and deviation 1 in random order, and their digits (n,)."""
    try:
        if root is None:
            from sklearn.datasets import load_digits

            pixels, targets = load_digits(return_X_y=True)
            images, digits = torch.tensor(pixels.reshape(-1, 8, 8)), torch.tensor(targets)
        else:
            from torchvision.datasets import MNIST

            data = MNIST(root)
            images, digits = data.data, data.targets
    except ImportError as error:
        sys.exit(f"{error}: pip install scikit-learn, or torchvision for --data-root")
    except RuntimeError:
        # What torchvision says in several lines where it does not find the files.
        how = f"torchvision.datasets.MNIST({root!r}, download=True)"
        sys.exit(f"--data-root {root}: there is no MNIST, which this fetches: {how}")
    images = images.float()
    # The last of scikit-learn's are by other writers than the first.
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    return ((images - images.mean()) / images.std())[order], digits[order]


def interruptible(objective: Callable[[optuna.Trial], float]) -> Callable[[optuna.Trial], float]:
    """End the study at Ctrl-C; the trial counts as pruned, not as failed as with Optuna alone."""

    def wrapped(trial: optuna.Trial) -> float:
        try:
            return objective(trial)
        except KeyboardInterrupt:
            print("interrupted")
            trial.study.stop()
            raise optuna.TrialPruned from None

    return wrapped


def report(study: optuna.Study) -> None:
    """How trials ended, and the best."""
    states = [trial.state for trial in study.trials]
    if not states:
        print("no trial was begun")
        return
    counts = [f"{states.count(s)} {s.name.lower()}" for s in TrialState if s in states]
    print(f"{len(states)} trials: {', '.join(counts)}")
    if TrialState.COMPLETE in states:
        best = study.best_trial
        seconds = "" if best.duration is None else f" in {best.duration.total_seconds():.1f} s"
        print(f"best validation loss {best.value:.4f}{seconds}: {best.params}")


def main() -> None:
    parser = argparse.ArgumentParser(
        allow_abbrev=False, description=str(__doc__).partition("\n")[0]
    )
    parser.add_argument("--trials", type=positive, default=25, help="25 by default")
    parser.add_argument("--timeout", type=duration, help="seconds after which no trial begins")
    parser.add_argument("--epochs", type=positive, default=5, help="of a trial; 5 by default")
    parser.add_argument("--images", type=positive, help="how many to use; all by default")
    parser.add_argument("--data-root", help="folder that holds MNIST/raw; digits by default")
    parser.add_argument("--storage", help="URL, such as sqlite:///perceiver.db, to continue from")
    options = parser.parse_args()
    if options.images is not None and options.images < 6:
        parser.error(f"argument --images: {options.images} is not 6 or more")
    if options.data_root is None:
        # In networks this small, threads wait for each other longer than they work.
        torch.set_num_threads(1)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    images, digits = (t[: options.images].to(device) for t in load_images(options.data_root))
    module = optunahub.load_module("samplers/lattice_gp")
    try:
        study = optuna.create_study(
            storage=options.storage,
            study_name="perceiver",
            load_if_exists=True,
            sampler=module.LatticeGPSampler(seed=0, cost_aware=True),
            pruner=optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=1),
        )
    except Exception as error:  # of the database's library, or of the file system
        sys.exit(f"--storage {options.storage}: {str(error).partition(chr(10))[0]}")
    objective = Objective(images, digits, options.epochs, options.data_root is not None)
    try:
        study.optimize(
            interruptible(objective),
            n_trials=options.trials,
            timeout=options.timeout,
            catch=(FloatingPointError, torch.cuda.OutOfMemoryError),
            # A traceback keeps the tensors of a failed trial alive.
            gc_after_trial=True,
        )
    except KeyboardInterrupt:
        print("interrupted")
    report(study)


if __name__ == "__main__":
    main()
