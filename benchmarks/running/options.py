"""The options of ``python -m benchmarks run``; nothing that takes long to import."""

from __future__ import annotations

from typing import Any

from ..arguments import add_place
from ..arguments import AtLeast
from ..arguments import DefaultsFormatter
from ..arguments import device
from ..contenders.seeding import OWN
from ..suite import SUITES


DEFAULT_SAMPLERS = "lattice_gp,tpe,random"
DEFAULT_PROBLEMS = "perceiver"


def add_parser(commands: Any) -> None:
    """Add this command to the command line."""
    run = commands.add_parser(
        "run",
        description="Run every (problem, sampler, seed) as one study, then report. The same "
        "command continues a run that was stopped; more --trials or --seeds extend it.",
        formatter_class=DefaultsFormatter,
    )
    _add_what(run.add_argument_group("what to compare"))
    _add_perceiver(run.add_argument_group("the Perceiver"))
    _add_how(run.add_argument_group("how to run it"))
    add_place(run, "output folder (results/PROBLEM-PRESET-MODE)")


def _add_what(group: Any) -> None:
    add = group.add_argument
    add(
        "--samplers",
        metavar="A[,B]",
        help="names that `list` shows, hub:samplers/NAME, module:Class, or ablations for ours "
        "with one ingredient left out each; with keyword arguments as in "
        f"'tpe(n_startup_trials=5)' ({DEFAULT_SAMPLERS}, or all of --config)",
    )
    add(
        "--problems",
        metavar="A[,B]",
        help="names that `list` shows, hub:benchmarks/NAME, 'coco:SUITE(dimension=5)', "
        "module:Class or module:objective; with keyword arguments likewise, and wrappers: "
        f"+noise=SD, +failures=SHARE, +delay=SECONDS, +levels=N ({DEFAULT_PROBLEMS}, or all of "
        "--config)",
    )
    add(
        "--suite",
        metavar="|".join(SUITES),
        help="all problems of a suite instead, changed as they may be: report+noise=0.1",
    )
    add("--config", metavar="FILE", help="TOML file that gives names to samplers and problems")
    add(
        "--registry",
        default="",
        metavar="DIR",
        help="local copy of the OptunaHub registry, for what comes from there",
    )
    add("--seeds", type=AtLeast(1), default=20, metavar="N", help="number of seeds")
    add("--first-seed", type=AtLeast(0), default=0, metavar="K", help="the first of them")
    add(
        "--sampler-seeds",
        default=OWN,
        metavar="own|shared",
        help="give a sampler another seed on every problem, or the number of the seed on all",
    )
    add("--trials", type=AtLeast(1), default=30, metavar="N", help="trials a study")
    add(
        "--start-points",
        type=AtLeast(0),
        default=0,
        metavar="N",
        help="begin every study of a seed with the same N random points",
    )
    add(
        "--parallel",
        type=AtLeast(1),
        default=1,
        metavar="K",
        help="K trials at a time, on a simulated clock",
    )
    add(
        "--reevaluate",
        type=AtLeast(0),
        default=0,
        metavar="N",
        help="measure every final incumbent again with N fresh seeds",
    )


def _add_perceiver(group: Any) -> None:
    add = group.add_argument
    add("--preset", default="small", metavar="small|full", help="size of the Perceiver problem")
    add(
        "--mode",
        default="table",
        metavar="table|train",
        help="replay measured training runs, or train",
    )
    add(
        "--device",
        type=device,
        default="auto",
        metavar="auto|cpu|cuda|mps",
        help="where to train",
    )
    add("--data-root", default="data", metavar="DIR", help="folder that holds MNIST/raw")
    add("--download", action="store_true", help="download MNIST into --data-root if need be")


def _add_how(group: Any) -> None:
    add = group.add_argument
    add(
        "--jobs",
        type=AtLeast(1),
        metavar="N",
        help="worker processes (one a core; one a GPU when training there)",
    )
    add("--threads", type=AtLeast(1), default=1, metavar="N", help="threads a worker")
    add(
        "--scheduler",
        default="",
        metavar="ADDRESS",
        help="run on the workers of a Dask scheduler, tcp://HOST:PORT; needs --storage",
    )
    add("--dry-run", action="store_true", help="say what would run and about how long it takes")
