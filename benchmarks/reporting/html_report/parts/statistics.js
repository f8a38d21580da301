// Means over the chosen problems. With all problems the page shows what Python worked out.

const N_RESAMPLES = 500;
const REGRETS = new Map();
for (const entry of DATA.overview.regrets) {
  if (!REGRETS.has(entry.sampler)) REGRETS.set(entry.sampler, new Map());
  REGRETS.get(entry.sampler).set(entry.problem, entry);
}

// Random numbers from a seed, the same every time (mulberry32).
function random(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

// The rows of a sampler by problem, those only that have got to a column.
function groupsAt(sampler, problems, column) {
  const groups = [];
  for (const problem of problems) {
    const entry = REGRETS.get(sampler)?.get(problem);
    const rows = entry ? entry.rows.filter((row) => row[column] !== null) : [];
    if (rows.length) groups.push(rows);
  }
  return groups;
}

// Mean over the rows of each group, then over the groups, with a 95% bootstrap interval: rows are
// drawn within their group, the same ones for all columns.
function meanWithInterval(groups, columns) {
  const nColumns = columns.length;
  const mean = new Float64Array(nColumns);
  for (const rows of groups) {
    for (const row of rows) columns.forEach((column, at) => { mean[at] += row[column] / rows.length / groups.length; });
  }
  const resampled = columns.map(() => new Float64Array(N_RESAMPLES));
  const draw = random(1);
  for (let sample = 0; sample < N_RESAMPLES; sample++) {
    for (const rows of groups) {
      const weight = 1 / rows.length / groups.length;
      for (let k = 0; k < rows.length; k++) {
        const row = rows[Math.floor(draw() * rows.length)];
        for (let at = 0; at < nColumns; at++) resampled[at][sample] += row[columns[at]] * weight;
      }
    }
  }
  const low = Math.ceil(0.025 * N_RESAMPLES) - 1;
  const high = Math.ceil(0.975 * N_RESAMPLES) - 1;
  resampled.forEach((values) => values.sort());
  return { mean: [...mean], lower: resampled.map((v) => v[low]), upper: resampled.map((v) => v[high]) };
}

const columnIndex = (column) => (column === "area" ? DATA.overview.grid.length : DATA.overview.grid.indexOf(Number(column)));

// Mean ranks of some samplers over the pairs of problem and seed that all of them have.
function meanRanks(samplers, problems, column) {
  const totals = samplers.map(() => 0);
  let nPairs = 0;
  for (const problem of problems) {
    const tables = samplers.map((sampler) => {
      const entry = REGRETS.get(sampler)?.get(problem);
      return new Map(entry ? entry.seeds.map((seed, at) => [seed, entry.rows[at][column]]) : []);
    });
    for (const seed of tables[0].keys()) {
      const values = tables.map((table) => table.get(seed) ?? null);
      if (values.includes(null)) continue;
      nPairs++;
      values.forEach((value, at) => {
        const lower = values.filter((other) => other < value).length;
        const equal = values.filter((other) => other === value).length;
        totals[at] += lower + (equal + 1) / 2;
      });
    }
  }
  return { nPairs, ranks: new Map(samplers.map((sampler, at) => [sampler, nPairs ? totals[at] / nPairs : null])) };
}

// The table of the first page: of all problems as Python has it, else worked out here.
function overallCell(sampler, column, problems) {
  if (allProblemsShown()) return DATA.overview.overall.find((row) => row.sampler === sampler && row.column === column) ?? null;
  const index = columnIndex(column);
  const groups = groupsAt(sampler, problems, index);
  if (!groups.length) return null;
  const { mean, lower, upper } = meanWithInterval(groups, [index]);
  return { mean: mean[0], lower: lower[0], upper: upper[0], n_problems: groups.length, n_pairs: groups.flat().length };
}

const curveCache = new Map();

// The mean curve of a sampler, up to where it stands for the most: problems times trials.
function regretCurve(sampler, problems) {
  const key = JSON.stringify([sampler, problems]);
  if (curveCache.has(key)) return curveCache.get(key);
  const grid = DATA.overview.grid;
  let best = { worth: 0, horizon: -1 };
  grid.forEach((trials, column) => {
    const worth = trials * groupsAt(sampler, problems, column).length;
    if (worth > best.worth) best = { worth, horizon: column };
  });
  const groups = best.horizon < 0 ? [] : groupsAt(sampler, problems, best.horizon);
  const columns = grid.map((_, column) => column).slice(0, best.horizon + 1);
  const curve = { x: grid.slice(0, best.horizon + 1), n_problems: groups.length, ...meanWithInterval(groups, columns) };
  curveCache.set(key, curve);
  return curve;
}

// Value of a function of steps at x; `before` ahead of its first step.
function stepAt(xs, ys, x, before) {
  let low = 0;
  let high = xs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (xs[middle] <= x) low = middle + 1;
    else high = middle;
  }
  return low ? ys[low - 1] : before;
}

// The mean of several functions of steps that begin at 0, at no more than 200 points.
function meanOfSteps(curves) {
  let xs = [...new Set(curves.flatMap((curve) => curve.x))].sort((a, b) => a - b);
  if (xs.length > 200) xs = Array.from({ length: 200 }, (_, k) => xs[Math.round((k * (xs.length - 1)) / 199)]);
  const y = xs.map((x) => curves.reduce((sum, curve) => sum + stepAt(curve.x, curve.y, x, 0), 0) / curves.length);
  return { x: xs, y };
}
