"""The figures that tell how good a table is, and the README's tables of them."""

from __future__ import annotations

from collections.abc import Callable
import math
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest


Submodule = Callable[[str], ModuleType]
PACKAGE = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def table(small_table: Any) -> Any:
    return small_table


@pytest.fixture(scope="module")
def model_file(read_model_file: Callable[[str], dict[str, Any]], table: Any) -> dict[str, Any]:
    return read_model_file("small")


def point(run: Any) -> tuple[int, int, int, float]:
    return run.depth, run.latent_dim, run.num_latents, run.learning_rate


def test_held_out_error_is_not_above_what_the_readme_says(
    table: Any, model_file: dict[str, Any]
) -> None:
    errors = [
        math.log(run.loss / table.expected_loss(*point(run)))
        for run in table.runs
        if run.role == "held_out" and run.learning_rate < model_file["quality"]["edge_from"]
    ]
    stated = model_file["quality"]["held_out"]["surface"]["below"]
    assert len(errors) == model_file["quality"]["n_held_out"]["below"]
    assert np.sqrt(np.mean(np.square(errors))) <= 1.01 * stated["rms"]
    assert stated["rms"] < 0.08
    # Within reach of the noise, below which nothing can come.
    assert stated["rms"] < 1.5 * model_file["quality"]["noise"]["replayed_pairs"]["below"]["rms"]


def test_table_interpolates_better_than_linearly(model_file: dict[str, Any]) -> None:
    errors = model_file["quality"]["held_out"]
    assert errors["surface"]["below"]["rms"] < errors["linear"]["below"]["rms"]
    assert errors["surface"]["below"]["rms"] < errors["pchip"]["below"]["rms"]


def test_surface_is_not_smoother_than_the_data(model_file: dict[str, Any]) -> None:
    # A surface that smooths real structure away has held-out errors above the noise.
    assert model_file["quality"]["standardised"]["held_out_rms"] < 1.15


def test_built_table_reproduces_from_its_own_runs(
    submodule: Submodule, table: Any, model_file: dict[str, Any], tmp_path: Path
) -> None:
    pytest.importorskip("scipy")
    build_table = submodule("build_table")
    build_table.write_runs(tmp_path / "runs.csv", table.runs)
    committed = submodule("replay.table").data_paths("small")[0]
    assert (tmp_path / "runs.csv").read_text() == committed.read_text()
    stated = model_file["quality"]
    for name, figure in submodule("replay.quality").quality(table).items():
        for key, by_part in (figure if isinstance(figure, dict) else {name: figure}).items():
            expected = stated[name][key] if isinstance(figure, dict) else stated[name]
            for part, value in (by_part if isinstance(by_part, dict) else {key: by_part}).items():
                found = expected[part] if isinstance(by_part, dict) else expected
                assert value == pytest.approx(found, rel=0.01), (name, key, part)


def test_readme_shows_the_figures_of_the_table(
    submodule: Submodule, model_file: dict[str, Any]
) -> None:
    def cells(line: str) -> list[str]:
        return [cell.strip() for cell in line.split("|")]

    readme = [cells(line) for line in (PACKAGE / "README.md").read_text().splitlines()]
    for table in submodule("replay.quality_markdown").markdown(model_file):
        for line in table[:1] + table[2:]:  # without the rule, whose length is mdformat's
            assert cells(line) in readme


def test_readme_tables_are_replaced_and_nothing_else(submodule: Submodule) -> None:
    update = submodule("replay.quality_markdown").update_readme
    text = "before\n\n| A | b |\n| --- | --- |\n| 1 | 2 |\n\nafter\n"
    table = ["| A   | c |", "| --- | - |", "| 3   | 4 |", "| 5   | 6 |"]
    updated = update(text, [table])
    assert updated == "before\n\n" + "\n".join(table) + "\n\nafter\n"
    assert update(updated, [table]) == updated
    with pytest.raises(ValueError, match="'A'"):
        update("nothing", [table])


def test_readme_tables_are_put_into_their_section(submodule: Submodule) -> None:
    update = submodule("replay.quality_markdown").update_readme
    text = "### One\n\n| A | b |\n| - | - |\n\n### Two\n\n| A | b |\n| - | - |\n| 1 | 2 |\n"
    table = ["| A | c |", "| - | - |", "| 3 | 4 |"]
    first, second = text.split("### Two")
    assert update(text, [table], "Two") == f"{first}### Two\n\n" + "\n".join(table) + "\n"
    assert "| A | c |" in update(text, [table], "One").split("### Two")[0]
    with pytest.raises(ValueError, match="'Three'"):
        update(text, [table], "Three")
