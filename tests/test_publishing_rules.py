"""Our packages keep the rules, and copies broken in one place each break just that rule."""

from __future__ import annotations

from collections.abc import Callable
from importlib import metadata
import io
import os
from pathlib import Path
import re
import shutil
import subprocess
import sys
import warnings

import pytest


pytest.importorskip("frontmatter", reason="needs the extra publish")
pytest.importorskip("mdformat", reason="needs the extra publish")

from publishing import __main__ as entry_point
from publishing import cli
from publishing import packages
from publishing import settings
from publishing import tools
from publishing import versions
from publishing.errors import UsageError
from publishing.findings import Finding
from publishing.packages import Package
from publishing.rules import files
from publishing.rules import findings_by_rules
from publishing.rules import images
from publishing.rules import private_api
from publishing.rules import RULES
from publishing.settings import kept_settings
from publishing.settings import Settings
from publishing.tools import findings_by_tools


ROOT = Path(__file__).resolve().parents[1]
OURS = packages.find(ROOT)
Break = Callable[[Path], None]
# Those that are broken below, the one place for private API, and those by which the package
# imports what it requires.
KEPT_MODULES = "__init__ example gp outlook prediction say_once storage_access warp".split()
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The sampler's folder with few of its modules, in a checkout that has nothing else."""
    folder = tmp_path / "package" / "samplers" / "lattice_gp"
    source = ROOT / "package" / "samplers" / "lattice_gp"
    # The fewer files, the faster.
    left_out = [path.name for path in (source / "tests").glob("test_[!s]*.py")]
    left_out += [path.name for path in source.glob("*.py") if path.stem not in KEPT_MODULES]
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("__pycache__", *left_out))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return folder


def _package(folder: Path) -> Package:
    (package,) = packages.find(folder.parents[2])
    return package


@pytest.mark.parametrize("package", OURS, ids=lambda package: package.name)
def test_our_packages_keep_the_rules(package: Package) -> None:
    assert [str(finding) for finding in findings_by_rules(package)] == []


@pytest.mark.slow
def test_our_packages_pass_the_registrys_tools(capsys: pytest.CaptureFixture[str]) -> None:
    status = cli.main(["check"])
    out = capsys.readouterr().out
    assert status == 0, out
    assert f"no findings by {len(RULES)} rules" in out


def test_an_unbroken_copy_keeps_the_rules(copy: Path) -> None:
    assert list(findings_by_rules(_package(copy))) == []


# One line each: how to break a copy. What is replaced must be there.


def replace(name: str, old: str, new: str) -> Break:
    def act(folder: Path) -> None:
        text = (folder / name).read_text(encoding="utf-8")
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")

    return act


def append(name: str, text: str) -> Break:
    def act(folder: Path) -> None:
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write(text)

    return act


