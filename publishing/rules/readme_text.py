"""The README's text: its sections, what is left of the template, HTML, links and code."""

from __future__ import annotations

from collections.abc import Iterable
import re
from urllib.parse import unquote
from urllib.parse import urlsplit

from ..findings import Finding
from ..packages import Package
from ..packages import parsed
from .loading import wrong_loads
from .paths import leaves_package


# In the order of the registry's template; the others come where they like.
ORDER = ("Abstract", "APIs", "Installation", "Example", "Others")
_REQUIRED = ("Abstract", "APIs", "Example")
_PLACEHOLDERS = (
    "Please fill in",
    "Please remove this instruction",
    "You can provide an abstract for your package here",
    "Please provide API documentation",
    "If you have additional dependencies, please",
    "this section can be removed",
    "This is an example of the frontmatters",
    "Please feel free to remove this file",
    "{your_package_name}",
    "YOUR_TEMPLATE",
    "YOUR_FEATURE",
    "YourSampler",
    "your_sampler",
    "Your GitHub Account ID",
)


def sections(package: Package) -> Iterable[Finding]:
    """The template's sections are there, once each and in its order."""
    if "README.md" not in package.texts:
        return
    places = [place for place in package.readme.sections if place.text in ORDER]
    titles = [place.text for place in places]
    required = set(_REQUIRED)
    if "requirements.txt" in package.files:
        required.add("Installation")
    for title in ORDER:
        if title in required and title not in titles:
            why = " (there is a requirements.txt)" if title == "Installation" else ""
            message = f"section missing{why}: add '## {title}'"
            yield package.finding("sections", "README.md", 0, message)
    for before, after in zip(places, places[1:]):
        if ORDER.index(after.text) <= ORDER.index(before.text):
            message = f"'## {after.text}' after '## {before.text}': order them {', '.join(ORDER)}"
            yield package.finding("sections", "README.md", after.line, message)


def placeholders(package: Package) -> Iterable[Finding]:
    """Nothing is left of the template's instructions."""
    for name in ("README.md", "__init__.py", "example.py"):
        for number, line in enumerate(package.texts.get(name, "").splitlines(), 1):
            for placeholder in _PLACEHOLDERS:
                if placeholder.lower() in line.lower():
                    message = f"{placeholder!r} is left of the template: replace or remove it"
                    yield package.finding("placeholders", name, number, message)


def no_html(package: Package) -> Iterable[Finding]:
    """Markdown only; the hub removes HTML."""
    for place in package.readme.html:
        shown = place.text.splitlines()[0][:40]
        message = f"HTML {shown!r}: the hub removes it; write Markdown, or `code` in backticks"
        yield package.finding("no-html", "README.md", place.line, message)


def links(package: Package) -> Iterable[Finding]:
    """Relative links lead to files of the package, those within the page to a heading."""
    anchors = {_anchor(line) for line in _headings(package.readme.text)}
    for place in package.readme.links:
        parts = urlsplit(place.text)
        if parts.scheme or parts.netloc:
            continue
        if not parts.path:
            if parts.fragment and unquote(parts.fragment) not in anchors:
                message = f"no heading for the link {place.text!r}: correct it"
                yield package.finding("links", "README.md", place.line, message)
        elif leaves_package(parts.path):
            message = f"{place.text!r} leaves the package: write the whole https address"
            yield package.finding("links", "README.md", place.line, message)
        elif not (package.folder / unquote(parts.path)).exists():
            message = f"{place.text!r} is not in the package: add the file or correct the link"
            yield package.finding("links", "README.md", place.line, message)


def _headings(text: str) -> list[str]:
    return re.findall(r"^#{1,6}\s+(.*?)\s*#*$", text, flags=re.MULTILINE)


def _anchor(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def readme_code(package: Package) -> Iterable[Finding]:
    """Python blocks are Python, and those of the Example load the package from the hub."""
    blocks = [block for block in package.readme.code if block.language in ("python", "py")]
    trees = {}
    for block in blocks:
        try:
            trees[block.line] = parsed(block.text)
        except SyntaxError as error:
            line = block.line + (error.lineno or 1)
            message = f"this block is no Python ({error.msg}): correct it"
            yield package.finding("readme-code", "README.md", line, message)
    example = [b for b in blocks if b.section == "Example" and b.line in trees]
    if not any(section.text == "Example" for section in package.readme.sections):
        return
    loaded = False
    for block in example:
        right, wrong = wrong_loads(trees[block.line], package.title)
        loaded = loaded or right
        for line, message in wrong:
            yield package.finding("readme-code", "README.md", block.line + line, message)
    if not loaded:
        message = f"the Example does not load it: add optunahub.load_module({package.title!r})"
        yield package.finding("readme-code", "README.md", 0, message)
