// `npm run bench [-- --quick --only NAME --engine chromium|firefox|webkit|native --json FILE --workers N --readme]`: runs the
// workloads of bench/ against their serial twins, checks every answer and writes one JSON report (build/bench.json unless told).
// Browsers run the demo page by itself (web/measure.js says how it measures) and bench/figures.js; native runs
// build/native/bench/penny_bench. --readme puts the table into README.md.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { engines, launch } from '../e2e/browser.js';
import { root, run } from './run.js';
import { serve } from './serve.js';
import { setup } from './setup.js';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    engine: { type: 'string', multiple: true, default: ['chromium', 'native'] },
    json: { type: 'string', default: join(root, 'build/bench.json') },
    workers: { type: 'string', default: String(availableParallelism()) },
    readme: { type: 'boolean', default: false },
  },
});
const workers = Number(options.workers);
if (!Number.isInteger(workers) || workers < 1 || workers > 256) {
  throw new RangeError(`--workers takes a whole number from 1 to 256, not ${options.workers}`);
}
for (const engine of options.engine) {
  if (engine !== 'native' && !engines.includes(engine)) {
    throw new RangeError(`--engine takes native, ${engines.join(', ')}, not ${engine}`);
  }
}

const pageSeconds = 900;

function result(problem, variant, engine, count, metric, unit, runs) {
  const sorted = [...runs].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  const ends = { min: sorted[0], max: sorted.at(-1) };
  return { problem, variant, engine, workers: count, metric, unit, median, ...ends, runs };
}

/** The demo page's rows as results: serial, one worker, all workers, and the speed-up of the medians. */
function resultsOfRows(engine, rows) {
  return rows.flatMap((row) => {
    if (!row.ok)
      throw new Error(`${engine}: ${row.name}: wrong answer${row.error ? `: ${row.error}` : ''}`);
    const { serial, one, all } = row.samples;
    return [
      result(row.name, 'serial', engine, 1, 'serial_ms', 'ms', serial),
      result(row.name, 'penny-c', engine, 1, 'ms', 'ms', one),
      result(row.name, 'penny-c', engine, workers, 'ms', 'ms', all),
      result(row.name, 'penny-c', engine, 1, 't1_over_ts', 'ratio', [row.oneMs / row.serialMs]),
      result(row.name, 'penny-c', engine, workers, 'speedup', 'ratio', [row.serialMs / row.allMs]),
    ];
  });
}

async function inBrowser(engine) {
  const server = await serve({ mounts: { '/': root } });
  const browser = await launch(engine);
  try {
    const query = new URLSearchParams({ auto: '1', workers: String(workers) });
    if (options.quick) query.set('quick', '1');
    if (options.only) query.set('only', options.only);
    const page = await browser.newPage(`${server.url}web/index.html?${query}`);
    const end = performance.now() + pageSeconds * 1000;
    let demo;
    let last = '';
    do {
      await new Promise((done) => setTimeout(done, 300));
      demo = await page.evaluate(() => globalThis.pennyDemo ?? null);
      if (demo?.progress && demo.progress !== last) {
        last = demo.progress;
        console.log(`  ${engine}: ${last}`);
      }
      if (performance.now() > end) throw new Error(`${engine}: not done in ${pageSeconds} s`);
    } while (!demo?.done && !demo?.error);
    if (demo.error) throw new Error(`${engine}: ${demo.error}`);
    const results = resultsOfRows(engine, demo.rows);
    await page.close();
    if (!options.only || options.only === 'figures') {
      console.log(`  ${engine}: spawn, start-up, submission`);
      const figures = await browser.newPage(`${server.url}bench/figures.html`);
      const source = `import('./figures.js').then((it) => it.figures(${workers}, ${options.quick}))`;
      for (const given of await figures.evaluate(source, undefined, 300)) {
        results.push(
          result(
            given.problem,
            given.variant,
            engine,
            given.workers,
            given.metric,
            given.unit,
            given.runs,
          ),
        );
      }
    }
    return { results, rows: demo.rows, version: browser.version };
  } finally {
    await browser.close();
    await server.close();
  }
}

