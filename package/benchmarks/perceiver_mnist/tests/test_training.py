"""Real training runs, on a small made-up MNIST and on the real one where it is given."""

from __future__ import annotations

from collections.abc import Callable
import dataclasses
import gzip
import math
import os
from pathlib import Path
import pickle
import shutil
import struct
import sys
from types import ModuleType
from typing import Any

import numpy as np
import optuna
import pytest


torch = pytest.importorskip("torch")
pytest.importorskip("torchvision")

Submodule = Callable[[str], ModuleType]
SMALL_PARAMS = {"depth": 2, "latent_dim": 8, "num_latents": 4, "learning_rate": 0.01}


@pytest.fixture(scope="module")
def preset(submodule: Submodule) -> Any:
    return dataclasses.replace(
        submodule("presets").get_preset("small"), n_train=256, n_test=64, batch_size=16
    )


@pytest.fixture(scope="module")
def images(submodule: Submodule, preset: Any, small_mnist: Path) -> Any:
    return submodule("training.data").load_images(small_mnist, preset)


@pytest.fixture
def problem(
    package: ModuleType,
    submodule: Submodule,
    preset: Any,
    small_mnist: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Any:
    monkeypatch.setitem(submodule("presets").PRESETS, "small", preset)
    return package.Problem(mode="train", device="cpu", data_root=small_mnist)


# Model.


@pytest.mark.parametrize("n_heads", [1, 4])
def test_model_gives_ten_logits_an_image(submodule: Submodule, n_heads: int) -> None:
    model = submodule("training.model").PerceiverMNIST(
        2, 8, 4, image_size=7, n_bands=3, n_heads=n_heads
    )
    assert model(torch.randn(5, 7, 7)).shape == (5, 10)


def test_every_parameter_gets_a_gradient(submodule: Submodule) -> None:
    torch.manual_seed(0)
    model = submodule("training.model").PerceiverMNIST(3, 8, 4, image_size=7, n_bands=3)
    logits = model(torch.randn(16, 7, 7))
    torch.nn.functional.cross_entropy(logits, torch.arange(16) % 10).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.abs().max() > 0, name


def test_number_of_parameters_scales_as_the_architecture_says(submodule: Submodule) -> None:
    def count(depth: int, latent_dim: int, num_latents: int) -> int:
        model = submodule("training.model").PerceiverMNIST(
            depth, latent_dim, num_latents, image_size=7, n_bands=3
        )
        return sum(parameter.numel() for parameter in model.parameters())

    block = count(3, 8, 4) - count(2, 8, 4)
    assert count(8, 8, 4) == count(2, 8, 4) + 6 * block
    assert count(2, 8, 16) == count(2, 8, 4) + 12 * 8
    channels, dim = 1 + 4 * 3 + 2, 8
    norms = 2 * channels + 2 * dim * 4
    attention = (dim + dim + 1) * dim + 2 * channels * dim + (4 * dim + 1) * dim
    perceptrons = 4 * (dim + 1) * dim
    assert block == norms + attention + perceptrons


def test_weights_start_as_wide_as_the_table_was_measured_with(submodule: Submodule) -> None:
    torch.manual_seed(0)
    model = submodule("training.model").PerceiverMNIST(2, 128, 64)
    block, channels = model.blocks[1], model.positions.n_channels
    assert channels == 27
    for weights, deviation in (
        (model.latents, 1.0),
        (block.cross_attention.to_query.weight, 128**-0.5),
        (block.cross_attention.to_key_value.weight, 2.0 * channels**-0.5),
        (block.self_attention.to_key_value.weight, 128**-0.5),
    ):
        # Five standard errors.
        assert float(weights.detach().std()) == pytest.approx(
            deviation, rel=5.0 / math.sqrt(2 * weights.numel())
        )


def test_order_of_pixels_matters_and_of_images_does_not(submodule: Submodule) -> None:
    torch.manual_seed(0)
    model = submodule("training.model").PerceiverMNIST(2, 8, 4, image_size=7, n_bands=3).eval()
    pixels = torch.randn(4, 7, 7)
    logits = model(pixels)
    assert torch.allclose(model(pixels.flip(0)), logits.flip(0), atol=1e-6)
    assert not torch.allclose(model(pixels.transpose(1, 2)), logits, atol=1e-6)


# Data.


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


def test_nothing_is_downloaded_where_gzipped_files_are(
    package: ModuleType, problem: Any, gzipped_mnist: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: Any, **more: Any) -> None:
        raise AssertionError("downloads")

    monkeypatch.setattr("torchvision.datasets.MNIST", fail)
    package.Problem(mode="train", device="cpu", data_root=gzipped_mnist, download=True)


def test_failed_download_is_one_line(
    package: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: Any, **more: Any) -> None:
        raise RuntimeError("Error downloading:\nTried here\n")

    monkeypatch.setattr("torchvision.datasets.MNIST", fail)
    with pytest.raises(RuntimeError) as caught:
        package.Problem(mode="train", device="cpu", data_root=tmp_path, download=True)
    assert str(caught.value) == (
        f"download=True: MNIST cannot be downloaded to data_root='{tmp_path}': "
        "Error downloading: Tried here"
    )


# Training.


def test_same_seed_gives_the_same_run_and_another_seed_another(
    problem: Any, package: ModuleType, small_mnist: Path
) -> None:
    first, again = problem.run(SMALL_PARAMS), problem.run(SMALL_PARAMS)
    assert first.loss == again.loss
    assert first.loss_curve == again.loss_curve
    assert first.test_accuracy == again.test_accuracy
    other = package.Problem(mode="train", device="cpu", data_root=small_mnist, training_seed=1)
    assert other.evaluate(SMALL_PARAMS) != first.loss


def test_global_state_of_torch_is_left_alone(problem: Any) -> None:
    torch.manual_seed(5)
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    problem.evaluate(SMALL_PARAMS)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_num_threads() == threads


def test_record_is_complete_and_consistent(problem: Any) -> None:
    record = problem.run(SMALL_PARAMS)
    assert math.isfinite(record.loss)
    assert len(record.loss_curve) == 8
    assert np.mean(record.loss_curve) == pytest.approx(record.loss)  # 16 steps: equal parts
    assert 0.0 <= record.test_accuracy <= 1.0
    assert record.seconds > 0.0
    assert not record.diverged
    assert record.device == "cpu"
    if sys.platform == "linux":
        assert record.peak_memory_mb > 10.0


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_peak_memory_is_not_a_number_where_the_kernel_does_not_tell(
    submodule: Submodule, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = submodule("training.plain_training")
    for status, expected in (("VmHWM:\t 2000 kB\n", 2.048), ("Name:\tpython\n", math.nan)):
        monkeypatch.setattr(Path, "read_text", lambda path, status=status: status)
        found = training._peak_memory_mb(torch.device("cpu"))
        assert found == pytest.approx(expected, nan_ok=True)


def test_training_learns(submodule: Submodule, preset: Any, images: Any) -> None:
    record = submodule("training.plain_training").train(
        dataclasses.replace(preset, batch_size=2),
        images,
        depth=2,
        latent_dim=16,
        num_latents=8,
        learning_rate=0.01,
    )
    assert min(record.loss_curve) < 0.75 * record.loss_curve[0]
    assert record.test_accuracy > 0.25


def test_absurd_learning_rate_diverges(submodule: Submodule, preset: Any, images: Any) -> None:
    record = submodule("training.plain_training").train(
        preset, images, depth=8, latent_dim=32, num_latents=16, learning_rate=10.0
    )
    assert record.diverged


def test_loss_that_is_not_finite_is_nan_and_fails_the_trial(
    problem: Any, submodule: Submodule, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = submodule("training.plain_training")
    for bad in (math.nan, math.inf):
        monkeypatch.setattr(
            training, "_train_one_epoch", lambda *args, bad=bad: [1.0] * 15 + [bad]
        )
        record = problem.run(SMALL_PARAMS)
        assert math.isnan(record.loss)
        assert record.diverged
    study = optuna.create_study()
    study.enqueue_trial(SMALL_PARAMS)
    study.optimize(problem, n_trials=1)
    assert study.trials[0].state == optuna.trial.TrialState.FAIL
    assert study.trials[0].params == SMALL_PARAMS
    assert study.trials[0].user_attrs["diverged"] is True


@pytest.mark.parametrize("n_values", [8, 9, 128, 938])
def test_part_means_cover_everything_once(submodule: Submodule, n_values: int) -> None:
    values = [float(i) for i in range(n_values)]
    parts = submodule("training.plain_training").part_means(values, 8)
    assert len(parts) == 8
    assert parts == sorted(parts)
    assert np.mean(parts) == pytest.approx(np.mean(values), rel=0.02)


def test_study_trains_and_records(problem: Any) -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(problem, n_trials=2)
    for trial in study.trials:
        assert trial.state == optuna.trial.TrialState.COMPLETE
        assert trial.user_attrs["device"] == "cpu"
        assert "expected_loss" not in trial.user_attrs


@pytest.mark.slow
def test_threads_of_one_study_do_not_disturb_each_other(problem: Any) -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for rate in (0.001, 0.002, 0.004, 0.008):
        study.enqueue_trial(SMALL_PARAMS | {"learning_rate": rate})
    study.optimize(problem, n_trials=4, n_jobs=2)
    for trial in study.trials:
        assert trial.value == problem.evaluate(trial.params)


# Errors before any training.


def test_missing_data_set_is_an_error_of_the_constructor(
    package: ModuleType, tmp_path: Path
) -> None:
    with pytest.raises(FileNotFoundError, match="data_root.*MNIST/raw.*download=True"):
        package.Problem(mode="train", device="cpu", data_root=tmp_path / "nowhere")


@pytest.mark.parametrize("device", ["cuda", "cuda:99", "mps"])
def test_device_that_is_not_there(package: ModuleType, small_mnist: Path, device: str) -> None:
    there = torch.backends.mps.is_available() if device == "mps" else torch.cuda.is_available()
    if there and device != "cuda:99":
        pytest.skip(f"{device} is there")
    with pytest.raises(RuntimeError, match=f"device is '{device}'.*Available"):
        package.Problem(mode="train", device=device, data_root=small_mnist)


def test_auto_device_is_one_that_is_there(submodule: Submodule) -> None:
    device = submodule("training.devices").resolve_device("auto")
    assert torch.zeros(1, device=device).device.type == device.type


def test_missing_torchvision_says_what_to_install(
    package: ModuleType, small_mnist: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(ImportError, match="pip install torch torchvision"):
        package.Problem(mode="train", data_root=small_mnist)


def test_expected_loss_is_not_known_in_training(problem: Any) -> None:
    with pytest.raises(RuntimeError, match="mode='table'"):
        problem.expected_loss(SMALL_PARAMS)


# The real thing.


def test_real_run_agrees_with_the_table(package: ModuleType, real_mnist: Path) -> None:
    params = {"depth": 3, "latent_dim": 20, "num_latents": 10, "learning_rate": 0.00694748}
    trained = package.Problem(mode="train", device="cpu", data_root=real_mnist).run(params)
    try:
        expected = package.Problem().expected_loss(params)
    except FileNotFoundError:
        pytest.skip("the table of preset small is not measured")
    assert abs(math.log(trained.loss / expected)) < 0.25  # four times the noise
    assert trained.test_accuracy > 0.5


@pytest.mark.skipif(
    not os.environ.get("PERCEIVER_MNIST_TEST_FULL"), reason="minutes long; on request only"
)
def test_real_run_at_full_size(package: ModuleType, real_mnist: Path) -> None:
    params = {"depth": 2, "latent_dim": 128, "num_latents": 64, "learning_rate": 1e-3}
    record = package.Problem("full", "train", data_root=real_mnist).run(params)
    assert record.loss < 1.5
    assert not record.diverged


# The fast trainer as the problem uses it.


def test_problem_trains_fast_if_asked_and_gets_the_same(
    package: ModuleType, problem: Any, small_mnist: Path
) -> None:
    fast = package.Problem(mode="train", device="cpu", data_root=small_mnist, trainer="fast")
    for rate in (0.004, 0.01):  # the second run uses what the first one made
        params = SMALL_PARAMS | {"learning_rate": rate}
        found, expected = fast.run(params), problem.run(params)
        assert found.loss == pytest.approx(expected.loss, rel=1e-4)
        assert found.loss != expected.loss or found.seconds != expected.seconds


@pytest.mark.parametrize("gzipped", [False, True])
@pytest.mark.parametrize("n_bytes", [0, 3, 1000, -5])
def test_damaged_data_set_is_an_error_of_the_constructor(
    package: ModuleType,
    problem: Any,
    small_mnist: Path,
    gzipped_mnist: Path,
    tmp_path: Path,
    gzipped: bool,
    n_bytes: int,
) -> None:
    root = gzipped_mnist if gzipped else small_mnist
    shutil.copytree(root, tmp_path, dirs_exist_ok=True)
    package.Problem(mode="train", device="cpu", data_root=tmp_path)
    path = tmp_path / "MNIST" / "raw" / f"train-images-idx3-ubyte{'.gz' if gzipped else ''}"
    path.write_bytes(path.read_bytes()[:n_bytes])
    with pytest.raises(ValueError, match=f"{path} (is damaged|cannot be read)"):
        package.Problem(mode="train", device="cpu", data_root=tmp_path)


def test_too_small_data_set_is_an_error_of_the_constructor(
    package: ModuleType, small_mnist: Path
) -> None:
    with pytest.raises(ValueError, match="holds 256 items, but preset 'small' needs 4096"):
        package.Problem(mode="train", device="cpu", data_root=small_mnist)


@pytest.mark.parametrize("trainer", ["plain", "fast"])
def test_problem_that_has_trained_is_sent_without_its_images(
    package: ModuleType, problem: Any, small_mnist: Path, trainer: str
) -> None:
    used = package.Problem(mode="train", device="cpu", data_root=small_mnist, trainer=trainer)
    loss = used.evaluate(SMALL_PARAMS)
    sent = pickle.dumps(used)
    assert len(sent) < 10_000
    assert pickle.loads(sent).evaluate(SMALL_PARAMS) == loss
    assert used.evaluate(SMALL_PARAMS) == loss


@pytest.mark.parametrize(
    ("trainer", "is_fast"), [("auto", False), ("plain", False), ("fast", True)]
)
def test_trainer_on_a_cpu_is_the_plain_one_unless_asked(
    package: ModuleType,
    problem: Any,
    submodule: Submodule,
    small_mnist: Path,
    monkeypatch: pytest.MonkeyPatch,
    trainer: str,
    is_fast: bool,
) -> None:
    class Used(Exception):
        pass

    def use(*arguments: Any, **more: Any) -> None:
        raise Used

    name = "training.fast_training" if is_fast else "training.plain_training"
    monkeypatch.setattr(submodule(name), "prepare" if is_fast else "train", use)
    chosen = package.Problem(mode="train", device="cpu", data_root=small_mnist, trainer=trainer)
    with pytest.raises(Used):
        chosen.run(SMALL_PARAMS)


def test_unknown_trainer_is_an_error_before_any_training(package: ModuleType) -> None:
    with pytest.raises(ValueError, match="trainer is 'quick'.*'auto', 'plain', 'fast'"):
        package.Problem(mode="train", trainer="quick")
