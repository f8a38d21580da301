"""The report as one HTML page: what it holds, and what a browser makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
import json
from pathlib import Path
import re
import shutil
import subprocess
from urllib.parse import unquote

import numpy as np
import pytest

from benchmarks.analysis.studies.results import Run
from benchmarks.reporting.analysed import analyse
from benchmarks.reporting.html_report import page
from benchmarks.tables import show_p
from tests.evil_runs import all_runs
from tests.evil_runs import EVIL
from tests.evil_runs import EVIL_PROBLEM
from tests.evil_runs import EXTRAS


@pytest.fixture(scope="module")
def runs() -> list[Run]:
    return all_runs()


@pytest.fixture(scope="module")
def report(runs: list[Run], tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("plotly")
    path = page.write(runs, analyse(runs), tmp_path_factory.mktemp("html"), "sqlite:///x", EXTRAS)
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
    assert [sampler["name"] for sampler in data["samplers"]] == ["lattice_gp", "tpe", EVIL]
    assert [problem["name"] for problem in data["problems"]] == ["plain", EVIL_PROBLEM]
    counts = data["counts"]
    assert counts["trials"] == 17 * 6 + 4 and counts["planned"] == 18 * 6
    # One of each study has failed.
    assert counts["failed"] == 18 and counts["diverged"] == 0
    assert counts["unfinished"] == [f"{EVIL_PROBLEM}, {EVIL}, seed 2: 4 of 6 trials"]
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
    assert result["heat"] == ["plain", EVIL_PROBLEM]
    assert result["up"] == sorted(result["up"])
    assert result["down"] == sorted(result["up"], reverse=True)
    assert result["sort"] == "descending"
    assert sorted(result["filtered"]) == sorted(["tpe", EVIL])
    assert result["heatFiltered"] == [EVIL_PROBLEM]
    assert "1 of 2 problems" in result["caption"]
    assert result["title"] == f"{EVIL_PROBLEM} (<small>)"
    assert result["quality"] == ["tpe", EVIL]
    assert all(
        re.match(r"\d\S* \[\d.*, .*\]$|∞$", cell) for row in result["reached"] for cell in row
    )
    # Half of TPE's seeds have its own median; every trial takes 1.503 seconds.
    trials, seconds = (float(cell.split()[0]) for cell in result["reached"][0])
    assert seconds == pytest.approx(1.503 * trials, abs=0.01)
    assert not result["wide"]
