// What all the rest needs: the data, elements, numbers as text, colours.

const DATA = JSON.parse(document.getElementById("data").textContent);
const SAMPLERS = new Map(DATA.samplers.map((sampler, index) => [sampler.name, { ...sampler, index }]));
const PROBLEMS = new Map(DATA.problems.map((problem) => [problem.name, problem]));
const DASHES = ["solid", "dash", "dot", "dashdot", "longdash"];

// What is shown, by name. The filters change it and draw everything again.
const shown = { samplers: new Set(SAMPLERS.keys()), problems: new Set(DATA.overview.regrets.map((r) => r.problem)) };
const ALL_PROBLEMS = [...shown.problems];
for (const name of PROBLEMS.keys()) shown.problems.add(name);

const darkQuery = window.matchMedia("(prefers-color-scheme: dark)");

// An element. Text goes in as text nodes, so names cannot become markup.
function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "checked" || name === "value" || name === "selected") node[name] = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat()) if (child !== null) node.append(child);
  return node;
}

const problemHash = (name) => "#problem=" + encodeURIComponent(name);
const problemLink = (name) => el("a", { href: problemHash(name) }, name);
const shownSamplers = () => [...SAMPLERS.keys()].filter((name) => shown.samplers.has(name));
const shownProblems = () => ALL_PROBLEMS.filter((name) => shown.problems.has(name));
const allProblemsShown = () => shownProblems().length === ALL_PROBLEMS.length;
const plural = (n, word) => `${n.toLocaleString("en")} ${n === 1 ? word : word.replace(/y$/, "ie") + "s"}`;

// Infinities come as text, what is not known as null.
function toNumber(value) {
  if (value === "inf") return Infinity;
  if (value === "-inf") return -Infinity;
  return value === null || value === undefined ? NaN : value;
}

// A half goes to the even neighbour, as in the tables that Python writes; JavaScript would round it up.
const SPARE = 30;
const isEvenAndHalf = (kept, rest) => /[02468]\.?$/.test(kept) && /^50*$/.test(rest);

function toPlaces(value, places) {
  const exact = value.toFixed(places + SPARE);
  const kept = exact.slice(0, -SPARE);
  return isEvenAndHalf(kept, exact.slice(-SPARE)) ? kept.replace(/\.$/, "") : value.toFixed(places);
}

function toDigits(value, digits) {
  const [mantissa, exponent] = value.toExponential(digits - 1 + SPARE).split("e");
  const kept = mantissa.slice(0, -SPARE);
  return Number(isEvenAndHalf(kept, mantissa.slice(-SPARE)) ? `${kept}e${exponent}` : value.toPrecision(digits));
}

function number(value, digits = 4) {
  value = toNumber(value);
  if (Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-4) return value.toExponential(2).replace("e+", "e");
  return String(toDigits(value, digits));
}

const fixed = (value, digits = 3) => (Number.isFinite(toNumber(value)) ? toPlaces(value, digits) : number(value));
const percent = (value) => (value === null ? "–" : (value > 0 && value <= 0.005 ? "< 1" : toPlaces(100 * value, 0)) + "%");
const pValue = (value) => (value === null ? "–" : value < 0.001 ? "< 0.001" : number(value, 2));

function seconds(value) {
  value = toNumber(value);
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "–" : "never";
  if (value < 1e-3) return number(value * 1e6, 3) + " µs";
  if (value < 1) return number(value * 1e3, 3) + " ms";
  if (value < 120) return number(value, 3) + " s";
  return value < 7200 ? number(value / 60, 3) + " min" : number(value / 3600, 3) + " h";
}

// A mean with its interval, and of how many seeds if not of all.
function estimate(mean, nAll) {
  if (mean === null || mean.n === 0 || mean.mean === null) return "–";
  const interval = mean.n < 2 || mean.lower === null ? "" : ` [${number(mean.lower)}, ${number(mean.upper)}]`;
  return number(mean.mean) + interval + (mean.n < nAll ? ` (${mean.n})` : "");
}

// A figure with its interval, of trials, seconds or ratios.
function withInterval({ value, lower, upper }) {
  if (!Number.isFinite(toNumber(value))) return number(value);
  return `${number(value, 3)} [${number(lower, 3)}, ${number(upper, 3)}]`;
}

function colorOf(name) {
  const sampler = SAMPLERS.get(name);
  return darkQuery.matches ? sampler.dark_color : sampler.color;
}

const dashOf = (name) => DASHES[Math.floor(SAMPLERS.get(name).index % DASHES.length)];
const STROKES = { solid: "", dash: "6 3", dot: "2 3", dashdot: "6 3 2 3", longdash: "9 3" };

// A piece of the line that stands for a sampler in the plots.
function swatch(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("class", "swatch");
  svg.setAttribute("viewBox", "0 0 24 10");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(space, "line");
  const values = { x1: 0, x2: 24, y1: 5, y2: 5, stroke: colorOf(name), "stroke-width": 3, "stroke-dasharray": STROKES[dashOf(name)] };
  for (const [key, value] of Object.entries(values)) line.setAttribute(key, value);
  svg.append(line);
  return svg;
}
