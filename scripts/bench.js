// `npm run bench` (--help: its options): measures Penny against serial twins and against what people would use otherwise, checks
// every answer, and writes one JSON report, the same as CSV, and as a page with charts.
// Pages and Node run bench/harness; native runs build/native/bench/penny_bench.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { names as problems } from '../bench/harness/environment.js';
import { asCsv, asHtml, asLine, readmeTable } from '../bench/harness/report.js';
import { readSpans, withSpans } from '../bench/harness/span.js';
import { engines, launch } from '../e2e/browser.js';
import { readArguments, readWhole, refuse } from './arguments.js';
import { root, run } from './run.js';
import { serve } from './serve.js';
import { setup } from './setup.js';

const known = [...engines, 'node', 'native'];
const usage = `npm run bench [-- OPTION...]: measures Penny against serial twins and peers, and checks every answer
  --engine NAME   one of ${known.join(', ')}; several with commas (chromium,node,native)
  --only NAME     this problem only (fib, submit, uts-t3, ...: the folders of bench/); several with commas
  --workers N     1 to 256 (the processors of this machine)
  --json FILE     where the report goes; CSV and HTML beside it (build/bench/report.json)
  --quick         less of everything, in a minute or two
  --readme        renews the table in README.md`;
const { values: options } = readArguments(usage, {
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    engine: { type: 'string', multiple: true, default: ['chromium', 'node', 'native'] },
    json: { type: 'string', default: join(root, 'build/bench/report.json') },
    workers: { type: 'string', default: String(availableParallelism()) },
    readme: { type: 'boolean', default: false },
  },
});
// Both --only a,b and --only a --only b.
options.only = options.only?.flatMap((names) => names.split(','));
options.engine = options.engine.flatMap((names) => names.split(','));
const workers = readWhole('workers', options.workers, 1, 256, usage);
for (const engine of options.engine)
  if (!known.includes(engine)) refuse(`--engine takes ${known.join(', ')}, not ${engine}`, usage);
const names = [...problems, 'uts-t3l']; // that one natively only
for (const name of options.only ?? [])
  if (!names.includes(name)) refuse(`--only takes ${names.join(', ')}, not ${name}`, usage);
const problemSeconds = options.quick ? 120 : 1200;
const wanted = (names) =>
  options.only ? names.filter((name) => options.only.includes(name)) : names;
const say = (engine, text) => console.log(`  ${engine}: ${text}`);

/** A result for what could not even begin. */
const lost = (problem, error) => ({
  problem,
  variant: 'all',
  workers,
  metric: 'ms',
  unit: 'ms',
  median: null,
  min: null,
  max: null,
  runs: [],
  error: `failed: ${error.message}`,
});

/** Each problem in a page of its own: what one leaves behind does not meet the next. */
async function inBrowser(engine) {
  const { bundlePage } = await import('../bench/harness/bundle.js');
  await bundlePage();
  const server = await serve({ mounts: { '/': root } });
  const browser = await launch(engine);
  const results = [];
  let timer;
  const openPage = async () => {
    const page = await browser.newPage(`${server.url}bench/harness/page.html`);
    let seen = 0;
    clearInterval(timer);
    timer = setInterval(() => {
      for (const { text } of page.messages.slice(seen)) say(engine, `  ${text}`);
      seen = page.messages.length;
    }, 500);
    await page.waitFor(() => Boolean(globalThis.bench));
    return page;
  };
  try {
    let page = await openPage();
    const names = wanted(await page.evaluate(() => globalThis.bench.names));
    for (const name of names) {
      say(engine, name);
      const given = JSON.stringify({ workers, isQuick: options.quick });
      try {
        const source = `globalThis.bench.run(${JSON.stringify(name)}, ${given})`;
        results.push(...(await page.evaluate(source, undefined, problemSeconds)));
      } catch (error) {
        say(engine, `${name} failed: ${error.message}`);
        results.push(lost(name, error));
      }
      await page.close().catch(() => {});
      if (name !== names.at(-1)) page = await openPage();
    }
    const isolated = true;
    return { results, version: browser.version, isolated };
  } finally {
    clearInterval(timer);
    await browser.close();
    await server.close();
  }
}

