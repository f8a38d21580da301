"""The fast trainer computes what the plain loop computes; its kernels what torch computes."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import dataclasses
import itertools
import json
import math
import os
from pathlib import Path
import subprocess
import sys
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
def preset(submodule: Submodule) -> Any:
    # 250 images in batches of 16: the last batch is not full.
    return dataclasses.replace(
        submodule("presets").get_preset("small"), n_train=250, n_test=60, batch_size=16
    )


@pytest.fixture(scope="module")
def images(submodule: Submodule, preset: Any, small_mnist: Path) -> Any:
    return submodule("training.data").load_images(small_mnist, preset)


def _train_fast(
    submodule: Submodule, preset: Any, images: Any, rates: list[float], seeds: list[int], **kw: Any
) -> Any:
    fast = submodule("training.fast_training")
    start = fast.prepare(preset, **CELL, training_seeds=seeds)
    return fast.FastTrainer(preset, images, **kw).train(start, rates)


# Against the plain loop.


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


def test_adam_is_torchs(submodule: Submodule) -> None:
    fused = submodule("training.fused")
    torch.manual_seed(0)
    start, gradients = torch.randn(2, 7), torch.randn(5, 2, 7)
    rates = torch.tensor([[0.01], [0.1]])
    parameters, working = start.clone(), start.clone()
    first, second = torch.zeros(2, 7), torch.zeros(2, 7)
    rows = [start[i].clone().requires_grad_() for i in range(2)]
    optimizers = [torch.optim.Adam([row], lr=float(rate)) for row, rate in zip(rows, rates)]
    for step, gradient in enumerate(gradients, 1):
        fused.adam(parameters, working, gradient, first, second, rates, torch.tensor(step))
        for row, optimizer, part in zip(rows, optimizers, gradient):
            row.grad = part.clone()
            optimizer.step()
    assert torch.allclose(parameters, torch.stack([row.detach() for row in rows]), atol=1e-6)
    assert torch.equal(parameters, working)


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


# Kernels.

# In a process of its own, because Triton looks at the environment when it is imported.
_COMPARE_KERNELS = """
import os
import sys

import torch

sys.path.insert(0, {root!r})
from package.benchmarks.perceiver_mnist.training import fused
from package.benchmarks.perceiver_mnist.training import triton_attention
from package.benchmarks.perceiver_mnist.training import triton_kernels

device, half = sys.argv[1], torch.bfloat16 if sys.argv[1] == "cuda" else torch.float32
tolerance = 1e-2 if half == torch.bfloat16 else 1e-5
torch.manual_seed(0)


def check(name, arguments, wanted):
    results = []
    ours = triton_attention if name == "cross_attention" else triton_kernels
    for module, as_given in ((ours, True), (fused, False)):
        inputs = [
            (x if as_given else x.float()).clone().requires_grad_(w) if torch.is_tensor(x) else x
            for x, w in zip(arguments, wanted)
        ]
        outputs = getattr(module, name)(*inputs)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        torch.manual_seed(1)
        sum((o.float() * torch.randn_like(o.float())).sum() for o in outputs).backward()
        gradients = [x.grad for x, w in zip(inputs, wanted) if w]
        results.append([x.detach().float() for x in (*outputs, *gradients)])
    for found, expected in zip(*results):
        error = float((found - expected).norm() / expected.norm())
        assert error < tolerance, (name, error)


def draw(*shape, dtype=half):
    return torch.randn(*shape, device=device).to(dtype)


for models, rows, channels in ((2, 130, 24), (1, 37, 128)):
    per_model = [draw(models, channels) for _ in range(3)]
    x = draw(models, rows, channels, dtype=torch.float32)
    update = draw(models, rows, channels)
    check("add_and_normalise", [x, update, *per_model], [True] * 5)
    check("bias_and_gelu", [3 * update, per_model[0]], [True] * 2)
for latents, pixels, channels in ((70, 130, 16), (10, 49, 16), (96, 100, 32)):
    query, keys = draw(2, latents, channels), draw(2, pixels, channels)
    check("cross_attention", [query, keys, 0.3], [True, False, False])
values = [draw(2, 3001, dtype=torch.float32) for _ in range(3)]
for step in (1, 5, 900):
    states = [
        [values[0].clone(), values[0].to(half), values[1].to(half)]
        + [values[2].clone(), values[2].abs()]
        + [torch.tensor([[0.001], [0.01]], device=device), torch.tensor(step, device=device)]
        for _ in range(2)
    ]
    triton_kernels.adam(*states[0])
    fused.adam(*states[1])
    for found, expected in zip(*states):
        assert torch.allclose(found.float(), expected.float(), rtol=1e-2 if half == torch.bfloat16 else 1e-4, atol=1e-6)
