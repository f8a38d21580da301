"""What is refused before a branch is written to a clone of the registry."""

from __future__ import annotations

import os
from pathlib import Path
import shutil
from typing import Any

import pytest


pytest.importorskip("frontmatter", reason="needs the extra publish")
pytest.importorskip("mdformat", reason="needs the extra publish")

from publishing import cli
from tests.registry_clones import committed
from tests.registry_clones import git
from tests.registry_clones import TITLE


pytestmark = pytest.mark.usefixtures("no_identity_but_the_clones")


def _prepare(checkout: Path, registry: Path, *more: str) -> int:
    words = ["prepare", "--registry", str(registry), "--skip-tests", *more]
    return cli.main(words, root=checkout)


def _refusal(checkout: Path, registry: Path, capsys: Any, *more: str) -> str:
    branches = git(registry, "branch") if (registry / ".git").exists() else ""
    assert _prepare(checkout, registry, *more) == 2
    if branches:
        assert git(registry, "branch") == branches
    error: str = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    return error


def test_uncommitted_changes_are_refused(
    checkout: Path, registry: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (checkout / "package" / TITLE / "more.py").write_text("")
    error = _refusal(checkout, registry, capsys)
    assert f"commit or remove package/{TITLE}/more.py" in error


def test_a_folder_that_is_no_clone_is_refused(
    checkout: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "plain"
    assert "no git repository; accepts a clone" in _refusal(checkout, folder, capsys)
    folder.mkdir()
    assert "no git repository; accepts a clone" in _refusal(checkout, folder, capsys)
    (folder / "README.md").write_text("another repository\n")
    committed(folder)
    assert "lacks .github/pull_request_template.md" in _refusal(checkout, folder, capsys)
    assert "no branch 'other'" in _refusal(checkout, folder, capsys, "--base", "other")


def test_branches_that_cannot_be_written_are_refused(
    checkout: Path, registry: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    git(registry, "branch", "mine")
    assert "'mine', which is there" in _refusal(checkout, registry, capsys, "--branch", "mine")
    assert "a name that git allows" in _refusal(checkout, registry, capsys, "--branch", "a..b")
    assert "beside 'mine'" in _refusal(checkout, registry, capsys, "--branch", "mine/too")
    git(registry, "branch", "our/own")
    assert "beside 'our/own'" in _refusal(checkout, registry, capsys, "--branch", "our")
    # The command that it tells can be copied.
    spaced = registry.rename(registry.with_name("a registry"))
    error = _refusal(checkout, spaced, capsys, "--branch", "mine")
    assert f"git -C '{spaced}' branch -D mine" in error


def test_nobody_is_told_to_delete_the_base(
    checkout: Path, registry: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    error = _refusal(checkout, registry, capsys, "--branch", "main")
    assert "which the new branch begins at; choose another name" in error
    assert "branch -D" not in error


def test_a_commit_without_an_author_is_refused(
    checkout: Path,
    registry: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    git(registry, "config", "--unset", "user.email")
    error = _refusal(checkout, registry, capsys)
    assert "user.email: not set" in error
    assert "config user.email VALUE" in error
    # A name that is set and empty is none, and an author is no committer.
    git(registry, "config", "user.email", "ann@example.invalid")
    git(registry, "config", "user.name", "")
    assert "user.name or user.email: not set" in _refusal(checkout, registry, capsys)
    git(registry, "config", "--unset", "user.name")
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Ann Author")
    assert "an author and a committer" in _refusal(checkout, registry, capsys)


def test_a_text_that_cannot_be_written_is_refused(
    checkout: Path, registry: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    error = _refusal(checkout, registry, capsys, "--text", str(checkout / "no" / "text.md"))
    assert "whose folder does not exist" in error
    assert "which is a folder" in _refusal(checkout, registry, capsys, "--text", str(checkout))


@pytest.mark.parametrize("is_there", [True, False])
def test_a_text_that_may_not_be_written_is_refused(
    checkout: Path,
    registry: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    is_there: bool,
) -> None:
    text = tmp_path / "text.md"
    if is_there:
        text.touch()
    # Whoever is root may write everywhere.
    asked = []

    def access(path: Path, mode: int) -> bool:
        asked.append(path)
        return mode != os.W_OK

    monkeypatch.setattr(os, "access", access)
    error = _refusal(checkout, registry, capsys, "--text", str(text))
    assert "text.md', which cannot be written" in error
    assert asked == [text if is_there else tmp_path]


def test_a_folder_without_a_commit_is_refused(
    checkout: Path, registry: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(checkout / ".git")
    assert "no git repository with a commit" in _refusal(checkout, registry, capsys)
    git(checkout, "init", "-q")
    assert "no git repository with a commit" in _refusal(checkout, registry, capsys)


def test_a_missing_git_is_told(
    checkout: Path,
    registry: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", str(checkout))
    assert _prepare(checkout, registry) == 2
    assert capsys.readouterr().err.startswith("error: git: not found on PATH")


@pytest.mark.usefixtures("no_tools")
@pytest.mark.parametrize("check", ["import sys; sys.exit('author is empty')", "", None])
def test_the_clone_s_own_check_is_asked_if_there_is_one(
    checkout: Path, registry: Path, capsys: pytest.CaptureFixture[str], check: str | None
) -> None:
    script = registry / "optunahub-registry" / "header_confirm.py"
    if check is None:
        script.unlink()
    else:
        script.write_text(check)
    git(registry, "commit", "-qam", "another check")
    if check:
        error = _refusal(checkout, registry, capsys)
        assert "header_confirm.py of the registry: author is empty" in error
    else:
        assert _prepare(checkout, registry) == 0


@pytest.mark.usefixtures("no_tools")
def test_a_package_comes_with_what_it_loads(
    checkout: Path, registry: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = checkout / "package" / "samplers" / "other"
    shutil.copytree(checkout / "package" / TITLE, target)
    for path in target.rglob("*"):
        if path.suffix in (".py", ".md"):
            path.write_text(path.read_text().replace(TITLE, "samplers/other"))
    with (target / "surrogates/gp.py").open("a") as file:
        file.write(f"\n\nNEEDED = {TITLE!r}\n")
    git(checkout, "add", "-A")
    git(checkout, "commit", "-qm", "another")
    error = _refusal(checkout, registry, capsys, "samplers/other")
    assert f"samplers/other loads {TITLE}, which the registry lacks" in error
    assert _prepare(checkout, registry, "samplers/other", TITLE) == 0
    out = capsys.readouterr().out
    assert out.startswith("samplers/other, ") and "\nbranch add-other-and-lattice_gp of " in out
    assert "\nleft for you to tick: I agree to the contributor agreements.\n" in out


@pytest.mark.slow
@pytest.mark.usefixtures("no_tools")
def test_the_registrys_header_check_stops_it(
    checkout: Path, registry: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    readme = checkout / "package" / TITLE / "README.md"
    readme.write_text(
        readme.read_text().replace("author: Lattice GP developers", "author: Nobody")
    )
    git(checkout, "commit", "-qam", "nobody")
    error = _refusal(checkout, registry, capsys)
    assert f"author is empty in package/{TITLE}/README.md" in error
