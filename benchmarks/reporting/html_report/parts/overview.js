// The first page.

const heading = (column) => (column === "area" ? "area" : `after ${column}`);
const filterNote = () => (allProblemsShown() ? "" : "Over all problems, whatever the filter says.");

function overviewPage() {
  const samplers = shownSamplers();
  const problems = shownProblems();
  const nothing = !samplers.length || !problems.length;
  return [
    el("h1", { tabindex: "-1" }, "Comparison of samplers"), ...comparedSection(),
    ...(nothing ? [el("p", { class: "warn" }, "The filters leave nothing to show.")] : [
      ...regretSection(samplers, problems), ...pairSection(samplers), ...rankSection(samplers), ...ecdfSection(samplers, problems),
      ...heatSection(samplers, problems), ...ertSection(samplers, problems),
    ]),
    ...madeSection(),
  ];
}

function tile(value, label) {
  return el("div", { class: "tile" }, el("strong", {}, value), el("span", {}, label));
}

function comparedSection() {
  const { counts } = DATA;
  const tiles = [
    tile(String(DATA.problems.length), DATA.problems.length === 1 ? "problem" : "problems"), tile(String(SAMPLERS.size), "samplers"),
    tile(ranges(counts.seeds), `${plural(counts.seeds.length, "seed")}`), tile(counts.studies.toLocaleString("en"), "studies"),
    tile(counts.trials.toLocaleString("en"), "trials"), tile(counts.failed.toLocaleString("en"), "failed"), tile(counts.diverged.toLocaleString("en"), "diverged"),
  ];
  const parts = [el("div", { class: "tiles" }, tiles)];
  if (counts.unfinished.length || counts.missing.length) {
    parts.push(el("div", { class: "warn" },
      counts.unfinished.length ? el("p", {}, el("strong", {}, "Unfinished: "), `${counts.complete} of ${counts.studies} studies are complete, ${counts.trials.toLocaleString("en")} of ${counts.planned.toLocaleString("en")} trials are there. Figures after so many trials are over the studies that have so many; totals, times and tests over complete ones.`) : null,
      folded(`${plural(counts.unfinished.length, "unfinished study")}`, counts.unfinished),
      counts.missing.length ? el("p", {}, el("strong", {}, "Missing: "), "not every sampler has every seed of every problem. Means are over what each has, tests over what both have.") : null,
      folded(`${counts.missing.length} gaps`, counts.missing)));
  } else parts.push(el("p", {}, "All studies are complete, and every sampler has every seed of every problem."));
  return parts;
}

const folded = (title, lines) => (lines.length ? el("details", {}, el("summary", {}, title), el("ul", {}, lines.map((line) => el("li", {}, line)))) : null);

function ranges(numbers) {
  const parts = [];
  for (const n of numbers) {
    const last = parts[parts.length - 1];
    if (last && n === last[1] + 1) last[1] = n;
    else parts.push([n, n]);
  }
  return parts.map(([from, to]) => (from === to ? String(from) : `${from}–${to}`)).join(", ");
}

