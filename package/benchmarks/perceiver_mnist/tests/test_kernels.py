"""The kernels of the fast trainer compute what torch computes."""

from __future__ import annotations

from collections.abc import Callable
import os
from pathlib import Path
import subprocess
import sys
from types import ModuleType

import pytest


torch = pytest.importorskip("torch")
pytest.importorskip("torchvision")

Submodule = Callable[[str], ModuleType]
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


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
