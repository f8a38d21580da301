"""Two suites of problems: one to develop samplers on, one to report on and never to tune on."""

from __future__ import annotations

from .catalog import CATALOG


# Names of problems by suite: "dev" and "report", the small lattices "discrete_dev" and "discrete",
# and "crash_dev" and "crash", where trials fail. No problem, function, data set or model is in one
# of development and in one of report.
SUITES: dict[str, tuple[str, ...]] = {
    suite: tuple(entry.name for entry in CATALOG.values() if entry.suite == suite)
    for suite in (
        "dev",
        "dev_more",
        "report",
        "discrete_dev",
        "discrete",
        "crash_dev",
        "crash",
    )
}
# What a problem stresses ("multimodal", "noisy", "edge", "cliff", "heavy_tail", "idle", "rotated",
# "plateau") and where it comes from ("coco", "table", "live", "imitation", "analytic",
# "discrete").
TAGS: dict[str, frozenset[str]] = {entry.name: entry.tags for entry in CATALOG.values()}


def n_params(name: str) -> int:
    """Number of parameters of a problem.

    Raises:
        KeyError: If it is in no suite.
    """
    return CATALOG[name].n_params


def with_tag(suite: str, tag: str) -> tuple[str, ...]:
    """Names of the problems of a suite that carry a tag, such as ``"multimodal"``.

    Raises:
        KeyError: If there is no suite of that name.
    """
    return tuple(name for name in SUITES[suite] if tag in TAGS[name])