async function natively(commit) {
  const file = join(root, 'build/bench-native.json');
  const flags = ['--workers', String(workers), '--json', file];
  if (options.quick) flags.push('--quick');
  if (options.only) flags.push('--only', options.only);
  const { code, output } = await run(join(root, 'build/native/bench/penny_bench'), flags, {
    timeoutSeconds: pageSeconds,
    env: { PENNY_COMMIT: commit },
  });
  console.log(output);
  if (code !== 0) throw new Error(`native: exit code ${code}`);
  return JSON.parse(readFileSync(file, 'utf8'));
}

function readmeTable(environment, version, rows, results) {
  const figure = (problem, metric) =>
    results.find((one) => one.problem === problem && one.metric === metric);
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const ms = (value) => value.toFixed(value < 100 ? 1 : 0);
  const spawn = figure('fib', 'ns_per_spawn');
  const lines = [
    line([
      'workload',
      'input',
      'serial C, ms',
      '1 worker, ms',
      `${workers} workers, ms`,
      'speed-up',
    ]),
    line(['---', '---', '--:', '--:', '--:', '--:']),
    ...rows.map((row) => {
      const times = [row.serialMs, row.oneMs, row.allMs].map(ms);
      return line([row.name, row.input, ...times, (row.serialMs / row.allMs).toFixed(2)]);
    }),
  ];
  const start = figure('startup', 'ms');
  const latency = figure('latency', 'us');
  return [
    '',
    `Chromium ${version}, ${environment.cpu}, ${environment.cores} cores, ${environment.date.slice(0, 10)};`,
    'medians, every answer checked, speed-up against the serial twin in the same C',
    '(`npm run bench -- --readme`). fib is nothing but spawns: it shows their cost' +
      (spawn ? `, ${spawn.median.toFixed(1)} ns each.` : '.'),
    '',
    ...lines,
    '',
    `A pool of ${workers} is ready in ${ms(start.median)} ms; one call and its result take ${latency.median.toFixed(0)} µs.`,
    '',
  ].join('\n');
}

await setup(
  options.engine.every((engine) => engine === 'native' || engine === 'chromium') ? 'demo' : 'test',
);
const presets = [
  ...new Set(options.engine.map((engine) => (engine === 'native' ? 'native' : 'wasm'))),
];
const built = await run(process.execPath, ['scripts/build.js', ...presets], {
  timeoutSeconds: 600,
});
if (built.code !== 0) throw new Error(`the build failed:\n${built.output}`);
const git = await run('git', ['rev-parse', '--short', 'HEAD'], { timeoutSeconds: 10, cwd: root });
const environment = {
  commit: git.output.trim(),
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: availableParallelism(),
  engine: options.engine.join(', '),
  isolated: true,
  date: new Date().toISOString(),
};
const results = [];
for (const engine of options.engine) {
  console.log(`${engine}:`);
  if (engine === 'native') {
    results.push(...(await natively(environment.commit)).results);
    continue;
  }
  const measured = await inBrowser(engine);
  results.push(...measured.results);
  if (options.readme && engine === 'chromium') {
    const file = join(root, 'README.md');
    const text = readFileSync(file, 'utf8');
    const table = readmeTable(environment, measured.version, measured.rows, measured.results);
    writeFileSync(
      file,
      text.replace(/(<!-- figures:[^>]*-->)[\s\S]*?(<!-- \/figures -->)/, `$1\n${table}$2`),
    );
  }
}
mkdirSync(join(root, 'build'), { recursive: true });
writeFileSync(options.json, `${JSON.stringify({ environment, results }, null, 1)}\n`);
for (const one of results) {
  const spread =
    one.runs.length > 1
      ? ` (${one.min.toFixed(2)} to ${one.max.toFixed(2)}, ${one.runs.length} runs)`
      : '';
  const where = `${one.engine} ${one.problem} ${one.variant} x${one.workers}`;
  console.log(`${where}: ${one.metric} ${one.median.toFixed(2)} ${one.unit}${spread}`);
}
console.log(`written to ${options.json}`);
