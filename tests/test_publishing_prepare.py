"""Branches in a clone of the registry: what they hold, what is not touched, what is refused."""

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
from publishing import pull_request
from publishing import readme
from publishing import testing
from publishing.environments import Environment
from publishing.errors import UsageError
from publishing.git import git as run_git
from publishing.git import is_repository_root


ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / "publishing" / "registry_settings"
TITLE = "samplers/lattice_gp"
TEMPLATE = """## Contributor Agreements

- [ ] I agree to the contributor agreements.

## Motivation

<!-- Describe your motivation. -->

## Description of the changes

<!-- Describe the changes in this PR. -->

## TODO List towards PR Merge

- [ ] Copy `./template/` to create your package
- [ ] Replace `<COPYRIGHT HOLDER>` in `LICENSE` of your package with your name
- [ ] Check whether your module works as intended based on the tips
- [ ] A box that came later
"""
HEADER_CHECK = """import os, sys
import frontmatter
names = []
for root, _, files in os.walk("package"):
    names += [os.path.join(root, name) for name in files if name == "README.md"]
assert names
for name in names:
    assert frontmatter.load(name)["author"] != "Nobody", f"author is empty in {name}"
"""
IDENTITY = {
    f"GIT_{who}_{what}": "t@example.invalid"
    for who in ("AUTHOR", "COMMITTER")
    for what in ("NAME", "EMAIL")
}


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", str(folder), *arguments],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, **IDENTITY},
    ).stdout


def committed(folder: Path) -> None:
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "all")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository with the sampler alone, whose package is all committed."""
    root = tmp_path / "checkout"
    source = ROOT / "package" / TITLE
    left_out = [path.name for path in (source / "tests").glob("test_[!s]*.py")]
    ignored = shutil.ignore_patterns("__pycache__", *left_out)
    shutil.copytree(source, root / "package" / TITLE, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", root)
    (root / ".gitignore").write_text("__pycache__/\n")
    committed(root)
    return root


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    """A small registry: its settings, template and header check, and another package."""
    root = tmp_path / "registry"
    for name, text in {
        ".github/pull_request_template.md": TEMPLATE,
        "optunahub-registry/header_confirm.py": HEADER_CHECK,
        "template/README.md": "---\nauthor: x\n---\n",
        "package/samplers/other/README.md": "---\nauthor: x\n---\n",
        ".gitignore": "lib/\n",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    shutil.copy(KEPT / "pyproject.toml", root / "pyproject.toml")
    shutil.copy(KEPT / "pre-commit-config.yaml", root / ".pre-commit-config.yaml")
    committed(root)
    git(root, "config", "user.name", "Ann Author")
    git(root, "config", "user.email", "ann@example.invalid")
    return root


@pytest.fixture(autouse=True)
def no_identity_but_the_clones(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("GIT_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)


@pytest.fixture
def no_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ruff, mypy and mdformat take seconds, and have tests of their own."""
    monkeypatch.setattr(cli, "findings_by_tools", lambda *_: [])


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


def test_only_the_top_of_a_repository_is_its_root(registry: Path, tmp_path: Path) -> None:
    assert is_repository_root(registry)
    bare, link = tmp_path / "bare.git", tmp_path / "link"
    git(tmp_path, "clone", "-q", "--bare", str(registry), str(bare))
    link.symlink_to(registry, target_is_directory=True)
    assert is_repository_root(bare) and is_repository_root(link)
    for folder in (registry / "package", registry / ".git", registry / "no", tmp_path):
        assert not is_repository_root(folder)


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


def test_gits_own_words_are_told_or_its_exit_status(registry: Path) -> None:
    with pytest.raises(UsageError, match=r"^git show in .*registry: .*nowhere"):
        run_git(registry, "show", "nowhere")
    with pytest.raises(UsageError, match=r"^git rev-parse in .*registry: exit status 1$"):
        run_git(registry, "rev-parse", "--verify", "--quiet", "nowhere")


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


