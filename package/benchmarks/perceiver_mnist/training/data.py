"""MNIST images as tensors, through torchvision."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import gzip
import math
import os
from pathlib import Path
import shutil
import struct
import tempfile
from typing import TYPE_CHECKING
import zlib

from ..presets import Preset


if TYPE_CHECKING:
    import torch


_FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


@dataclass(frozen=True)
class Images:
    """Images and labels on one device.

    Attributes:
        train_images: Float tensor (n_train, size, size), normalised.
        train_labels: Long tensor (n_train,).
        test_images: Float tensor (n_test, size, size), normalised.
        test_labels: Long tensor (n_test,).
    """

    train_images: torch.Tensor
    train_labels: torch.Tensor
    test_images: torch.Tensor
    test_labels: torch.Tensor

    def to(self, device: torch.device) -> Images:
        """Copy all four tensors to ``device``."""
        return Images(
            self.train_images.to(device),
            self.train_labels.to(device),
            self.test_images.to(device),
            self.test_labels.to(device),
        )


def check_data_root(data_root: str | Path) -> None:
    """Make sure that the four MNIST files are there, gzipped or not.

    Args:
        data_root: Folder that holds ``MNIST/raw``, as torchvision lays it out.

    Raises:
        FileNotFoundError: If a file is missing; the message names it.
    """
    raw = Path(data_root) / "MNIST" / "raw"
    for name in _FILES:
        if not (raw / name).is_file() and not (raw / f"{name}.gz").is_file():
            raise FileNotFoundError(
                f"MNIST is not at data_root={str(data_root)!r}: neither {raw / name} nor "
                f"{name}.gz beside it exists. Give the folder that holds MNIST/raw with the four "
                "official files, or download=True to have torchvision fetch them."
            )


def check_images(data_root: str | Path, preset: Preset) -> None:
    """Make sure that the MNIST files are whole and hold enough, by their first and last bytes.

    So that what is wrong with them is told before any training, without loading them.

    Args:
        data_root: Folder that holds ``MNIST/raw``, with all files in it.
        preset: Says how many images.

    Raises:
        ValueError: If a file is damaged, or holds too little; the message names it.
    """
    raw = Path(data_root) / "MNIST" / "raw"
    for name in _FILES:
        path = raw / name if (raw / name).is_file() else raw / f"{name}.gz"
        n_needed = preset.n_train if name.startswith("train") else preset.n_test
        try:
            n, n_bytes_an_item, n_bytes = _contents(path)
        except (OSError, EOFError, ValueError, struct.error, zlib.error) as error:
            raise ValueError(f"{path} cannot be read ({error!r}): it must be MNIST's.") from error
        if n_bytes != n * n_bytes_an_item:
            raise ValueError(
                f"{path} is damaged: it should hold {n * n_bytes_an_item} bytes of data, but "
                f"holds {n_bytes}. Get it anew."
            )
        if n < n_needed:
            raise ValueError(
                f"{path} holds {n} items, but preset {preset.name!r} needs {n_needed}."
            )


def _contents(path: Path) -> tuple[int, int, int]:
    """Number of items that an IDX file tells, bytes of each, and bytes that are there of all."""
    is_packed = path.suffix == ".gz"
    with gzip.open(path) if is_packed else open(path, "rb") as file:
        *_, n_axes = file.read(4)
        n, *shape = struct.unpack(f">{n_axes}I", file.read(4 * n_axes))
    n_bytes = path.stat().st_size
    if is_packed:
        with open(path, "rb") as file:
            file.seek(-4, os.SEEK_END)
            # A gzipped file ends with the size of what it holds.
            (n_bytes,) = struct.unpack("<I", file.read(4))
    return n, math.prod(shape), n_bytes - 4 - 4 * n_axes


def download_images(data_root: str | Path) -> None:
    """Let torchvision download MNIST into ``data_root`` if it is not there.

    Args:
        data_root: Folder that holds ``MNIST/raw``, or will; may be read-only if it does.

    Raises:
        RuntimeError: If it is not there, and cannot be written or downloaded.
    """
    from torchvision.datasets import MNIST

    try:
        # Not left to torchvision, for which gzipped files are not there.
        check_data_root(data_root)
    except FileNotFoundError:
        try:
            MNIST(str(data_root), download=True)
        except (OSError, RuntimeError) as error:
            reason = " ".join(str(error).split())
            raise RuntimeError(
                f"download=True: MNIST cannot be downloaded to data_root={str(data_root)!r}: "
                f"{reason}"
            ) from error


def load_images(data_root: str | Path, preset: Preset) -> Images:
    """Load the images of a preset into main memory.

    Args:
        data_root: Folder that holds ``MNIST/raw``; may be read-only.
        preset: Says how many images, and how small.

    Raises:
        FileNotFoundError: If files are missing.
        ValueError: If the files cannot be read, or hold fewer images or labels than the preset
            asks for.
    """
    check_data_root(data_root)
    train_images, train_labels = _load_split(data_root, preset, train=True)
    test_images, test_labels = _load_split(data_root, preset, train=False)
    mean_image, deviation = standardisation(train_images)
    return Images(
        (train_images - mean_image) / deviation,
        train_labels,
        (test_images - mean_image) / deviation,
        test_labels,
    )


def standardisation(train_images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """What all images share tells nothing: the mean training image, which is taken out.

    Args:
        train_images: Grey values (n_train, size, size).

    Returns:
        The mean image, and the standard deviation of all pixels around it.
    """
    mean_image = train_images.mean(dim=0)
    return mean_image, (train_images - mean_image).std()


def pooled(images: torch.Tensor, preset: Preset) -> torch.Tensor:
    """Images of the preset's size, by average pooling.

    Args:
        images: Grey values (n, 28, 28).
        preset: Says how small.
    """
    from torch.nn.functional import avg_pool2d

    pooling = images.shape[-1] // preset.image_size
    return avg_pool2d(images.unsqueeze(1), pooling).squeeze(1) if pooling > 1 else images


@contextmanager
def plain_files(data_root: str | Path) -> Iterator[Path]:
    """A root whose files are not gzipped, which torchvision needs; a copy where they are.

    Args:
        data_root: Folder that holds ``MNIST/raw``; may be read-only.
    """
    with tempfile.TemporaryDirectory() as unpacked:
        yield _with_plain_files(Path(data_root), Path(unpacked))


def _load_split(
    data_root: str | Path, preset: Preset, train: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    from torchvision.datasets import MNIST

    try:
        with plain_files(data_root) as root:
            mnist = MNIST(str(root), train=train)
    except Exception as error:  # torchvision asserts, slices and reshapes whatever it finds
        raise ValueError(
            f"MNIST at data_root={str(data_root)!r} cannot be read ({error!r}): it must be the "
            "four official files, whole."
        ) from error
    n = preset.n_train if train else preset.n_test
    for what, tensor in (("images", mnist.data), ("labels", mnist.targets)):
        if len(tensor) < n:
            raise ValueError(
                f"MNIST at data_root={str(data_root)!r} holds {len(tensor)} "
                f"{'training' if train else 'test'} {what}, but preset {preset.name!r} needs {n}."
            )
    return pooled(mnist.data[:n].float().div(255), preset), mnist.targets[:n].clone()


def _with_plain_files(data_root: Path, scratch: Path) -> Path:
    """Return a root whose files are not gzipped (torchvision reads only those)."""
    raw = data_root / "MNIST" / "raw"
    if all((raw / name).is_file() for name in _FILES):
        return data_root
    target = scratch / "MNIST" / "raw"
    target.mkdir(parents=True)
    for name in _FILES:
        if (raw / name).is_file():
            shutil.copyfile(raw / name, target / name)
        else:
            with gzip.open(raw / f"{name}.gz") as packed, open(target / name, "wb") as plain:
                shutil.copyfileobj(packed, plain)
    return scratch
