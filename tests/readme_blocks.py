"""The fenced blocks of all READMEs, and the command lines in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
import re
import shlex

from markdown_it import MarkdownIt


ROOT = Path(__file__).resolve().parent.parent
# Not written by hand: results, and what tools leave behind.
_NOT_OURS = {"results", "data", "build", "dist", "node_modules", "venv"}
# Languages of blocks whose lines are commands.
SHELL = ("shell", "bash", "sh")


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
        readme: The file, relative to the checkout.
        line: Number of its first line, that of the fence being one less; from 1.
        language: What follows the fence, such as ``python``.
        text: The lines between the fences.
        file_name: File that the paragraph before says it belongs into, if it does so.
    """

    readme: str
    line: int
    language: str
    text: str
    file_name: str = ""

    @property
    def where(self) -> str:
        """The place, as editors understand it."""
        return f"{self.readme}:{self.line}"


@dataclass(frozen=True)
class Line:
    """A command of a shell block, without its comment.

    Attributes:
        where: Its place, ``README:line``.
        text: The command as written.
    """

    where: str
    text: str


def readmes() -> list[str]:
    """Every Markdown page of the checkout that has been written by hand."""
    pages = [page.relative_to(ROOT) for page in ROOT.rglob("*.md")]
    kept = [
        page
        for page in pages
        if page.name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
        and not any(part in _NOT_OURS or part.startswith(".") for part in page.parts)
    ]
    return sorted(map(str, kept))


def blocks(readme: str) -> list[Block]:
    """The fenced blocks of a page, in order.

    Args:
        readme: Path relative to the checkout.
    """
    return list(parse(readme, (ROOT / readme).read_text(encoding="utf-8")))


def parse(readme: str, text: str) -> Iterator[Block]:
    """The fenced and indented blocks of a page's text, in order."""
    before = ""
    for token in MarkdownIt().parse(text):
        if token.type == "inline":
            before = token.content
        elif token.type in ("fence", "code_block"):
            assert token.map is not None
            language = token.info.strip()
            yield Block(readme, token.map[0] + 2, language, token.content, _file_in(before))
            before = ""


def _file_in(paragraph: str) -> str:
    """The file whose content comes next: ``In `my_samplers.py`, ...:`` or ``... `my.toml` ...:``."""
    if not paragraph.rstrip().endswith(":"):
        return ""
    found = re.findall(r"In `(\w+\.py)`|--config (\w+\.toml)", paragraph)
    return "".join(found[-1]) if found else ""


def command_lines(block: Block) -> list[Line]:
    """The commands of a shell block: one a line, or several joined by ``&&``."""
    lines = []
    pending, start = "", 0
    for number, text in enumerate(block.text.splitlines()):
        if not pending:
            start = number
        pending += text.removesuffix("\\")
        if text.endswith("\\"):
            continue
        for command in pending.split(" && "):
            if command := _without_comment(command):
                lines.append(Line(f"{block.readme}:{block.line + start}", command))
        pending = ""
    return lines


def lines_of(readme: str) -> list[Line]:
    """The commands of all shell blocks of a page, in order."""
    return [
        line
        for block in blocks(readme)
        if block.language in SHELL
        for line in command_lines(block)
    ]


def _without_comment(command: str) -> str:
    bare = re.sub(r"(^|\s)#.*$", "", command).strip()
    try:
        same = shlex.split(command, comments=True) == shlex.split(bare)
    except ValueError:
        # Cut in the middle of quotes, in which a number sign begins no comment.
        same = False
    return bare if same else command.strip()
