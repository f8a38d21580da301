"""The images of MNIST, from files of all kinds and states."""

from __future__ import annotations

from collections.abc import Callable
import dataclasses
import gzip
from pathlib import Path
import shutil
import struct
from types import ModuleType
from typing import Any

import numpy as np
import pytest


torch = pytest.importorskip("torch")
pytest.importorskip("torchvision")

Submodule = Callable[[str], ModuleType]


def test_plain_and_gzipped_files_give_the_same_images(
    submodule: Submodule, preset: Any, images: Any, gzipped_mnist: Path
) -> None:
    unpacked = submodule("training.data").load_images(gzipped_mnist, preset)
    for field in dataclasses.fields(images):
        assert torch.equal(getattr(images, field.name), getattr(unpacked, field.name))
    assert images.train_images.shape == (256, 7, 7)
    assert images.test_labels.shape == (64,)


def test_data_folder_may_be_read_only(
    submodule: Submodule, preset: Any, gzipped_mnist: Path
) -> None:
    before = sorted(path for path in gzipped_mnist.rglob("*"))
    folders = [path for path in (gzipped_mnist, *before) if path.is_dir()]
    for folder in folders:
        folder.chmod(0o555)
    try:
        submodule("training.data").load_images(gzipped_mnist, preset)
        # Root may write everywhere: at least nothing was written.
        assert sorted(gzipped_mnist.rglob("*")) == before
    finally:
        for folder in folders:
            folder.chmod(0o755)


def test_images_are_average_pooled_and_standardised(
    submodule: Submodule, images: Any, small_mnist: Path
) -> None:
    raw = (small_mnist / "MNIST" / "raw" / "train-images-idx3-ubyte").read_bytes()[16:]
    pooled = np.frombuffer(raw, np.uint8).reshape(-1, 7, 4, 7, 4).mean(axis=(2, 4))
    centred = pooled - pooled.mean(axis=0)
    assert images.train_images.numpy() == pytest.approx(centred / centred.std(), abs=1e-3)
    assert abs(float(images.train_images.mean())) < 1e-5
    # The test images by the training images' statistics: their own mean is not zero.
    assert float(images.test_images.mean(dim=0).abs().max()) > 1e-3


def test_too_few_images_is_an_error(submodule: Submodule, small_mnist: Path) -> None:
    with pytest.raises(ValueError, match="256 training images.*'small' needs 4096"):
        submodule("training.data").load_images(
            small_mnist, submodule("presets").get_preset("small")
        )


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("train-images-idx3-ubyte", lambda whole: whole[:5000]),
        ("t10k-images-idx3-ubyte", lambda whole: b"<html>"),
        ("t10k-labels-idx1-ubyte", lambda whole: b""),
        ("train-images-idx3-ubyte.gz", lambda whole: gzip.compress(whole)[:5000]),
        ("train-labels-idx1-ubyte.gz", lambda whole: whole),
    ],
)
def test_damaged_file_is_an_error_that_names_the_folder(
    submodule: Submodule,
    preset: Any,
    small_mnist: Path,
    tmp_path: Path,
    name: str,
    content: Callable[[bytes], bytes],
) -> None:
    raw = tmp_path / "MNIST" / "raw"
    shutil.copytree(small_mnist / "MNIST" / "raw", raw)
    plain = raw / name.removesuffix(".gz")
    whole = plain.read_bytes()
    plain.unlink()
    (raw / name).write_bytes(content(whole))
    with pytest.raises(ValueError, match=f"data_root='{tmp_path}' cannot be read \\("):
        submodule("training.data").load_images(tmp_path, preset)


def test_fewer_labels_than_images_is_an_error(
    submodule: Submodule, preset: Any, small_mnist: Path, tmp_path: Path
) -> None:
    raw = tmp_path / "MNIST" / "raw"
    shutil.copytree(small_mnist / "MNIST" / "raw", raw)
    (raw / "t10k-labels-idx1-ubyte").write_bytes(struct.pack(">II", 0x801, 10) + bytes(10))
    with pytest.raises(ValueError, match="holds 10 test labels, but preset 'small' needs 64"):
        submodule("training.data").load_images(tmp_path, preset)
