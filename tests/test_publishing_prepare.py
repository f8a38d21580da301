"""Branches in a clone of the registry: what they hold, what is not touched, what stops them."""

from __future__ import annotations

import os
from pathlib import Path
import shutil
import subprocess
import sys
from typing import Any

import pytest


pytest.importorskip("frontmatter", reason="needs the extra publish")
pytest.importorskip("mdformat", reason="needs the extra publish")

from publishing import cli
from publishing import clone
from publishing import packages
from publishing import prepare
from publishing import testing
from publishing.environments import Environment
from publishing.errors import UsageError
from tests.registry_clones import git
from tests.registry_clones import ROOT
from tests.registry_clones import TITLE


pytestmark = pytest.mark.usefixtures("no_identity_but_the_clones")


def _state(repository: Path) -> tuple[Any, ...]:
    """Everything of a clone that must stay as it is."""
    files = {
        path.relative_to(repository): path.read_bytes()
        for path in repository.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(repository).parts
    }
    head = (repository / ".git" / "HEAD").read_text()
    index = (repository / ".git" / "index").read_bytes()
    return files, head, index, git(repository, "worktree", "list")


def _prepare(checkout: Path, registry: Path, *more: str) -> int:
    words = ["prepare", "--registry", str(registry), "--skip-tests", *more]
    return cli.main(words, root=checkout)


def _names(repository: Path, branch: str) -> set[str]:
    return set(git(repository, "ls-tree", "-r", "--name-only", branch).split())


@pytest.mark.usefixtures("no_tools")
def test_the_branch_has_the_packages_files_and_nothing_else_changes(
    checkout: Path, registry: Path, tmp_path: Path
) -> None:
    # What is being worked on in the clone must survive, and stay uncommitted.
    (registry / "package" / "samplers" / "other" / "README.md").write_text("changed\n")
    (registry / "template" / "README.md").write_text("staged\n")
    git(registry, "add", "template")
    before, main = _state(registry), git(registry, "rev-parse", "main")

    text = tmp_path / "text.md"
    assert _prepare(checkout, registry, "--branch", "mine", "--text", str(text)) == 0

    assert _state(registry) == before
    assert git(registry, "rev-parse", "main") == main
    tracked = set(git(checkout, "ls-files", "package").split())
    assert _names(registry, "mine") == _names(registry, "main") | tracked
    changed = git(registry, "diff", "--name-status", "main", "mine").splitlines()
    assert {line.split("\t")[0] for line in changed} == {"A"}
    for name in ("sampler.py", "images/comparison.png"):
        ours = git(checkout, "rev-parse", f"HEAD:package/{TITLE}/{name}")
        assert git(registry, "rev-parse", f"mine:package/{TITLE}/{name}") == ours
    log = git(registry, "log", "--format=%an <%ae> %s", "main..mine").splitlines()
    assert log == [f"Ann Author <ann@example.invalid> Add `{TITLE}`"]
    assert "- [ ] I agree to the contributor agreements." in text.read_text()


