// The page of a problem.

function problemPage(problem) {
  const rows = problem.rows.filter((row) => shown.samplers.has(row.sampler));
  const names = rows.map((row) => row.sampler);
  const word = problem.sign > 0 ? "loss" : "value";
  return [
    el("h1", { tabindex: "-1" }, problem.title),
    el("p", { class: /^UNFINISHED/.test(problem.state) ? "warn" : null }, problem.state),
    ...(rows.length ? [
      ...qualitySection(problem, rows), ...curveSection(problem, rows, names, word),
      el("div", { class: "grid" }, finalsFigure(problem, rows, word), scatterFigure(problem, rows, names, word)),
      ...costSection(problem, rows), ...targetSection(problem, rows), ...ertSection(names, [problem.name], problem.name),
    ] : [el("p", { class: "warn" }, "The filters leave nothing to show.")]),
    ...spaceSection(problem),
  ];
}

const rowClass = (problem, row) => (row.sampler === problem.reference ? "reference" : null);

function qualitySection(problem, rows) {
  const has = (key) => rows.some((row) => row[key] !== null);
  const optional = [["noise_free", "noise-free", "value of the final incumbent without noise"], ["measured_again", "measured again", "final incumbent measured again with fresh seeds"]].filter(([key]) => has(key));
  const failed = rows.some((row) => row.failed_share > 0);
  const shares = [
    [has("wasted_share"), "wasted_share", "wasted", "share of the trials in the second half of the budget that are no better than the median trial of random"],
    [failed, "failed_share", "failed", "share of trials without a value"],
    [true, "bad_share", failed ? "or diverged" : "diverged", "share of trials that failed or diverged"],
  ].filter(([isShown]) => isShown);
  const heads = ["sampler", "seeds", ...problem.marks.map((mark) => `best after ${mark}`), ...optional.map(([, label, title]) => ({ label, title })),
    ...shares.map(([, , label, title]) => ({ label, title })),
    ...(problem.reference ? [{ label: `p (${problem.reference})`, title: "paired Wilcoxon test of the final losses, uncorrected" }] : [])];
  const made = rows.map((row) => ({ className: rowClass(problem, row), cells: [
    cell(row.sampler), cell(row.n_complete === row.n_seeds ? String(row.n_seeds) : `${row.n_complete} of ${row.n_seeds}`, row.n_complete),
    ...row.best.map((mean) => cell(estimate(mean, row.n_seeds), mean.n ? mean.mean : null)),
    ...optional.map(([key]) => cell(estimate(row[key], row.n_complete), row[key]?.mean ?? null)),
    ...shares.map(([, key]) => numeric(row[key], percent)),
    ...(problem.reference ? [numeric(row.p_value, pValue)] : []),
  ] }));
  markBest(made, [...problem.marks, ...optional].map((_, at) => at + 2), problem.sign);
  return [sortableTable("quality", "Mean best value, with 95% bootstrap interval over seeds", heads, made)];
}

function curveSection(problem, rows, names, word) {
  const log = () => options.get(`log-${problem.name}`);
  const plot = (title, key, label, note) => figure(title, `Mean over seeds with 95% interval${note}.`, () => {
    const [low, high] = problem.value_range;
    const range = low === undefined || (log() && low <= 0) ? {} : { range: log() ? [Math.log10(low), Math.log10(high)] : [low, high] };
    return { traces: rows.flatMap((row) => bandTraces(row.sampler, row[key])), layout: { x: { title: label, rangemode: "tozero" }, y: { title: `best ${word} so far`, ...scaleOf(log(), rows.flatMap((row) => row[key].mean)), ...range } } };
  }, { legend: names });
  return [el("h2", {}, `Best ${word} so far`), el("div", { class: "controls" }, checkbox(`log-${problem.name}`, `log scale of the ${word}`)), el("div", { class: "grid" },
    plot("Against trials", "by_trials", "trials", ""), plot("Against seconds", "by_seconds", "seconds of objective and sampler", ", complete studies only"))];
}

function finalsFigure(problem, rows, word) {
  const drawnRows = [...rows].reverse();
  return figure(`Final ${word}`, "A point a seed, of complete studies; the line is the median.", () => ({
    traces: drawnRows.map((row) => ({
      type: "box", orientation: "h", x: finite(row.finals.map(([, value]) => value)), y: row.finals.map(() => plotText(row.sampler)), name: plotText(row.sampler),
      boxpoints: "all", jitter: 0.5, pointpos: 0, fillcolor: "rgba(0,0,0,0)", line: { width: 1.2, color: colorOf(row.sampler) }, marker: { size: 6, color: faded(colorOf(row.sampler), 0.75) }, whiskerwidth: 0,
      text: row.finals.map(([seed]) => `seed ${seed}`), hoveron: "points", hovertemplate: "%{text}: %{x:.5g}<extra>%{fullData.name}</extra>",
    })),
    layout: { x: { title: `final ${word}` }, y: { tickvals: drawnRows.map((row) => plotText(row.sampler)), ticktext: drawnRows.map((row) => plotText(shortened(row.sampler))) } },
  }), { height: Math.max(280, 110 + 30 * rows.length) });
}

