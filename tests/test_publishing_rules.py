"""Our packages keep the rules, and copies broken in one place each break just that rule."""

from __future__ import annotations

from pathlib import Path

import pytest


pytest.importorskip("frontmatter", reason="needs the extra publish")
pytest.importorskip("mdformat", reason="needs the extra publish")

from publishing import cli
from publishing import packages
from publishing.packages import Package
from publishing.rules import files
from publishing.rules import findings_by_rules
from publishing.rules import images
from publishing.rules import RULES
from tests.broken_copies import append
from tests.broken_copies import both
from tests.broken_copies import Break
from tests.broken_copies import EXAMPLE
from tests.broken_copies import INIT
from tests.broken_copies import link
from tests.broken_copies import package_of
from tests.broken_copies import PNG
from tests.broken_copies import README
from tests.broken_copies import remove
from tests.broken_copies import replace
from tests.broken_copies import ROOT
from tests.broken_copies import SHOW
from tests.broken_copies import swap_sections
from tests.broken_copies import without_section
from tests.broken_copies import write


OURS = packages.find(ROOT)


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
    assert list(findings_by_rules(package_of(copy))) == []


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
    found = list(findings_by_rules(package_of(copy)))
    assert {finding.rule for finding in found} == {rule}, list(map(str, found))
    assert any(words in finding.message for finding in found), list(map(str, found))


def test_every_rule_has_a_broken_copy() -> None:
    by_tools = {"tool-versions", "ruff-check", "ruff-format", "mypy", "mdformat"}
    broken = {rule for rule, *_ in BROKEN} | {"package-name"} | by_tools
    assert broken == {rule.name for rule in RULES}