def test_a_folder_without_a_commit_is_refused(
    checkout: Path, registry: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(checkout / ".git")
    assert "no git repository with a commit" in _refusal(checkout, registry, capsys)
    git(checkout, "init", "-q")
    assert "no git repository with a commit" in _refusal(checkout, registry, capsys)


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


def test_what_git_ignores_or_lacks_is_not_looked_at(checkout: Path) -> None:
    folder = checkout / "package" / TITLE
    (folder / "more.py").write_text("")
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "gp.pyc").write_bytes(b"")
    (folder / "surrogates/gp.py").unlink()
    (package,) = packages.find(checkout)
    tracked = git(checkout, "ls-files", "package").split()
    known = {name.removeprefix(f"package/{TITLE}/") for name in tracked}
    assert set(package.files) == known - {"surrogates/gp.py"} | {"more.py"}


def test_a_version_that_was_tested_must_be_listed(checkout: Path) -> None:
    (package,) = packages.find(checkout)
    outcome = testing.Outcome(Environment(package, "newest", "python3"), "5.9.0", "3.13.0")
    with pytest.raises(UsageError, match="tested with Optuna 5.9.0: add it to optuna_versions"):
        prepare.require_listed([package], [outcome])
    prepare.require_listed([package], [testing.Outcome(outcome.environment, "5.0.0", "3.13.0")])


@pytest.mark.parametrize("tested", [True, False])
def test_only_what_was_proved_is_ticked(checkout: Path, tested: bool) -> None:
    (package,) = packages.find(checkout)
    environment = Environment(package, "newest", "python3", ("torch",))
    outcome = testing.Outcome(environment, "5.0.0", "3.13.0", "7 passed in 1.2s")
    change = pull_request.Change([package], frozenset(), [outcome] if tested else [], 35)
    text = pull_request.fill(TEMPLATE, change)
    open_boxes = [
        "I agree to the contributor agreements.",
        *(["Check whether your module works as intended based on the tips"] * (not tested)),
        "A box that came later",
    ]
    assert pull_request.open_boxes(text) == open_boxes
    assert text.count("- [x]") == 2 + tested
    assert "<!--" not in text
    assert str(package.readme.header["description"]) in text
    line = f"- `{TITLE}`: Optuna 5.0.0, Python 3.13.0, without torch: 7 passed in 1.2s"
    assert (line in text) == tested


BOXES = """## TODO List

- [{0}] Copy `./template/`
- [{0}] Replace `<COPYRIGHT HOLDER>` with your name
- [{0}] Fill out `README.md`
- [{0}] Add to `__init__.py`
- [{0}] Write `from __future__ import annotations`
- [{0}] Apply the formatter
"""


@pytest.mark.parametrize("tested", [True, False])
def test_the_whole_text_of_a_pull_request(checkout: Path, tested: bool) -> None:
    (ours,) = packages.find(checkout)
    theirs = packages.Package(checkout, "pruners", "late", ours.supported)
    theirs.__dict__["readme"] = readme.read("---\ntitle: Late\ndescription: Waits.\n---\n")
    outcomes = [
        testing.Outcome(Environment(package, version, "python3"), version, "3.13.0", "7 passed")
        for package in (theirs, ours)
        for version in ("4.8.0", "5.0.0")
    ]
    change = pull_request.Change(
        [theirs, ours], frozenset([TITLE]), outcomes if tested else [], rules=35
    )
    assert change.title == f"Add `pruners/late` and update `{TITLE}`"
    template = (
        "Thanks!\n\n## Motivation\n\n<!-- Why. -->\n\n## Description\n\n<!-- What. -->\n\n"
        + BOXES.format(" ")
        + "\n## Notes\n\n- [ ] Apply the formatter to these\n\n\n"
    )
    header = ours.readme.header
    told = "Tests and examples were not run for this text."
    if tested:
        told = f"""Tests and `example.py` of each package alone, in clean environments:

- `pruners/late`: Optuna 4.8.0, Python 3.13.0: 7 passed
- `pruners/late`: Optuna 5.0.0, Python 3.13.0: 7 passed
- `{TITLE}`: Optuna 4.8.0, Python 3.13.0: 7 passed
- `{TITLE}`: Optuna 5.0.0, Python 3.13.0: 7 passed"""
    assert (
        pull_request.fill(template, change)
        == f"""Thanks!

## Motivation

**pruners/late**: Waits.

**{TITLE}**: {header["description"]}

## Description

- Adds `package/pruners/late`: Late.
- Updates `package/{TITLE}`: {header["title"]}.

Checked by 35 rules, the registry's formatters and linters with their pinned versions and settings among them.

{told}

{BOXES.format("x")}
## Notes

- [ ] Apply the formatter to these
"""
    )


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