function scatterFigure(problem, rows, names, word) {
  const parameters = ["trial", ...problem.space.map((parameter) => parameter.name)];
  const key = `scatter-${problem.name}`;
  const picker = choice(key, "Against", parameters.map((_, at) => at), 0, repaint, (at) => parameters[at]);
  return figure(`${word === "loss" ? "Losses" : "Values"} of trials`, "Some of the trials, evenly chosen.", () => {
    const at = options.get(key);
    const parameter = at ? problem.space[at - 1] : null;
    const xs = (row) => (parameter ? row.points.params[parameter.name] ?? [] : row.points.trial);
    const type = parameter?.kind === "categorical" ? "category" : parameter?.log ? "log" : "linear";
    const show = (value) => (type === "category" && value !== null ? plotText(value) : value);
    const [low, high] = spread(rows.flatMap((row) => row.points.value));
    return {
      traces: rows.map((row) => ({ x: xs(row).map(show), y: row.points.value, mode: "markers", name: plotText(row.sampler), marker: { size: 6, color: faded(colorOf(row.sampler), 0.6) },
        text: row.points.seed.map((seed, k) => `seed ${seed}, trial ${row.points.trial[k]}`), hovertemplate: "%{y:.5g} at %{x}<br>%{text}<extra>%{fullData.name}</extra>" })),
      layout: { x: { title: plotText(parameters[at]), type }, y: { title: word, type: options.get(`log-${problem.name}`) ? "log" : "linear", ...(options.get(`log-${problem.name}`) ? {} : { range: [low, high] }) } },
    };
  }, { legend: names, controls: [picker] });
}

// The range of most values: a few diverged trials would hide the rest. Zooming out shows them.
function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  if (!sorted.length) return [0, 1];
  const at = (share) => sorted[Math.round(share * (sorted.length - 1))];
  const [low, middle, high] = [at(0), at(0.5), at(1)];
  const limit = (side) => middle + 6 * (at(side) - middle);
  const top = high > limit(0.75) ? Math.max(limit(0.75), at(0.9)) : high;
  const bottom = low < limit(0.25) ? Math.min(limit(0.25), at(0.1)) : low;
  const margin = 0.05 * (top - bottom) || 0.05 * Math.abs(top) || 1;
  return [bottom - margin, top + margin];
}

function costSection(problem, rows) {
  const withMemory = rows.some((row) => row.peak_memory_mib !== null);
  const heads = ["sampler", { label: "a suggestion", title: "mean over trials" }, { label: "ask", title: "seconds a study to suggest" }, { label: "tell", title: "seconds a study to learn values" },
    { label: "objective", title: "seconds a study of the objective" }, ...(withMemory ? [{ label: "peak memory", title: "mean over seeds" }] : [])];
  const made = rows.map((row) => ({ className: rowClass(problem, row), cells: [
    cell(row.sampler), ...["seconds_a_suggestion", "ask_seconds", "tell_seconds", "objective_seconds"].map((key) => numeric(row[key], seconds)),
    ...(withMemory ? [numeric(row.peak_memory_mib, (value) => (value === null ? "–" : `${number(value, 3)} MiB`))] : []),
  ] }));
  return [el("h2", {}, "Time and memory"), sortableTable("cost", "Time a study, mean over complete seeds. Memory is the most that a worker process held, with all that earlier studies in it had loaded.", heads, made)];
}

function targetSection(problem, rows) {
  const timed = rows.filter((row) => row.to_target !== null);
  if (!timed.length) return [];
  const theirs = `of ${problem.target_sampler}'s`;
  const columns = [["half", "half", "when half of the seeds had it: the median"], ["expected", "expected", "what all seeds spent, until they had it or in vain, divided by the number of those that had it (ERT)"],
    ["ratio", theirs, `the expected one, divided by that of ${problem.target_sampler} over the seeds that both have`]];
  const places = columns.flatMap(([key, label, title]) => [["trials", "trials"], ["seconds", "s"]].map(([unit, shortUnit]) => ({ key, unit, label: `${label}, ${shortUnit}`, title })));
  const made = timed.map(({ sampler, to_target: its }) => ({ className: rowClass(problem, { sampler }), cells: [
    cell(sampler), cell(`${its.n_reached} of ${its.n_seeds}`, its.n_reached),
    ...places.map(({ key, unit }) => cell(withInterval(its[unit][key]), toNumber(its[unit][key].value))),
  ] }));
  return [el("h2", {}, `Until ${problem.target_sampler} is matched`), sortableTable("to-target", `Until its median final value, ${number(problem.target)}: trials, and seconds of objective and sampler, with 95% bootstrap interval over seeds`, ["sampler", "reached by", ...places.map(({ label, title }) => ({ label, title }))], made)];
}

function spaceSection(problem) {
  const rows = problem.space.map((parameter) => ({ cells: [cell(parameter.name), cell(parameter.kind), cell(parameter.values)] }));
  const settings = Object.entries(problem.settings);
  return [el("h2", {}, "Search space and settings"),
    sortableTable("space", `${plural(rows.length, "parameter")}, ${problem.sign > 0 ? "to be minimised" : "to be maximised"}`, ["parameter", { label: "kind", left: true }, { label: "values", left: true, wide: true }], rows),
    settings.length ? el("dl", {}, settings.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])) : null];
}
