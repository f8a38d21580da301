"""The map of CONTRIBUTING.md is complete: who reads it finds every module of the sampler."""

from __future__ import annotations

import re

from tests.readme_blocks import ROOT


SAMPLER = ROOT / "package" / "samplers" / "lattice_gp"
# What has its place in the README: an example, and what makes the folder a package.
ELSEWHERE = {"example", "__init__"}


def test_every_module_of_the_sampler_is_on_the_map() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text()
    section = re.search(r"\nA suggestion of the sampler.*?(?=\n## )", page, flags=re.DOTALL)
    assert section is not None
    named = set(re.findall(r"`([a-z_]+)(?:\.py)?`", section[0]))
    assert {path.stem for path in SAMPLER.glob("*.py")} - ELSEWHERE <= named


def test_what_the_table_of_the_map_names_is_there() -> None:
    rows = re.findall(
        r"^\| \w+ +\|((?: `\w+`,?)+) *\|", (ROOT / "CONTRIBUTING.md").read_text(), re.M
    )
    named = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert len(named) > 30 and len(named) == len(set(named))
    assert all((SAMPLER / f"{name}.py").is_file() for name in named)
