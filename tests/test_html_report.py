"""The report as one HTML page: what it holds, and what a browser makes of it."""

from __future__ import annotations

from collections.abc import Iterator
import dataclasses
import datetime
from html.parser import HTMLParser
import json
import math
from pathlib import Path
import re
import shutil
import subprocess
from typing import Any
from urllib.parse import unquote

from hypothesis import given
from hypothesis import strategies
import numpy as np
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution
from optuna.trial import FrozenTrial
from optuna.trial import TrialState
import pytest

from benchmarks.analysis.studies.mean_curves import MeanCurve
from benchmarks.analysis.studies.results import Run
from benchmarks.reporting.analysed import analyse
from benchmarks.reporting.html_report import CriticalDifference
from benchmarks.reporting.html_report import Ecdf
from benchmarks.reporting.html_report import Ert
from benchmarks.reporting.html_report import Extras
from benchmarks.reporting.html_report import page
from benchmarks.reporting.html_report import Pair
from benchmarks.reporting.html_report import thin
from benchmarks.reporting.html_report.build import build
from benchmarks.reporting.html_report.jsonable import to_json
from benchmarks.storage import store
from benchmarks.tables import show_p


_EVIL = 'module:Class(x="</script><img src=http://example.org/x onerror=alert(1)>")'
_EVIL_PROBLEM = "a&b <b>'#problem=%41\"</b> <!--DATA-->"
_SPACE: dict[str, Any] = {
    "x": FloatDistribution(-5, 5),
    "rate": FloatDistribution(1e-4, 1e-1, log=True),
    "n": IntDistribution(8, 64, step=8),
    "<i>kind": CategoricalDistribution(["a", "</script>"]),
}


def _run(problem: str, sampler: str, seed: int, n_trials: int = 6, planned: int = 6) -> Run:
    rng = np.random.default_rng([seed, len(problem), len(sampler)])
    trials = []
    for number in range(n_trials):
        params = {"x": float(rng.uniform(-5, 5)), "rate": 0.01, "n": 8, "<i>kind": "</script>"}
        failed = number == 3
        attrs = {"ask_seconds": 0.001, "tell_seconds": 0.002, "seconds": 1.5}
        trials.append(
            FrozenTrial(
                number=number,
                trial_id=number,
                state=TrialState.FAIL if failed else TrialState.COMPLETE,
                value=None if failed else float(rng.normal(2.0, 1.0)) + len(sampler) / 50,
                datetime_start=datetime.datetime(2026, 1, 1),
                datetime_complete=datetime.datetime(2026, 1, 1),
                params=params,
                distributions=_SPACE,
                user_attrs=attrs,
                system_attrs={},
                intermediate_values={},
            )
        )
    settings = {
        "problem": {"preset": "<small>"},
        "space": store.space_to_json(_SPACE),
        "sampler_version": "optuna 5",
        "command": "python -m benchmarks run --samplers '" + sampler + "'",
        "versions": {"python": "3.11"},
        "jobs": 2,
        "threads": 1,
    }
    return Run(problem, sampler, seed, planned, 1, settings, trials, 120.0, (1.0, 2.0))


@pytest.fixture(scope="module")
def runs() -> list[Run]:
    names = ["lattice_gp", "tpe", _EVIL]
    found = [
        _run(problem, name, seed)
        for problem in ("plain", _EVIL_PROBLEM)
        for name in names
        for seed in range(3)
    ]
    # The last study has ended early.
    return [*found[:-1], _run(_EVIL_PROBLEM, _EVIL, 2, n_trials=4)]


_EXTRAS = Extras(
    ecdf=[
        Ecdf(name, axis, [1, 3, 6], [0.1, 0.5, height], problem)
        for name, height in (("lattice_gp", 0.9), ("tpe", 0.7), (_EVIL, 0.6))
        for axis in ("trials", "seconds")
        for problem in ("plain", _EVIL_PROBLEM)
    ],
    pairs=[Pair("lattice_gp", _EVIL, f"ours beats {_EVIL}.", 0.01, 0.02, 0.8, (0.6, 0.9))],
    critical_difference=CriticalDifference(
        {"lattice_gp": 1.2, "tpe": 2.1, _EVIL: 2.7}, [["tpe", _EVIL]], "By a test."
    ),
    ert=[Ert("plain", name, "regret 0.1", math.inf, 0.0) for name in ("tpe", _EVIL)],
)


