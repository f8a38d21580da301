"""The front matter of the README, from which the hub's page of a package is made."""

from __future__ import annotations

from collections.abc import Iterable
import re

from ..findings import Finding
from ..packages import Package


KEYS = ("author", "title", "description", "tags", "optuna_versions", "license")
_LISTS = ("tags", "optuna_versions")
# The tag that the registry's template asks for in each category.
CATEGORY_TAGS = {
    "benchmarks": "benchmark",
    "callbacks": "callback",
    "pruners": "pruner",
    "samplers": "sampler",
    "visualization": "visualization",
}
_VERSION = re.compile(r"\d+\.\d+\.\d+")


def front_matter(package: Package) -> Iterable[Finding]:
    """All six keys are there, each of its type and with something in it."""
    readme = package.readme
    if readme.header_error:
        message = f"{readme.header_error}: begin it as the registry's template/README.md does"
        yield package.finding("front-matter", "README.md", 1, message)
        return
    for key in KEYS:
        message = _complaint(key, readme.header.get(key))
        if message:
            yield package.finding("front-matter", "README.md", readme.line_of_key(key), message)


def _complaint(key: str, value: object) -> str:
    if value in (None, "", []):
        return f"{key} is missing or empty: fill it in"
    if key not in _LISTS:
        if not isinstance(value, str):
            return f"{key} must be a text, got {value!r}: put it in quotes"
        return "" if value.strip() else f"{key} is empty: fill it in"
    if not isinstance(value, list):
        return f"{key} must be a list, got {value!r}: write [{value}]"
    wrong = [item for item in value if not isinstance(item, str) or not item.strip()]
    return f"{key} must be a list of texts, got {wrong[0]!r}: put it in quotes" if wrong else ""


def _list(package: Package, key: str) -> list[str] | None:
    """A list of the front matter, ``None`` where rule front-matter has something to say of it."""
    value = package.readme.header.get(key)
    return value if isinstance(value, list) and not _complaint(key, value) else None


def category_tag(package: Package) -> Iterable[Finding]:
    """The tags hold that of the category."""
    tags, wanted = _list(package, "tags"), CATEGORY_TAGS.get(package.category)
    if wanted is None:
        message = f"category {package.category!r} is none of {', '.join(CATEGORY_TAGS)}: move it"
        yield package.finding("category-tag", "", 0, message)
    elif tags is not None and wanted not in tags:
        message = f"tags lack the category's: add {wanted!r}"
        line = package.readme.line_of_key("tags")
        yield package.finding("category-tag", "README.md", line, message)


def license_key(package: Package) -> Iterable[Finding]:
    """The licence is the registry's."""
    got = package.readme.header.get("license")
    if isinstance(got, str) and got.strip() and got != "MIT License":
        line = package.readme.line_of_key("license")
        message = f"license is {got!r}: the registry takes 'MIT License' only"
        yield package.finding("license-key", "README.md", line, message)


def optuna_versions(package: Package) -> Iterable[Finding]:
    """The versions are plain ones and hold the oldest and the newest supported."""
    versions = _list(package, "optuna_versions")
    if versions is None:
        return
    line = package.readme.line_of_key("optuna_versions")
    for version in versions:
        if not _VERSION.fullmatch(version):
            message = f"optuna_versions has {version!r}: write x.y.z, such as 4.8.0"
            yield package.finding("optuna-versions", "README.md", line, message)
    for which in ("oldest", "newest"):
        version = getattr(package.supported, which)
        if version not in versions:
            message = f"optuna_versions lacks the {which} supported: add {version}, once tested"
            yield package.finding("optuna-versions", "README.md", line, message)
