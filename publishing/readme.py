"""A package's README: its front matter, sections, links, images, code and HTML, with lines."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
import re
from typing import Any
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from markdown_it.token import Token


@dataclass(frozen=True)
class Place:
    """A piece of the text (a link's target, a section's title, HTML, ...) and its line."""

    text: str
    line: int


@dataclass(frozen=True)
class CodeBlock:
    """A fenced block: its language, its text, the line of its fence and its h2 section."""

    language: str
    text: str
    line: int
    section: str


@dataclass
class Readme:
    """What the rules look at.

    Attributes:
        header: Front matter, empty if there is none or it cannot be read.
        header_error: Why the front matter cannot be read; empty if it can.
        sections: Headings of level 2, in order.
        links: Targets of links that are not images.
        images: Targets of images.
        html: HTML tags and comments outside code.
        code: Fenced blocks.
    """

    text: str
    header: dict[str, Any] = field(default_factory=dict)
    header_error: str = ""
    sections: list[Place] = field(default_factory=list)
    links: list[Place] = field(default_factory=list)
    images: list[Place] = field(default_factory=list)
    html: list[Place] = field(default_factory=list)
    code: list[CodeBlock] = field(default_factory=list)

    def line_of_key(self, key: str) -> int:
        """Line of a key of the front matter, 1 if it is not there."""
        for number, line in enumerate(self.text.splitlines(), 1):
            if line.startswith(f"{key}:"):
                return number
        return 1

    def section_text(self, title: str) -> str:
        """The text under a heading of level 2, empty if there is none."""
        lines = self.text.splitlines()
        starts = [place.line for place in self.sections] + [len(lines) + 1]
        for place, end in zip(self.sections, starts[1:]):
            if place.text == title:
                return "\n".join(lines[place.line : end - 1])
        return ""


def read(text: str) -> Readme:
    """Parse a README."""
    readme = Readme(text)
    _read_header(readme)
    _read_body(readme)
    return readme


def _read_header(readme: Readme) -> None:
    from frontmatter.default_handlers import YAMLHandler
    import yaml

    handler = YAMLHandler()
    try:
        if not handler.detect(readme.text):
            raise ValueError
        header, _ = handler.split(readme.text)
    except ValueError:
        readme.header_error = "there is no front matter between two lines of ---"
        return
    try:
        loaded = handler.load(header)
    except (yaml.YAMLError, ValueError) as error:  # of a date that there is not, the latter
        readme.header_error = "the front matter is no YAML: " + " ".join(str(error).split())
        return
    if isinstance(loaded, dict):
        readme.header = loaded
    else:
        readme.header_error = "the front matter has no keys"


def _read_body(readme: Readme) -> None:
    from markdown_it import MarkdownIt

    # Blank lines in the place of the front matter keep the line numbers.
    body = re.sub(
        r"\A---\n.*?\n---(?=\n|\Z)",
        lambda match: "\n" * match.group().count("\n"),
        readme.text,
        flags=re.DOTALL,
    )
    tokens = MarkdownIt("commonmark").enable("table").parse(body)
    section, line = "", 1
    for position, token in enumerate(tokens):
        line = token.map[0] + 1 if token.map else line
        if token.type == "heading_open" and token.tag == "h2":
            section = tokens[position + 1].content.strip()
            readme.sections.append(Place(section, line))
        elif token.type == "html_block":
            readme.html.append(Place(token.content.strip(), line))
        elif token.type == "fence":
            language = (token.info.split() or [""])[0]
            readme.code.append(CodeBlock(language, token.content, line, section))
        elif token.type == "inline":
            _read_inline(readme, token, line)


def _read_inline(readme: Readme, inline: Token, line: int) -> None:
    for token in inline.children or []:
        if token.type in ("softbreak", "hardbreak"):
            line += 1
        elif token.type == "html_inline":
            readme.html.append(Place(token.content, line))
        elif token.type == "link_open":
            readme.links.append(Place(str(token.attrGet("href")), line))
        elif token.type == "image":
            readme.images.append(Place(str(token.attrGet("src")), line))