@pytest.fixture(scope="module")
def report(runs: list[Run], tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("plotly")
    path = page.write(runs, analyse(runs), tmp_path_factory.mktemp("html"), "sqlite:///x", _EXTRAS)
    assert path is not None
    return path


class _Page(HTMLParser):
    """Elements with their attributes, and the text of the data."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.data = ""
        self._in_data = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._in_data = tag == "script" and dict(attrs).get("id") == "data"

    def handle_endtag(self, tag: str) -> None:
        self._in_data = False

    def handle_data(self, data: str) -> None:
        if self._in_data:
            self.data += data


def _parsed(report: Path) -> _Page:
    parser = _Page()
    parser.feed(report.read_text(encoding="utf-8"))
    return parser


def test_page_holds_everything_and_asks_for_nothing(report: Path) -> None:
    parser = _parsed(report)
    tags = [tag for tag, _ in parser.elements]
    # Names must not have become elements.
    assert "img" not in tags and "b" not in tags and tags.count("script") == 3
    for tag, attributes in parser.elements:
        for name in ("src", "href", "action", "data"):
            assert not re.match(r"\w+:(?!,)|//", attributes.get(name) or ""), (tag, attributes)
    policy = [a["content"] for t, a in parser.elements if a.get("http-equiv")]
    assert policy and policy[0] is not None and "default-src 'none'" in policy[0]
    # Neither a placeholder left nor one of a name filled in.
    assert "/*SCRIPT*/" not in report.read_text(encoding="utf-8")


def test_data_of_the_page(report: Path, runs: list[Run]) -> None:
    data = json.loads(_parsed(report).data)
    assert [sampler["name"] for sampler in data["samplers"]] == ["lattice_gp", "tpe", _EVIL]
    assert [problem["name"] for problem in data["problems"]] == ["plain", _EVIL_PROBLEM]
    counts = data["counts"]
    assert counts["trials"] == 17 * 6 + 4 and counts["planned"] == 18 * 6
    # One of each study has failed.
    assert counts["failed"] == 18 and counts["diverged"] == 0
    assert counts["unfinished"] == [f"{_EVIL_PROBLEM}, {_EVIL}, seed 2: 4 of 6 trials"]
    row = data["problems"][0]["rows"][0]
    values = [[t.values[0] for t in run.trials if t.values] for run in runs[:3]]
    assert row["best"][-1]["mean"] == pytest.approx(np.mean([min(v) for v in values]), rel=1e-5)
    assert row["finals"] == [[k, pytest.approx(min(v), rel=1e-5)] for k, v in enumerate(values)]
    assert row["failed_share"] == pytest.approx(1 / 6, rel=1e-5)
    assert row["peak_memory_mib"] == 120 and row["measured_again"]["mean"] == 1.5
    assert row["objective_seconds"] == pytest.approx(6 * 1.5)
    assert row["ask_seconds"] == pytest.approx(0.006)
    assert data["ert"][0]["value"] == "inf"
    space = {parameter["name"]: parameter for parameter in data["problems"][0]["space"]}
    assert space["n"]["values"] == "8 to 64, step 8"
    assert space["rate"]["log"] and space["<i>kind"]["values"] == "a, </script>"


def test_means_over_problems_are_those_of_the_comparison(runs: list[Run]) -> None:
    data = build(runs, analyse(runs), "")
    at = data.overview.grid.index(6)
    for row in data.overview.overall:
        if row.column != "6":
            continue
        its = [entry for entry in data.overview.regrets if entry.sampler == row.sampler]
        means = [np.nanmean([regrets[at] for regrets in entry.rows]) for entry in its]
        assert row.mean == pytest.approx(np.mean(means))
        assert row.n_pairs == (5 if row.sampler == _EVIL else 6)


def test_samplers_are_ranked_where_the_first_of_them_ends() -> None:
    runs = [_run("plain", "lattice_gp", seed, 12, 12) for seed in range(3)]
    runs += [_run("plain", "tpe", seed) for seed in range(3)]
    data = build(runs, analyse(runs), "", Extras())
    assert data.overview.columns == ["6", "10", "12", "area"]
    assert data.critical_difference is not None
    assert "after 6 trials, over the 3 pairs" in data.critical_difference.note


def test_missing_studies_are_named(runs: list[Run]) -> None:
    some = [run for run in runs if (run.problem, run.sampler, run.seed) != ("plain", "tpe", 1)]
    some = [run for run in some if (run.problem, run.sampler) != (_EVIL_PROBLEM, "lattice_gp")]
    counts = build(some, analyse(some), "").counts
    assert counts.missing == [
        "plain, tpe: no study with seed 1",
        f"{_EVIL_PROBLEM}, lattice_gp: no study",
    ]
    assert (
        counts.seeds_differ == f"lattice_gp 3 (0-2), tpe 2 to 3 a problem (0-2), {_EVIL} 3 (0-2)"
    )
    assert build(runs, analyse(runs), "").counts.seeds_differ == ""


def test_values_of_a_problem_that_is_maximised_keep_their_sign() -> None:
    runs = [dataclasses.replace(_run("plain", "tpe", seed), sign=-1) for seed in range(2)]
    problem = build(runs, analyse(runs), "").problems[0]
    best = [max(t.values[0] for t in run.trials if t.values) for run in runs]
    row = problem.rows[0]
    assert row.best[-1].mean == pytest.approx(np.mean(best))
    assert row.best[-1].lower <= row.best[-1].mean <= row.best[-1].upper
    assert [value for _, value in row.finals] == pytest.approx(best)
    assert row.by_trials.mean == sorted(row.by_trials.mean)
    assert all(low <= high for low, high in zip(row.by_trials.lower, row.by_trials.upper))


@given(strategies.text())
def test_any_text_survives_and_ends_no_script(text: str) -> None:
    written = to_json({"name": text})
    assert json.loads(written) == {"name": text}
    assert not set(written) & set("<>&") and written.isascii()


@given(strategies.floats())
def test_any_number_is_json(value: float) -> None:
    read = json.loads(to_json([value]))[0]
    if math.isnan(value):
        assert read is None
    elif math.isinf(value):
        assert read == ("inf" if value > 0 else "-inf")
    else:
        assert read == pytest.approx(value, rel=1e-5, abs=0)


@given(strategies.integers(0, 500), strategies.integers(2, 60))
def test_evenly_keeps_the_ends(n_items: int, n_kept: int) -> None:
    kept = thin.evenly(n_items, n_kept)
    assert len(kept) == min(n_items, n_kept)
    assert (np.diff(kept) > 0).all()
    if n_items:
        assert kept[0] == 0 and kept[-1] == n_items - 1


def test_band_keeps_the_points_where_something_changes() -> None:
    mean = np.array([3.0, 3.0, 2.0, 2.0, 2.0])
    upper = np.array([4.0, 4.0, 4.0, 3.0, 3.0])
    band = thin.band(MeanCurve(np.arange(1.0, 6.0), mean, mean - 1, upper), -1, 10)
    assert band.x == [1, 3, 4, 5]
    assert band.mean == [-3, -2, -2, -2]
    assert band.lower == [-4, -4, -3, -3] and band.upper == [-2, -1, -1, -1]


def test_without_plotly_nothing_is_written(
    runs: list[Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert page.write(runs, [], tmp_path, "") is None
    assert list(tmp_path.iterdir()) == []
    assert "pip install" in page.MISSING


# The page's numbers as text, without a browser.
_NUMBERS = """
const nothing = JSON.stringify({ samplers: [], problems: [], overview: { regrets: [] } });
globalThis.document = { getElementById: () => ({ textContent: nothing }) };
globalThis.window = { matchMedia: () => ({}) };
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="no node")
def test_numbers_are_rounded_as_in_the_other_tables() -> None:
    core = Path(page.__file__).with_name("parts") / "core.js"
    # With four seeds p values are multiples of 1/8, and eighths are the shares of eight trials.
    values = [n / 16 for n in range(1, 40)] + [0.145, 0.155, 0.0005, 0.3, 1 / 3, 12.125, 1.0625]
    shown = "[pValue(x), fixed(x, 2), fixed(x, 3), percent(x), number(x)]"
    script = f"console.log(JSON.stringify({json.dumps(values)}.map((x) => {shown})))"
    done = subprocess.run(
        ["node"],
        input=_NUMBERS + core.read_text(encoding="utf-8") + script,
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
    )
    for value, (p_value, *fixed, percent, number) in zip(values, json.loads(done.stdout)):
        assert fixed == [f"{value:.2f}", f"{value:.3f}"]
        assert percent == (f"{100 * value:.0f}%" if value > 0.005 else "< 1%")
        assert float(number) == float(f"{value:.4g}")
        if value >= 0.001:
            assert float(p_value) == float(show_p(value))


