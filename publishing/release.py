"""``python -m publishing release``: tag this commit as the version that pyproject.toml says.

The version, its entry in CHANGELOG.md, the Optuna versions it was tested with and what the
packages say of themselves must agree; the tag then carries the entry. Nothing is pushed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
import re
from typing import Any

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from . import readme
from .errors import UsageError
from .git import git
from .texts import read_text
from .versions import read_project


_HEADING = re.compile(r"^## \[(?P<version>[^\]]+)\](?: - (?P<date>.*))?$", re.MULTILINE)
_NUMBER = r"\d+(?:\.\d+)*"
_TESTED = re.compile(
    rf"^Tested with Optuna (?P<optuna>{_NUMBER}(?:(?:, | and ){_NUMBER})*), "
    rf"Python (?P<oldest>{_NUMBER}) to (?P<newest>{_NUMBER})\.$",
    re.MULTILINE,
)
_UNRELEASED = "Unreleased"


@dataclass(frozen=True)
class Entry:
    """What CHANGELOG.md says of one version.

    Attributes:
        version: Such as ``0.2.0``.
        date: As written, such as ``2026-11-26``; empty if there is none.
        text: All below its heading.
        optuna_versions: Those it was tested with, as written; empty if it does not say so.
        python_versions: The oldest and the newest, likewise.
    """

    version: str
    date: str
    text: str
    optuna_versions: tuple[str, ...]
    python_versions: tuple[str, ...]


def entries(changelog: str) -> list[Entry]:
    """The entries of all versions, as they stand, without what is unreleased.

    Args:
        changelog: The text of a file in the format of Keep a Changelog.
    """
    return [
        _entry(heading, text)
        for heading, text in _sections(changelog)
        if heading["version"] != _UNRELEASED
    ]


def _sections(changelog: str) -> list[tuple[re.Match[str], str]]:
    """Each heading of a version, or of what is unreleased, and all below it."""
    headings = list(_HEADING.finditer(changelog))
    ends = [heading.start() for heading in headings[1:]] + [len(changelog)]
    return [(h, changelog[h.end() : end].strip()) for h, end in zip(headings, ends)]


def _entry(heading: re.Match[str], text: str) -> Entry:
    tested = _TESTED.search(text)
    return Entry(
        heading["version"],
        heading["date"] or "",
        text,
        tuple(re.split(", | and ", tested["optuna"])) if tested else (),
        (tested["oldest"], tested["newest"]) if tested else (),
    )


def inconsistencies(root: Path) -> list[str]:
    """What the files that tell of versions contradict each other in, one line each.

    Args:
        root: The checkout, with pyproject.toml, CHANGELOG.md and the packages.
    """
    project = read_project(root).get("project", {})
    lacking = [key for key in ("version", "requires-python") if key not in project]
    if lacking:
        return [f"pyproject.toml: [project] has no {' and no '.join(lacking)}; add it"]
    if not (root / "CHANGELOG.md").is_file():
        return ["CHANGELOG.md: not found; begin it as https://keepachangelog.com says"]
    known = entries(read_text(root / "CHANGELOG.md"))
    if not known:
        return ["CHANGELOG.md: has no version; accepts headings such as '## [0.1.0] - 2026-11-26'"]
    found = [problem for entry in known for problem in _faults(entry)]
    newest = known[0]
    found += _out_of_order(known)
    if newest.version != project["version"]:
        found.append(
            f"CHANGELOG.md: its newest version is {newest.version}, but pyproject.toml has "
            f"{project['version']}; give both the same"
        )
    return found + _against_project(newest, project) + _against_packages(newest, root)


def _faults(entry: Entry) -> list[str]:
    where = f"CHANGELOG.md: [{entry.version}]"
    found = []
    if not re.fullmatch(r"\d+\.\d+\.\d+", entry.version):
        found.append(f"{where} is no version; accepts three numbers, such as 0.2.0")
    try:
        # Python 3.11 and later read other forms too.
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", entry.date):
            raise ValueError
        date.fromisoformat(entry.date)
    except ValueError:
        found.append(f"{where} has the date {entry.date!r}; accepts one such as 2026-11-26")
    if not entry.optuna_versions:
        found.append(
            f"{where} does not say what it was tested with; accepts a line 'Tested with Optuna "
            "4.8.0 and 5.0.0, Python 3.10 to 3.13.'"
        )
    return found


def _out_of_order(known: Sequence[Entry]) -> list[str]:
    numbers = [entry.version for entry in known if re.fullmatch(_NUMBER, entry.version)]
    return [
        f"CHANGELOG.md: [{above}] stands above [{below}]; the newest version comes first"
        for above, below in zip(numbers, numbers[1:])
        if Version(above) <= Version(below)
    ]


def _against_project(entry: Entry, project: dict[str, Any]) -> list[str]:
    if not entry.optuna_versions:
        return []
    requirements = [Requirement(text) for text in project.get("dependencies", [])]
    named = (one.specifier for one in requirements if one.name == "optuna")
    optuna = next(named, SpecifierSet())
    pairs = (
        ("Optuna", min(entry.optuna_versions, key=Version), optuna),
        ("Python", entry.python_versions[0], SpecifierSet(project["requires-python"])),
    )
    return [
        f"CHANGELOG.md: [{entry.version}] was tested with {what} {oldest} at the oldest, but "
        f"pyproject.toml has {what} {accepted or 'of no version'}; give both the same"
        for what, oldest, accepted in pairs
        if Version(oldest) != _lower_bound(accepted)
    ]


def _lower_bound(accepted: SpecifierSet) -> Version | None:
    return next((Version(one.version) for one in accepted if one.operator == ">="), None)


def _against_packages(entry: Entry, root: Path) -> list[str]:
    found = []
    for page in sorted(root.glob("package/*/*/README.md")):
        told = readme.read(read_text(page))
        if told.header_error:
            found.append(f"{page.relative_to(root)}: {told.header_error}; correct it")
            continue
        said = told.header.get("optuna_versions")
        listed = [str(version) for version in said] if isinstance(said, list) else []
        missing = [version for version in entry.optuna_versions if version not in listed]
        if missing:
            found.append(
                f"{page.relative_to(root)}: optuna_versions lacks {', '.join(missing)}, which "
                f"CHANGELOG.md says [{entry.version}] was tested with"
            )
    return found


def release(root: Path, *, dry_run: bool = False) -> str:
    """Make the annotated tag of this version, if all that it rests on agrees.

    Args:
        root: The checkout.
        dry_run: Check only.

    Returns:
        The name of the tag, such as ``v0.2.0``.

    Raises:
        UsageError: If the work tree is not clean, files contradict each other, there are changes
            that no version tells of, the tag exists, or git is missing or fails.
    """
    if changed := git(root, "status", "--porcelain").splitlines():
        files = ", ".join(line[3:] for line in changed[:3])
        more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
        raise UsageError(f"the work tree is not clean ({files}{more}); commit or remove these")
    if found := inconsistencies(root):
        raise UsageError("; ".join(found))
    changelog = read_text(root / "CHANGELOG.md")
    if any(text for heading, text in _sections(changelog) if heading["version"] == _UNRELEASED):
        raise UsageError(
            f"CHANGELOG.md: [{_UNRELEASED}] tells of changes that the tag would hold and its entry "
            "would not; put them into a version, or release the commit before them"
        )
    entry = entries(changelog)[0]
    tag = f"v{entry.version}"
    if git(root, "tag", "--list", tag).strip():
        raise UsageError(
            f"the tag {tag} exists; give pyproject.toml and CHANGELOG.md the next version"
        )
    if not dry_run:
        message = f"Version {entry.version}, {entry.date}\n\n{entry.text}\n"
        # By default git would drop the headings of the entry as comments.
        git(root, "tag", "--annotate", tag, "--cleanup=whitespace", "--file=-", given=message)
    return tag
