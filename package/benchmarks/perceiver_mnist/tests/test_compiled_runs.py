"""What is compiled into a table: runs of a campaign, and where they are from."""

from __future__ import annotations

from collections.abc import Callable
import dataclasses
import math
import os
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


Submodule = Callable[[str], ModuleType]


@pytest.fixture(scope="module")
def table(small_table: Any) -> Any:
    return small_table


def point(run: Any) -> tuple[int, int, int, float]:
    return run.depth, run.latent_dim, run.num_latents, run.learning_rate


def _record(run: Any, **changes: Any) -> dict[str, Any]:
    record = dataclasses.asdict(run)
    return record | {"loss_curve": record.pop("curve"), "cpu_seconds": 0.123456} | changes


def test_compiled_runs_are_sorted_rounded_and_the_first_of_their_seed(
    submodule: Submodule, table: Any
) -> None:
    compile_runs = submodule("build_table").compile_runs
    runs = sorted(table.runs, key=lambda run: run.training_seed)
    records = [_record(run, device="cpu", seconds=9.0) for run in runs]
    again = [_record(run, device="cpu", loss=0.1) for run in runs[:5]]
    compiled = compile_runs(records + again)
    assert [(r.role, point(r), r.loss) for r in compiled] == [
        (r.role, point(r), r.loss) for r in table.runs
    ]
    # The clock of a CPU is that of the process.
    assert {run.seconds for run in compiled} == {0.1235}
    on_gpu = compile_runs([_record(runs[0], device="NVIDIA H200", seconds=1.23456)])
    assert on_gpu[0].seconds == 1.235


def test_compile_rejects_what_the_table_cannot_hold(submodule: Submodule) -> None:
    build_table = submodule("build_table")
    with pytest.raises(ValueError, match="no record"):
        build_table.compile_runs([])
    record = {"training_seed": 0, "loss": math.nan}
    with pytest.raises(ValueError, match="1 runs have a loss that is not finite"):
        build_table.compile_runs([record])


@pytest.mark.parametrize(
    ("device", "how", "clock"),
    [
        ("cpu", "--workers 2", "Processor seconds"),
        ("NVIDIA H200", "--device cuda --trainer fast", "Wall-clock seconds"),
    ],
)
def test_provenance_tells_the_commands_and_the_clock(
    submodule: Submodule, table: Any, tmp_path: Path, device: str, how: str, clock: str
) -> None:
    records = tmp_path / "records.jsonl"
    records.touch()
    told = submodule("build_table").provenance(
        table.preset, [{"device": device, "torch": "2"}], table.runs[:10], records
    )
    assert told["commands"][0].endswith(
        f"--preset small --data-root data --out campaign-small.jsonl {how}"
    )
    assert told["seconds"].startswith(clock)
    assert told["environment"] == {"device": [device], "torch": ["2"]}
    assert told["n_planned"] == len(table.runs)


def test_table_tells_the_day_of_the_last_run_as_far_as_that_is_known(
    submodule: Submodule, table: Any, tmp_path: Path
) -> None:
    records_path = tmp_path / "records.jsonl"
    records_path.touch()
    os.utime(records_path, (86_400.0, 86_400.0))

    def finished(*days: str | None) -> str:
        records = [{"device": "cpu"} | ({} if day is None else {"date": day}) for day in days]
        told = submodule("build_table").provenance(
            table.preset, records, table.runs[:1], records_path
        )
        return str(told["finished"])

    assert finished(None, "2026-11-26", "2026-11-25") == "2026-11-26"
    assert finished(None, None) == "1970-01-02"
