"""What a device can do, and where a training step's time goes."""

from __future__ import annotations

from collections.abc import Callable
import statistics
import time

import torch


# Names of kernels, in the order in which they are looked for.
_KINDS = {
    "attention": ("flash", "fmha", "attention"),
    "matrix products": ("gemm", "nvjet", "cutlass", "xmma", "cublas"),
    "fused steps": ("_add_and_normalise", "_bias_and_gelu", "_adam"),
}
# Products, of which the median time is taken.
_N_PRODUCTS = 20


def matrix_rate(device: torch.device) -> float:
    """Operations per second of a large matrix product, the most that a model could reach.

    Args:
        device: In bfloat16 on CUDA, in single precision elsewhere.
    """
    on_gpu = device.type == "cuda"
    size = 8192 if on_gpu else 512  # enough to fill the device
    dtype = torch.bfloat16 if on_gpu else torch.float32
    left, right = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
    seconds = []
    for _ in range(_N_PRODUCTS + 3):
        _wait_for(device)
        started = time.perf_counter()
        left @ right
        _wait_for(device)
        seconds.append(time.perf_counter() - started)
    return 2.0 * size**3 / statistics.median(seconds[3:])


def kernel_seconds(step: Callable[[], None], n_steps: int = 10) -> dict[str, float]:
    """Seconds of device time in one step by kind of kernel, and of the wall clock.

    Args:
        step: Does something on a CUDA device; called once before, to warm up.
        n_steps: Number of steps to average over.
    """
    from torch.profiler import profile
    from torch.profiler import ProfilerActivity

    step()
    torch.cuda.synchronize()
    started = time.perf_counter()
    for _ in range(n_steps):
        step()
    torch.cuda.synchronize()
    seconds = {"wall clock": (time.perf_counter() - started) / n_steps}
    with profile(activities=[ProfilerActivity.CUDA]) as profiler:
        for _ in range(n_steps):
            step()
        torch.cuda.synchronize()
    for event in profiler.key_averages():
        if event.self_device_time_total > 0:
            kind = _kind(event.key)
            spent = event.self_device_time_total / 1e6 / n_steps
            seconds[kind] = seconds.get(kind, 0.0) + spent
    return seconds


def _kind(kernel: str) -> str:
    lowered = kernel.lower()
    for kind, names in _KINDS.items():
        if any(name in lowered for name in names):
            return kind
    return "other"


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
