# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-calls
"""The steps of :mod:`.fused` as GPU kernels, each with its gradient. Needs Triton and CUDA.

Nearly all of them are bound by memory, so each reads its inputs once and writes its outputs once.
Written by hand because torch's compiler, asked for kernels that fit every width, made the same
steps take most of the time of a training step.

Sums over rows, which the gradients of biases and scales need, are made in two stages: each
program sums its rows, then torch sums what the programs found.
"""

from __future__ import annotations

from typing import Any

import torch
import triton
import triton.language as tl


_WARPS_TO_SUM = 4


def add_and_normalise(
    x: torch.Tensor,
    update: torch.Tensor,
    bias: torch.Tensor,
    weight: torch.Tensor,
    shift: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """See :func:`.fused.add_and_normalise`."""
    total, normed = _AddAndNormalise.apply(x, update, bias, weight, shift)
    return total, normed


def bias_and_gelu(hidden: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """See :func:`.fused.bias_and_gelu`."""
    out: torch.Tensor = _BiasAndGelu.apply(hidden, bias)
    return out


def adam(
    parameters: torch.Tensor,
    working: torch.Tensor,
    gradients: torch.Tensor,
    first_moments: torch.Tensor,
    second_moments: torch.Tensor,
    learning_rates: torch.Tensor,
    step: torch.Tensor,
) -> None:
    """See :func:`.fused.adam`."""
    n_models, n_parameters = parameters.shape
    block = 1024
    _adam[(triton.cdiv(n_parameters, block), n_models)](
        parameters,
        working,
        gradients,
        first_moments,
        second_moments,
        learning_rates,
        step,
        n_parameters,
        block,
    )


class _AddAndNormalise(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        x: torch.Tensor,
        update: torch.Tensor,
        bias: torch.Tensor,
        weight: torch.Tensor,
        shift: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        x, update = x.contiguous(), update.contiguous()
        total, normed = torch.empty_like(x), torch.empty_like(update)
        n_models, n_rows, n_channels = x.shape
        rows = _rows_at_once(n_channels)
        _add_and_normalise_forward[(triton.cdiv(n_rows, rows), n_models)](
            x, update, bias, weight, shift, total, normed,
            bias.stride(0), weight.stride(0), shift.stride(0), n_rows, n_channels,
            rows, triton.next_power_of_2(n_channels), num_warps=4,
        )  # fmt: skip
        ctx.save_for_backward(total, weight)
        return total, normed

    @staticmethod
    def backward(ctx: Any, d_total: torch.Tensor, d_normed: torch.Tensor) -> Any:
        total, weight = ctx.saved_tensors
        d_total, d_normed = d_total.contiguous(), d_normed.contiguous()
        n_models, n_rows, n_channels = total.shape
        d_x, d_update = torch.empty_like(d_total), torch.empty_like(d_normed)
        rows = _rows_to_sum(n_models, n_rows)
        n_programs = triton.cdiv(n_rows, rows)
        sums = torch.empty(n_models, n_programs, 3, n_channels, device=total.device)
        _add_and_normalise_backward[(n_programs, n_models)](
            total, weight, d_total, d_normed, d_x, d_update, sums,
            weight.stride(0), n_rows, n_channels, n_programs,
            rows, triton.next_power_of_2(n_channels), num_warps=_WARPS_TO_SUM,
        )  # fmt: skip
        d_bias, d_weight, d_shift = sums.sum(dim=1).to(weight.dtype).unbind(dim=1)
        return d_x, d_update, d_bias, d_weight, d_shift


class _BiasAndGelu(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hidden: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        hidden = hidden.contiguous()
        out = torch.empty_like(hidden)
        n_models, n_rows, n_channels = hidden.shape
        rows = _rows_at_once(n_channels)
        _bias_and_gelu_forward[(triton.cdiv(n_rows, rows), n_models)](
            hidden, bias, out, bias.stride(0), n_rows, n_channels,
            rows, triton.next_power_of_2(n_channels), num_warps=4,
        )  # fmt: skip
        ctx.save_for_backward(hidden, bias)
        return out

    @staticmethod
    def backward(ctx: Any, d_out: torch.Tensor) -> Any:
        hidden, bias = ctx.saved_tensors
        d_out = d_out.contiguous()
        n_models, n_rows, n_channels = hidden.shape
        d_hidden = torch.empty_like(hidden)
        rows = _rows_to_sum(n_models, n_rows)
        n_programs = triton.cdiv(n_rows, rows)
        sums = torch.empty(n_models, n_programs, n_channels, device=hidden.device)
        _bias_and_gelu_backward[(n_programs, n_models)](
            hidden, bias, d_out, d_hidden, sums, bias.stride(0), n_rows, n_channels, n_programs,
            rows, triton.next_power_of_2(n_channels), num_warps=_WARPS_TO_SUM,
        )  # fmt: skip
        return d_hidden, sums.sum(dim=1).to(bias.dtype)


def _rows_at_once(n_channels: int) -> int:
    """Rows of activations that fit the registers of four warps."""
    return max(1, 2048 // triton.next_power_of_2(n_channels))


def _rows_to_sum(n_models: int, n_rows: int) -> int:
    """Rows that one program sums: a power of two that leaves two thousand programs or so."""
    return min(32, max(4, triton.next_power_of_2(n_models * n_rows // 1600)))


@triton.jit
def _add_and_normalise_forward(
    x, update, bias, weight, shift, total, normed,
    bias_stride, weight_stride, shift_stride, n_rows, n_channels,
    ROWS: tl.constexpr, CHANNELS: tl.constexpr,
):  # fmt: skip
    model = tl.program_id(1).to(tl.int64)
    row = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    channel = tl.arange(0, CHANNELS)
    inside = channel < n_channels
    mask = (row < n_rows)[:, None] & inside[None, :]
    at = model * n_rows * n_channels + row[:, None] * n_channels + channel[None, :]
    b = tl.load(bias + model * bias_stride + channel, mask=inside, other=0.0).to(tl.float32)
    w = tl.load(weight + model * weight_stride + channel, mask=inside, other=0.0).to(tl.float32)
    s = tl.load(shift + model * shift_stride + channel, mask=inside, other=0.0).to(tl.float32)
    value = tl.load(x + at, mask=mask, other=0.0).to(tl.float32)
    value += tl.load(update + at, mask=mask, other=0.0).to(tl.float32) + b[None, :]
    tl.store(total + at, value.to(total.dtype.element_ty), mask=mask)
    mean = tl.sum(tl.where(mask, value, 0.0), axis=1) / n_channels
    centred = tl.where(mask, value - mean[:, None], 0.0)
    variance = tl.sum(centred * centred, axis=1) / n_channels
    out = centred * tl.rsqrt(variance + 1e-5)[:, None] * w[None, :] + s[None, :]
    tl.store(normed + at, out.to(normed.dtype.element_ty), mask=mask)


@triton.jit
def _add_and_normalise_backward(
    total, weight, d_total, d_normed, d_x, d_update, sums,
    weight_stride, n_rows, n_channels, n_programs,
    ROWS: tl.constexpr, CHANNELS: tl.constexpr,
):  # fmt: skip
    model = tl.program_id(1).to(tl.int64)
    channel = tl.arange(0, CHANNELS)
    inside = channel < n_channels
    w = tl.load(weight + model * weight_stride + channel, mask=inside, other=0.0).to(tl.float32)
    sum_bias = tl.zeros([CHANNELS], tl.float32)
    sum_weight = tl.zeros([CHANNELS], tl.float32)
    sum_shift = tl.zeros([CHANNELS], tl.float32)
    for i in range(0, ROWS):
        row = tl.program_id(0) * ROWS + i
        mask = inside & (row < n_rows)
        at = (model * n_rows + row) * n_channels + channel
        value = tl.load(total + at, mask=mask, other=0.0).to(tl.float32)
        grad = tl.load(d_normed + at, mask=mask, other=0.0).to(tl.float32)
        out = tl.load(d_total + at, mask=mask, other=0.0).to(tl.float32)
        mean = tl.sum(value, axis=0) / n_channels
        centred = tl.where(mask, value - mean, 0.0)
        scale = tl.rsqrt(tl.sum(centred * centred, axis=0) / n_channels + 1e-5)
        standard = centred * scale
        weighted = grad * w
        mean_grad = tl.sum(weighted, axis=0) / n_channels
        mean_product = tl.sum(weighted * standard, axis=0) / n_channels
        out += tl.where(mask, (weighted - mean_grad - standard * mean_product) * scale, 0.0)
        tl.store(d_x + at, out.to(d_x.dtype.element_ty), mask=mask)
        tl.store(d_update + at, out.to(d_update.dtype.element_ty), mask=mask)
        sum_bias += out
        sum_weight += grad * standard
        sum_shift += grad
    to = sums + (model * n_programs + tl.program_id(0)) * 3 * n_channels + channel
    tl.store(to, sum_bias, mask=inside)
    tl.store(to + n_channels, sum_weight, mask=inside)
    tl.store(to + 2 * n_channels, sum_shift, mask=inside)


@triton.jit
def _normal_cdf(value):
    """Cumulative distribution and density of a standard normal, with one exponential for both.

    Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26: off by 8e-8 at most, well
    below the rounding of the activations.
    """
    density = 0.3989422804014327 * tl.exp2(value * value * -0.7213475204444817)
    t = 1.0 / (1.0 + 0.23164190 * tl.abs(value))
    series = t * (
        0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429)))
    )
    above = density * series
    return tl.where(value > 0.0, 1.0 - above, above), density


@triton.jit
def _bias_and_gelu_forward(
    hidden, bias, out, bias_stride, n_rows, n_channels,
    ROWS: tl.constexpr, CHANNELS: tl.constexpr,
):  # fmt: skip
    model = tl.program_id(1).to(tl.int64)
    channel = tl.arange(0, CHANNELS)
    inside = channel < n_channels
    b = tl.load(bias + model * bias_stride + channel, mask=inside, other=0.0).to(tl.float32)
    row = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    mask = (row < n_rows)[:, None] & inside[None, :]
    at = model * n_rows * n_channels + row[:, None] * n_channels + channel[None, :]
    value = tl.load(hidden + at, mask=mask, other=0.0).to(tl.float32) + b[None, :]
    below, _ = _normal_cdf(value)
    tl.store(out + at, (value * below).to(out.dtype.element_ty), mask=mask)


@triton.jit
def _bias_and_gelu_backward(
    hidden, bias, d_out, d_hidden, sums, bias_stride, n_rows, n_channels, n_programs,
    ROWS: tl.constexpr, CHANNELS: tl.constexpr,
):  # fmt: skip
    model = tl.program_id(1).to(tl.int64)
    channel = tl.arange(0, CHANNELS)
    inside = channel < n_channels
    b = tl.load(bias + model * bias_stride + channel, mask=inside, other=0.0).to(tl.float32)
    sum_bias = tl.zeros([CHANNELS], tl.float32)
    for i in range(0, ROWS):
        row = tl.program_id(0) * ROWS + i
        mask = inside & (row < n_rows)
        at = (model * n_rows + row) * n_channels + channel
        value = tl.load(hidden + at, mask=mask, other=0.0).to(tl.float32) + b
        grad = tl.load(d_out + at, mask=mask, other=0.0).to(tl.float32)
        below, density = _normal_cdf(value)
        grad = grad * (below + value * density)
        tl.store(d_hidden + at, grad.to(d_hidden.dtype.element_ty), mask=mask)
        sum_bias += grad
    to = sums + (model * n_programs + tl.program_id(0)) * n_channels + channel
    tl.store(to, sum_bias, mask=inside)


@triton.jit
def _adam(
    parameters, working, gradients, first_moments, second_moments, learning_rates, step,
    n_parameters, BLOCK: tl.constexpr,
):  # fmt: skip
    model = tl.program_id(1).to(tl.int64)
    offset = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    mask = offset < n_parameters
    at = model * n_parameters + offset
    t = tl.load(step).to(tl.float32)
    rate = tl.load(learning_rates + model)
    grad = tl.load(gradients + at, mask=mask, other=0.0).to(tl.float32)
    first = 0.9 * tl.load(first_moments + at, mask=mask, other=0.0) + 0.1 * grad
    second = 0.999 * tl.load(second_moments + at, mask=mask, other=0.0) + 0.001 * grad * grad
    tl.store(first_moments + at, first, mask=mask)
    tl.store(second_moments + at, second, mask=mask)
    first_correction = 1.0 - tl.exp2(t * -0.15200309344504995)  # log2 of 0.9
    second_correction = 1.0 - tl.exp2(t * -0.0014434168696687186)  # log2 of 0.999
    root = tl.sqrt_rn(second / second_correction) + 1e-8
    value = tl.load(parameters + at, mask=mask, other=0.0) - rate / first_correction * first / root
    tl.store(parameters + at, value, mask=mask)
    tl.store(working + at, value.to(working.dtype.element_ty), mask=mask)
