"""Versions: what the files say of them agrees, and a tag is made only where it does."""

from __future__ import annotations

from collections.abc import Callable
import os
from pathlib import Path
import subprocess

import pytest

from publishing import release
from publishing.cli import main


ROOT = Path(__file__).resolve().parents[1]
_TESTED = "Tested with Optuna 4.8.0 and 5.0.0, Python 3.10 to 3.13."
_CHANGELOG = f"""# Changelog

## [Unreleased]

## [0.2.0] - 2026-11-26

{_TESTED}

### Added

- A thing.

## [0.1.0] - 2026-11-23

{_TESTED}

- The first.
"""
_PROJECT = """[project]
name = "thing"
version = "0.2.0"
requires-python = ">=3.10"
dependencies = ["numpy", "optuna >= 4.8"]
"""
_PAGE = "---\ntitle: Thing\noptuna_versions: [4.8.0, 5.0.0]\n---\n\n## Abstract\n"


def _git(root: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.invalid"]
    done = subprocess.run(
        ["git", "-C", str(root), *identity, *arguments], check=True, capture_output=True, text=True
    )
    return done.stdout


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose version 0.2.0 can be released."""
    # Neither a repository that git was told of nor settings, of signatures and hooks, say.
    for name in list(os.environ):
        if name.startswith("GIT_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "t")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "t@example.invalid")
    page = tmp_path / "package" / "samplers" / "thing" / "README.md"
    page.parent.mkdir(parents=True)
    page.write_text(_PAGE)
    (tmp_path / "pyproject.toml").write_text(_PROJECT)
    (tmp_path / "CHANGELOG.md").write_text(_CHANGELOG)
    _git(tmp_path, "init", "-q", "-b", "main")
    _commit(tmp_path)
    return tmp_path


def _commit(root: Path) -> None:
    _git(root, "add", "-A")
    _git(root, "commit", "-q", "-m", "a state")


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_this_checkout_is_consistent() -> None:
    assert release.inconsistencies(ROOT) == []


def test_the_readme_loads_a_version_that_there_is() -> None:
    known = release.entries((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    assert f'ref="v{known[0].version}"' in (ROOT / "README.md").read_text(encoding="utf-8")


def test_entries_are_read_without_what_is_unreleased() -> None:
    newest, oldest = release.entries(_CHANGELOG)
    assert (newest.version, newest.date) == ("0.2.0", "2026-11-26")
    assert newest.optuna_versions == ("4.8.0", "5.0.0")
    assert newest.python_versions == ("3.10", "3.13")
    assert newest.text.endswith("- A thing.")
    assert (oldest.version, oldest.text.endswith("- The first.")) == ("0.1.0", True)


def test_the_tag_carries_the_entry(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["release"], checkout) == 0
    assert "made v0.2.0; nothing is pushed" in capsys.readouterr().out
    assert _git(checkout, "cat-file", "-t", "v0.2.0").strip() == "tag"
    message = _git(checkout, "for-each-ref", "refs/tags/v0.2.0", "--format=%(contents)")
    assert message.strip() == f"Version 0.2.0, 2026-11-26\n\n{_TESTED}\n\n### Added\n\n- A thing."
    assert _git(checkout, "rev-parse", "v0.2.0^{commit}") == _git(checkout, "rev-parse", "HEAD")


def test_a_dry_run_makes_no_tag(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["release", "--dry-run"], checkout) == 0
    assert capsys.readouterr().out == "v0.2.0 can be made\n"
    assert _git(checkout, "tag") == ""


def test_a_tag_is_made_unless_only_a_look_is_asked_for(checkout: Path) -> None:
    assert release.release(checkout, dry_run=True) == "v0.2.0"
    assert _git(checkout, "tag") == ""
    assert release.release(checkout) == "v0.2.0"
    assert _git(checkout, "tag").split() == ["v0.2.0"]


def test_other_bounds_than_the_lowest_do_no_harm(checkout: Path) -> None:
    more = "!= 5.0.1, != 5.0.2, < 6"
    _replace(checkout / "pyproject.toml", "optuna >= 4.8", f"optuna {more}, >= 4.8")
    _replace(checkout / "pyproject.toml", ">=3.10", f"{more.replace('5', '3')}, >=3.10")
    assert release.inconsistencies(checkout) == []


def _refusal(checkout: Path, capsys: pytest.CaptureFixture[str]) -> str:
    before = _git(checkout, "tag")
    assert main(["release"], checkout) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1
    assert _git(checkout, "tag") == before
    return captured.err


def test_a_tag_is_made_once(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["release"], checkout) == 0
    capsys.readouterr()
    assert "the tag v0.2.0 exists" in _refusal(checkout, capsys)


def test_changes_that_no_version_tells_of_are_not_released(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _replace(checkout / "CHANGELOG.md", "## [Unreleased]\n", "## [Unreleased]\n\n### Fixed\n")
    assert release.inconsistencies(checkout) == []
    _commit(checkout)
    assert "[Unreleased] tells of changes that the tag would hold" in _refusal(checkout, capsys)


def test_a_changed_work_tree_is_not_released(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (checkout / "new.txt").write_text("")
    assert "not clean (new.txt); commit or remove" in _refusal(checkout, capsys)
    for name in "bc":
        (checkout / name).write_text("")
    assert "not clean (b, c, new.txt); commit" in _refusal(checkout, capsys)
    (checkout / "z").write_text("")
    assert "not clean (b, c, new.txt and 1 more); commit" in _refusal(checkout, capsys)


def test_a_folder_without_git_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["release"], tmp_path / "nowhere") == 2
    assert capsys.readouterr().err.startswith(f"error: git status in {tmp_path / 'nowhere'}: ")


def test_a_missing_git_is_told(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(checkout))
    assert main(["release"], checkout) == 2
    assert capsys.readouterr().err.startswith("error: git: not found on PATH")


def _next_version(root: Path) -> None:
    _replace(root / "pyproject.toml", '"0.2.0"', '"0.3.0"')


def _no_date(root: Path) -> None:
    _replace(root / "CHANGELOG.md", "[0.2.0] - 2026-11-26", "[0.2.0]")


def _impossible_date(root: Path) -> None:
    _replace(root / "CHANGELOG.md", "2026-11-26", "2026-11-31")


def _untested(root: Path) -> None:
    _replace(root / "CHANGELOG.md", _TESTED, "Untested.")


def _other_lower_bound(root: Path) -> None:
    _replace(root / "pyproject.toml", "optuna >= 4.8", "optuna >= 4.9")


def _other_python(root: Path) -> None:
    _replace(root / "pyproject.toml", ">=3.10", ">=3.11")


def _page_lacks_one(root: Path) -> None:
    _replace(root / "package/samplers/thing/README.md", "[4.8.0, 5.0.0]", "[5.0.0]")


def _page_lists_none(root: Path) -> None:
    _replace(root / "package/samplers/thing/README.md", "optuna_versions: [4.8.0, 5.0.0]\n", "")


def _swapped(root: Path) -> None:
    _replace(root / "CHANGELOG.md", "[0.1.0]", "[0.4.0]")


def _repeated(root: Path) -> None:
    _replace(root / "CHANGELOG.md", "[0.1.0]", "[0.2.0]")


def _odd_version(root: Path) -> None:
    _replace(root / "CHANGELOG.md", "[0.1.0]", "[first]")


def _empty(root: Path) -> None:
    (root / "CHANGELOG.md").write_text("# Changelog\n")


def _no_changelog(root: Path) -> None:
    (root / "CHANGELOG.md").unlink()


def _no_version(root: Path) -> None:
    _replace(root / "pyproject.toml", "version =", "revision =")


def _no_optuna(root: Path) -> None:
    _replace(root / "pyproject.toml", '"optuna >= 4.8"', '"scipy"')


def _damaged_page(root: Path) -> None:
    _replace(root / "package/samplers/thing/README.md", "title: ", "title:\t: ")


def _dots_in_a_version(root: Path) -> None:
    _replace(root / "CHANGELOG.md", "[0.1.0]", "[0..1]")


def _dots_in_what_was_tested(root: Path) -> None:
    _replace(root / "CHANGELOG.md", "Optuna 4.8.0", "Optuna 4..8")


def _short_date(root: Path) -> None:
    _replace(root / "CHANGELOG.md", "2026-11-26", "20261126")


def _page_lists_a_number(root: Path) -> None:
    _replace(root / "package/samplers/thing/README.md", "[4.8.0, 5.0.0]", "5")


def _changelog_in_latin_1(root: Path) -> None:
    (root / "CHANGELOG.md").write_bytes(b"\xe9")


def _page_in_latin_1(root: Path) -> None:
    (root / "package/samplers/thing/README.md").write_bytes(b"\xe9")


def _page_is_a_folder(root: Path) -> None:
    page = root / "package/samplers/thing/README.md"
    page.unlink()
    (page / "README.md").mkdir(parents=True)
    (page / "README.md" / "file").touch()


@pytest.mark.parametrize(
    "spoil, words",
    [
        (_dots_in_a_version, ["[0..1] is no version"]),
        (_dots_in_what_was_tested, ["[0.2.0] does not say what it was tested with"]),
        (_short_date, ["[0.2.0] has the date '20261126'"]),
        (_page_lists_a_number, ["thing/README.md: optuna_versions lacks 4.8.0, 5.0.0"]),
        (_changelog_in_latin_1, ["CHANGELOG.md: not in UTF-8"]),
        (_page_in_latin_1, ["package/samplers/thing/README.md: not in UTF-8"]),
        (_page_is_a_folder, ["package/samplers/thing/README.md: cannot be read: Is a directory"]),
        (_no_changelog, ["CHANGELOG.md: not found"]),
        (_no_version, ["pyproject.toml: [project] has no version; add it"]),
        (_no_optuna, ["Optuna 4.8.0 at the oldest", "pyproject.toml has Optuna of no version"]),
        (_damaged_page, ["package/samplers/thing/README.md: the front matter is no YAML"]),
        (_next_version, ["newest version is 0.2.0", "pyproject.toml has 0.3.0"]),
        (_no_date, ["[0.2.0] has the date ''", "accepts one such as"]),
        (_impossible_date, ["[0.2.0] has the date '2026-11-31'"]),
        (_untested, ["[0.2.0] does not say what it was tested with", "accepts a line"]),
        (_other_lower_bound, ["Optuna 4.8.0 at the oldest", "pyproject.toml has Optuna >=4.9"]),
        (_other_python, ["Python 3.10 at the oldest", "pyproject.toml has Python >=3.11"]),
        (_page_lacks_one, ["package/samplers/thing/README.md: optuna_versions lacks 4.8.0"]),
        (_page_lists_none, ["package/samplers/thing/README.md: optuna_versions lacks 4.8.0, 5"]),
        (_swapped, ["[0.2.0] stands above [0.4.0]"]),
        (_repeated, ["[0.2.0] stands above [0.2.0]"]),
        (_odd_version, ["[first] is no version"]),
        (_empty, ["has no version"]),
    ],
)
def test_contradictions_are_told_and_nothing_is_tagged(
    spoil: Callable[[Path], None],
    words: list[str],
    checkout: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert release.inconsistencies(checkout) == []
    spoil(checkout)
    _commit(checkout)
    told = _refusal(checkout, capsys)
    assert all(word in told for word in words), told


def test_each_page_has_one_complaint_and_pages_come_by_name(checkout: Path) -> None:
    page = checkout / "package" / "samplers" / "thing" / "README.md"
    for name in ("zebra", "ant"):
        other = page.parents[1] / name / "README.md"
        other.parent.mkdir()
        other.write_text(_PAGE.replace("4.8.0, ", ""))
    _damaged_page(checkout)
    told = [line.partition(": ")[::2] for line in release.inconsistencies(checkout)]
    folder = "package/samplers"
    assert [path for path, _ in told] == [
        f"{folder}/{name}/README.md" for name in ("ant", "thing", "zebra")
    ]
    assert told[1][1].startswith("the front matter is no YAML")
