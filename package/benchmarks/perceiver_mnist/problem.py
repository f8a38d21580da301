"""The tuning problem as OptunaHub defines one."""

from __future__ import annotations

from collections.abc import Mapping
import math
from numbers import Integral
from numbers import Real
import os
from pathlib import Path
import threading
from typing import Any
from typing import TYPE_CHECKING

import optuna
from optuna.distributions import BaseDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution
from optuna.study import StudyDirection
import optunahub

from .presets import get_preset
from .presets import Preset
from .presets import Range
from .record import TrainingRecord
from .replay.table import load_table
from .training.devices import check_device_name


if TYPE_CHECKING:
    import torch

    from .training.data import Images
    from .training.fast_training import FastTrainer


MODES = ("table", "train")
TRAINERS = ("auto", "plain", "fast")
# Torch's global random state and number of threads belong to the process: two runs at once, in
# the threads of `optimize(n_jobs=2)`, would take each other's random numbers.
_TRAINING_LOCK = threading.Lock()


class Problem(optunahub.benchmarks.BaseProblem):
    """Minimise the mean training loss of a Perceiver over one epoch of MNIST.

    Args:
        preset: ``"small"`` (about a second a run on one CPU core) or ``"full"`` (the blog post's
            space on 60,000 images; made for a GPU).
        mode: ``"table"`` replays measured runs in about a millisecond each, ``"train"`` trains.
        device: Where to train: ``"auto"`` (CUDA, else MPS, else CPU), ``"cpu"``, ``"cuda"``,
            ``"cuda:N"`` or ``"mps"``. No use in a table.
        data_root: Folder that holds ``MNIST/raw``, as torchvision lays it out; may be read-only.
            No use in a table.
        download: Let torchvision download MNIST into ``data_root`` if it is not there.
        training_seed: Seed of every training run: initial weights and order of the images. In a
            table it chooses the noise.
        trainer: ``"plain"`` trains in single precision with a loop as one writes it, ``"fast"``
            as :mod:`.training.fast_training` does, ``"auto"`` is ``"fast"`` on CUDA. No use in a
            table.

    Raises:
        ValueError: If ``preset``, ``mode``, ``device``, ``data_root``, ``training_seed`` or
            ``trainer`` is none of the accepted values, or the table or
            MNIST is damaged.
        FileNotFoundError: If MNIST is not at ``data_root``, or the preset has no table yet.
        RuntimeError: If the device is not there, or MNIST cannot be downloaded.
        ImportError: If ``mode="train"`` and torch or torchvision does not import.
    """

    def __init__(
        self,
        preset: str = "small",
        mode: str = "table",
        *,
        device: str = "auto",
        data_root: str | Path = "data",
        download: bool = False,
        training_seed: int = 0,
        trainer: str = "auto",
    ) -> None:
        if mode not in MODES:
            raise ValueError(f"mode is {mode!r}, but must be one of {list(MODES)}.")
        if trainer not in TRAINERS:
            raise ValueError(f"trainer is {trainer!r}, but must be one of {list(TRAINERS)}.")
        if not isinstance(data_root, (str, os.PathLike)):
            raise ValueError(f"data_root is {data_root!r}, but must be the path of a folder.")
        check_device_name(device)
        self.preset = get_preset(preset)
        self.mode = mode
        self.training_seed = _check_seed(training_seed)
        self._data_root = data_root
        self._images: Images | None = None
        self._trainer = trainer
        self._fast_trainer: FastTrainer | None = None
        self._device: torch.device | None = None
        if mode == "table":
            load_table(self.preset.name)
        else:
            self._device = _prepare_training(device, data_root, download, self.preset)

    @property
    def search_space(self) -> dict[str, BaseDistribution]:
        """The four parameters and their distributions; a new copy each time."""
        return {name: _distribution(range_) for name, range_ in self.preset.space.items()}

    @property
    def directions(self) -> list[StudyDirection]:
        """The loss is minimised."""
        return [StudyDirection.MINIMIZE]

    def __call__(self, trial: optuna.Trial) -> float:
        """Suggest a configuration, run it and return its loss.

        Sets the user attributes ``seconds``, ``test_accuracy``, ``loss_curve``, ``diverged`` and
        ``peak_memory_mb``; with a table ``expected_loss``, else ``device``. A loss that is not
        finite is returned as NaN, which Optuna records as a failed trial.

        Args:
            trial: Where to take the parameters from.
        """
        params = {
            name: (
                trial.suggest_float(name, range_.low, range_.high, log=True)
                if range_.step is None
                else trial.suggest_int(name, int(range_.low), int(range_.high), step=range_.step)
            )
            for name, range_ in self.preset.space.items()
        }
        record = self.run(params)
        trial.set_user_attr("seconds", record.seconds)
        trial.set_user_attr("test_accuracy", record.test_accuracy)
        trial.set_user_attr("loss_curve", record.loss_curve)
        trial.set_user_attr("diverged", record.diverged)
        trial.set_user_attr("peak_memory_mb", record.peak_memory_mb)
        if self.mode == "table":
            trial.set_user_attr("expected_loss", self.expected_loss(params))
        else:
            trial.set_user_attr("device", record.device)
        return record.loss

    def evaluate(self, params: Mapping[str, Any]) -> float:
        """The mean training loss over one epoch.

        Args:
            params: A value for each name in :attr:`search_space`.

        Raises:
            ValueError: If a name is missing or unknown, or a value outside the search space.
        """
        return self.run(params).loss

    def run(self, params: Mapping[str, Any]) -> TrainingRecord:
        """Train, or replay, one configuration and return all that is measured.

        Args:
            params: A value for each name in :attr:`search_space`.

        Raises:
            ValueError: If a name is missing or unknown, or a value outside the search space.
        """
        checked = self._check_params(params)
        if self.mode == "table":
            return load_table(self.preset.name).replay(**checked, training_seed=self.training_seed)
        with _TRAINING_LOCK:
            return self._train(checked)

    def expected_loss(self, params: Mapping[str, Any]) -> float:
        """The loss without noise: the median over training seeds. Only with a table.

        Args:
            params: A value for each name in :attr:`search_space`.

        Raises:
            ValueError: If a name is missing or unknown, or a value outside the search space.
            RuntimeError: If ``mode`` is ``"train"``.
        """
        if self.mode != "table":
            raise RuntimeError("expected_loss needs mode='table': training tells one run's loss.")
        return load_table(self.preset.name).expected_loss(**self._check_params(params))

    def __getstate__(self) -> dict[str, Any]:
        """Without the images and their trainer, gigabytes that the next run makes anew."""
        return self.__dict__ | {"_images": None, "_fast_trainer": None}

    def _train(self, params: dict[str, Any]) -> TrainingRecord:
        assert self._device is not None
        if self._trainer == "plain" or (self._trainer == "auto" and self._device.type != "cuda"):
            from .training.plain_training import train

            images = self._load_images()
            return train(self.preset, images, **params, training_seed=self.training_seed)
        from .training.fast_training import FastTrainer
        from .training.fast_training import prepare

        if self._fast_trainer is None:
            self._fast_trainer = FastTrainer(self.preset, self._load_images())
        rate = params.pop("learning_rate")
        start = prepare(self.preset, **params, training_seeds=[self.training_seed])
        # Once a process for each architecture, and no part of a trial's seconds.
        self._fast_trainer.compile(start)
        return self._fast_trainer.train(start, [rate])[0]

    def _load_images(self) -> Images:
        """The images on the device, loaded at the first run."""
        if self._images is None:
            from .training.data import load_images

            assert self._device is not None
            images = load_images(self._data_root, self.preset)
            self._images = images.to(self._device)
        return self._images

    def _check_params(self, params: Mapping[str, Any]) -> dict[str, Any]:
        space = self.preset.space
        if not isinstance(params, Mapping):
            raise ValueError(
                f"params is {params!r}, but must map each of {list(space)} to a value."
            )
        missing = [name for name in space if name not in params]
        unknown = [name for name in params if name not in space]
        if missing or unknown:
            raise ValueError(
                f"params must have exactly the names {list(space)}: missing {missing}, "
                f"unknown {unknown}."
            )
        return {name: _check_value(name, params[name], range_) for name, range_ in space.items()}