@pytest.fixture(scope="module")
def chromium() -> Iterator[str]:
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    found = next((path for path in map(shutil.which, names) if path), None)
    if found is None:
        pytest.skip("no chromium")
    yield found


# What the browser test does on the page, and what it then writes as the page's title.
_ACTIONS = """
const errors = [];
window.addEventListener("error", (event) => errors.push(event.message));
document.addEventListener("securitypolicyviolation", (event) => errors.push(event.blockedURI));
const column = (id, at) => [...document.querySelectorAll(`#${id} tbody tr`)]
  .map((row) => row.children[at].textContent);
const wait = () => new Promise((done) => setTimeout(done, 150));
window.addEventListener("load", async () => {
  const result = {};
  try {
    result.plots = document.querySelectorAll(".plot .main-svg").length > 0;
    result.heat = column("heat", 0);
    const button = document.querySelector("#overall thead th:nth-child(4) button");
    button.click();
    result.up = column("overall", 3).map(parseFloat);
    button.click();
    result.down = column("overall", 3).map(parseFloat);
    result.sort = button.parentElement.getAttribute("aria-sort");
    document.querySelector("#filter-samplers .chip input").click();
    await wait();
    result.filtered = column("overall", 0);
    document.querySelector("#filter-problems .chip input").click();
    await wait();
    result.heatFiltered = column("heat", 0);
    result.caption = document.querySelector("#overall caption").textContent;
    const select = document.getElementById("page-select");
    select.selectedIndex = 2;
    select.dispatchEvent(new Event("change"));
    await wait();
    result.title = document.querySelector("h1").textContent;
    result.quality = column("quality", 0);
    result.reached = [...document.querySelectorAll("#to-target tbody tr")].map((row) => [2, 3].map((at) => row.children[at].textContent));
    result.wide = document.documentElement.scrollWidth > document.documentElement.clientWidth;
  } catch (error) {
    errors.push(String(error));
  }
  result.errors = errors;
  const node = document.createElement("pre");
  node.id = "result";
  node.textContent = encodeURIComponent(JSON.stringify(result));
  document.body.append(node);
});
"""