@pytest.mark.usefixtures("no_tools")
def test_a_package_that_is_there_is_replaced_as_a_whole(
    checkout: Path, registry: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = registry / "package" / TITLE / "no_longer.py"
    old.parent.mkdir()
    old.write_text("x = 1\n")
    git(registry, "add", "-A")
    git(registry, "commit", "-q", "-m", "an earlier version")
    assert _prepare(checkout, registry) == 0
    names = _names(registry, "add-lattice_gp")
    assert f"package/{TITLE}/sampler.py" in names
    assert f"package/{TITLE}/no_longer.py" not in names
    out = capsys.readouterr().out
    assert f"title of the pull request: Update `{TITLE}`" in out
    # The template says to remove this section if no package is new.
    assert "TODO List" not in out


@pytest.mark.usefixtures("no_tools")
def test_nothing_to_write_is_told(
    checkout: Path, registry: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _prepare(checkout, registry) == 0
    git(registry, "branch", "-f", "more", "add-lattice_gp")
    assert _prepare(checkout, registry, "--base", "more", "--branch", "again") == 2
    assert "nothing to write" in capsys.readouterr().err
    assert "again" not in git(registry, "branch")


def test_a_bare_clone_will_do(
    checkout: Path, registry: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "findings_by_tools", lambda *_: [])
    bare = tmp_path / "bare.git"
    git(tmp_path, "clone", "-q", "--bare", str(registry), str(bare))
    git(bare, "config", "user.name", "Ann Author")
    git(bare, "config", "user.email", "ann@example.invalid")
    assert _prepare(checkout, bare, "--branch", "mine") == 0
    assert f"package/{TITLE}/sampler.py" in _names(bare, "mine")


def test_a_text_that_proves_unwritable_is_printed(
    checkout: Path,
    registry: Path,
    tmp_path: Path,
    no_tools: None,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The branch is there by then, and the command does not write it again."""

    def write_text(*_: Any, **__: Any) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", write_text)
    assert _prepare(checkout, registry, "--text", str(tmp_path / "text.md")) == 1
    printed = capsys.readouterr()
    assert "text.md cannot be written (No space left on device); it is:" in printed.out
    assert "## Motivation" in printed.out and "left for you to tick" in printed.out
    assert _names(registry, "add-lattice_gp")


@pytest.mark.usefixtures("no_tools")
def test_findings_stop_it(
    checkout: Path, registry: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (checkout / "package" / TITLE / "requirements.txt").write_text("scipy==1.15\n")
    git(checkout, "commit", "-qam", "pin")
    assert _prepare(checkout, registry) == 1
    assert "[requirement-lines]" in capsys.readouterr().out
    assert git(registry, "branch").split() == ["*", "main"]


@pytest.mark.usefixtures("no_tools")
def test_failed_tests_stop_it(
    checkout: Path, registry: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        testing, "run_package", lambda e: testing.Outcome(e, "5.0.0", "3.12.1", failed="tests")
    )
    assert cli.main(["prepare", "--registry", str(registry)], root=checkout) == 1
    assert git(registry, "branch").split() == ["*", "main"]


@pytest.mark.slow
def test_other_pins_of_the_clone_are_findings(
    checkout: Path, registry: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = registry / ".pre-commit-config.yaml"
    config.write_text(config.read_text().replace("rev: v0.15.21", "rev: v0.0.1"))
    git(registry, "commit", "-qam", "pin")
    assert _prepare(checkout, registry) == 1
    assert "the registry's main pins 0.0.1: pip install ruff==0.0.1" in capsys.readouterr().out
    assert git(registry, "branch").split() == ["*", "main"]


@pytest.mark.usefixtures("no_tools")
@pytest.mark.parametrize("moment", ["_tree", "_confirm_headers"])
def test_an_interruption_leaves_no_branch(
    checkout: Path, registry: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    before = _state(registry)
    done = getattr(clone, moment)

    def interrupted(*arguments: Any) -> None:
        done(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(clone, moment, interrupted)
    with pytest.raises(KeyboardInterrupt):
        _prepare(checkout, registry)
    assert _state(registry) == before
    assert git(registry, "branch").split() == ["*", "main"]


@pytest.mark.usefixtures("no_tools")
def test_a_branch_that_came_meanwhile_is_kept(
    checkout: Path, registry: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = clone._confirm_headers

    def meanwhile(*arguments: Any) -> None:
        done(*arguments)
        git(registry, "branch", "mine", "main")

    monkeypatch.setattr(clone, "_confirm_headers", meanwhile)
    assert _prepare(checkout, registry, "--branch", "mine") == 2
    assert git(registry, "rev-parse", "mine") == git(registry, "rev-parse", "main")


@pytest.mark.usefixtures("no_tools")
def test_a_version_that_is_not_listed_stops_it(
    checkout: Path,
    registry: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(testing, "run_package", lambda e: testing.Outcome(e, "5.9.0", "3.13.0"))
    assert cli.main(["prepare", "--registry", str(registry)], root=checkout) == 2
    assert "tested with Optuna 5.9.0: add it" in capsys.readouterr().err
    assert git(registry, "branch").split() == ["*", "main"]


def test_a_version_that_was_tested_must_be_listed(checkout: Path) -> None:
    (package,) = packages.find(checkout)
    outcome = testing.Outcome(Environment(package, "newest", "python3"), "5.9.0", "3.13.0")
    with pytest.raises(UsageError, match="tested with Optuna 5.9.0: add it to optuna_versions"):
        prepare.require_listed([package], [outcome])
    prepare.require_listed([package], [testing.Outcome(outcome.environment, "5.0.0", "3.13.0")])


REAL = os.environ.get("OPTUNAHUB_REGISTRY", "")


@pytest.mark.skipif(not REAL, reason="OPTUNAHUB_REGISTRY names no clone of the real registry")
def test_the_real_registry(tmp_path: Path) -> None:
    """Our packages as they are committed, in a copy of a real clone, with its header check."""
    registry = tmp_path / "registry"
    subprocess.run(
        ["git", "clone", "-q", "--no-checkout", REAL, str(registry)],
        check=True,
        capture_output=True,
    )
    git(registry, "config", "user.name", "t")
    git(registry, "config", "user.email", "t@example.invalid")
    ours = tmp_path / "ours"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(ours)], check=True)
    assert _prepare(ours, registry, "--branch", "mine") == 0
    tree = tmp_path / "tree"
    tree.mkdir()
    archive = tmp_path / "tree.tar"
    # Not the large files, which a partial clone lacks.
    names = ["optunahub-registry", "template", ":(glob)package/**/README.md"]
    git(registry, "archive", f"--output={archive}", "mine", "--", *names)
    shutil.unpack_archive(archive, tree)
    script = "optunahub-registry/header_confirm.py"
    finished = subprocess.run([sys.executable, script], cwd=tree, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
