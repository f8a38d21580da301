// Tables that are sorted by a click on a heading, and stay so when they are drawn again.

const sortings = new Map();

// A cell: text to show, value to sort by, and where need be an element, a class or a colour.
const cell = (text, value = text, more = {}) => ({ text, value: typeof value === "string" && value !== text ? toNumber(value) : value, ...more });
const numeric = (value, show = number) => cell(show(value), value === "inf" ? Infinity : value);

// Unknown values come last, whichever way it is sorted.
function compareCells(one, other, down) {
  const [a, b] = [one.value, other.value];
  const unknown = (value) => value === null || value === undefined || Number.isNaN(value);
  if (unknown(a) || unknown(b)) return unknown(a) - unknown(b);
  const order = typeof a === "string" || typeof b === "string" ? String(a).localeCompare(String(b), "en", { numeric: true }) : a - b;
  return down ? -order : order;
}

// A table. `columns` are headings, or objects with `label`, `title`, `left` and `wide`; a row has `cells`
// and may have a `className`.
function sortableTable(id, caption, columns, rows, { tall = false } = {}) {
  const heads = columns.map((column) => (typeof column === "string" ? { label: column } : column));
  const body = el("tbody");
  const ths = heads.map((head, at) =>
    el("th", { scope: "col", class: head.left ? "left" : null, title: head.title },
      el("button", { type: "button", onclick: () => sortBy(at) }, head.label)));
  function fill() {
    const sorting = sortings.get(id);
    const sorted = [...rows];
    if (sorting) sorted.sort((a, b) => compareCells(a.cells[sorting.at], b.cells[sorting.at], sorting.down));
    ths.forEach((th, at) => th.setAttribute("aria-sort", sorting?.at === at ? (sorting.down ? "descending" : "ascending") : "none"));
    body.replaceChildren(...sorted.map((row) => el("tr", { class: row.className }, row.cells.map((entry, at) => tableCell(entry, at, heads[at])))));
  }
  function sortBy(at) {
    const before = sortings.get(id);
    sortings.set(id, { at, down: before?.at === at ? !before.down : false });
    fill();
  }
  if (sortings.has(id) && sortings.get(id).at >= heads.length) sortings.delete(id);
  fill();
  const table = el("table", { id }, el("caption", {}, el("span", {}, caption)), el("thead", {}, el("tr", {}, ths)), body);
  return el("div", { class: tall ? "scroll tall" : "scroll", tabindex: "0", role: "region", "aria-label": caption }, table);
}

function tableCell(entry, at, head) {
  const classes = [entry.className, head.left ? "left" : "", head.wide ? "wide" : ""].filter(Boolean).join(" ");
  const attributes = { class: classes || null, style: entry.style, title: at === 0 ? entry.text : entry.title };
  if (at === 0) attributes.scope = "row";
  return el(at === 0 ? "th" : "td", attributes, entry.node ?? entry.text);
}

// The lowest of each column stands out, to the digits that are shown.
function markBest(rows, columns, sign = 1) {
  for (const column of columns) {
    const numbers = rows.map((row) => row.cells[column].value).filter((value) => Number.isFinite(value));
    if (numbers.length < 2) continue;
    const best = sign * Math.min(...numbers.map((value) => sign * value));
    for (const row of rows) if (number(row.cells[column].value) === number(best)) row.cells[column].className = "best";
  }
}

// How strong the ground of a cell is: the lower the regret, the stronger.
const heat = (regret) => (Number.isFinite(regret) ? `background: rgba(var(--heat), ${(0.55 * (1 - Math.sqrt(Math.min(1, Math.max(0, regret))))).toFixed(3)})` : null);