async function inNode() {
  const results = [];
  for (const name of wanted(problems)) {
    say('node', name);
    const script = join(root, 'bench/harness/node.js');
    const { code, output } = await run(
      process.execPath,
      [script, name, String(workers), ...(options.quick ? ['quick'] : [])],
      { timeoutSeconds: problemSeconds },
    );
    const lines = output.trim().split('\n');
    const last = lines.pop();
    for (const line of lines) say('node', `  ${line}`);
    if (code === 0) results.push(...JSON.parse(last));
    else results.push(lost(name, new Error(last || `exit code ${code}`)));
  }
  return { results, version: process.version };
}

async function natively(commit) {
  const file = join(root, 'build/bench/native.json');
  const program = join(root, 'build/native/bench/penny_bench');
  const results = [];
  const counts = options.quick ? [workers] : [...new Set([workers, 2, 4, 8])];
  for (const name of options.only ?? [undefined]) {
    const flags = ['--workers', counts.join(), '--json', file];
    if (options.quick) flags.push('--quick');
    if (name) flags.push('--only', name);
    writeFileSync(file, '');
    const { code, output } = await run(program, flags, {
      timeoutSeconds: problemSeconds,
      env: { PENNY_COMMIT: commit },
    });
    // What only JavaScript measures the native runner does not know.
    if (name && /^no workload/m.test(output)) continue;
    console.log(output);
    if (code !== 0) {
      results.push(lost(name ?? 'native', new Error(`exit code ${code}`)));
      continue;
    }
    const measured = JSON.parse(readFileSync(file, 'utf8')).results;
    const spans = await run(join(root, 'build/native/bench/penny_span'), flags.slice(4), {
      timeoutSeconds: problemSeconds,
    });
    if (spans.code !== 0) measured.push(lost(name ?? 'span', new Error('penny_span failed')));
    results.push(
      ...measured,
      ...withSpans(measured, readSpans(spans.output), availableParallelism()),
    );
  }
  return { results };
}

// The other pools are part of the set for the tests, oneTBB of the one for the benchmarks.
await setup(options.engine.includes('native') ? 'bench' : 'test');
mkdirSync(join(root, 'build/bench'), { recursive: true });
const presets = [
  ...new Set(options.engine.map((engine) => (engine === 'native' ? 'native' : 'wasm'))),
];
const built = await run(process.execPath, ['scripts/build.js', ...presets], {
  timeoutSeconds: 900,
});
if (built.code !== 0) throw new Error(`the build failed:\n${built.output}`);

const git = await run('git', ['rev-parse', '--short', 'HEAD'], { timeoutSeconds: 10, cwd: root });
const environment = {
  commit: git.code === 0 ? git.output.trim() : 'unknown',
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: availableParallelism(),
  engine: options.engine.join(', '),
  isolated: true,
  date: new Date().toISOString(),
};
const results = [];
const versions = {};
for (const engine of options.engine) {
  console.log(`${engine}:`);
  const measured =
    engine === 'native'
      ? await natively(environment.commit)
      : engine === 'node'
        ? await inNode()
        : await inBrowser(engine);
  versions[engine] = measured.version;
  results.push(...measured.results.map((one) => ({ engine, ...one })));
}
if (results.length === 0)
  refuse(`${options.engine.join(', ')} cannot measure ${options.only.join(', ')}`, usage);

environment.engine = options.engine
  .map((engine) => (versions[engine] ? `${engine} ${versions[engine]}` : engine))
  .join(', ');
const report = { environment, results };
mkdirSync(dirname(options.json), { recursive: true });
const beside = options.json.replace(/\.json$/, '');
writeFileSync(options.json, `${JSON.stringify(report, null, 1)}\n`);
writeFileSync(`${beside}.csv`, asCsv(report));
writeFileSync(`${beside}.html`, asHtml(report));
for (const one of results) console.log(asLine(one));
console.log(`written to ${options.json}, ${beside}.csv and ${beside}.html`);

if (options.readme) {
  const file = join(root, 'README.md');
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const table = readmeTable(report, workers);
  writeFileSync(
    file,
    text.replace(/(<!-- figures:[^>]*-->)[\s\S]*?(<!-- \/figures -->)/, `$1\n${table}$2`),
  );
}
const wrong = results.filter(({ isWrong }) => isWrong);
const penny = results.filter(({ error, variant }) => error && /^(penny|all)/.test(variant));
for (const one of penny) console.error(`not ok ${one.engine} ${one.problem}: ${one.error}`);
// A peer that fails is a finding; Penny failing, or a wrong answer from anybody, is an error.
if (wrong.length || penny.length) process.exitCode = 1;
