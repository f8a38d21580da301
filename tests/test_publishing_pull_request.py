"""The text of a pull request."""

from __future__ import annotations

from pathlib import Path

import pytest


pytest.importorskip("frontmatter", reason="needs the extra publish")
pytest.importorskip("mdformat", reason="needs the extra publish")

from publishing import packages
from publishing import pull_request
from publishing import readme
from publishing import testing
from publishing.environments import Environment
from tests.registry_clones import TEMPLATE
from tests.registry_clones import TITLE


pytestmark = pytest.mark.usefixtures("no_identity_but_the_clones")


@pytest.mark.parametrize("tested", [True, False])
def test_only_what_was_proved_is_ticked(checkout: Path, tested: bool) -> None:
    (package,) = packages.find(checkout)
    environment = Environment(package, "newest", "python3", ("torch",))
    outcome = testing.Outcome(environment, "5.0.0", "3.13.0", "7 passed in 1.2s")
    change = pull_request.Change([package], frozenset(), [outcome] if tested else [], 35)
    text = pull_request.fill(TEMPLATE, change)
    open_boxes = [
        "I agree to the contributor agreements.",
        *(["Check whether your module works as intended based on the tips"] * (not tested)),
        "A box that came later",
    ]
    assert pull_request.open_boxes(text) == open_boxes
    assert text.count("- [x]") == 2 + tested
    assert "<!--" not in text
    assert str(package.readme.header["description"]) in text
    line = f"- `{TITLE}`: Optuna 5.0.0, Python 3.13.0, without torch: 7 passed in 1.2s"
    assert (line in text) == tested


BOXES = """## TODO List

- [{0}] Copy `./template/`
- [{0}] Replace `<COPYRIGHT HOLDER>` with your name
- [{0}] Fill out `README.md`
- [{0}] Add to `__init__.py`
- [{0}] Write `from __future__ import annotations`
- [{0}] Apply the formatter
"""


@pytest.mark.parametrize("tested", [True, False])
def test_the_whole_text_of_a_pull_request(checkout: Path, tested: bool) -> None:
    (ours,) = packages.find(checkout)
    theirs = packages.Package(checkout, "pruners", "late", ours.supported)
    theirs.__dict__["readme"] = readme.read("---\ntitle: Late\ndescription: Waits.\n---\n")
    outcomes = [
        testing.Outcome(Environment(package, version, "python3"), version, "3.13.0", "7 passed")
        for package in (theirs, ours)
        for version in ("4.8.0", "5.0.0")
    ]
    change = pull_request.Change(
        [theirs, ours], frozenset([TITLE]), outcomes if tested else [], rules=35
    )
    assert change.title == f"Add `pruners/late` and update `{TITLE}`"
    template = (
        "Thanks!\n\n## Motivation\n\n<!-- Why. -->\n\n## Description\n\n<!-- What. -->\n\n"
        + BOXES.format(" ")
        + "\n## Notes\n\n- [ ] Apply the formatter to these\n\n\n"
    )
    header = ours.readme.header
    told = "Tests and examples were not run for this text."
    if tested:
        told = f"""Tests and `example.py` of each package alone, in clean environments:

- `pruners/late`: Optuna 4.8.0, Python 3.13.0: 7 passed
- `pruners/late`: Optuna 5.0.0, Python 3.13.0: 7 passed
- `{TITLE}`: Optuna 4.8.0, Python 3.13.0: 7 passed
- `{TITLE}`: Optuna 5.0.0, Python 3.13.0: 7 passed"""
    assert (
        pull_request.fill(template, change)
        == f"""Thanks!

## Motivation

**pruners/late**: Waits.

**{TITLE}**: {header["description"]}

## Description

- Adds `package/pruners/late`: Late.
- Updates `package/{TITLE}`: {header["title"]}.

Checked by 35 rules, the registry's formatters and linters with their pinned versions and settings among them.

{told}

{BOXES.format("x")}
## Notes

- [ ] Apply the formatter to these
"""
    )
