"""The presets: their search spaces, and what the README tells of them."""

from __future__ import annotations

from collections.abc import Callable
import math
from pathlib import Path
from types import ModuleType

import pytest


Submodule = Callable[[str], ModuleType]
PACKAGE = Path(__file__).parents[1]


def test_search_space_is_that_of_the_blog_post_at_full_size(submodule: Submodule) -> None:
    space = submodule("presets").get_preset("full").space
    assert space["depth"].values == list(range(2, 9))
    assert space["latent_dim"].values == list(range(128, 513, 64))
    assert space["num_latents"].values == list(range(64, 257, 32))
    assert (space["learning_rate"].low, space["learning_rate"].high) == (1e-4, 1e-2)


@pytest.mark.parametrize(
    ("name", "n_images", "batch", "steps"), [("small", 4_096, 32, 128), ("full", 60_000, 64, 938)]
)
def test_presets_are_those_that_the_readme_tells(
    submodule: Submodule, name: str, n_images: int, batch: int, steps: int
) -> None:
    preset = submodule("presets").get_preset(name)
    assert (preset.n_train, preset.batch_size) == (n_images, batch)
    assert math.ceil(n_images / batch) == steps
    readme = (PACKAGE / "README.md").read_text()
    (row,) = (line for line in readme.splitlines() if line.startswith("| batch, steps"))
    assert f"{batch}, {steps}" in row
