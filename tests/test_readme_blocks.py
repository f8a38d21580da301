"""Every block of every README is of a kind that is tried, and is taken apart as by a shell."""

from __future__ import annotations

import argparse
import shlex

import pytest

from benchmarks.cli import parse_arguments
from tests.readme_blocks import Block
from tests.readme_blocks import blocks
from tests.readme_blocks import command_lines
from tests.readme_blocks import Line
from tests.readme_blocks import lines_of
from tests.readme_blocks import parse
from tests.readme_blocks import readmes
from tests.readme_blocks import SHELL
from tests.readme_rules import How
from tests.readme_rules import rule_for


_READMES = readmes()


@pytest.mark.parametrize("readme", [r for r in _READMES if lines_of(r)])
def test_every_command_line_is_of_a_known_kind(readme: str) -> None:
    unknown = [
        f"{line.where}: {line.text}" for line in lines_of(readme) if not rule_for(line.text)
    ]
    assert not unknown, (
        "nothing says how these are tried; add a rule to tests/readme_rules.py:\n"
        + "\n".join(unknown)
    )


def _parsed() -> list[Line]:
    found = []
    for line in (line for readme in _READMES for line in lines_of(readme)):
        rule = rule_for(line.text)
        if rule is not None and rule.how is How.PARSED:
            found.append(line)
    return found


@pytest.mark.parametrize("line", _parsed(), ids=lambda line: line.where)
def test_what_is_not_run_is_understood_by_its_parser(line: Line) -> None:
    words = shlex.split(line.text)
    args = parse_arguments(words[words.index("benchmarks") + 1 :])
    assert isinstance(args, argparse.Namespace) and args.command == "run"


def _balanced(text: str) -> bool:
    depth = 0
    for character in text:
        depth += {"{": 1, "}": -1}.get(character, 0)
        if depth < 0:
            return False
    return depth == 0


@pytest.mark.parametrize("readme", _READMES)
def test_every_block_is_of_a_known_kind(readme: str) -> None:
    for block in blocks(readme):
        if block.language in ("", "bibtex"):
            entry = block.text.strip()
            assert entry.startswith("@") and _balanced(entry), f"{block.where}: no BibTeX entry"
        else:
            known = ("python", "toml", *SHELL)
            assert block.language in known, (
                f"{block.where}: a block of {block.language!r}, which nothing executes; "
                f"accepts {', '.join(known)}, and BibTeX"
            )


def _block(text: str, language: str = "shell") -> Block:
    (block,) = parse("page.md", f"Text:\n\n```{language}\n{text}\n```\n")
    return block


def test_commands_are_taken_from_blocks_as_a_shell_reads_them() -> None:
    block = _block(
        "a --b 'c # d'\nb --c 1  # why\n\n# all of it\npip install x && python y \\\n  --z\n"
    )
    assert [line.text for line in command_lines(block)] == [
        "a --b 'c # d'",
        "b --c 1",
        "pip install x",
        "python y   --z",
    ]
    assert [line.where for line in command_lines(block)] == [
        f"page.md:{number}" for number in (4, 5, 8, 8)
    ]


def test_unknown_commands_have_no_rule() -> None:
    assert rule_for("python -m benchmarks celebrate") is None
    assert rule_for("curl somewhere") is None


def test_blocks_know_their_language_line_and_file() -> None:
    text = "In `mine.py`, here:\n\n```python\nx = 1\n```\n\n```shell\na\n```\n\n`run --config a.toml` runs it:\n\n"
    first, shell, second, third = parse(
        "page.md", f"{text}```toml\n```\n\nNo file:\n\n    indented\n"
    )
    assert (first.language, first.line, first.file_name) == ("python", 4, "mine.py")
    assert (second.language, second.file_name) == ("toml", "a.toml")
    assert shell.file_name == ""
    assert (third.language, third.text, third.file_name) == ("", "indented\n", "")