print("kernels agree")
"""


def _compare_kernels(device: str, tmp_path: Path, **environment: str) -> None:
    root = str(Path(__file__).parents[4])
    script = tmp_path / "compare_kernels.py"
    script.write_text(_COMPARE_KERNELS.format(root=root))
    done = subprocess.run(
        [sys.executable, str(script), device],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.stdout.strip() == "kernels agree", done.stderr[-2000:]


@pytest.mark.slow
def test_kernels_agree_with_torch_when_interpreted(tmp_path: Path) -> None:
    pytest.importorskip("triton")
    _compare_kernels("cpu", tmp_path, TRITON_INTERPRET="1")


@needs_gpu
def test_kernels_agree_with_torch_on_the_device(tmp_path: Path) -> None:
    _compare_kernels("cuda", tmp_path)


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


# Command line.


@pytest.mark.slow
def test_comparison_of_trainers_on_a_cpu(
    submodule: Submodule,
    preset: Any,
    small_mnist: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(submodule("presets").PRESETS, "small", preset)
    compare = submodule("compare_trainers")
    cells = compare.cells_by_size(preset)
    monkeypatch.setattr(compare, "cells_by_size", lambda preset: cells[:2])
    out = tmp_path / "trainers.jsonl"
    arguments = ["--preset", "small", "--device", "cpu", "--data-root", str(small_mnist)]
    arguments += ["--out", str(out)]
    assert compare.main([*arguments, "--seeds", "1"]) == 0
    assert compare.main([*arguments, "--seeds", "2"]) == 0  # goes on, repeats nothing
    head, *records = map(json.loads, out.read_text().splitlines())
    assert head["matrix_rate"] > 0
    assert head["device"] == "cpu"
    made = [(r["trainer"], r["depth"], r["training_seed"]) for r in records]
    assert len(set(made)) == len(made) == 2 * (3 + 2)
    losses = {(r["trainer"], r["depth"], r["training_seed"]): r["loss"] for r in records}
    for cell in cells[:2]:
        for seed in (0, 1):
            assert losses["fast", cell["depth"], seed] == pytest.approx(
                losses["blog", cell["depth"], seed], rel=1e-3
            )
    table = capsys.readouterr().out.splitlines()[-4:]
    assert compare.main(["--report", "--out", str(out)]) == 0
    assert capsys.readouterr().out.splitlines() == table
    assert [line.split("|")[1].strip() for line in table[2:]] == ["2, 8, 4", "3, 12, 8"]


def test_comparison_shows_medians_and_ratios_of_what_all_have_finished(
    submodule: Submodule, preset: Any
) -> None:
    compare = submodule("compare_trainers")
    large, small = (
        {"depth": d, "latent_dim": 8, "num_latents": 4, "flops": 1e9 * d} for d in (8, 2)
    )
    records: list[dict[str, Any]] = [{"matrix_rate": 1e10}]
    for trainer, seconds in (("blog", [9.0, 8.0]), ("fast", [1.0, 3.0]), ("together", [0.5])):
        for seed, spent in enumerate(seconds):
            run = {"trainer": trainer, "training_seed": seed, "seconds": spent, "loss": 0.5 + seed}
            records += [large | run, small | run] if trainer != "together" else [small | run]
    records.append(small | {"kernel_seconds": {"attention": 0.001, "wall clock": 0.002}})
    heads, rule, *rows = compare.table(records)
    assert [cell.strip() for cell in rows[0].split("|")[1:-1]] == [
        "2, 8, 4", "8.50 s", "2.00 s", "0.50 s", "4.2", "10%", "0.500, 1.500", "0.500, 1.500"
    ]  # fmt: skip
    assert len(rows) == 1  # of the large one, nothing was trained together
    assert heads.count("|") == rule.count("|") == rows[0].count("|")
    assert compare.kernel_table(records)[2] == "| 2, 8, 4 | 1.00 ms | 2.00 ms |"
    sizes = [tuple(cell.values()) for cell in compare.cells_by_size(preset)]
    assert sizes[0] == (2, 8, 4) and sizes[2] == (5, 20, 10) and sizes[-1] == (8, 32, 16)


def test_comparison_names_what_is_wrong(
    submodule: Submodule, small_mnist: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    compare = submodule("compare_trainers")
    out = ["--out", str(tmp_path / "out.jsonl"), "--device", "cpu"]
    for arguments, message in (
        (["--seeds", "0", "--data-root", str(small_mnist)], "--seeds is 0"),
        (["--data-root", str(tmp_path / "nowhere")], "MNIST is not at"),
        (["--report"], "holds no measurement"),
    ):
        with pytest.raises(SystemExit):
            compare.main([*out, *arguments])
        assert message in capsys.readouterr().err
    assert not (tmp_path / "out.jsonl").exists()


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ([{"matrix_rate": 1.0, "device": "NVIDIA H200"}], "holds runs on NVIDIA H200, with whose"),
        ([{"trainer": "fast", "depth": 2, "latent_dim": 128}], "no run of a comparison"),
        ([{"role": "design", "training_seed": 0}], "no run of a comparison"),
        (
            [
                {"role": "design", "trainer": "fast", "training_seed": 0}
                | {"depth": 5, "latent_dim": 20, "num_latents": 10}
            ],
            "no run of a comparison",
        ),
        (["text"], "line 1 is"),
    ],
)
def test_comparison_does_not_go_on_with_a_file_of_something_else(
    submodule: Submodule,
    preset: Any,
    small_mnist: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    records: list[Any],
    message: str,
) -> None:
    monkeypatch.setitem(submodule("presets").PRESETS, "small", preset)
    compare = submodule("compare_trainers")
    out = tmp_path / "out.jsonl"
    out.write_text("".join(json.dumps(record) + "\n" for record in records))
    before = out.read_text()
    arguments = ["--preset", "small", "--device", "cpu", "--data-root", str(small_mnist)]
    with pytest.raises(SystemExit):
        compare.main([*arguments, "--out", str(out)])
    assert f"--out {out}: " in (error := capsys.readouterr().err.splitlines()[-1])
    assert message in error
    assert out.read_text() == before


def _comparison(
    submodule: Submodule,
    preset: Any,
    small_mnist: Path,
    monkeypatch: pytest.MonkeyPatch,
    blog_epoch: Callable[..., Any],
) -> Callable[[Path], int]:
    """Compares with the blog post's loop only, as given; its argument is the file of records."""
    compare = submodule("compare_trainers")
    monkeypatch.setitem(submodule("presets").PRESETS, "small", preset)
    monkeypatch.setattr(compare, "epoch_flops", lambda *_: 1.0)
    monkeypatch.setattr(submodule("training.blog_loop"), "blog_epoch", blog_epoch)
    made = [{"torch": "1.0", "matrix_rate": 1.0}] + [
        {"trainer": name, "training_seed": 0, "seconds": 1.0, "loss": 1.0, "flops": 1.0} | cell
        for cell in compare.cells_by_size(preset)
        for name in ("fast", "together")
    ]
    arguments = ["--preset", "small", "--device", "cpu", "--data-root", str(small_mnist)]

    def main(out: Path) -> int:
        out.write_text("".join(json.dumps(record) + "\n" for record in made))
        return int(compare.main([*arguments, "--seeds", "1", "--out", str(out)]))

    return main


