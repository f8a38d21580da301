"""The map of CONTRIBUTING.md is complete and true: each module of the sampler is on it.

And folders import one another in the one direction that it tells.
"""

from __future__ import annotations

import ast
from pathlib import Path
import re

import pytest

from tests.readme_blocks import ROOT


SAMPLER = ROOT / "package" / "samplers" / "lattice_gp"
PAGE = (ROOT / "CONTRIBUTING.md").read_text()
# What has its place in the README: an example, and what makes the folder a package.
ELSEWHERE = {"example", "__init__"}
# From the bottom: a folder imports those before it.
LAYERS = re.findall(r"`(\w+)`", re.findall(r"From the bottom: ([^;]+);", PAGE)[0])
# It names ingredients of all folders, so that those import it, and it the types of a few.
RECIPE = "recipe"


def _modules() -> list[Path]:
    paths = [*SAMPLER.glob("*.py")]
    paths += [path for layer in LAYERS for path in (SAMPLER / layer).glob("*.py")]
    return [path for path in paths if path.stem not in ELSEWHERE]


def test_every_folder_of_modules_is_a_layer() -> None:
    folders = {path.parent.name for path in SAMPLER.glob("*/__init__.py")}
    assert folders == set(LAYERS)


def test_every_module_of_the_sampler_is_on_the_map() -> None:
    section = re.search(r"\nA suggestion of the sampler.*?(?=\n## )", PAGE, flags=re.DOTALL)
    assert section is not None
    named = set(re.findall(r"`([a-z_]+)(?:\.py)?`", section[0]))
    assert {path.stem for path in _modules()} <= named


def test_what_the_table_of_the_map_names_is_there() -> None:
    rows = re.findall(r"^\| (\w+) +\|((?: `\w+`,?)+) *\|", PAGE, re.M)
    named = [(folder, name) for folder, row in rows for name in re.findall(r"`(\w+)`", row)]
    assert len(named) > 30 and len(named) == len(set(named))
    for folder, name in named:
        inside = SAMPLER / folder if folder in LAYERS else SAMPLER
        assert (inside / f"{name}.py").is_file(), name


def test_folders_import_only_those_below() -> None:
    """Data flows one way; the modules beside the folders put it all together."""
    n_seen = 0
    for path in _modules():
        inside = path.parent.relative_to(SAMPLER).parts
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.ImportFrom) or node.level == 0:
                continue
            assert node.level <= len(inside) + 1, path
            if not inside or node.level == 1:
                continue
            target = (node.module or node.names[0].name).split(".")[0]
            n_seen += 1
            if target != RECIPE:
                assert LAYERS.index(target) < LAYERS.index(inside[0]), (path, target)
    assert n_seen > 100


@pytest.mark.parametrize(
    "folder, told",
    [
        ("benchmarks", r"import only those before them: ([^.]+)\."),
        ("benchmarks/analysis", r"`benchmarks/analysis`, likewise, are ([^.]+)\."),
    ],
)
def test_folders_of_the_harness_import_only_those_before(folder: str, told: str) -> None:
    layers = re.findall(r"`(\w+)`", re.findall(told, PAGE)[0])
    inside = ROOT / folder
    assert {path.parent.name for path in inside.glob("*/__init__.py")} == set(layers)
    n_seen = 0
    for path in inside.glob("*/**/*.py"):
        its, *rest = path.relative_to(inside).parts
        for node in ast.walk(ast.parse(path.read_text())):
            # What goes up to this folder, and down into another one or to a module beside them.
            if isinstance(node, ast.ImportFrom) and node.level == len(rest) + 1:
                target = (node.module or node.names[0].name).split(".")[0]
                if target in layers:
                    assert layers.index(target) < layers.index(its), (path, target)
                    n_seen += 1
    assert n_seen > 20
