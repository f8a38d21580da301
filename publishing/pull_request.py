"""The text of the pull request, from the registry's own template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import re

from .packages import Package
from .testing import Outcome


# What a box of the template says, in part, and whether it takes tests to tick it. The box of the
# contributor agreements is not among them: that is for a human to read and to tick.
_PROVED = (
    ("Copy `./template/`", False),
    ("`<COPYRIGHT HOLDER>`", False),
    ("Fill out `README.md`", False),
    ("`__init__.py`", False),
    ("`from __future__ import annotations`", False),
    ("Apply the formatter", False),
    ("works as intended", True),
)


@dataclass(frozen=True)
class Change:
    """What the pull request brings.

    Attributes:
        packages: Its packages.
        updated: Titles of those that the registry has already.
        outcomes: What was tested; empty if tests were left out.
        rules: Number of rules that were checked.
    """

    packages: Sequence[Package]
    updated: frozenset[str]
    outcomes: Sequence[Outcome]
    rules: int

    @property
    def title(self) -> str:
        """A title as the registry's CONTRIBUTING.md asks: brief, code in backticks, no period."""
        words = []
        for verb, chosen in (("Add", False), ("Update", True)):
            names = [f"`{p.title}`" for p in self.packages if (p.title in self.updated) == chosen]
            if names:
                words.append(f"{verb} {', '.join(names)}")
        return " and ".join([words[0], *(word[0].lower() + word[1:] for word in words[1:])])


def fill(template: str, change: Change) -> str:
    """Fill in the template: motivation, description and the boxes of what was proved.

    Args:
        template: Text of the registry's ``.github/pull_request_template.md``.
        change: What the pull request brings.
    """
    parts = re.split(r"^(?=## )", template, flags=re.MULTILINE)
    filled = [_fill_section(part, change) for part in parts]
    return "".join(part for part in filled if part).rstrip() + "\n"


def _fill_section(section: str, change: Change) -> str:
    heading = section.partition("\n")[0].lower()
    if "motivation" in heading:
        return _replaced(section, _motivation(change))
    if "description" in heading:
        return _replaced(section, _description(change))
    if "todo" in heading:
        is_addition = any(package.title not in change.updated for package in change.packages)
        return _tick(section, bool(change.outcomes)) if is_addition else ""
    return section


def _replaced(section: str, text: str) -> str:
    heading = section.partition("\n")[0]
    return f"{heading}\n\n{text}\n\n"


def _motivation(change: Change) -> str:
    return "\n\n".join(
        f"**{package.title}**: {package.readme.header['description']}"
        for package in change.packages
    )


def _description(change: Change) -> str:
    lines = []
    for package in change.packages:
        verb = "Updates" if package.title in change.updated else "Adds"
        lines.append(f"- {verb} `package/{package.title}`: {package.readme.header['title']}.")
    lines += ["", f"Checked by {change.rules} rules, the registry's formatters and linters", ""]
    lines[-2] += " with their pinned versions and settings among them."
    if not change.outcomes:
        return "\n".join([*lines, "Tests and examples were not run for this text."])
    lines.append("Tests and `example.py` of each package alone, in clean environments:")
    lines.append("")
    for outcome in change.outcomes:
        title = outcome.environment.package.title
        place = f"Optuna {outcome.optuna}, Python {outcome.python}{outcome.environment.left_out}"
        lines.append(f"- `{title}`: {place}: {outcome.tests}")
    return "\n".join(lines)


def _tick(section: str, tested: bool) -> str:
    lines = []
    for line in section.splitlines(keepends=True):
        proved = any(words in line and (tested or not tests) for words, tests in _PROVED)
        lines.append(line.replace("- [ ]", "- [x]", 1) if proved else line)
    return "".join(lines)


def open_boxes(text: str) -> list[str]:
    """What is left for the human: the boxes that are not ticked."""
    return re.findall(r"^\s*- \[ \] (.*)$", text, flags=re.MULTILINE)