@pytest.mark.slow
def test_in_a_browser(report: Path, chromium: str, tmp_path: Path) -> None:
    text = report.read_text(encoding="utf-8")
    acting = tmp_path / "acting.html"
    acting.write_text(text.replace("<body>", f"<body><script>{_ACTIONS}</script>", 1), "utf-8")
    flags = "--headless --no-sandbox --disable-gpu --no-first-run --disable-sync --disable-quic"
    flags += " --disable-background-networking --disable-component-update --window-size=360,800"
    done = subprocess.run(
        [
            chromium,
            *flags.split(),
            f"--user-data-dir={tmp_path / 'profile'}",
            "--virtual-time-budget=20000",
            "--dump-dom",
            acting.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=600,
    )
    match = re.search(r'<pre id="result">([^<]*)</pre>', done.stdout)
    assert match is not None, done.stderr[-2000:]
    result = json.loads(unquote(match[1]))
    assert result["errors"] == []
    assert result["plots"]
    assert result["heat"] == ["plain", _EVIL_PROBLEM]
    assert result["up"] == sorted(result["up"])
    assert result["down"] == sorted(result["up"], reverse=True)
    assert result["sort"] == "descending"
    assert sorted(result["filtered"]) == sorted(["tpe", _EVIL])
    assert result["heatFiltered"] == [_EVIL_PROBLEM]
    assert "1 of 2 problems" in result["caption"]
    assert result["title"] == f"{_EVIL_PROBLEM} (<small>)"
    assert result["quality"] == ["tpe", _EVIL]
    assert all(
        re.match(r"\d\S* \[\d.*, .*\]$|∞$", cell) for row in result["reached"] for cell in row
    )
    # Half of TPE's seeds have its own median; every trial takes 1.503 seconds.
    trials, seconds = (float(cell.split()[0]) for cell in result["reached"][0])
    assert seconds == pytest.approx(1.503 * trials, abs=0.01)
    assert not result["wide"]
