"""What the registry's tools find, and with which versions and settings."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
import shutil
import subprocess

import pytest


pytest.importorskip("frontmatter", reason="needs the extra publish")
pytest.importorskip("mdformat", reason="needs the extra publish")

from publishing import settings
from publishing import tools
from publishing.errors import UsageError
from publishing.findings import Finding
from publishing.rules import findings_by_rules
from publishing.settings import kept_settings
from publishing.settings import Settings
from publishing.tools import findings_by_tools
from tests.broken_copies import append
from tests.broken_copies import package_of
from tests.broken_copies import README
from tests.broken_copies import write


def _by_tools(folder: Path, given: Settings | None = None) -> list[Finding]:
    return findings_by_tools([package_of(folder)], given or kept_settings())


@pytest.mark.slow
def test_findings_of_the_registrys_tools(copy: Path) -> None:
    """All at once, because each of the tools takes a second or more."""
    append("values/warp.py", "\n\ndef f(): return undefined\n")(copy)
    append("surrogates/gp.py", "\n\ndef untyped(x):\n    return x\n")(copy)
    append(README, "\n* a star\n")(copy)
    found = {(f.rule, Path(f.path).name) for f in _by_tools(copy)}
    expected = {
        ("ruff-check", "warp.py"),
        ("ruff-format", "warp.py"),
        ("mypy", "warp.py"),
        ("mypy", "gp.py"),
        ("mdformat", README),
    }
    assert found == expected


def test_tools_are_not_given_what_they_cannot_read(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rules tell of it; ruff format and mdformat would end there and tell of nothing else."""
    for name, content in {
        "no_utf8.py": b"# \xe9\n",
        "no_python.py": b"x = (\n",
        "tests/no_utf8.md": b"# \xe9\n",
        "tests/fine.md": b"# Fine\n",
    }.items():
        write(name, content)(copy)
    given: set[str] = set()

    def look(root: Path) -> list[Finding]:
        given.update(path.name for path in root.rglob("*") if path.is_file())
        return []

    for tool in ("_ruff_check", "_ruff_format", "_mypy", "_mdformat"):
        monkeypatch.setattr(tools, tool, look)
    tools.findings_by_tools([package_of(copy)], kept_settings())
    assert {"gp.py", "README.md", "fine.md", "LICENSE"} <= given
    assert not {"no_utf8.py", "no_python.py", "no_utf8.md"} & given
    told = {finding.path.rpartition("/")[2] for finding in findings_by_rules(package_of(copy))}
    assert told == {"no_utf8.py", "no_python.py", "no_utf8.md"}


def test_other_versions_of_the_tools_are_told(copy: Path) -> None:
    shutil.rmtree(copy)
    write("README.md", "# Empty\n")(copy)
    kept = kept_settings()
    other = Settings("the registry's main", kept.pyproject, {**kept.pins, "ruff": "0.0.1"})
    (finding,) = _by_tools(copy, other)
    assert finding.rule == "tool-versions"
    assert "pip install ruff==0.0.1" in finding.message


def test_pins_are_those_of_the_hooks() -> None:
    text = """repos:
- repo: https://example.org/ruff-pre-commit/
  rev: v0.15.21
- repo: https://example.org/mirrors-mypy
  rev: 2.3
- repo: https://example.org/others
  rev: v1
"""
    assert settings._pins(text) == {"ruff": "0.15.21", "mypy": "2.3"}
    for damaged in ("repos: [", "hooks: []", "repos: [{rev: v1}]", "- repos"):
        with pytest.raises(UsageError, match="pre-commit-config.yaml of the registry: cannot be"):
            settings._pins(damaged)


def test_what_tools_print_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def finished(status: int, out: str) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess([], status, out, "and more")

    read = tools._with_place("correct it")
    out = "package/a.py:3: error: Wrong  [x]\npackage/a.py:3: note: Why\npackage/b.py:1:2: E1 No\n"
    assert tools._findings("mypy", finished(1, out), read) == [
        Finding("package/a.py", 3, "mypy", "Wrong  [x]: correct it"),
        Finding("package/b.py", 1, "mypy", "E1 No: correct it"),
    ]
    assert tools._findings("mypy", finished(0, "all is well"), read) == []
    with pytest.raises(UsageError, match="^mypy: failed: no such option and more$"):
        tools._findings("mypy", finished(2, "no such option "), read)
    (tmp_path / "a.py").touch()
    (tmp_path / "b.py").symlink_to("a.py")
    assert tools._names(tmp_path, ".py") == ["a.py"]

    def version(tool: str) -> str:
        raise metadata.PackageNotFoundError(tool)

    monkeypatch.setattr(metadata, "version", version)
    with pytest.raises(UsageError, match="^ruff is not installed: pip install"):
        tools.findings_by_tools([], kept_settings())
