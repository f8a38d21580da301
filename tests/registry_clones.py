"""A checkout with one package, and a small clone of the registry to publish it in."""

from __future__ import annotations

import os
from pathlib import Path
import shutil
import subprocess

from publishing import packages
from publishing.packages import Package


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
    """Runs git as somebody who has a name, and returns what it prints."""
    return subprocess.run(
        ["git", "-C", str(folder), *arguments],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, **IDENTITY},
    ).stdout


def committed(folder: Path) -> None:
    """Makes a folder a repository whose only commit has all that is there."""
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "all")


def make_checkout(root: Path) -> Path:
    """A repository with the sampler alone, whose package is all committed."""
    source = ROOT / "package" / TITLE
    left_out = [path.name for path in (source / "tests").glob("test_[!s]*.py")]
    ignored = shutil.ignore_patterns("__pycache__", *left_out)
    shutil.copytree(source, root / "package" / TITLE, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", root)
    (root / ".gitignore").write_text("__pycache__/\n")
    committed(root)
    return root


def package_that_requires(root: Path, text: str) -> Package:
    """The one package of a checkout, of which nothing is there but its requirements."""
    folder = root / "package" / "samplers" / "one"
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "pyproject.toml", root)
    (folder / "requirements.txt").write_text(text)
    (package,) = packages.find(root)
    return package


def make_registry(root: Path) -> Path:
    """A small registry: its settings, template and header check, and another package."""
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
