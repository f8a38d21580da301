"""What the rules tell of a copy: which line, how often, and up to which size."""

from __future__ import annotations

from pathlib import Path
import shutil
import warnings

import pytest


pytest.importorskip("frontmatter", reason="needs the extra publish")
pytest.importorskip("mdformat", reason="needs the extra publish")

from publishing.rules import findings_by_rules
from publishing.rules import images
from publishing.rules import private_api
from tests.broken_copies import append
from tests.broken_copies import both
from tests.broken_copies import package_of
from tests.broken_copies import PNG
from tests.broken_copies import README
from tests.broken_copies import remove
from tests.broken_copies import write


def test_findings_tell_the_line(copy: Path) -> None:
    n = len((copy / README).read_text(encoding="utf-8").splitlines())
    append(README, "\n```python\nx = 1\ny = = 2\n```\n\nA\n<b>bold</b> word.\n")(copy)
    append(README, "\n[x](none.py)\n![x](images/none.png)\n")(copy)
    found = {(f.rule, f.line - n) for f in findings_by_rules(package_of(copy))}
    assert found == {("readme-code", 4), ("no-html", 8), ("links", 10), ("image-links", 11)}


def test_a_missing_readme_is_told_once(copy: Path) -> None:
    remove(README)(copy)
    found = {finding.rule for finding in findings_by_rules(package_of(copy))}
    assert found == {"required-files", "front-matter", "image-use"}


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
    (finding,) = [f for f in findings_by_rules(package_of(copy)) if f.rule == "front-matter"]
    assert words in finding.message


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
    told = [finding.message for finding in images.image_size(package_of(copy))]
    assert len(told) == len(words)
    assert all(word in message for word, message in zip(words, told))


def test_an_image_lies_in_its_folder(copy: Path) -> None:
    both(write("pictures/x.png", PNG), append(README, "\n![x](pictures/x.png)\n"))(copy)
    found = {finding.rule: finding.message for finding in findings_by_rules(package_of(copy))}
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
    found = [f for f in findings_by_rules(package_of(target)) if f.rule == rule]
    assert len(found) == 1
    assert words in found[0].message


def test_code_is_parsed_without_pythons_own_warnings(copy: Path) -> None:
    write("escapes.py", 'x = "\\d"\n')(copy)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "escapes.py" in package_of(copy).modules


def test_what_is_private_is_asked_of_the_installed_optuna() -> None:
    names = private_api.private_names()
    assert {"_storage", "_trial_id", "_thread_local"} <= names
    assert not any(name.endswith("__") or not name.startswith("_") for name in names)
