"""The model: its shape, its parameters and their first values."""

from __future__ import annotations

from collections.abc import Callable
import math
from types import ModuleType

import pytest


torch = pytest.importorskip("torch")
pytest.importorskip("torchvision")

Submodule = Callable[[str], ModuleType]


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
