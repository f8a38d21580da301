// The filters: they act on all plots and tables at once.

function buildFilters(changed) {
  const body = document.getElementById("filter-body");
  const samplerChips = chips([...SAMPLERS.keys()], shown.samplers, changed, true);
  const problemChips = chips(ALL_PROBLEMS, shown.problems, changed, false);
  const search = el("input", { type: "search", placeholder: "part of a name", "aria-label": "Find problems", oninput: () => {
    for (const { chip, name } of problemChips.items) chip.hidden = !matches(name);
  } });
  const matches = (name) => name.toLowerCase().includes(search.value.toLowerCase());
  const group = (title, set, { node, update }, extra, visible) =>
    el("fieldset", { id: `filter-${title.toLowerCase()}` }, el("legend", {}, title), el("div", { class: "row" },
      el("button", { type: "button", onclick: () => { visible().forEach((name) => set.add(name)); update(); changed(); } }, "all"),
      el("button", { type: "button", onclick: () => { visible().forEach((name) => set.delete(name)); update(); changed(); } }, "none"), extra), node);
  body.append(
    group("Samplers", shown.samplers, samplerChips, null, () => [...SAMPLERS.keys()]),
    ALL_PROBLEMS.length > 1 ? group("Problems", shown.problems, problemChips, search, () => ALL_PROBLEMS.filter(matches)) : "");
  if (window.innerWidth < 700 || SAMPLERS.size + ALL_PROBLEMS.length > 40) document.getElementById("filters").open = false;
  sayFilters();
}

function chips(names, set, changed, withSwatch) {
  const items = names.map((name) => {
    const box = el("input", { type: "checkbox", checked: set.has(name), onchange: (event) => {
      if (event.target.checked) set.add(name);
      else set.delete(name);
      changed();
    } });
    return { name, box, chip: el("label", { class: "chip" }, box, withSwatch ? swatch(name) : null, el("span", {}, name)) };
  });
  const update = () => items.forEach(({ box, name }) => { box.checked = set.has(name); });
  return { items, update, node: el("div", { class: "chips" }, items.map(({ chip }) => chip)) };
}

function sayFilters() {
  const parts = [[shownSamplers().length, SAMPLERS.size, "sampler"], [shownProblems().length, ALL_PROBLEMS.length, "problem"]];
  document.getElementById("filter-state").textContent = parts.map(([n, all, word]) => `${n === all ? "all" : n + " of"} ${plural(all, word)}`).join(", ");
}

function recolorChips() {
  document.querySelectorAll("#filter-samplers .chip").forEach((chip) => chip.querySelector("svg").replaceWith(swatch(chip.querySelector("span").textContent)));
}
