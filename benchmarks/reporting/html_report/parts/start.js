// Which page is shown: #problem=NAME, else the overview.

const main = document.getElementById("main");
const pageSelect = document.getElementById("page-select");

function currentProblem() {
  const match = /^#problem=(.*)$/s.exec(location.hash);
  if (!match) return { name: null, problem: null };
  let name = match[1];
  try {
    name = decodeURIComponent(name);
  } catch {
    // Not written by this page: taken as it is.
  }
  return { name, problem: PROBLEMS.get(name) ?? null };
}

function show() {
  const { name, problem } = currentProblem();
  forgetFigures();
  const unknown = name !== null && !problem ? [el("p", { class: "warn", role: "alert" }, `There is no problem called ${name} here.`)] : [];
  const nodes = problem ? problemPage(problem) : overviewPage();
  main.replaceChildren(...[...unknown, ...nodes].filter((node) => node !== null && node !== ""));
  document.title = (problem ? `${problem.name} – ` : "") + "Comparison of samplers";
  pageSelect.selectedIndex = problem ? 1 + DATA.problems.indexOf(problem) : 0;
  document.getElementById("home").toggleAttribute("aria-current", !problem);
  drawFigures();
}

pageSelect.append(el("option", {}, "– choose –"), ...DATA.problems.map((problem) => el("option", {}, problem.name)));
pageSelect.addEventListener("change", () => {
  const at = pageSelect.selectedIndex - 1;
  location.hash = at < 0 ? "#overview" : problemHash(DATA.problems[at].name);
});
window.addEventListener("hashchange", () => {
  if (location.hash === "#main") return;
  show();
  window.scrollTo(0, 0);
  main.querySelector("h1")?.focus({ preventScroll: true });
});
document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
darkQuery.addEventListener("change", () => { recolorChips(); repaint(); });

buildFilters(() => { sayFilters(); show(); });
show();
