"""What is asked of git: where a repository is, and which files it knows."""

from __future__ import annotations

from pathlib import Path

import pytest


pytest.importorskip("frontmatter", reason="needs the extra publish")
pytest.importorskip("mdformat", reason="needs the extra publish")

from publishing import packages
from publishing.errors import UsageError
from publishing.git import git as run_git
from publishing.git import is_repository_root
from tests.registry_clones import git
from tests.registry_clones import TITLE


pytestmark = pytest.mark.usefixtures("no_identity_but_the_clones")


def test_only_the_top_of_a_repository_is_its_root(registry: Path, tmp_path: Path) -> None:
    assert is_repository_root(registry)
    bare, link = tmp_path / "bare.git", tmp_path / "link"
    git(tmp_path, "clone", "-q", "--bare", str(registry), str(bare))
    link.symlink_to(registry, target_is_directory=True)
    assert is_repository_root(bare) and is_repository_root(link)
    for folder in (registry / "package", registry / ".git", registry / "no", tmp_path):
        assert not is_repository_root(folder)


def test_gits_own_words_are_told_or_its_exit_status(registry: Path) -> None:
    with pytest.raises(UsageError, match=r"^git show in .*registry: .*nowhere"):
        run_git(registry, "show", "nowhere")
    with pytest.raises(UsageError, match=r"^git rev-parse in .*registry: exit status 1$"):
        run_git(registry, "rev-parse", "--verify", "--quiet", "nowhere")


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
