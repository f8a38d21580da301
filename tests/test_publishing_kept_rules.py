"""Copies that are changed otherwise keep the rules, though some look as if they broke one."""

from __future__ import annotations

from pathlib import Path

import pytest


pytest.importorskip("frontmatter", reason="needs the extra publish")
pytest.importorskip("mdformat", reason="needs the extra publish")

from publishing.rules import files
from publishing.rules import findings_by_rules
from tests.broken_copies import append
from tests.broken_copies import both
from tests.broken_copies import Break
from tests.broken_copies import EXAMPLE
from tests.broken_copies import INIT
from tests.broken_copies import move
from tests.broken_copies import package_of
from tests.broken_copies import PNG
from tests.broken_copies import README
from tests.broken_copies import replace
from tests.broken_copies import SHOW
from tests.broken_copies import write


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
    assert [str(finding) for finding in findings_by_rules(package_of(copy))] == []


def test_html_in_code_is_no_html(copy: Path) -> None:
    append(README, "\n`<b>` and\n\n```text\n<b>bold</b>\n```\n")(copy)
    assert list(findings_by_rules(package_of(copy))) == []


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
    assert list(findings_by_rules(package_of(copy))) == []


def test_a_package_may_have_the_name_of_what_it_requires(copy: Path) -> None:
    """As the registry's callbacks/wandb has."""
    append("basics/say_once.py", "\n\ndef f():\n    import lattice_gp\n")(copy)
    assert {f.rule for f in findings_by_rules(package_of(copy))} == {"relative-imports"}
    append("requirements.txt", "lattice-gp\n")(copy)
    assert list(findings_by_rules(package_of(copy))) == []