function regretSection(samplers, problems) {
  const { columns, n_ranked: counts } = DATA.overview;
  const last = columns.slice(0, -1).filter((column) => counts[column]).pop() ?? columns[columns.length - 2];
  const found = samplers.map((name) => columns.map((column) => overallCell(name, column, problems)));
  const everything = allProblemsShown() && samplers.length === SAMPLERS.size;
  const ranked = meanRanks(samplers, problems, columnIndex(last));
  const nRanked = everything ? counts[last] : ranked.nPairs;
  const rows = samplers.map((name, at) => {
    const pairs = found[at].find((entry) => entry)?.n_pairs ?? 0;
    const figures = found[at].map((entry) => entry ? cell(`${fixed(entry.mean)} [${fixed(entry.lower)}, ${fixed(entry.upper)}]${entry.n_pairs < pairs ? ` (${entry.n_pairs})` : ""}`, entry.mean) : cell("–", null));
    const rank = everything ? found[at][columns.indexOf(last)]?.rank ?? null : ranked.ranks.get(name);
    return { className: name === DATA.reference ? "reference" : null, cells: [cell(name), numeric(pairs), ...figures, numeric(rank, (value) => (value === null ? "–" : toPlaces(value, 2)))] };
  });
  markRegrets(rows, columns.map((_, at) => at + 2));
  const scope = allProblemsShown() ? "all problems" : `${problems.length} of ${plural(ALL_PROBLEMS.length, "problem")}`;
  const caption = `Mean normalised regret over ${scope} and their seeds, with 95% bootstrap interval. Rank after ${last} trials among the samplers shown, over the ${nRanked} pairs of problem and seed that all of them have.`;
  const heads = ["sampler", "pairs", ...columns.map((column) => ({ label: heading(column), title: column === "area" ? "mean regret over all trials" : `mean regret after ${column} trials` })), "rank"];
  const curve = figure("Mean normalised regret against trials", "Mean over problems and seeds with 95% interval; 0 is the best known value, 1 a random point.", () => ({
    traces: samplers.flatMap((name) => {
      const data = regretCurve(name, problems);
      return data.n_problems ? bandTraces(name, data, { suffix: data.n_problems < problems.length ? ` (${data.n_problems} of ${problems.length} problems)` : "" }) : [];
    }),
    layout: { x: { title: "trials", rangemode: "tozero" }, y: { title: "mean normalised regret", ...scaleOf(options.get("regret-log"), samplers.flatMap((name) => regretCurve(name, problems).mean)), rangemode: options.get("regret-log") ? "normal" : "tozero" } },
  }), { legend: samplers, controls: [checkbox("regret-log", "log scale", true)] });
  return [el("h2", {}, "Regret over problems"), sortableTable("overall", caption, heads, rows), el("p", { class: "note" }, "Normalised regret: (value of the incumbent − best known) ÷ (median of random points − best known), from 0 to 1; of the incumbent without noise, where the problem tells it. Lower is better."), curve, folded(`${plural(DATA.overview.scales.length, "problem")} without reference values`, DATA.overview.scales)];
}

// The lowest of each column stands out, to the three digits that are shown.
function markRegrets(rows, columns) {
  for (const column of columns) {
    const values = rows.map((row) => row.cells[column].value).filter(Number.isFinite);
    if (values.length < 2) continue;
    const best = toPlaces(Math.min(...values), 3);
    for (const row of rows) if (Number.isFinite(row.cells[column].value) && toPlaces(row.cells[column].value, 3) === best) row.cells[column].className = "best";
  }
}

const MOST_SENTENCES = 10;

function pairSection(samplers) {
  const pairs = DATA.pairs.filter((pair) => samplers.includes(pair.reference) && samplers.includes(pair.other));
  if (!pairs.length) return [];
  const withChance = pairs.some((pair) => pair.probability_of_improvement !== null);
  const heads = [{ label: "sampler" }, { label: "against", left: true }, ...(withChance ? [{ label: "P(better)", title: "probability that the first is better than the second on a pair of problem and seed" }] : []), "p", { label: "p (Holm)", title: "corrected for the number of comparisons" }];
  const rows = pairs.map((pair) => ({ cells: [
    cell(pair.reference), cell(pair.other),
    ...(withChance ? [cell(pair.probability_of_improvement === null ? "–" : `${fixed(pair.probability_of_improvement, 2)}${pair.interval[0] === null ? "" : ` [${fixed(pair.interval[0], 2)}, ${fixed(pair.interval[1], 2)}]`}`, pair.probability_of_improvement)] : []),
    numeric(pair.p, pValue), numeric(pair.p_holm, pValue),
  ] }));
  // Those of the reference sampler first: ten samplers make 45 pairs.
  const isFirst = (pair) => pairs.length <= MOST_SENTENCES || [pair.reference, pair.other].includes(DATA.reference);
  const rest = pairs.filter((pair) => !isFirst(pair)).map((pair) => pair.sentence);
  return [el("h2", {}, "Which differences are real"), el("ul", { id: "sentences" }, pairs.filter(isFirst).map((pair) => el("li", {}, pair.sentence))),
    folded(`${rest.length} other pairs`, rest),
    sortableTable("pairs", `Paired tests. ${filterNote()}`.trim(), heads, rows)];
}

