"""The steps between matrix products, each as one function: in torch, and as GPU kernels.

Left to itself, torch runs a kernel per operation and moves every activation through memory each
time. :mod:`.triton_kernels` and :mod:`.triton_attention` have one kernel forward and one backward
for each function; what is written here is what they compute, and what runs where they do not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

import torch
from torch.nn import functional


BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8  # the defaults of torch.optim.Adam


def normalise(x: torch.Tensor, weight: torch.Tensor, shift: torch.Tensor) -> torch.Tensor:
    """Layer norm of each model's rows.

    Args:
        x: Activations in single precision (models, rows, channels).
        weight: Scale (models, channels).
        shift: Offset (models, channels).

    Returns:
        Activations in the precision of the scale.
    """
    normed = functional.layer_norm(x, x.shape[-1:])
    return (normed * weight.float().unsqueeze(1) + shift.float().unsqueeze(1)).to(weight.dtype)


def add_and_normalise(
    x: torch.Tensor,
    update: torch.Tensor,
    bias: torch.Tensor,
    weight: torch.Tensor,
    shift: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """The residual stream after an update, and its layer norm: what the next layer reads.

    Args:
        x: Residual stream in single precision (models, rows, channels).
        update: What a layer adds to it, without its bias, in any precision, likewise.
        bias: Of that layer (models, channels).
        weight: Scale of the layer norm (models, channels).
        shift: Offset of the layer norm (models, channels).
    """
    total = x + update.float() + bias.float().unsqueeze(1)
    return total, normalise(total, weight, shift)


def bias_and_gelu(hidden: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """The activation between the two layers of a perceptron.

    Args:
        hidden: Output of the first layer without its bias (models, rows, channels).
        bias: Of the first layer (models, channels).
    """
    return functional.gelu(hidden.float() + bias.float().unsqueeze(1)).to(hidden.dtype)


def cross_attention(query: torch.Tensor, pixels: torch.Tensor, scale: float) -> torch.Tensor:
    """Attention with the pixels as keys and as values.

    Args:
        query: For each image a row per latent (images, latents, channels).
        pixels: For each image a row per pixel (images, pixels, channels); gets no gradient.
        scale: Factor of the scores.
    """
    keys = pixels.unsqueeze(1)
    out = functional.scaled_dot_product_attention(query.unsqueeze(1), keys, keys, scale=scale)
    return out.squeeze(1)


def adam(
    parameters: torch.Tensor,
    working: torch.Tensor,
    gradients: torch.Tensor,
    first_moments: torch.Tensor,
    second_moments: torch.Tensor,
    learning_rates: torch.Tensor,
    step: torch.Tensor,
) -> None:
    """One step of Adam with a learning rate per model, in place.

    Diederik P. Kingma, Jimmy Ba. Adam: A Method for Stochastic Optimization. ICLR 2015
    (algorithm 1, in the form of torch.optim.Adam).

    Args:
        parameters: Of all models, flattened (models, parameters).
        working: A copy of these in the precision of the matrix products.
        gradients: Likewise, in that precision.
        first_moments: Likewise, in single precision.
        second_moments: Likewise, in single precision.
        learning_rates: One per model (models, 1).
        step: Number of this step, from 1; a tensor of no dimensions.
    """
    wide = gradients.float()
    first_moments.lerp_(wide, 1.0 - BETA_1)
    second_moments.mul_(BETA_2).addcmul_(wide, wide, value=1.0 - BETA_2)
    root = (second_moments / (1.0 - BETA_2**step)).sqrt() + EPSILON
    parameters.sub_(learning_rates / (1.0 - BETA_1**step) * first_moments / root)
    working.copy_(parameters)


@dataclass(frozen=True)
class Kernels:
    """Functions that compute what those of this module do; these by default.

    Attributes:
        add_and_normalise: As :func:`add_and_normalise`.
        bias_and_gelu: As :func:`bias_and_gelu`.
        cross_attention: As :func:`cross_attention`.
        adam: As :func:`adam`.
    """

    add_and_normalise: Callable[..., tuple[torch.Tensor, torch.Tensor]] = add_and_normalise
    bias_and_gelu: Callable[..., torch.Tensor] = bias_and_gelu
    cross_attention: Callable[..., torch.Tensor] = cross_attention
    adam: Callable[..., None] = adam


def has_triton() -> bool:
    """Whether Triton is there, which torch brings on Linux."""
    return find_spec("triton") is not None


def kernels_for(device: torch.device) -> Kernels:
    """The fastest that the device has: those written in Triton where torch brings it for CUDA."""
    if device.type != "cuda" or not has_triton():
        return Kernels()
    from . import triton_attention
    from . import triton_kernels

    return Kernels(
        triton_kernels.add_and_normalise,
        triton_kernels.bias_and_gelu,
        triton_attention.cross_attention,
        triton_kernels.adam,
    )
