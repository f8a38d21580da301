// Plots in the colours of the page. Those on the page are kept, to be drawn again in other colours.

let drawn = [];

// Plotly reads names as a kind of markup.
const plotText = (text) => String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function layoutOf({ x = {}, y = {}, height, ...rest }) {
  const narrow = window.innerWidth < 520;
  const axis = { gridcolor: css("--line"), zerolinecolor: css("--line"), linecolor: css("--line"), automargin: true, exponentformat: "e", fixedrange: narrow };
  const titled = ({ title, ...more }) => ({ ...axis, ...more, title: { text: title, standoff: 8 } });
  return {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", showlegend: false, hovermode: "closest",
    font: { color: css("--text"), size: narrow ? 11 : 12, family: getComputedStyle(document.body).fontFamily },
    hoverlabel: { bgcolor: css("--panel"), bordercolor: css("--line"), font: { color: css("--text") }, namelength: -1 },
    margin: { l: 48, r: 12, t: 12, b: 44 }, xaxis: titled(x), yaxis: titled(y), height, ...rest,
  };
}

// A figure whose traces and layout are made when it is drawn, so that they take today's colours.
// `legend` names the samplers that are explained below; `controls` stand above.
function figure(title, describe, make, { controls = [], legend = [], note = "", height = null } = {}) {
  const div = el("div", { class: "plot", role: "img", "aria-label": `Plot: ${title}`, style: height ? `height: ${height}px` : null });
  const keys = legend.length ? el("ul", { class: "legend" }, legend.map((name) => el("li", {}, swatch(name), el("span", {}, name)))) : null;
  const node = el("figure", {}, el("h3", {}, title), controls.length ? el("div", { class: "controls" }, controls) : null, div, keys,
    el("figcaption", {}, [describe, note].filter(Boolean).join(" ")));
  const draw = () => {
    const { traces, layout } = make();
    const config = { responsive: true, displaylogo: false, displayModeBar: window.innerWidth < 520 ? false : "hover", modeBarButtonsToRemove: ["select2d", "lasso2d"] };
    Plotly.react(div, traces, layoutOf({ ...layout, height: height ?? undefined }), config);
  };
  const redrawLegend = () => keys?.querySelectorAll("li").forEach((item, at) => item.firstChild.replaceWith(swatch(legend[at])));
  drawn.push({ div, draw, redrawLegend });
  return node;
}

// Drawn once they are on the page: before, they have no size.
const drawFigures = () => drawn.forEach(({ draw }) => draw());

function forgetFigures() {
  drawn.forEach(({ div }) => Plotly.purge(div));
  drawn = [];
}

function repaint() {
  drawn.forEach(({ draw, redrawLegend }) => { redrawLegend(); draw(); });
}

function faded(color, alpha) {
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
  return `rgba(${r},${g},${b},${alpha})`;
}

const finite = (values) => values.map((value) => (Number.isFinite(toNumber(value)) ? value : null));

// A line with its band: lower edge, upper edge filled down to it, mean.
function bandTraces(name, { x, mean, lower, upper }, { suffix = "" } = {}) {
  const color = colorOf(name);
  const main = name === DATA.reference;
  const common = { x, name: plotText(name + suffix), legendgroup: name, mode: "lines" };
  const edge = { ...common, line: { width: 0.5, color: faded(color, 0.45), shape: "hv" }, hoverinfo: "skip" };
  return [
    { ...edge, y: finite(lower) },
    { ...edge, y: finite(upper), fill: "tonexty", fillcolor: faded(color, main ? 0.18 : 0.1) },
    { ...common, y: finite(mean), line: { width: main ? 3 : 2, color, dash: dashOf(name), shape: "hv" }, hovertemplate: "%{y:.4g} at %{x:.4g}<extra>%{fullData.name}</extra>" },
  ];
}

// Lines of steps without a band.
function stepTrace(name, { x, y }) {
  return { x, y, name: plotText(name), mode: "lines", line: { width: name === DATA.reference ? 3 : 2, color: colorOf(name), dash: dashOf(name), shape: "hv" }, hovertemplate: "%{y:.0%} at %{x:.4g}<extra>%{fullData.name}</extra>" };
}

// A linear or logarithmic axis; of the latter, digits between the powers of ten only if there is room.
function scaleOf(log, values) {
  if (!log) return { type: "linear" };
  const positive = values.filter((value) => value > 0);
  const decades = positive.length ? Math.log10(Math.max(...positive) / Math.min(...positive)) : 0;
  const minor = { showgrid: decades < 4, gridcolor: faded(css("--line"), 0.5) };
  return decades < 1.5 ? { type: "log", tickmode: "array", ...wholeTicks(positive), minor } : { type: "log", dtick: Math.ceil(decades / 8), minor };
}

// 1, 2 and 5 times the powers of ten, in full: Plotly writes "2" for 0.2.
function wholeTicks(positive) {
  if (!positive.length) return {};
  const first = Math.floor(Math.log10(Math.min(...positive)));
  const last = Math.ceil(Math.log10(Math.max(...positive)));
  const exponents = Array.from({ length: last - first + 1 }, (_, at) => first + at);
  const tickvals = exponents.flatMap((exponent) => [1, 2, 5].map((digit) => Number(`${digit}e${exponent}`)));
  return { tickvals, ticktext: tickvals.map(String) };
}

const options = new Map();

// A box to tick that is remembered by name; a change draws the figures again.
function checkbox(name, label, byDefault = false) {
  if (!options.has(name)) options.set(name, byDefault);
  return el("label", {}, el("input", { type: "checkbox", checked: options.get(name), onchange: (event) => { options.set(name, event.target.checked); repaint(); } }), label);
}

// A choice that is remembered by name; a change calls `then`.
function choice(name, label, values, byDefault, then, show = String) {
  if (!values.includes(options.get(name))) options.set(name, byDefault);
  return el("label", {}, label, el("select", { onchange: (event) => { options.set(name, values[event.target.selectedIndex]); then(); } },
    values.map((value) => el("option", { selected: value === options.get(name) }, show(value)))));
}
