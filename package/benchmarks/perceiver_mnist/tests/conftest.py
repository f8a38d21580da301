from __future__ import annotations

from collections.abc import Callable
import dataclasses
import gzip
import importlib
import json
import os
from pathlib import Path
import struct
from types import ModuleType
from typing import Any

import numpy as np
import optunahub
import pytest


os.environ["OPTUNAHUB_NO_ANALYTICS"] = "1"
REGISTRY_ROOT = Path(__file__).parents[3]
N_TRAIN, N_TEST = 256, 64


def pytest_configure(config: pytest.Config) -> None:
    """Make the package's marker known also where its folder is copied to."""
    config.addinivalue_line("markers", "slow: takes seconds")


@pytest.fixture(scope="session")
def package() -> ModuleType:
    """The package as users load it."""
    return optunahub.load_local_module(
        "benchmarks/perceiver_mnist", registry_root=str(REGISTRY_ROOT)
    )


@pytest.fixture(scope="session")
def submodule(package: ModuleType) -> Callable[[str], ModuleType]:
    """Imports a module of the package by its name."""
    return lambda name: importlib.import_module(f"{package.__name__}.{name}")


@pytest.fixture(scope="session")
def planned_runs(submodule: Callable[[str], ModuleType]) -> Callable[[str], list[Any]]:
    """Returns the runs of a preset's design, all groups in one list."""

    def runs(preset_name: str) -> list[Any]:
        design, presets = submodule("measuring.design"), submodule("presets")
        return [run for group in design.design(presets.get_preset(preset_name)) for run in group]

    return runs


@pytest.fixture(scope="session")
def small_table(submodule: Callable[[str], ModuleType]) -> Any:
    """The table of preset small."""
    try:
        return submodule("replay.table").load_table("small")
    except FileNotFoundError:  # which test_small_preset_has_a_table does not let pass
        pytest.skip("the table of preset small is not measured")


@pytest.fixture(scope="session")
def read_model_file(submodule: Callable[[str], ModuleType]) -> Callable[[str], dict[str, Any]]:
    """Reads the model of a preset's table, with its figures, as it is on disk."""

    def read(preset_name: str) -> dict[str, Any]:
        path = submodule("replay.table").data_paths(preset_name)[1]
        content: dict[str, Any] = json.loads(path.read_text())
        return content

    return read


@pytest.fixture(scope="module")
def preset(submodule: Callable[[str], ModuleType]) -> Any:
    """Preset small, as small as the made-up data set."""
    return dataclasses.replace(
        submodule("presets").get_preset("small"), n_train=N_TRAIN, n_test=N_TEST, batch_size=16
    )


@pytest.fixture(scope="module")
def uneven_preset(submodule: Callable[[str], ModuleType]) -> Any:
    """Preset small of 250 images in batches of 16: the last batch is not full."""
    return dataclasses.replace(
        submodule("presets").get_preset("small"), n_train=250, n_test=60, batch_size=16
    )


@pytest.fixture(scope="module")
def images(submodule: Callable[[str], ModuleType], preset: Any, small_mnist: Path) -> Any:
    """The images of the preset that the tests of a file use."""
    return submodule("training.data").load_images(small_mnist, preset)


@pytest.fixture
def preset_of_256(submodule: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> None:
    """Presets whose data is as small as the made-up data set."""
    presets = submodule("presets").PRESETS
    for name, preset in presets.items():
        small = dataclasses.replace(preset, n_train=N_TRAIN, n_test=N_TEST)
        monkeypatch.setitem(presets, name, small)


@pytest.fixture(scope="session")
def small_mnist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root with 256 + 64 made-up images in MNIST's own format, not gzipped."""
    root = tmp_path_factory.mktemp("small_mnist")
    raw = root / "MNIST" / "raw"
    raw.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for split, n in (("train", N_TRAIN), ("t10k", N_TEST)):
        labels = rng.integers(0, 10, n).astype(np.uint8)
        images = rng.integers(0, 60, (n, 28, 28))
        for image, label in zip(images, labels):
            row, column = divmod(int(label), 4)  # each digit a bright square of its own
            image[9 * row : 9 * row + 8, 7 * column : 7 * column + 7] += 190
        (raw / f"{split}-images-idx3-ubyte").write_bytes(
            struct.pack(">IIII", 0x803, n, 28, 28) + images.astype(np.uint8).tobytes()
        )
        (raw / f"{split}-labels-idx1-ubyte").write_bytes(
            struct.pack(">II", 0x801, n) + labels.tobytes()
        )
    return root


@pytest.fixture(scope="session")
def gzipped_mnist(small_mnist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same files, gzipped as they are published."""
    root = tmp_path_factory.mktemp("gzipped_mnist")
    raw = root / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for file in (small_mnist / "MNIST" / "raw").iterdir():
        (raw / f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes(), 1))
    return root


@pytest.fixture(scope="session")
def real_mnist() -> Path:
    """A data root with the real MNIST, where there is one."""
    root = Path(os.environ.get("PERCEIVER_MNIST_DATA_ROOT", "data"))
    raw = root / "MNIST" / "raw"
    if not list(raw.glob("train-images-idx3-ubyte*")):
        pytest.skip("no real MNIST: set PERCEIVER_MNIST_DATA_ROOT to the folder above MNIST/raw")
    return root
