// report.js: a report as CSV, as one line of text a result, and as a page of its own with charts.
import { workloads } from '../../web/workloads.js';

const columns = [
  ...['engine', 'problem', 'input', 'variant', 'workers', 'metric', 'unit'],
  ...['median', 'min', 'max', 'runs', 'error'],
];

const cell = (value) => {
  const text = Array.isArray(value) ? value.join(' ') : String(value ?? '');
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

export const asCsv = ({ results }) =>
  `${[columns, ...results.map((one) => columns.map((name) => one[name]))]
    .map((row) => row.map(cell).join(','))
    .join('\n')}\n`;

/** A figure with three significant digits or so. */
export function short(value) {
  if (value === null || value === undefined) return '-';
  const size = Math.abs(value);
  if (size >= 1e6) return `${(value / 1e6).toFixed(size >= 1e7 ? 1 : 2)} M`;
  if (size >= 1e4) return `${(value / 1e3).toFixed(size >= 1e5 ? 0 : 1)} k`;
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 3);
}

export function asLine(one) {
  const where = `${one.engine} ${one.problem}${one.input ? ` (${one.input})` : ''}`;
  const head = `${where}: ${one.variant} x${one.workers}`;
  if (one.runs.length === 0) return `${head}: ${one.error}`;
  const spread =
    one.runs.length > 1 ? ` (${short(one.min)} to ${short(one.max)}, ${one.runs.length} runs)` : '';
  return `${head}: ${one.metric} ${short(one.median)} ${one.unit}${spread}${one.error ? `, then ${one.error}` : ''}`;
}

/* ---- the page ---- */

