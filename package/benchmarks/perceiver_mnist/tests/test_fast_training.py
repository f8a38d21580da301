"""The fast trainer computes what the plain loop computes."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import dataclasses
import itertools
import math
from types import ModuleType
from typing import Any
import weakref

import pytest


torch = pytest.importorskip("torch")
pytest.importorskip("torchvision")

Submodule = Callable[[str], ModuleType]
CELL = {"depth": 3, "latent_dim": 12, "num_latents": 6}
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


@pytest.fixture(scope="module")
def preset(uneven_preset: Any) -> Any:
    return uneven_preset


def _train_fast(
    submodule: Submodule, preset: Any, images: Any, rates: list[float], seeds: list[int], **kw: Any
) -> Any:
    fast = submodule("training.fast_training")
    start = fast.prepare(preset, **CELL, training_seeds=seeds)
    return fast.FastTrainer(preset, images, **kw).train(start, rates)


def test_models_trained_together_are_those_of_the_plain_loop(
    submodule: Submodule, preset: Any, images: Any
) -> None:
    rates, seeds = [0.002, 0.01, 0.01], [5, 5, 6]
    records = _train_fast(submodule, preset, images, rates, seeds)
    for rate, seed, record in zip(rates, seeds, records):
        plain = submodule("training.plain_training").train(
            preset, images, **CELL, learning_rate=rate, training_seed=seed
        )
        assert record.loss == pytest.approx(plain.loss, rel=1e-4)
        assert record.loss_curve == pytest.approx(plain.loss_curve, rel=1e-3)
        assert record.test_accuracy == pytest.approx(plain.test_accuracy, abs=1.5 / 60)
        assert record.diverged == plain.diverged


def test_a_model_that_breaks_leaves_the_others_as_they_are(
    submodule: Submodule, preset: Any, images: Any
) -> None:
    alone = _train_fast(submodule, preset, images, [0.01], [3])[0]
    broken, beside = _train_fast(submodule, preset, images, [math.inf, 0.01], [4, 3])
    assert math.isnan(broken.loss)
    assert broken.diverged
    assert beside.loss == pytest.approx(alone.loss, rel=1e-5)


def test_half_precision_learns_as_well(submodule: Submodule, preset: Any, images: Any) -> None:
    rates, seeds = [0.005] * 3, [0, 1, 2]
    single = _train_fast(submodule, preset, images, rates, seeds)
    half = _train_fast(submodule, preset, images, rates, seeds, dtype=torch.bfloat16)
    for a, b in zip(single, half):
        assert a.loss != b.loss  # it was another precision
        assert b.loss == pytest.approx(a.loss, rel=0.02)


def test_logits_are_those_of_the_model(submodule: Submodule, preset: Any, images: Any) -> None:
    ensemble, fused = submodule("training.ensemble"), submodule("training.fused")
    models = [
        submodule("training.plain_training").build_model(preset, **CELL, training_seed=i)
        for i in (0, 1)
    ]
    generator = torch.Generator().manual_seed(0)
    for model in models:
        for parameter in model.parameters():  # also those that start as zeros and ones
            parameter.data += 0.1 * torch.randn(parameter.shape, generator=generator)
    packed = [ensemble.pack(model) for model in models]
    parameters = ensemble.unpack(torch.stack([flat for flat, _ in packed]), packed[0][1])
    batches = torch.stack([images.train_images[:5], images.train_images[5:10]])
    pixels = torch.stack(
        [ensemble.normalised_pixels(batch, models[0].positions) for batch in batches]
    )
    scores = ensemble.logits(parameters, pixels, preset.n_heads, fused.Kernels())
    for model, batch, found in zip(models, batches, scores):
        assert torch.allclose(found, model(batch), rtol=1e-4, atol=1e-5)


def test_packing_keeps_every_parameter(submodule: Submodule, preset: Any) -> None:
    ensemble = submodule("training.ensemble")
    model = submodule("training.plain_training").build_model(preset, **CELL, training_seed=0)
    flat, layout = ensemble.pack(model)
    unpacked = ensemble.unpack(flat.unsqueeze(0), layout)
    for name, parameter in model.named_parameters():
        if name.startswith("blocks."):
            _, block, rest = name.split(".", 2)
            assert torch.equal(unpacked[rest][0, int(block)], parameter)
        else:
            assert torch.equal(unpacked[name][0], parameter)


def test_compiling_changes_nothing(submodule: Submodule, preset: Any, images: Any) -> None:
    fast = submodule("training.fast_training")
    trainer = fast.FastTrainer(preset, images)
    start = fast.prepare(preset, **CELL, training_seeds=[3])
    trainer.compile(start)
    after = trainer.train(start, [0.01])[0]
    assert after.loss == _train_fast(submodule, preset, images, [0.01], [3])[0].loss


def test_training_needs_no_kernel_that_was_not_compiled(
    submodule: Submodule, preset: Any, images: Any
) -> None:
    # A kernel is compiled for a shape; the last batch of an epoch has fewer images.
    fast, fused = submodule("training.fast_training"), submodule("training.fused")
    shapes: set[tuple[int, ...]] = set()

    def cross_attention(query: Any, pixels: Any, scale: float) -> Any:
        shapes.add(tuple(query.shape))
        return fused.cross_attention(query, pixels, scale)

    kernels = dataclasses.replace(fused.Kernels(), cross_attention=cross_attention)
    trainer = fast.FastTrainer(preset, images, kernels=kernels)
    start = fast.prepare(preset, **CELL, training_seeds=[0, 1])
    trainer.compile(start)
    compiled = set(shapes)
    fast._Epoch(trainer, start, [0.01, 0.01]).train()
    assert len(shapes) == 2
    assert compiled == shapes


def test_seconds_are_an_equal_share_and_contain_the_preparation(
    submodule: Submodule, preset: Any, images: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fast = submodule("training.fast_training")
    start = dataclasses.replace(fast.prepare(preset, **CELL, training_seeds=[0, 1]), seconds=5.0)
    for clock in ("perf_counter", "process_time"):
        monkeypatch.setattr(fast.time, clock, itertools.count().__next__)
    records = fast.FastTrainer(preset, images).train(start, [0.01, 0.01])
    assert [(r.seconds, r.cpu_seconds) for r in records] == [(3.0, 3.0)] * 2


def test_graph_is_replayed_while_its_tensors_are_there(
    submodule: Submodule, preset: Any, images: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fast = submodule("training.fast_training")

    class Graph:
        def __init__(self, epoch: Any) -> None:
            self.epoch = weakref.ref(epoch)

        def replay(self) -> bool:
            return self.epoch() is not None

    monkeypatch.setattr(fast._Epoch, "record", lambda epoch: Graph(epoch))
    monkeypatch.setattr(fast, "kernel_seconds", lambda step: step())
    start = fast.prepare(preset, **CELL, training_seeds=[0])
    assert fast.FastTrainer(preset, images).kernel_seconds(start)


def test_device_is_the_current_one_while_it_trains(
    submodule: Submodule, preset: Any, images: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = submodule("training.fast_training").FastTrainer(preset, images)
    trainer.device = torch.device("cuda:1")
    entered: list[Any] = []

    @contextlib.contextmanager
    def device(name: Any) -> Iterator[None]:
        entered.append(name)
        yield
        entered.append("left")

    monkeypatch.setattr(torch.cuda, "device", device)
    with trainer._on_device():
        assert entered == [trainer.device]
    assert entered == [trainer.device, "left"]


@needs_gpu
def test_training_on_the_device_agrees_with_the_plain_loop(
    submodule: Submodule, preset: Any, images: Any
) -> None:
    on_device = images.to(torch.device("cuda"))
    for seed in (0, 1):
        (fast,) = _train_fast(submodule, preset, on_device, [0.005], [seed])
        plain = submodule("training.plain_training").train(
            preset, on_device, **CELL, learning_rate=0.005, training_seed=seed
        )
        assert fast.loss == pytest.approx(plain.loss, rel=0.03)


@needs_gpu
@pytest.mark.parametrize("n_latents", [64, 96, 192])
def test_sharp_attention_has_finite_gradients(
    submodule: Submodule, preset: Any, images: Any, n_latents: int
) -> None:
    # What cuDNN's attention gets wrong: every score far below zero.
    trainer = submodule("training.fast_training").FastTrainer(
        preset, images.to(torch.device("cuda"))
    )
    query, key, value = (
        0.1 * torch.randn(2, 4, n_latents, 64, device="cuda", dtype=torch.bfloat16)
        for _ in range(3)
    )
    query[..., 0], key[..., 0] = 1.0, -120.0 * 8.0
    inputs = [tensor.requires_grad_() for tensor in (query, key, value)]
    with trainer._on_device():
        out = torch.nn.functional.scaled_dot_product_attention(*inputs)
    for gradient in torch.autograd.grad(out.float().square().sum(), inputs):
        assert gradient.isfinite().all()
