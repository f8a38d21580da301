"""Several Perceivers of one shape as one computation: same mathematics, fewer and larger kernels.

Three things make it faster than :mod:`.model`, and none changes what is computed:

- Models that share depth, channels and latents are stacked, so that a matrix product of one layer
  is one batched product for all.
- A pixel has few channels (27 at full size), so keys and values of the cross-attention are
  matrices of low rank. ``queries @ keys`` equals ``(queries @ key_weights) @ pixels``: with the
  weights multiplied first, attention runs in the space of the pixels, 32 channels in place of up
  to 512, and no pixel is ever projected. What the layer norm's shift adds to every key alike
  leaves the softmax as it is; what it adds to every value alike becomes part of the output's bias.
- Pixels are normalised once for the whole data set: the layer norm's own weights are multiplied
  into those above.
"""

from __future__ import annotations

from dataclasses import dataclass
import math

import torch
from torch.nn import functional

from .fused import Kernels
from .fused import normalise
from .model import FourierPositions
from .model import PerceiverMNIST


_BLOCKS = "blocks."
# Parameters start at multiples of this many elements: what the matrix units read at once.
_ALIGNMENT = 8


@dataclass(frozen=True)
class Layout:
    """Where each parameter of a model lies in one flat vector.

    Parameters of the blocks are stacked: ``"self_norm.weight"`` is (depth, latent_dim).

    Attributes:
        names: Parameters in the order of the vector.
        shapes: Shape of each.
    """

    names: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]

    @property
    def padded_sizes(self) -> list[int]:
        """Number of elements of each parameter, rounded up to the alignment."""
        return [_round_up(math.prod(shape)) for shape in self.shapes]


def pack(model: PerceiverMNIST) -> tuple[torch.Tensor, Layout]:
    """Flatten the parameters of a model.

    Args:
        model: Any Perceiver; stays as it is.

    Returns:
        A vector of all parameters, and where each of them is.
    """
    stacked: dict[str, list[torch.Tensor]] = {}
    for name, parameter in model.named_parameters():
        stacked.setdefault(_stacked_name(name), []).append(parameter.detach())
    pieces, shapes = [], []
    for name, tensors in stacked.items():
        tensor = torch.stack(tensors) if name.startswith(_BLOCKS) else tensors[0]
        shapes.append(tuple(tensor.shape))
        flat = tensor.flatten()
        pieces.append(functional.pad(flat, (0, _round_up(len(flat)) - len(flat))))
    names = tuple(name.removeprefix(_BLOCKS) for name in stacked)
    return torch.cat(pieces), Layout(names, tuple(shapes))


def unpack(flat: torch.Tensor, layout: Layout) -> dict[str, torch.Tensor]:
    """Views of the parameters of several models.

    Args:
        flat: One vector of :func:`pack` per model (models, parameters).
        layout: Of these models.

    Returns:
        For each name a tensor (models, *shape).
    """
    parts = torch.split(flat, layout.padded_sizes, dim=1)
    return {
        name: part[:, : math.prod(shape)].reshape(len(flat), *shape)
        for name, shape, part in zip(layout.names, layout.shapes, parts)
    }


def normalised_pixels(images: torch.Tensor, positions: FourierPositions) -> torch.Tensor:
    """Pixels with their Fourier features after a layer norm without weights.

    Args:
        images: Grey values (images, height, width).
        positions: Of the model.

    Returns:
        Tensor (images, pixels, channels), channels padded with zeros to a power of two from 16.
    """
    normed = functional.layer_norm(positions(images), (positions.n_channels,))
    n_padded = max(16, 1 << (positions.n_channels - 1).bit_length())
    return functional.pad(normed, (0, n_padded - positions.n_channels))


def logits(
    parameters: dict[str, torch.Tensor], pixels: torch.Tensor, n_heads: int, kernels: Kernels
) -> torch.Tensor:
    """Classify images with every model.

    Args:
        parameters: From :func:`unpack`.
        pixels: From :func:`normalised_pixels`, a batch per model (models, images, pixels,
            channels).
        n_heads: Heads of the self-attention.
        kernels: The element-wise steps.

    Returns:
        Tensor (models, images, 10) in single precision.
    """
    n_models, n_images = pixels.shape[:2]
    latents = parameters["latents"]
    n_latents, n_channels = latents.shape[1:]
    pixels = pixels.flatten(0, 1)
    blocks = _blocks(_folded(parameters, pixels.shape[-1]))
    # In single precision, as all that many small steps add up to.
    x = latents.float().repeat(1, n_images, 1)
    # The latents are the same for all images until the first block has looked at the pixels.
    normed = normalise(
        latents.float(), blocks[0]["cross_norm.weight"], blocks[0]["cross_norm.bias"]
    )
    query = (normed @ blocks[0]["cross_query"]).repeat(1, n_images, 1)
    scale = n_channels**-0.5
    for block, following in zip(blocks, [*blocks[1:], None]):
        rows = query.view(n_models * n_images, n_latents, -1)
        attended = kernels.cross_attention(rows, pixels, scale).view(query.shape)
        x, update = _block(x, attended, block, n_images, n_heads, kernels)
        if following is not None:
            x, normed = kernels.add_and_normalise(
                x,
                update,
                block["self_feed_forward.3.bias"],
                following["cross_norm.weight"],
                following["cross_norm.bias"],
            )
            query = normed @ following["cross_query"]
    averages = (x + update).view(n_models, n_images, n_latents, n_channels).mean(dim=2)
    averages = averages + blocks[-1]["self_feed_forward.3.bias"].float().unsqueeze(1)
    weight, shift = (parameters[f"head.{name}"].float() for name in ("weight", "bias"))
    return averages @ weight.mT + shift.unsqueeze(1)