def write(name: str, content: bytes | str) -> Break:
    def act(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        data = content.encode() if isinstance(content, str) else content
        (folder / name).write_bytes(data)

    return act


def remove(name: str) -> Break:
    def act(folder: Path) -> None:
        path = folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    return act


def link(name: str, target: str) -> Break:
    return lambda folder: os.symlink(target, folder / name)


def move(old: str, new: str) -> Break:
    def act(folder: Path) -> None:
        (folder / new).parent.mkdir(parents=True, exist_ok=True)
        (folder / old).rename(folder / new)

    return act


def without_section(title: str) -> Break:
    def act(folder: Path) -> None:
        path = folder / "README.md"
        text = path.read_text(encoding="utf-8")
        cut, count = re.subn(rf"^## {title}\n.*?(?=^## )", "", text, flags=re.M | re.S)
        assert count == 1
        path.write_text(cut, encoding="utf-8")

    return act


def swap_sections(folder: Path) -> None:
    path = folder / "README.md"
    text = path.read_text(encoding="utf-8")
    section = r"(^## {}\n.*?)(?=^## )"
    found = [re.search(section.format(t), text, re.M | re.S) for t in ("Abstract", "APIs")]
    abstract, apis = (match.group(1) for match in found if match)
    path.write_text(text.replace(abstract + apis, apis + abstract), encoding="utf-8")


def both(*breaks: Break) -> Break:
    def act(folder: Path) -> None:
        for one in breaks:
            one(folder)

    return act


README, INIT, EXAMPLE = "README.md", "__init__.py", "example.py"
SHOW = "\n![x](images/{})\n"
BIG_PNG = PNG + b"\0" * images.IMAGE_BYTES
HALF_PNG = PNG + b"\0" * (images.IMAGE_BYTES - 100)
SECOND_PLACE = '"""Another one place."""\n\n\ndef f(study):\n    return study._storage\n'

# Rule, how it is broken, what the message says: what is wrong and what to do.
BROKEN: list[tuple[str, Break, str]] = [
    ("required-files", remove("LICENSE"), "LICENSE is missing: start from the registry's"),
    ("required-files", remove(EXAMPLE), "example.py is missing: start from"),
    ("required-files", remove("tests"), "tests/test_*.py is missing: add tests"),
    ("front-matter", replace(README, "author: Lattice GP developers", "author:"), "fill it in"),
    ("front-matter", replace(README, "title: Lattice GP Sampler\n", ""), "title is missing or"),
    ("front-matter", replace(README, "title: Lattice GP Sampler", "title: 3"), "put it in quotes"),
    ("front-matter", replace(README, "[4.8.0, 5.0.0]", "4.8.0"), "write [4.8.0]"),
    ("front-matter", replace(README, "[4.8.0, 5.0.0]", "[4.8, 5.0.0]"), "put it in quotes"),
    ("front-matter", replace(README, "author:", "author: [:"), "is no YAML: "),
    ("front-matter", replace(README, "---\n", ""), "begin it as the registry's template"),
    ("front-matter", replace(README, "license: MIT License", "license: ' '"), "fill it in"),
    ("front-matter", replace(README, "tags: [sampler, ", "tags: [' ', sampler, "), "got ' '"),
    ("category-tag", replace(README, "tags: [sampler, ", "tags: ["), "add 'sampler'"),
    ("license-key", replace(README, "license: MIT License", "license: MIT"), "'MIT License' only"),
    ("optuna-versions", replace(README, "[4.8.0, 5.0.0]", "[5.0.0]"), "the oldest supported"),
    ("optuna-versions", replace(README, "[4.8.0, 5.0.0]", "[4.8.0]"), "add 5.0.0, once tested"),
    ("optuna-versions", replace(README, "5.0.0]", '5.0.0, ">=5"]'), "'>=5': write x.y.z"),
    ("sections", replace(README, "## Abstract", "## Summary"), "add '## Abstract'"),
    ("sections", without_section("Installation"), "there is a requirements.txt"),
    ("sections", swap_sections, "order them Abstract, APIs, Installation, Example, Others"),
    ("sections", append(README, "\n## Others\n"), "'## Others' after '## Others'"),
    ("placeholders", append(EXAMPLE, "# Like yoursampler.\n"), "'YourSampler' is left of"),
    ("placeholders", append(README, "\nPlease fill in the code.\n"), "replace or remove it"),
    ("no-html", append(README, "\nA <b>bold</b> word.\n"), "the hub removes it; write Markdown"),
    ("no-html", append(README, "\n<!-- later -->\n"), "HTML '<!-- later -->'"),
    ("links", append(README, "\n[x](../../benchmarks/README.md)\n"), "write the whole https"),
    ("links", append(README, "\n[x](no_such_file.py)\n"), "add the file or correct the link"),
    ("links", append(README, "\n[x](#no-such-heading)\n"), "no heading for the link"),
    ("links", append(README, "\n[x](/README.md)\n"), "leaves the package"),
    ("readme-code", append(README, "\n```py\nx = = 1\n```\n"), "no Python (invalid syntax)"),
    ("readme-code", append(README, "\n```python\nx = = 1\n```\n"), "no Python (invalid syntax)"),
    (
        "readme-code",
        replace(README, 'load_module("samplers/lattice_gp")', 'load_module("samplers/other")'),
        "add optunahub.load_module('samplers/lattice_gp')",
    ),
    ("licence", replace("LICENSE", "2026 Lattice GP developers", "<COPYRIGHT HOLDER>"), "NAME"),
    ("licence", replace("LICENSE", "Copyright (c) 2026 ", "Copyright (c) "), "(c) YEAR NAME"),
    ("licence", replace("LICENSE", "free of charge", "for money"), "template/LICENSE"),
    ("image-links", append(README, "\n![x](https://example.org/x.png)\n"), "copy the image into"),
    ("image-links", append(README, "\n![x](data:image/png;base64,AA==)\n"), "copy the image into"),
    ("image-links", append(README, SHOW.format("none.png")), "add it or correct the path"),
    ("image-links", append(README, "\n![x](../x.png)\n"), "copy the image into images/"),
    ("image-use", write("images/more.PNG", PNG), "the README does not show it: remove it"),
    ("image-use", write("images/more.png", PNG), "the README does not show it: remove it"),
    (
        "image-kind",
        both(write("images/x.svg", "<svg/>"), append(README, SHOW.format("x.svg"))),
        "convert or move it",
    ),
    (
        "image-kind",
        both(write("images/x.png", b"GIF90z\0"), append(README, SHOW.format("x.png"))),
        "must be a PNG",
    ),
    (
        "image-size",
        both(write("images/x.png", BIG_PNG), append(README, SHOW.format("x.png"))),
        "draw it smaller",
    ),
    (
        "image-size",
        both(
            *(write(f"images/{n}.png", HALF_PNG) for n in "ab"),
            *(append(README, SHOW.format(f"{n}.png")) for n in "ab"),
        ),
        "together, at most 250,000: show fewer",
    ),
    ("no-binary", write("table.npz", b"PK\0\1\2"), "keep it as text, or host it elsewhere"),
    ("file-size", write("table.csv", "1,2\n" * (files.FILE_BYTES // 4 + 1)), "shorten it or host"),
    ("no-symlinks", link("again.md", README), "is a link: copy the file itself"),
    (
        "no-symlinks",
        both(link("images/y.png", "../README.md"), append(README, SHOW.format("y.png"))),
        "is a link: copy",
    ),
    ("no-generated", write("__pycache__/x.cpython-311.pyc", b"\0"), "have git ignore it"),
    ("no-generated", write(".ipynb_checkpoints/x.py", ""), "is generated: remove it"),
    (
        "machine-paths",
        append(INIT, "# /home/" + "me/data\n"),
        "one machine only: make it relative",
    ),
    ("machine-paths", append(README, "\nC:" + "\\data\\x\n"), "make it relative"),
    ("requirement-lines", append("requirements.txt", "numpy\n"), "Optuna brings numpy: remove"),
    ("requirement-lines", append("requirements.txt", "NumPy\n"), "Optuna brings NumPy: remove"),
    ("requirement-lines", replace("requirements.txt", ">=", "==="), "is pinned"),
    (
        "requirement-lines",
        append("requirements.txt", "x @ https://example.org/x.zip#sha256=1\n"),
        "#sha256=1' is an address: name a release",
    ),
    ("requirement-lines", replace("requirements.txt", "scipy>=1.15", "scipy==1.15"), "is pinned"),
    ("requirement-lines", append("requirements.txt", "-r more.txt\n"), "write one name a line"),
    ("requirements-used", append("requirements.txt", "pandas\n"), "nothing imports pandas"),
    ("requirements-complete", remove("requirements.txt"), "add its distribution to"),
    (
        "requirements-complete",
        append("basics/say_once.py", "\n\ndef f():\n    import pandas\n"),
        "imports pandas: add it to requirements.txt, or name it under Installation",
    ),
    ("python-syntax", write("broken.py", "x = = 1\n"), "no Python (invalid syntax): correct it"),
    ("python-syntax", write("deep.py", f"x = {'-' * 9999}1\n"), "no Python (nested too deeply)"),
    ("readme-code", append(README, f"\n```py\n{'-' * 9999}1\n```\n"), "(nested too deeply)"),
    (
        "relative-imports",
        append("surrogates/gp.py", "\nimport benchmarks.cli\n"),
        "write 'from .'",
    ),
    (
        "relative-imports",
        append("tests/test_space.py", "\nfrom package.samplers.lattice_gp import space\n"),
        "imports package.samplers.lattice_gp, which is not there",
    ),
    (
        "relative-imports",
        append("tests/test_space.py", "\nfrom ...other import x\n"),
        "leaves the package",
    ),
    (
        "relative-imports",
        append("surrogates/gp.py", "\nfrom ...other import x\n"),
        "leaves the package",
    ),
    (
        "future-annotations",
        replace("surrogates/gp.py", "from __future__ import annotations\n", ""),
        "add 'from __future__ import annotations' at its head",
    ),
    ("future-annotations", write("one.py", "def f() -> int:\n    return 1\n"), "at its head"),
    ("future-annotations", write("one.py", "async def f() -> int:\n    return 1\n"), "at its"),
    ("future-annotations", write("one.py", "def f(x: int):\n    return x\n"), "at its head"),
    ("future-annotations", write("one.py", "x: int = 1\n"), "at its head"),
    (
        "future-annotations",
        write("one.py", "from __future__ import division\n\nx: int = 1\n"),
        "at its head",
    ),
    ("exports", replace(INIT, "__all__ = [", "__all__ = [] + ["), "list the public classes"),
    ("exports", replace(INIT, "__all__ =", "names ="), "list the public classes"),
    ("exports", replace(INIT, '"StopCallback",', '"StopCallback", "Secret",'), "describe it"),
    ("example", replace(EXAMPLE, "load_module(", "load_local_module("), "write load_module('s"),
    (
        "example",
        replace(EXAMPLE, 'lattice_gp")', 'lattice_gp", repo_owner="me", ref="main")'),
        "load_module with repo_owner, ref: leave it out",
    ),
    ("example", write(EXAMPLE, 'print("samplers/lattice_gp")\n'), "add optunahub.load_module("),
    ("example", write(EXAMPLE, "import optuna\n"), "add optunahub.load_module("),
    (
        "private-api",
        append("surrogates/gp.py", "\nfrom optuna._gp import gp as g\n"),
        "optuna._gp.gp is priv",
    ),
    (
        "private-api",
        append("surrogates/gp.py", "\nimport optuna._gp.gp\n"),
        "optuna._gp.gp is private",
    ),
    (
        "private-api",
        append("surrogates/gp.py", "\nimport optuna\n\noptuna._x()\n"),
        "optuna._x is private",
    ),
    (
        "private-api",
        append("surrogates/gp.py", "\n\ndef f(s):\n    s._storage = 0\n"),
        "s._storage is private",
    ),
    (
        "private-api",
        append("surrogates/gp.py", '\n\ndef f(s):\n    getattr(s, "_trial_id")\n'),
        "one module",
    ),
    ("private-api", write("second_place.py", SECOND_PLACE), "join them"),
]


@pytest.mark.parametrize(
    "rule, act, words", BROKEN, ids=[f"{n}-{rule}" for n, (rule, *_) in enumerate(BROKEN)]
)
def test_a_broken_copy_breaks_just_that_rule(
    copy: Path, rule: str, act: Break, words: str
) -> None:
    act(copy)
    found = list(findings_by_rules(_package(copy)))
    assert {finding.rule for finding in found} == {rule}, list(map(str, found))
    assert any(words in finding.message for finding in found), list(map(str, found))


SHOWN = "\n[x](//example.org/x) [y](example%2Epy) [z](#whats-new-then) [top](#)\n\n### What's new, then? ##\n"
ONLY_TYPES = """

if TYPE_CHECKING:
    import pandas
    from pandas import DataFrame
else:
    import numpy


def f(x):
    return x, numpy, DataFrame, pandas
"""
OWN = """

class Mine:
    def f(self, storage):
        self._storage = storage
        return getattr(self, "storage"), getattr(storage, "get", None), storage._mine
"""
CALLS = """
from optunahub import load_module

name = "samplers/other"
load_module(package="samplers/lattice_gp")
load_module(name)
print("load_module", load_module)
(lambda: load_module)()(name)
"""

# What breaks no rule, though it looks like it.
KEPT: dict[str, Break] = {
    "links": append(README, SHOWN),
    "code of other languages": append(README, "\n```toml\nx = = 1\n```\n"),
    "a later block of the example": replace(
        README, "\n## Others\n", "\n```python\nx = 1\n```\n\n## Others\n"
    ),
    "a section of one's own": append(README, "\n## More\n\nText.\n"),
    "several years": replace("LICENSE", "(c) 2026 ", "(c) 2024-2025, 2026, "),
    "tests in folders": both(
        move("tests/test_space.py", "tests/deep/test_space.py"),
        append("tests/deep/test_space.py", "\nfrom ...gp import x\n"),
    ),
    "images of all kinds": both(
        *(
            both(write(f"images/{name}", start), append(README, SHOW.format(name)))
            for name, start in (
                ("a.PNG", PNG),
                ("b.jpg", b"\xff\xd8\xff\xe0"),
                ("c.jpeg", b"\xff\xd8\xff\xe1"),
                ("d.gif", b"GIF87a\0"),
                ("e e.gif", b"GIF89a\0"),
            )
        ),
        replace(README, "images/e e.gif", "./images/e%20e.gif"),
    ),
    "a large file": write("table.csv", "1,2\n" * (files.FILE_BYTES // 4)),
    "addresses and tables": both(
        append(README, "\n`https://example.org/home/" + "me/x` and `a/home/" + "me/x`.\n"),
        write("table.jsonl", '"/home/' + 'me/x"\n'),
    ),
    "a comment on a requirement": write("requirements.txt", "# Why:\n\nscipy>=1.15  # fits\n"),
    "imports for types": append("surrogates/gp.py", ONLY_TYPES),
    "private names of one's own": append("surrogates/gp.py", OWN),
    "private names in tests": append("tests/test_space.py", "\n\nx = study._storage\n"),
    "another way to load": write(EXAMPLE, CALLS),
    "no annotations": write("one.py", "def f(x):\n    return x\n"),
    "a tuple of names": both(
        replace(INIT, "__all__ = [", "__all__ = ("), replace(INIT, "\n]", "\n)")
    ),
}


@pytest.mark.parametrize("act", KEPT.values(), ids=KEPT)
def test_a_copy_that_is_changed_otherwise_keeps_the_rules(copy: Path, act: Break) -> None:
    act(copy)
    assert [str(finding) for finding in findings_by_rules(_package(copy))] == []


def test_findings_tell_the_line(copy: Path) -> None:
    n = len((copy / README).read_text(encoding="utf-8").splitlines())
    append(README, "\n```python\nx = 1\ny = = 2\n```\n\nA\n<b>bold</b> word.\n")(copy)
    append(README, "\n[x](none.py)\n![x](images/none.png)\n")(copy)
    found = {(f.rule, f.line - n) for f in findings_by_rules(_package(copy))}
    assert found == {("readme-code", 4), ("no-html", 8), ("links", 10), ("image-links", 11)}


def test_a_missing_readme_is_told_once(copy: Path) -> None:
    remove(README)(copy)
    found = {finding.rule for finding in findings_by_rules(_package(copy))}
    assert found == {"required-files", "front-matter", "image-use"}


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ((images.IMAGE_BYTES, images.PACKAGE_IMAGE_BYTES - images.IMAGE_BYTES), []),
        ((images.IMAGE_BYTES + 1,), ["150,001 bytes, at most 150,000: draw it smaller"]),
        ((125_000, 125_001), ["250,001 bytes together, at most 250,000: show fewer"]),
    ],
)
def test_images_may_be_as_large_as_is_said(
    copy: Path, sizes: tuple[int, ...], words: list[str]
) -> None:
    shutil.rmtree(copy / "images")
    for number, size in enumerate(sizes):
        write(f"images/{number}.png", PNG + b"\0" * (size - len(PNG)))(copy)
    told = [finding.message for finding in images.image_size(_package(copy))]
    assert len(told) == len(words)
    assert all(word in message for word, message in zip(words, told))


def test_an_image_lies_in_its_folder(copy: Path) -> None:
    both(write("pictures/x.png", PNG), append(README, "\n![x](pictures/x.png)\n"))(copy)
    found = {finding.rule: finding.message for finding in findings_by_rules(_package(copy))}
    assert set(found) == {"image-links", "image-kind"}
    assert "is not under images/: move it" in found["image-links"]


@pytest.mark.parametrize(
    "folder, rule, words",
    [
        ("samplers/Lattice-GP", "package-name", "use lower case letters"),
        ("sampler/lattice_gp", "category-tag", "is none of benchmarks, callbacks"),
        ("pruners/lattice_gp", "category-tag", "add 'pruner'"),
    ],
)
def test_the_folder_has_a_name_and_a_category_of_the_registry(
    copy: Path, folder: str, rule: str, words: str
) -> None:
    target = copy.parents[1] / folder
    target.parent.mkdir(exist_ok=True)
    copy.rename(target)
    found = [f for f in findings_by_rules(_package(target)) if f.rule == rule]
    assert len(found) == 1
    assert words in found[0].message


def _by_tools(folder: Path, given: Settings | None = None) -> list[Finding]:
    return findings_by_tools([_package(folder)], given or kept_settings())


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
    tools.findings_by_tools([_package(copy)], kept_settings())
    assert {"gp.py", "README.md", "fine.md", "LICENSE"} <= given
    assert not {"no_utf8.py", "no_python.py", "no_utf8.md"} & given
    told = {finding.path.rpartition("/")[2] for finding in findings_by_rules(_package(copy))}
    assert told == {"no_utf8.py", "no_python.py", "no_utf8.md"}


def test_code_is_parsed_without_pythons_own_warnings(copy: Path) -> None:
    write("escapes.py", 'x = "\\d"\n')(copy)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "escapes.py" in _package(copy).modules


@pytest.mark.parametrize(
    "name, words",
    [
        (b"a\nb.txt", "has a file of the name 'a\\nb.txt', which other systems cannot hold"),
        (b"\xff.txt", "has a file of the name '\\udcff.txt', which"),
        (b"sub/.git/HEAD", "lattice_gp/sub: is a git repository of its own"),
    ],
)
def test_files_that_cannot_be_published_are_told(
    copy: Path, name: bytes, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    root = copy.parents[2]
    subprocess.run(["git", "init", "-q", root], check=True)
    if name.startswith(b"sub/"):
        subprocess.run(["git", "init", "-q", copy / "sub"], check=True)
    else:
        try:
            open(os.fsencode(copy) + b"/" + name, "w").close()
        except OSError:
            pytest.skip("this system cannot hold it")
    assert cli.main(["check"], root=root) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: package/samplers/lattice_gp") and words in error


def test_a_repository_that_git_does_not_read_is_told(
    copy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without git's word all caches would be findings."""
    root = copy.parents[2]
    (root / ".git").mkdir()
    assert cli.main(["check"], root=root) == 2
    assert f"error: git ls-files in {root}: fatal: " in capsys.readouterr().err
    monkeypatch.setenv("PATH", str(root))
    assert cli.main(["check"], root=root) == 2
    assert capsys.readouterr().err.startswith("error: git: not found on PATH")


def test_other_versions_of_the_tools_are_told(copy: Path) -> None:
    shutil.rmtree(copy)
    write("README.md", "# Empty\n")(copy)
    kept = kept_settings()
    other = Settings("the registry's main", kept.pyproject, {**kept.pins, "ruff": "0.0.1"})
    (finding,) = _by_tools(copy, other)
    assert finding.rule == "tool-versions"
    assert "pip install ruff==0.0.1" in finding.message


def test_every_rule_has_a_broken_copy() -> None:
    by_tools = {"tool-versions", "ruff-check", "ruff-format", "mypy", "mdformat"}
    broken = {rule for rule, *_ in BROKEN} | {"package-name"} | by_tools
    assert broken == {rule.name for rule in RULES}


@pytest.mark.slow
def test_check_prints_findings_and_fails(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    replace("LICENSE", "free of charge", "for money")(copy)
    assert cli.main(["check", "samplers/lattice_gp"], root=copy.parents[2]) == 1
    out = capsys.readouterr().out
    assert out.startswith("package/samplers/lattice_gp/LICENSE: [licence] not the text")
    assert "samplers/lattice_gp: 1 finding by" in out


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("", "there is no front matter"),
        ("---\nauthor: me\n", "there is no front matter"),
        ("+++\ntitle = = 3\n+++\n", "there is no front matter"),
        ("{\n  3\n}\n", "there is no front matter"),
        ("---\n- author\n---\n", "the front matter has no keys"),
        ("---\nauthor:\t: me\n---\n", "the front matter is no YAML: mapping values"),
        ("---\nauthor: 2026-13-45\n---\n", "the front matter is no YAML: month must be"),
    ],
)
def test_a_damaged_front_matter_is_one_finding(copy: Path, header: str, words: str) -> None:
    text = (copy / README).read_text(encoding="utf-8")
    (copy / README).write_text(header + text.split("---\n", 2)[2], encoding="utf-8")
    (finding,) = [f for f in findings_by_rules(_package(copy)) if f.rule == "front-matter"]
    assert words in finding.message


def test_what_another_branch_left_behind_is_no_package(copy: Path) -> None:
    write("../left/__pycache__/a.pyc", b"")(copy)
    write("../left/tests/__pycache__/b.pyc", b"")(copy)
    assert [package.name for package in packages.find(copy.parents[2])] == ["lattice_gp"]
    write("../left/tests/test_it.py", "")(copy)
    found = [package.name for package in packages.find(copy.parents[2])]
    assert found == ["lattice_gp", "left"]


def test_versions_of_optuna_are_those_of_pyproject(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    with pytest.raises(UsageError, match="pyproject.toml: not found; run from the root"):
        versions.supported(tmp_path)
    path.write_text("[project]\n")
    with pytest.raises(UsageError, match="must have newest-optuna"):
        versions.supported(tmp_path)
    newest = "[tool.publishing]\nnewest-optuna = '5.0.0'\n"
    path.write_text(f"[project]\ndependencies = ['numpy >= 1.24', 'optuna < 6']\n{newest}")
    with pytest.raises(UsageError, match="dependencies must have a lower bound"):
        versions.supported(tmp_path)
    path.write_text(path.read_text().replace("< 6", "< 6, != 4.9, >= 4.8"))
    assert versions.supported(tmp_path) == versions.Supported("4.8.0", "5.0.0")
    assert [versions.full_version(v) for v in ("4", "4.8", "4.8.1")] == ["4.0.0", "4.8.0", "4.8.1"]


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


def test_findings_are_counted_and_come_in_order(
    copy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    by_tool = Finding("package/a", 0, "mypy", "wrong")
    monkeypatch.setattr(cli, "findings_by_tools", lambda *_: [by_tool])
    assert cli.main(["check"], root=copy.parents[2]) == 1
    assert "samplers/lattice_gp: 1 finding by" in capsys.readouterr().out
    write("broken.py", "\nx = = 1\n")(copy)
    assert cli.main(["check"], root=copy.parents[2]) == 1
    first, second, last = capsys.readouterr().out.splitlines()
    assert first == "package/a: [mypy] wrong"
    assert second.startswith("package/samplers/lattice_gp/broken.py:2: [python-syntax] no Python")
    assert last == f"samplers/lattice_gp: 2 findings by {len(RULES)} rules"


def test_names_of_packages_may_be_paths(copy: Path) -> None:
    root = copy.parents[2]
    names = ["package/samplers/lattice_gp/", "samplers/lattice_gp"]
    assert [package.title for package in packages.find(root, names)] == ["samplers/lattice_gp"]
    shutil.rmtree(copy)
    with pytest.raises(UsageError, match="has no package; run from the root of the checkout"):
        packages.find(root)


def test_lists_on_the_command_line_have_names(capsys: pytest.CaptureFixture[str]) -> None:
    for option in ("--optuna", "--python", "--without"):
        with pytest.raises(SystemExit):
            cli.main(["test", option, " , "])
        assert (
            f"argument {option}: got ' , ', accepts names separated by" in capsys.readouterr().err
        )


def test_a_damaged_pyproject_is_told(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    append("../../../pyproject.toml", "\nx = = 3\n")(copy)
    assert cli.main(["check"], root=copy.parents[2]) == 2
    assert "pyproject.toml: no TOML: Invalid value" in capsys.readouterr().err


@pytest.mark.parametrize(
    "text, words",
    [
        (b"# \xe9\n", "not in UTF-8"),
        (b"project = 3\n", "project is 3, but must be a table"),
        (b"tool = 3\n", "tool is 3, but must be a table"),
        (b"[tool]\npublishing = 3\n", "tool.publishing is 3, but must be a table"),
        (b"[project]\ndependencies = 'optuna'\n", "dependencies is 'optuna', but must be a list"),
        (b"[project]\ndependencies = [3]\n", "dependencies has 3, which is no requirement"),
        (b"[project]\ndependencies = ['>> x']\n", "has '>> x', which is no requirement"),
        (b"[project]\nrequires-python = 'new'\n", "requires-python is 'new', but must be such as"),
        (b"[project]\nrequires-python = 3\n", "requires-python is 3, but must be such as"),
    ],
)
def test_an_odd_pyproject_is_told(
    tmp_path: Path, text: bytes, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pyproject.toml").write_bytes(text)
    assert cli.main(["check"], root=tmp_path) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: {tmp_path / 'pyproject.toml'}: ") and words in error


def test_an_unknown_package_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", "samplers/latice_gp"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: PACKAGE: got 'samplers/latice_gp', accepts ")
    assert "samplers/lattice_gp" in error


def test_help_says_what_the_command_is_for(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert "ready for the OptunaHub registry" in said and "what it returns" not in said


def test_an_abbreviated_option_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        cli.main(["test", "--quic"])
    assert raised.value.code == 2
    assert "unrecognized arguments: --quic" in capsys.readouterr().err


def test_rules_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["rules"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [rule.name for rule in RULES]


def test_whoever_reads_the_output_may_stop() -> None:
    command = [sys.executable, "-m", "publishing", "rules"]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait() == 1


def test_a_terminal_may_lack_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    """As one in ASCII, on which a test's output is shown."""
    monkeypatch.setattr(cli, "main", lambda: print("12 passed ✓") or 0)
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    assert entry_point._main() == 0
    assert written.getvalue() == b"12 passed ?\n"


def test_what_is_private_is_asked_of_the_installed_optuna() -> None:
    names = private_api.private_names()
    assert {"_storage", "_trial_id", "_thread_local"} <= names
    assert not any(name.endswith("__") or not name.startswith("_") for name in names)


def test_html_in_code_is_no_html(copy: Path) -> None:
    append(README, "\n`<b>` and\n\n```text\n<b>bold</b>\n```\n")(copy)
    assert list(findings_by_rules(_package(copy))) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "tell",
    [
        replace(README, "## Installation\n", "## Installation\n\nPictures need Pillow.\n"),
        replace("basics/say_once.py", '"""', '"""Needs Pillow. '),
    ],
)
def test_an_import_for_a_function_may_be_told(copy: Path, tell: Break) -> None:
    append("basics/say_once.py", "\n\ndef f():\n    import PIL\n")(copy)
    tell(copy)
    assert list(findings_by_rules(_package(copy))) == []


def test_a_package_may_have_the_name_of_what_it_requires(copy: Path) -> None:
    """As the registry's callbacks/wandb has."""
    append("basics/say_once.py", "\n\ndef f():\n    import lattice_gp\n")(copy)
    assert {f.rule for f in findings_by_rules(_package(copy))} == {"relative-imports"}
    append("requirements.txt", "lattice-gp\n")(copy)
    assert list(findings_by_rules(_package(copy))) == []