function rankSection(samplers) {
  const critical = DATA.critical_difference;
  const names = critical ? Object.keys(critical.ranks).filter((name) => samplers.includes(name)).sort((a, b) => critical.ranks[b] - critical.ranks[a]) : [];
  if (!names.length) return [];
  const cliques = critical.cliques.map((clique) => clique.filter((name) => names.includes(name))).filter((clique) => clique.length > 1);
  const worst = Math.max(...names.map((name) => critical.ranks[name]));
  const least = Math.min(...names.map((name) => critical.ranks[name]));
  const gap = Math.max(0.04 * (worst - least), 0.03);
  const title = cliques.length ? "Critical-difference diagram" : "Mean ranks";
  const describe = cliques.length ? "Samplers joined by a bar cannot be told apart." : "";
  const node = figure(title, `${describe} ${critical.note} ${filterNote()}`.trim(), () => ({
    traces: [
      { x: names.map((name) => critical.ranks[name]), y: names.map((_, at) => at), mode: "markers", marker: { size: 12, color: names.map(colorOf) }, text: names.map(plotText), hovertemplate: "%{text}: %{x:.2f}<extra></extra>" },
      ...cliques.map((clique, at) => {
        const places = clique.map((name) => names.indexOf(name));
        const x = worst + gap * (at + 1.5);
        return { x: [x, x], y: [Math.min(...places) - 0.2, Math.max(...places) + 0.2], mode: "lines", line: { width: 5, color: css("--text") }, text: plotText(clique.join(", ")), hovertemplate: "%{text}<extra>not told apart</extra>" };
      }),
    ],
    layout: { x: { title: "mean rank, 1 is best" }, y: { tickvals: names.map((_, at) => at), ticktext: names.map((name) => plotText(shortened(name))), range: [-0.6, names.length - 0.4] } },
  }), { height: 90 + 26 * names.length });
  return [el("h2", {}, "Ranks"), node];
}

function shortened(name) {
  const most = window.innerWidth < 520 ? 16 : 32;
  return name.length > most ? name.slice(0, most - 1) + "…" : name;
}

function ecdfSection(samplers, problems) {
  if (!DATA.ecdf.length) return [];
  const curvesOf = (axis, name) => {
    const its = DATA.ecdf.filter((curve) => curve.axis === axis && curve.sampler === name);
    const whole = its.find((curve) => curve.problem === "") ?? null;
    if (whole && allProblemsShown()) return whole;
    const byProblem = its.filter((curve) => problems.includes(curve.problem));
    return byProblem.length ? meanOfSteps(byProblem) : whole;
  };
  const figures = ["trials", "seconds"].filter((axis) => DATA.ecdf.some((curve) => curve.axis === axis)).map((axis) => {
    const whole = DATA.ecdf.every((curve) => curve.problem === "") ? filterNote() : "";
    return figure(`Share of targets reached against ${axis}`, `Over problems, seeds and targets; higher is better.${DATA.ecdf.some((curve) => curve.axis === axis && curve.unit && curve.unit !== axis) ? " Seconds are divided by the mean seconds of a trial of random search on the problem." : ""}`, () => ({
      traces: samplers.map((name) => [name, curvesOf(axis, name)]).filter(([, curve]) => curve).map(([name, curve]) => stepTrace(name, curve)),
      layout: { x: { title: plotText(DATA.ecdf.find((curve) => curve.axis === axis).unit || axis), type: options.get(`ecdf-log-${axis}`) ? "log" : "linear" }, y: { title: "share reached", range: [0, 1.02], tickformat: ".0%" } },
    }), { legend: samplers, note: whole, controls: [checkbox(`ecdf-log-${axis}`, "log scale", axis === "seconds")] });
  });
  return [el("h2", {}, "Targets reached"), el("div", { class: "grid" }, figures)];
}

