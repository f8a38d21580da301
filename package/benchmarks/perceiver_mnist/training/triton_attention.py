# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-calls
"""Attention onto the pixels as GPU kernels: :func:`.fused.cross_attention`. Needs Triton and CUDA.

Like FlashAttention it keeps no matrix of scores, but computes them anew for the gradient. Tri Dao.
FlashAttention-2: Faster Attention with Better Parallelism and Work Partitioning. ICLR 2024.

The pixels are keys and values in one and get no gradient, which saves half of the usual work and
all sums across programs.
"""

from __future__ import annotations

from typing import Any

import torch
import triton
import triton.language as tl


_LOG2_E = 1.4426950408889634


def cross_attention(query: torch.Tensor, pixels: torch.Tensor, scale: float) -> torch.Tensor:
    """See :func:`.fused.cross_attention`; the number of channels must be a power of two."""
    out: torch.Tensor = _CrossAttention.apply(query, pixels, scale)
    return out


class _CrossAttention(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, query: torch.Tensor, pixels: torch.Tensor, scale: float) -> torch.Tensor:
        query = query.contiguous()
        n_images, n_latents, n_channels = query.shape
        n_pixels = pixels.shape[1]
        out = torch.empty_like(query)
        log_sums = torch.empty(n_images, n_latents, device=query.device)
        _cross_attention_forward[(triton.cdiv(n_latents, 64), n_images)](
            query, pixels, out, log_sums, scale * _LOG2_E, n_latents, n_pixels,
            64, 64, n_channels,
        )  # fmt: skip
        ctx.save_for_backward(query, pixels, out, log_sums)
        ctx.scale = scale
        return out

    @staticmethod
    def backward(ctx: Any, d_out: torch.Tensor) -> Any:
        query, pixels, out, log_sums = ctx.saved_tensors
        d_out = d_out.contiguous()
        n_images, n_latents, n_channels = query.shape
        d_query = torch.empty_like(query)
        _cross_attention_backward[(triton.cdiv(n_latents, 64), n_images)](
            query, pixels, out, log_sums, d_out, d_query, ctx.scale, ctx.scale * _LOG2_E,
            n_latents, pixels.shape[1], 64, 64, n_channels,
        )  # fmt: skip
        return d_query, None, None


@triton.jit
def _cross_attention_forward(
    query, pixels, out, log_sums, log2_scale, n_latents, n_pixels,
    LATENTS: tl.constexpr, PIXELS: tl.constexpr, CHANNELS: tl.constexpr,
):  # fmt: skip
    image = tl.program_id(1).to(tl.int64)
    latent = tl.program_id(0) * LATENTS + tl.arange(0, LATENTS)
    channel = tl.arange(0, CHANNELS)
    mask = (latent < n_latents)[:, None]
    at = (image * n_latents + latent[:, None]) * CHANNELS + channel[None, :]
    q = tl.load(query + at, mask=mask, other=0.0)
    largest = tl.full([LATENTS], float("-inf"), tl.float32)
    total = tl.zeros([LATENTS], tl.float32)
    mixed = tl.zeros([LATENTS, CHANNELS], tl.float32)
    for first in range(0, n_pixels, PIXELS):
        pixel = first + tl.arange(0, PIXELS)
        there = pixel < n_pixels
        k = tl.load(
            pixels + (image * n_pixels + pixel[:, None]) * CHANNELS + channel[None, :],
            mask=there[:, None],
            other=0.0,
        )
        score = tl.dot(q, tl.trans(k)) * log2_scale
        score = tl.where(there[None, :], score, float("-inf"))
        new_largest = tl.maximum(largest, tl.max(score, axis=1))
        shrink = tl.exp2(largest - new_largest)
        weight = tl.exp2(score - new_largest[:, None])
        total = total * shrink + tl.sum(weight, axis=1)
        mixed = mixed * shrink[:, None] + tl.dot(weight.to(k.dtype), k)
        largest = new_largest
    tl.store(out + at, (mixed / total[:, None]).to(out.dtype.element_ty), mask=mask)
    tl.store(
        log_sums + image * n_latents + latent,
        largest + tl.log2(total),
        mask=latent < n_latents,
    )


@triton.jit
def _cross_attention_backward(
    query, pixels, out, log_sums, d_out, d_query, scale, log2_scale, n_latents, n_pixels,
    LATENTS: tl.constexpr, PIXELS: tl.constexpr, CHANNELS: tl.constexpr,
):  # fmt: skip
    # The pixels are data: they need no gradient, which is half of the usual work.
    image = tl.program_id(1).to(tl.int64)
    latent = tl.program_id(0) * LATENTS + tl.arange(0, LATENTS)
    channel = tl.arange(0, CHANNELS)
    mask = (latent < n_latents)[:, None]
    at = (image * n_latents + latent[:, None]) * CHANNELS + channel[None, :]
    q = tl.load(query + at, mask=mask, other=0.0)
    d_o = tl.load(d_out + at, mask=mask, other=0.0)
    o = tl.load(out + at, mask=mask, other=0.0)
    along = tl.sum(d_o.to(tl.float32) * o.to(tl.float32), axis=1)
    log_sum = tl.load(log_sums + image * n_latents + latent, mask=latent < n_latents, other=0.0)
    d_q = tl.zeros([LATENTS, CHANNELS], tl.float32)
    for first in range(0, n_pixels, PIXELS):
        pixel = first + tl.arange(0, PIXELS)
        there = pixel < n_pixels
        k = tl.load(
            pixels + (image * n_pixels + pixel[:, None]) * CHANNELS + channel[None, :],
            mask=there[:, None],
            other=0.0,
        )
        score = tl.dot(q, tl.trans(k)) * log2_scale
        weight = tl.where(there[None, :], tl.exp2(score - log_sum[:, None]), 0.0)
        d_weight = tl.dot(d_o, tl.trans(k))
        d_score = weight * (d_weight - along[:, None])
        d_q += tl.dot(d_score.to(k.dtype), k)
    tl.store(d_query + at, (d_q * scale).to(d_query.dtype.element_ty), mask=mask)