const plain = (text) =>
  String(text).replace(
    /[&<>"]/g,
    (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign],
  );

// Metrics where more is better; all the others are times, bytes and ratios to a twin.
const upwards = new Set(['tasks_per_s', 'speedup']);
const titles = {
  ms: 'time, ms',
  serial_ms: 'time of the serial twin, ms',
  us: 'time a task, µs',
  stall_ms: 'longest task of the page’s thread, ms',
  tasks_per_s: 'tasks a second',
  speedup: 'speed-up over the serial twin',
  t1_over_ts: 'one worker over serial (T1/Ts)',
  ns_per_spawn: 'cost of a spawn, ns',
  bytes: 'bytes',
  over_bound: 'time over max(sum / workers, longest task)',
  tasks: 'tasks spawned',
  chain: 'tasks on the longest chain',
  span_ms: 'time on the longest chain, ms',
  spans_above: 'time above T1 / min(P, cores), in spans',
};
const ROW = 22;
const LEFT = 190;
const WIDTH = 760;
const RIGHT = 90;

const isPenny = ({ variant }) => variant.startsWith('penny');
const isFloor = ({ variant }) =>
  ['serial', 'serial-copies', 'shared-queue', 'ping-pong', 'wait-async', 'bare-workers'].includes(
    variant,
  );

/** Bars from zero, or dots on a logarithmic axis where the values are too far apart; a line from min to max. */
function chart(rows) {
  const good = rows.filter(({ runs }) => runs.length);
  const values = good.flatMap(({ min, max }) => [min, max]).filter((value) => value > 0);
  const most = Math.max(...values, 1e-9);
  const least = Math.min(...values, most);
  const isLog = most / least > 30 && good.every(({ min }) => min > 0);
  const [low, high] = isLog
    ? [Math.floor(Math.log10(least)), Math.ceil(Math.log10(most))]
    : [0, most * 1.02];
  const at = (value) => {
    const place = isLog ? Math.log10(value) : Math.max(0, value);
    return LEFT + ((place - low) / (high - low || 1)) * (WIDTH - LEFT - RIGHT);
  };
  const ticks = isLog
    ? Array.from({ length: high - low + 1 }, (_, idx) => 10 ** (low + idx))
    : [0, 0.25, 0.5, 0.75, 1].map((part) => part * most);
  const height = rows.length * ROW + 30;
  const bottom = height - 24;
  const axis = ticks.map(
    (tick) =>
      `<line class="grid" x1="${at(tick).toFixed(1)}" x2="${at(tick).toFixed(1)}" y1="0" y2="${bottom}"/>` +
      `<text class="tick" x="${at(tick).toFixed(1)}" y="${height - 8}">${short(tick)}</text>`,
  );
  const bars = rows.map((row, idx) => {
    const y = idx * ROW + 4;
    const middle = y + 7;
    const kind = isPenny(row) ? 'penny' : isFloor(row) ? 'floor' : 'peer';
    const label = `${plain(row.variant)}${row.workers ? ` ×${row.workers}` : ''}`;
    const name = `<text class="name ${kind}" x="${LEFT - 8}" y="${middle + 4}">${label}</text>`;
    if (!row.runs.length)
      return `${name}<text class="failed" x="${LEFT + 4}" y="${middle + 4}">${plain(row.error)}</text>`;
    const x = at(row.median);
    const shape = isLog
      ? `<circle class="${kind}" cx="${x.toFixed(1)}" cy="${middle}" r="5"/>`
      : `<rect class="${kind}" x="${LEFT}" y="${y}" width="${Math.max(1, x - LEFT).toFixed(1)}" height="14"/>`;
    const spread = `<line class="spread" x1="${at(row.min).toFixed(1)}" x2="${at(row.max).toFixed(1)}" y1="${middle}" y2="${middle}"/>`;
    const figure = `<text class="figure" x="${(Math.max(at(row.max), x) + 8).toFixed(1)}" y="${middle + 4}">${short(row.median)}${row.error ? ' !' : ''}</text>`;
    const hint = `${row.variant}: median ${short(row.median)} ${row.unit}, ${short(row.min)} to ${short(row.max)}, ${row.runs.length} runs${row.error ? `; ${row.error}` : ''}`;
    return `<g><title>${plain(hint)}</title>${name}${shape}${spread}${figure}</g>`;
  });
  const svg = `<svg viewBox="0 0 ${WIDTH} ${height}" role="img">${axis.join('')}${bars.join('')}</svg>`;
  return { svg, isLog };
}

const groupBy = (rows, key) => {
  const groups = new Map();
  for (const row of rows) {
    const name = key(row);
    if (!groups.has(name)) groups.set(name, []);
    groups.get(name).push(row);
  }
  return groups;
};

const style = `
:root { color-scheme: light dark; --ink: #1c2430; --paper: #fff; --faint: #8892a0; --grid: #e3e7ec;
  --penny: #c0512f; --peer: #8fa3b8; --floor: #4d7a5a; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ee; --paper: #14181d; --faint: #8a94a2; --grid: #2b323b;
  --penny: #e57a55; --peer: #6d8299; --floor: #74a883; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: .2rem; } h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--grid); }
h3 { font-size: 1rem; margin: 1.4rem 0 .3rem; } h3 small { font-weight: normal; color: var(--faint); }
p.about { color: var(--faint); margin: .2rem 0; }
svg { width: 100%; height: auto; font-size: 12px; } svg text { fill: var(--ink); }
.name { text-anchor: end; } .name.penny { font-weight: bold; } .tick { text-anchor: middle; fill: var(--faint); }
.grid { stroke: var(--grid); } .spread { stroke: var(--ink); stroke-width: 1.5; }
.penny:not(text) { fill: var(--penny); } .peer:not(text) { fill: var(--peer); } .floor:not(text) { fill: var(--floor); }
.failed { fill: var(--faint); font-style: italic; }
nav { columns: 4; font-size: .9rem; } nav a { display: block; color: inherit; }
.legend span::before { content: "■ "; } .legend .penny { color: var(--penny); } .legend .peer { color: var(--peer); } .legend .floor { color: var(--floor); }
`;

export function asHtml({ environment, results }) {
  const about = `commit ${environment.commit}; ${environment.cpu}, ${environment.cores} cores; ${environment.engine}; ${environment.date.slice(0, 16).replace('T', ' ')} UTC`;
  const sections = [];
  const links = [];
  for (const [problem, rows] of groupBy(results, (one) => one.problem)) {
    links.push(`<a href="#${plain(problem)}">${plain(problem)}</a>`);
    const charts = [];
    const keyOf = (one) =>
      JSON.stringify([one.engine, one.input ?? '', one.metric === 'serial_ms' ? 'ms' : one.metric]);
    for (const [key, group] of groupBy(rows, keyOf)) {
      const [engine, input, metric] = JSON.parse(key);
      const { svg, isLog } = chart(group);
      const way = upwards.has(metric) ? 'more is better' : 'less is better';
      const notes = [engine, input, way, isLog && 'logarithmic'].filter(Boolean).join(', ');
      charts.push(
        `<h3>${plain(titles[metric] ?? metric)} <small>${plain(notes)}</small></h3>${svg}`,
      );
    }
    sections.push(
      `<section id="${plain(problem)}"><h2>${plain(problem)}</h2>${charts.join('')}</section>`,
    );
  }
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Penny: benchmarks</title><style>${style}</style>
<h1>Penny: benchmarks</h1>
<p class="about">${plain(about)}</p>
<p class="about">Medians; the thin line runs from the least to the most. Variants took turns within one run, every answer was checked.</p>
<p class="legend"><span class="penny">Penny</span> &nbsp; <span class="peer">what one would use otherwise</span> &nbsp; <span class="floor">serial twins and floors written by hand</span></p>
<nav>${links.join('')}</nav>
${sections.join('\n')}
</html>
`;
}

/* ---- README.md ---- */

export function readmeTable({ environment, results }, workers) {
  const engine = 'chromium';
  const find = (problem, variant, count, metric) =>
    results.find(
      (one) =>
        one.engine === engine &&
        one.problem === problem &&
        one.variant === variant &&
        one.workers === count &&
        one.metric === metric &&
        one.median !== null,
    );
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const ms = (value) => value.toFixed(value < 100 ? 1 : 0);
  const twins = results.filter(
    (one) =>
      one.engine === engine &&
      one.variant === 'serial' &&
      one.metric === 'serial_ms' &&
      workloads.some(({ name }) => name === one.problem), // those of the page that `npm start` opens
  );
  const rows = twins.flatMap(({ problem, input, median }) => {
    const one = find(problem, 'penny-c', 1, 'ms');
    const all = find(problem, 'penny-c', workers, 'ms');
    const speedup = find(problem, 'penny-c', workers, 'speedup');
    if (!one || !all || !speedup || one.input !== input) return [];
    return [
      line([problem, input, ms(median), ms(one.median), ms(all.median), speedup.median.toFixed(2)]),
    ];
  });
  const spawn = find('fib', 'penny-c', 1, 'ns_per_spawn');
  const start = find('startup', 'penny-js', workers, 'ms');
  const latency = find('latency', 'penny-c', workers, 'us');
  const cost = spawn ? `, ${spawn.median.toFixed(1)} ns each.` : '.';
  const pool = start ? `A pool of ${workers} is ready in ${ms(start.median)} ms` : '';
  const call = latency ? `one call and its result take ${latency.median.toFixed(0)} µs` : '';
  const browser = environment.engine.split(', ').find((name) => name.startsWith(engine));
  return [
    '',
    `${browser.replace(/^c/, 'C')}, ${environment.cpu}, ${environment.cores} cores, ${environment.date.slice(0, 10)};`,
    'medians, every answer checked, speed-up against the serial twin in the same C',
    `(\`npm run bench -- --readme\`). fib is nothing but spawns: it shows their cost${cost}`,
    '',
    line([
      'workload',
      'input',
      'serial C, ms',
      '1 worker, ms',
      `${workers} workers, ms`,
      'speed-up',
    ]),
    line(['---', '---', '--:', '--:', '--:', '--:']),
    ...rows,
    '',
    ...(pool || call ? [`${[pool, call].filter(Boolean).join('; ')}.`, ''] : []),
  ].join('\n');
}