def test_run_is_kept_where_the_kernels_cannot_be_timed(
    submodule: Submodule, capsys: pytest.CaptureFixture[str]
) -> None:
    class Trainer:
        def kernel_seconds(self, start: Any) -> Any:
            raise RuntimeError("CUPTI_ERROR_INSUFFICIENT_PRIVILEGES")

    assert submodule("compare_trainers")._kernel_seconds(Trainer(), None) == {}
    assert "INSUFFICIENT_PRIVILEGES" in capsys.readouterr().err


def test_comparison_that_cannot_write_ends_in_a_line(
    submodule: Submodule,
    preset: Any,
    small_mnist: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "folder" / "out.jsonl"
    out.parent.mkdir()

    def blog_epoch(*_: Any, **__: Any) -> tuple[float, float]:
        out.unlink()
        out.parent.rmdir()  # as if it were gone all of a sudden
        return 1.0, 1.0

    main = _comparison(submodule, preset, small_mnist, monkeypatch, blog_epoch)
    with pytest.raises(SystemExit) as caught:
        main(out)
    message = str(caught.value)
    assert message.startswith(f"--out {out}: ") and "\n" not in message
    assert message.endswith("The same command continues.")


def test_comparison_names_the_run_that_does_not_fit_the_device(
    submodule: Submodule,
    preset: Any,
    small_mnist: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    n_left = 2

    def blog_epoch(*_: Any, **__: Any) -> tuple[float, float]:
        nonlocal n_left
        if not n_left:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory.")
        n_left -= 1
        return 1.0, 1.0

    out = tmp_path / "out.jsonl"
    main = _comparison(submodule, preset, small_mnist, monkeypatch, blog_epoch)
    assert main(out) == 1
    note, line = capsys.readouterr().err.splitlines()
    assert note.startswith(f"--out {out} holds runs made with torch 1.0, and goes on with")
    assert "trainer=blog, depth=5, latent_dim=20, num_latents=10, training_seed=0" in line
    assert sum(json.loads(r).get("trainer") == "blog" for r in out.read_text().splitlines()) == 2