def _distribution(range_: Range) -> BaseDistribution:
    if range_.step is None:
        return FloatDistribution(range_.low, range_.high, log=True)
    return IntDistribution(int(range_.low), int(range_.high), step=range_.step)


def _check_value(name: str, value: Any, range_: Range) -> float | int:
    # Compared as it is: an int may be too large for a float.
    number: Any = value if isinstance(value, Real) and not isinstance(value, bool) else math.nan
    if range_.step is None:
        if not range_.low <= number <= range_.high:
            raise ValueError(
                f"{name} is {value!r}, but must be a number from {range_.low} to {range_.high}."
            )
        return float(number)
    if number not in range_.values:
        raise ValueError(f"{name} is {value!r}, but must be one of {range_.values}.")
    return int(number)


def _check_seed(value: Any) -> int:
    is_integer = isinstance(value, Integral) and not isinstance(value, bool)
    if not is_integer or not 0 <= value < 2**63:
        raise ValueError(
            f"training_seed is {value!r}, but must be an integer from 0 to 2**63 - 1."
        )
    return int(value)


def _prepare_training(
    device: str, data_root: str | Path, download: bool, preset: Preset
) -> torch.device:
    """Find everything that a training run needs, so that no study fails at its first trial."""
    try:
        import torch  # noqa: F401
        import torchvision  # noqa: F401
    except (ImportError, RuntimeError) as error:
        # RuntimeError: a torchvision that was built for another torch.
        raise ImportError(
            "mode='train' needs torch and torchvision, installed together because each "
            f"torchvision fits one torch: pip install torch torchvision. ({error})"
        ) from error
    from .training.data import check_data_root
    from .training.data import check_images
    from .training.data import download_images
    from .training.devices import resolve_device

    resolved = resolve_device(device)
    if download:
        download_images(data_root)
    check_data_root(data_root)
    check_images(data_root, preset)
    return resolved
