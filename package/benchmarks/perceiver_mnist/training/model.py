"""The Perceiver image classifier.

Andrew Jaegle, Felix Gimeno, Andrew Brock, Andrew Zisserman, Oriol Vinyals, Joao Carreira.
Perceiver: General Perception with Iterative Attention. ICML 2021. https://arxiv.org/abs/2103.03206
"""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional


class FourierPositions(nn.Module):
    """Append Fourier features of each pixel's position to its value (section 3.2 of the paper).

    Args:
        image_size: Height and width of the square images, in pixels.
        n_bands: Number of frequencies per axis, spaced evenly from 1 to ``image_size / 2``
            (the Nyquist frequency).
    """

    def __init__(self, image_size: int, n_bands: int) -> None:
        super().__init__()
        axis = torch.linspace(-1.0, 1.0, image_size)
        grid = torch.stack(torch.meshgrid(axis, axis, indexing="ij"), dim=-1)
        frequencies = torch.linspace(1.0, image_size / 2, n_bands)
        angles = math.pi * grid.reshape(-1, 2, 1) * frequencies
        encoding = torch.cat(
            [angles.sin().flatten(1), angles.cos().flatten(1), grid.reshape(-1, 2)], dim=1
        )
        self.register_buffer("encoding", encoding, persistent=False)
        self.encoding: torch.Tensor
        self.n_channels = 1 + encoding.shape[1]

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Turn images of shape (batch, height, width) into (batch, pixels, channels)."""
        pixels = images.flatten(1).unsqueeze(-1)
        encoding = self.encoding.expand(len(images), -1, -1)
        return torch.cat([pixels, encoding], dim=-1)


class Attention(nn.Module):
    """Multi-head attention from ``query_dim`` channels onto ``context_dim`` channels."""

    def __init__(self, query_dim: int, context_dim: int, n_heads: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.to_query = nn.Linear(query_dim, query_dim, bias=False)
        self.to_key_value = nn.Linear(context_dim, 2 * query_dim, bias=False)
        self.to_out = nn.Linear(query_dim, query_dim)
        # Outputs of unit variance (scaled by fan-in), as in the authors' code: PyTorch's default
        # has a third of it and attends to next to nothing. Keys and values of the pixels get twice
        # the deviation, for attention to start sharp enough that many pixels do not average out.
        gain = 1.0 if context_dim == query_dim else 2.0
        nn.init.normal_(self.to_query.weight, std=query_dim**-0.5)
        nn.init.normal_(self.to_key_value.weight, std=gain * context_dim**-0.5)

    def forward(self, queries: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
        """Map (batch, n, query_dim) and (batch, m, context_dim) to (batch, n, query_dim)."""
        query = self._split_heads(self.to_query(queries))
        key, value = (self._split_heads(t) for t in self.to_key_value(context).chunk(2, dim=-1))
        attended = functional.scaled_dot_product_attention(query, key, value)
        out: torch.Tensor = self.to_out(attended.transpose(1, 2).flatten(2))
        return out

    def _split_heads(self, tensor: torch.Tensor) -> torch.Tensor:
        return tensor.view(*tensor.shape[:-1], self.n_heads, -1).transpose(1, 2)


def _feed_forward(dim: int, widening: int) -> nn.Sequential:
    return nn.Sequential(
        nn.LayerNorm(dim),
        nn.Linear(dim, widening * dim),
        nn.GELU(),
        nn.Linear(widening * dim, dim),
    )


class PerceiverBlock(nn.Module):
    """One iteration: cross-attention onto the pixels, then self-attention among the latents.

    Both are pre-norm residual attention layers followed by a residual two-layer perceptron, as
    in the paper (figure 1); cross-attention has a single head.
    """

    def __init__(self, latent_dim: int, context_dim: int, n_heads: int, widening: int) -> None:
        super().__init__()
        self.context_norm = nn.LayerNorm(context_dim)
        self.cross_norm = nn.LayerNorm(latent_dim)
        self.cross_attention = Attention(latent_dim, context_dim, n_heads=1)
        self.cross_feed_forward = _feed_forward(latent_dim, widening)
        self.self_norm = nn.LayerNorm(latent_dim)
        self.self_attention = Attention(latent_dim, latent_dim, n_heads=n_heads)
        self.self_feed_forward = _feed_forward(latent_dim, widening)

    def forward(self, latents: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
        """Update latents (batch, num_latents, latent_dim) from context (batch, pixels, c)."""
        latents = latents + self.cross_attention(
            self.cross_norm(latents), self.context_norm(context)
        )
        latents = latents + self.cross_feed_forward(latents)
        normed = self.self_norm(latents)
        latents = latents + self.self_attention(normed, normed)
        latents = latents + self.self_feed_forward(latents)
        return latents


class PerceiverMNIST(nn.Module):
    """A Perceiver that classifies square grey-scale images into ten digits.

    Args:
        depth: Number of iterations (blocks) with weights of their own, 1 or more.
        latent_dim: Channels per latent; a multiple of ``n_heads``.
        num_latents: Number of latent vectors, 1 or more.
        image_size: Height and width of the images, in pixels.
        n_bands: Fourier frequencies per image axis.
        n_heads: Heads of the latent self-attention.
        widening: Hidden width of the perceptrons as a multiple of ``latent_dim``.
    """

    def __init__(
        self,
        depth: int,
        latent_dim: int,
        num_latents: int,
        *,
        image_size: int = 28,
        n_bands: int = 6,
        n_heads: int = 4,
        widening: int = 1,
    ) -> None:
        super().__init__()
        self.positions = FourierPositions(image_size, n_bands)
        # Not the paper's deviation of 0.02: latents that start nearly equal need a random part of
        # one short epoch to grow apart, which is noise in its mean loss.
        self.latents = nn.Parameter(torch.randn(num_latents, latent_dim))
        self.blocks = nn.ModuleList(
            PerceiverBlock(latent_dim, self.positions.n_channels, n_heads, widening)
            for _ in range(depth)
        )
        # The paper averages the latents and projects them, with no norm in between: this is what
        # lets a learning rate that is too large drive the loss far above that of a guess.
        self.head = nn.Linear(latent_dim, 10)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits (batch, 10) for images (batch, height, width)."""
        context = self.positions(images)
        latents = self.latents.expand(len(images), -1, -1)
        for block in self.blocks:
            latents = block(latents, context)
        logits: torch.Tensor = self.head(latents.mean(dim=1))
        return logits