def _block(
    x: torch.Tensor,
    attended: torch.Tensor,
    block: dict[str, torch.Tensor],
    n_images: int,
    n_heads: int,
    kernels: Kernels,
) -> tuple[torch.Tensor, torch.Tensor]:
    """All of a block after its attention onto the pixels.

    Returns the residual stream, and the last update to it without its bias: the sum is made
    together with the layer norm of the next block.
    """
    x, normed = kernels.add_and_normalise(
        x,
        attended @ block["cross_out"],
        block["cross_bias"],
        block["cross_feed_forward.0.weight"],
        block["cross_feed_forward.0.bias"],
    )
    x, normed = kernels.add_and_normalise(
        x,
        _perceptron(normed, block, "cross_feed_forward", kernels),
        block["cross_feed_forward.3.bias"],
        block["self_norm.weight"],
        block["self_norm.bias"],
    )
    x, normed = kernels.add_and_normalise(
        x,
        _self_attention(normed, block, n_images, n_heads),
        block["self_attention.to_out.bias"],
        block["self_feed_forward.0.weight"],
        block["self_feed_forward.0.bias"],
    )
    return x, _perceptron(normed, block, "self_feed_forward", kernels)


def _folded(parameters: dict[str, torch.Tensor], n_channels: int) -> dict[str, torch.Tensor]:
    """The parameters of the blocks, with products of weights made once for all images.

    What projects pixels becomes what works on normalised pixels themselves: ``"cross_query"``
    (models, depth, latent_dim, n_channels), ``"cross_out"`` (models, depth, n_channels,
    latent_dim) and ``"cross_bias"`` (models, depth, latent_dim). The three projections of the
    self-attention become one: ``"self_project"`` (models, depth, 3 * latent_dim, latent_dim).
    """
    replaced = (
        "context_norm.",
        "cross_attention.",
        "self_attention.to_query.",
        "self_attention.to_key_value.",
    )
    folded = {
        name: parameter
        for name, parameter in parameters.items()
        if not name.startswith((*replaced, "latents", "head."))
    }
    padding = n_channels - parameters["context_norm.weight"].shape[-1]
    scale, shift = (
        functional.pad(parameters[f"context_norm.{name}"], (0, padding)).unsqueeze(-2)
        for name in ("weight", "bias")
    )
    key, value = functional.pad(
        parameters["cross_attention.to_key_value.weight"], (0, padding)
    ).chunk(2, dim=2)
    to_query = parameters["cross_attention.to_query.weight"]
    to_out = parameters["cross_attention.to_out.weight"]
    out = value.mT @ to_out.mT
    folded["cross_query"] = (to_query.mT @ key) * scale
    folded["cross_out"] = out * scale.mT
    folded["cross_bias"] = parameters["cross_attention.to_out.bias"] + (shift @ out).squeeze(2)
    folded["self_project"] = torch.cat(
        [
            parameters["self_attention.to_query.weight"],
            parameters["self_attention.to_key_value.weight"],
        ],
        dim=2,
    )
    return folded


def _blocks(parameters: dict[str, torch.Tensor]) -> list[dict[str, torch.Tensor]]:
    """One dictionary of (models, ...) per block."""
    unbound = {name: parameter.unbind(dim=1) for name, parameter in parameters.items()}
    depth = len(next(iter(unbound.values())))
    return [{name: tensors[i] for name, tensors in unbound.items()} for i in range(depth)]


def _perceptron(
    x: torch.Tensor, block: dict[str, torch.Tensor], name: str, kernels: Kernels
) -> torch.Tensor:
    """Both layers, without the last bias."""
    hidden = kernels.bias_and_gelu(x @ block[f"{name}.1.weight"].mT, block[f"{name}.1.bias"])
    return hidden @ block[f"{name}.3.weight"].mT


def _self_attention(
    x: torch.Tensor, block: dict[str, torch.Tensor], n_images: int, n_heads: int
) -> torch.Tensor:
    """Multi-head attention among the latents of each image, without the last bias."""
    n_models, n_rows, n_channels = x.shape
    projected = (x @ block["self_project"].mT).view(
        n_models * n_images, n_rows // n_images, 3, n_heads, n_channels // n_heads
    )
    query, key, value = (part.transpose(1, 2) for part in projected.unbind(dim=2))
    attended = functional.scaled_dot_product_attention(query, key, value)
    rows = attended.transpose(1, 2).reshape(n_models, n_rows, n_channels)
    return rows @ block["self_attention.to_out.weight"].mT


def _stacked_name(name: str) -> str:
    """``"blocks.3.self_norm.weight"`` without its number."""
    if not name.startswith(_BLOCKS):
        return name
    return _BLOCKS + name.split(".", 2)[2]


def _round_up(n: int) -> int:
    return -(-n // _ALIGNMENT) * _ALIGNMENT
