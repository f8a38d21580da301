"""The rules, one function each, in one table."""

from __future__ import annotations

from collections.abc import Iterable

from ..findings import Finding
from ..packages import Package
from . import code
from . import files
from . import front_matter
from . import images
from . import private_api
from . import readme_text
from . import requirements
from .rule import Rule


RULES = (
    Rule(
        "required-files",
        "LICENSE, README.md, __init__.py, example.py and tests/test_*.py are there",
        files.required_files,
    ),
    Rule("package-name", "lower case letters, digits and underscores", files.package_name),
    Rule(
        "front-matter",
        "README.md begins with YAML that has all six keys, filled in and of their types",
        front_matter.front_matter,
    ),
    Rule("category-tag", "the tags hold that of the category", front_matter.category_tag),
    Rule("license-key", "license is 'MIT License'", front_matter.license_key),
    Rule(
        "optuna-versions",
        "plain x.y.z, the oldest and newest supported among them",
        front_matter.optuna_versions,
    ),
    Rule(
        "sections",
        "Abstract, APIs, Installation (where something is required), Example, in this order",
        readme_text.sections,
    ),
    Rule("placeholders", "nothing is left of the template's text", readme_text.placeholders),
    Rule("no-html", "the README is Markdown without HTML", readme_text.no_html),
    Rule("links", "relative links lead to files and headings of the package", readme_text.links),
    Rule(
        "readme-code",
        "Python blocks are Python, and the Example loads the package from the hub",
        readme_text.readme_code,
    ),
    Rule("licence", "LICENSE is the MIT licence with a year and a name", files.licence),
    Rule("image-links", "images are shown by relative paths into images/", images.image_links),
    Rule("image-use", "every image is shown in the README", images.image_use),
    Rule("image-kind", "images are PNG, JPEG or GIF, under images/", images.image_kind),
    Rule(
        "image-size",
        f"{images.IMAGE_BYTES // 1000} kB an image, {images.PACKAGE_IMAGE_BYTES // 1000} kB all",
        images.image_size,
    ),
    Rule("no-binary", "no binary file but images", files.no_binary),
    Rule("file-size", f"{files.FILE_BYTES // 1000} kB a file", files.file_size),
    Rule("no-symlinks", "no symbolic links", files.no_symlinks),
    Rule("no-generated", "no caches, build folders or checkpoints", files.no_generated),
    Rule("machine-paths", "no absolute paths of one machine", files.machine_paths),
    Rule(
        "requirement-lines",
        "one requirement a line, no exact pins, nothing that Optuna brings",
        requirements.requirement_lines,
    ),
    Rule(
        "requirements-used",
        "each requirement is imported by the package itself",
        requirements.requirements_used,
    ),
    Rule(
        "requirements-complete",
        "what is imported is required, or told in words if only a function or a script needs it",
        requirements.requirements_complete,
    ),
    Rule("python-syntax", "Python files can be parsed", code.python_syntax),
    Rule("relative-imports", "own modules are imported relatively", code.relative_imports),
    Rule(
        "future-annotations",
        "'from __future__ import annotations' where there are annotations",
        code.future_annotations,
    ),
    Rule("exports", "__all__ is there, and the README's APIs tell of every name", code.exports),
    Rule("example", "example.py loads the package from the hub", code.example),
    Rule(
        "private-api",
        "no private API of Optuna outside one module that says so",
        private_api.private_api,
    ),
    Rule("tool-versions", "ruff, mypy and mdformat are those that the registry pins"),
    Rule("ruff-check", "ruff check with the registry's settings"),
    Rule("ruff-format", "ruff format with the registry's settings"),
    Rule("mypy", "mypy with the registry's settings, which sees no installed package"),
    Rule("mdformat", "mdformat on Markdown files"),
)


def findings_by_rules(package: Package) -> Iterable[Finding]:
    """All that the rules but those of the tools have to say about a package."""
    for rule in RULES:
        if rule.check is not None:
            yield from rule.check(package)