function heatSection(samplers, problems) {
  const { columns } = DATA.overview;
  const last = columns[columns.length - 2];
  const holder = el("div");
  const fill = () => {
    const column = options.get("heat-column");
    const index = columnIndex(column);
    const rows = problems.map((problem) => {
      const means = samplers.map((name) => {
        const values = (REGRETS.get(name)?.get(problem)?.rows ?? []).map((row) => row[index]).filter((value) => value !== null);
        return values.length ? values.reduce((a, b) => a + b, 0) / values.length : null;
      });
      const known = means.filter((mean) => mean !== null);
      const best = known.length > 1 ? toPlaces(Math.min(...known), 3) : null;
      return { cells: [cell(problem, problem, { node: problemLink(problem) }), ...means.map((mean) => mean === null ? cell("–", null) : cell(toPlaces(mean, 3), mean, { style: heat(mean), className: toPlaces(mean, 3) === best ? "best" : null }))] };
    });
    holder.replaceChildren(sortableTable("heat", `Mean normalised regret ${column === "area" ? "over all trials" : `after ${column} trials`}, over seeds. The darker, the lower; the lowest of a row in bold.`, ["problem", ...samplers], rows, { tall: rows.length > 15 }));
  };
  const picker = choice("heat-column", "After", columns, last, fill, (column) => (column === "area" ? "all trials (area)" : `${column} trials`));
  fill();
  return [el("h2", {}, "Problem by problem"), el("div", { class: "controls" }, picker), holder];
}

function ertSection(samplers, problems, only = null) {
  const entries = DATA.ert.filter((entry) => samplers.includes(entry.sampler) && (only ? entry.problem === only : problems.includes(entry.problem)));
  if (!entries.length) return [];
  const targets = [...new Set(entries.map((entry) => entry.target))];
  const holder = el("div");
  const fill = () => {
    const its = entries.filter((entry) => entry.target === options.get("ert-target"));
    const byKey = new Map(its.map((entry) => [JSON.stringify([entry.problem, entry.sampler]), entry]));
    const rows = [...new Set(its.map((entry) => entry.problem))].map((problem) => {
      const cells = samplers.map((name) => {
        const entry = byKey.get(JSON.stringify([problem, name]));
        if (!entry) return cell("–", null);
        const share = entry.reached_share === null ? "" : ` (${percent(entry.reached_share)})`;
        const shownValue = entry.value === "inf" ? "never" : entry.unit === "seconds" ? seconds(entry.value) : number(entry.value, 3);
        return cell(shownValue + share, toNumber(entry.value));
      });
      const row = { cells: [cell(problem, problem, { node: problemLink(problem) }), ...cells] };
      const finiteValues = cells.map((entry) => entry.value).filter(Number.isFinite);
      if (finiteValues.length > 1) cells.forEach((entry) => { if (entry.value === Math.min(...finiteValues)) entry.className = "best"; });
      return row;
    });
    holder.replaceChildren(sortableTable("ert", `Expected ${its[0]?.unit ?? "trials"} until the target is reached (share of seeds that reached it).`, ["problem", ...samplers], rows, { tall: rows.length > 15 }));
  };
  const picker = choice("ert-target", "Target", targets, targets[0], fill);
  fill();
  return [el("h2", {}, "Expected running time"), el("div", { class: "controls" }, picker), holder];
}

function madeSection() {
  const versionRows = DATA.samplers.map((sampler) => ({ cells: [cell(sampler.name), cell(sampler.versions.join("; "))] }));
  const ways = DATA.made.flatMap((made) => [
    el("dt", {}, "Command"), el("dd", {}, el("code", {}, made.command || "–")),
    el("dt", {}, "Samplers"), el("dd", {}, made.samplers.join(", ")),
    el("dt", {}, "Versions"), el("dd", {}, Object.entries(made.versions).map(([name, version]) => `${name} ${version}`).join(", ")),
    el("dt", {}, "Workers"), el("dd", {}, `${made.jobs ?? "–"}, threads each: ${made.threads ?? "–"}`),
  ]);
  const differ = DATA.counts.seeds_differ;
  const seeds = differ ? `Not all samplers had the same seeds: ${differ}. Each problem had the same noise with the same seed.` : "All samplers had the same seeds, and each problem the same noise with the same seed.";
  return [el("h2", {}, "How it was made"), el("p", {}, seeds),
    el("dl", {}, ways, el("dt", {}, "Storage"), el("dd", {}, el("code", {}, DATA.storage))),
    sortableTable("versions", "Samplers and what identifies their code", ["sampler", { label: "version", left: true, wide: true }], versionRows)];
}
