"""The comparison of trainers: its command and its tables."""

from __future__ import annotations

from collections.abc import Callable
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


torch = pytest.importorskip("torch")
pytest.importorskip("torchvision")

Submodule = Callable[[str], ModuleType]


@pytest.fixture(scope="module")
def preset(uneven_preset: Any) -> Any:
    return uneven_preset


@pytest.mark.slow
def test_comparison_of_trainers_on_a_cpu(
    submodule: Submodule,
    preset: Any,
    small_mnist: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(submodule("presets").PRESETS, "small", preset)
    compare = submodule("compare_trainers")
    cells = compare.cells_by_size(preset)
    monkeypatch.setattr(compare, "cells_by_size", lambda preset: cells[:2])
    out = tmp_path / "trainers.jsonl"
    arguments = ["--preset", "small", "--device", "cpu", "--data-root", str(small_mnist)]
    arguments += ["--out", str(out)]
    assert compare.main([*arguments, "--seeds", "1"]) == 0
    assert compare.main([*arguments, "--seeds", "2"]) == 0  # goes on, repeats nothing
    head, *records = map(json.loads, out.read_text().splitlines())
    assert head["matrix_rate"] > 0
    assert head["device"] == "cpu"
    made = [(r["trainer"], r["depth"], r["training_seed"]) for r in records]
    assert len(set(made)) == len(made) == 2 * (3 + 2)
    losses = {(r["trainer"], r["depth"], r["training_seed"]): r["loss"] for r in records}
    for cell in cells[:2]:
        for seed in (0, 1):
            assert losses["fast", cell["depth"], seed] == pytest.approx(
                losses["blog", cell["depth"], seed], rel=1e-3
            )
    table = capsys.readouterr().out.splitlines()[-4:]
    assert compare.main(["--report", "--out", str(out)]) == 0
    assert capsys.readouterr().out.splitlines() == table
    assert [line.split("|")[1].strip() for line in table[2:]] == ["2, 8, 4", "3, 12, 8"]


def test_comparison_shows_medians_and_ratios_of_what_all_have_finished(
    submodule: Submodule, preset: Any
) -> None:
    compare = submodule("compare_trainers")
    large, small = (
        {"depth": d, "latent_dim": 8, "num_latents": 4, "flops": 1e9 * d} for d in (8, 2)
    )
    records: list[dict[str, Any]] = [{"matrix_rate": 1e10}]
    for trainer, seconds in (("blog", [9.0, 8.0]), ("fast", [1.0, 3.0]), ("together", [0.5])):
        for seed, spent in enumerate(seconds):
            run = {"trainer": trainer, "training_seed": seed, "seconds": spent, "loss": 0.5 + seed}
            records += [large | run, small | run] if trainer != "together" else [small | run]
    records.append(small | {"kernel_seconds": {"attention": 0.001, "wall clock": 0.002}})
    heads, rule, *rows = compare.table(records)
    assert [cell.strip() for cell in rows[0].split("|")[1:-1]] == [
        "2, 8, 4", "8.50 s", "2.00 s", "0.50 s", "4.2", "10%", "0.500, 1.500", "0.500, 1.500"
    ]  # fmt: skip
    assert len(rows) == 1  # of the large one, nothing was trained together
    assert heads.count("|") == rule.count("|") == rows[0].count("|")
    assert compare.kernel_table(records)[2] == "| 2, 8, 4 | 1.00 ms | 2.00 ms |"
    sizes = [tuple(cell.values()) for cell in compare.cells_by_size(preset)]
    assert sizes[0] == (2, 8, 4) and sizes[2] == (5, 20, 10) and sizes[-1] == (8, 32, 16)


def test_comparison_names_what_is_wrong(
    submodule: Submodule, small_mnist: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    compare = submodule("compare_trainers")
    out = ["--out", str(tmp_path / "out.jsonl"), "--device", "cpu"]
    for arguments, message in (
        (["--seeds", "0", "--data-root", str(small_mnist)], "--seeds is 0"),
        (["--data-root", str(tmp_path / "nowhere")], "MNIST is not at"),
        (["--report"], "holds no measurement"),
    ):
        with pytest.raises(SystemExit):
            compare.main([*out, *arguments])
        assert message in capsys.readouterr().err
    assert not (tmp_path / "out.jsonl").exists()


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ([{"matrix_rate": 1.0, "device": "NVIDIA H200"}], "holds runs on NVIDIA H200, with whose"),
        ([{"trainer": "fast", "depth": 2, "latent_dim": 128}], "no run of a comparison"),
        ([{"role": "design", "training_seed": 0}], "no run of a comparison"),
        (
            [
                {"role": "design", "trainer": "fast", "training_seed": 0}
                | {"depth": 5, "latent_dim": 20, "num_latents": 10}
            ],
            "no run of a comparison",
        ),
        (["text"], "line 1 is"),
    ],
)
def test_comparison_does_not_go_on_with_a_file_of_something_else(
    submodule: Submodule,
    preset: Any,
    small_mnist: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    records: list[Any],
    message: str,
) -> None:
    monkeypatch.setitem(submodule("presets").PRESETS, "small", preset)
    compare = submodule("compare_trainers")
    out = tmp_path / "out.jsonl"
    out.write_text("".join(json.dumps(record) + "\n" for record in records))
    before = out.read_text()
    arguments = ["--preset", "small", "--device", "cpu", "--data-root", str(small_mnist)]
    with pytest.raises(SystemExit):
        compare.main([*arguments, "--out", str(out)])
    assert f"--out {out}: " in (error := capsys.readouterr().err.splitlines()[-1])
    assert message in error
    assert out.read_text() == before


def _comparison(
    submodule: Submodule,
    preset: Any,
    small_mnist: Path,
    monkeypatch: pytest.MonkeyPatch,
    blog_epoch: Callable[..., Any],
) -> Callable[[Path], int]:
    """Compares with the blog post's loop only, as given; its argument is the file of records."""
    compare = submodule("compare_trainers")
    monkeypatch.setitem(submodule("presets").PRESETS, "small", preset)
    monkeypatch.setattr(compare, "epoch_flops", lambda *_: 1.0)
    monkeypatch.setattr(submodule("training.blog_loop"), "blog_epoch", blog_epoch)
    made = [{"torch": "1.0", "matrix_rate": 1.0}] + [
        {"trainer": name, "training_seed": 0, "seconds": 1.0, "loss": 1.0, "flops": 1.0} | cell
        for cell in compare.cells_by_size(preset)
        for name in ("fast", "together")
    ]
    arguments = ["--preset", "small", "--device", "cpu", "--data-root", str(small_mnist)]

    def main(out: Path) -> int:
        out.write_text("".join(json.dumps(record) + "\n" for record in made))
        return int(compare.main([*arguments, "--seeds", "1", "--out", str(out)]))

    return main


def test_comparison_that_cannot_write_ends_in_a_line(
    submodule: Submodule,
    preset: Any,
    small_mnist: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "folder" / "out.jsonl"
    out.parent.mkdir()

    def blog_epoch(*_: Any, **__: Any) -> tuple[float, float]:
        out.unlink()
        out.parent.rmdir()  # as if it were gone all of a sudden
        return 1.0, 1.0

    main = _comparison(submodule, preset, small_mnist, monkeypatch, blog_epoch)
    with pytest.raises(SystemExit) as caught:
        main(out)
    message = str(caught.value)
    assert message.startswith(f"--out {out}: ") and "\n" not in message
    assert message.endswith("The same command continues.")


def test_comparison_names_the_run_that_does_not_fit_the_device(
    submodule: Submodule,
    preset: Any,
    small_mnist: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    n_left = 2

    def blog_epoch(*_: Any, **__: Any) -> tuple[float, float]:
        nonlocal n_left
        if not n_left:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory.")
        n_left -= 1
        return 1.0, 1.0

    out = tmp_path / "out.jsonl"
    main = _comparison(submodule, preset, small_mnist, monkeypatch, blog_epoch)
    assert main(out) == 1
    note, line = capsys.readouterr().err.splitlines()
    assert note.startswith(f"--out {out} holds runs made with torch 1.0, and goes on with")
    assert "trainer=blog, depth=5, latent_dim=20, num_latents=10, training_seed=0" in line
    assert sum(json.loads(r).get("trainer") == "blog" for r in out.read_text().splitlines()) == 2


def test_run_is_kept_where_the_kernels_cannot_be_timed(
    submodule: Submodule, capsys: pytest.CaptureFixture[str]
) -> None:
    class Trainer:
        def kernel_seconds(self, start: Any) -> Any:
            raise RuntimeError("CUPTI_ERROR_INSUFFICIENT_PRIVILEGES")

    assert submodule("compare_trainers")._kernel_seconds(Trainer(), None) == {}
    assert "INSUFFICIENT_PRIVILEGES" in capsys.readouterr().err
