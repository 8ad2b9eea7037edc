// Checks the Promela models of this folder with spin: every scenario exhaustively and without an error, every mutant with one,
// and that each line of C that a model quotes is still in the C file. Prints `ok NAME`, `not ok NAME: why`; exit code.
//   node tests/models/run.js [--long] [NAME...]   only the runs whose names contain one of the NAMEs
// --long (or PENNY_LONG=1) adds the larger sizes.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { models } from './models.js';
import { checkQuotes } from './quotes.js';

const folder = import.meta.dirname;
const root = join(folder, '..', '..');
const args = process.argv.slice(2);
const isLong = args.includes('--long') || process.env.PENNY_LONG === '1';
const wanted = args.filter((arg) => !arg.startsWith('--'));
const parallel = 2;
// A search that needs more than these has become another search: it fails.
const searchSeconds = isLong ? 600 : 60;
const memoryMegabytes = isLong ? 6000 : 1500;
const depth = 20_000;

function run(command, args, cwd, seconds) {
  return new Promise((resolve) => {
    const options = { cwd, timeout: seconds * 1000, killSignal: 'SIGKILL', maxBuffer: 1 << 26 };
    execFile(command, args, options, (error, stdout, stderr) => {
      resolve({ output: stdout + stderr, isKilled: Boolean(error?.killed), error });
    });
  });
}

/** Compiles and runs one search; `why` is empty when it gave what it should. */
async function search({ unit, defines, isMutant }) {
  const directory = mkdtempSync(join(tmpdir(), 'penny-model-'));
  const start = performance.now();
  try {
    const flags = defines.map((define) => `-D${define}`);
    const spin = await run('spin', ['-a', ...flags, join(folder, `${unit}.pml`)], directory, 20);
    if (spin.error) return { why: `spin: ${spin.output.trim()}` };
    // Most of a mutant's time is its compilation.
    const options = [isMutant ? '-O0' : '-O2', '-w', '-DSAFETY', `-DMEMLIM=${memoryMegabytes}`];
    const gcc = await run('gcc', [...options, '-o', 'pan', 'pan.c'], directory, 60);
    if (gcc.error) return { why: `gcc: ${gcc.output.trim()}` };
    const pan = await run(
      './pan',
      [`-m${depth}`, isMutant ? '-w20' : '-w24'],
      directory,
      searchSeconds,
    );
    const { output } = pan;
    const states = Number(output.match(/([\d.e+]+) states, stored/)?.[1] ?? Number.NaN);
    const errors = Number(output.match(/errors: (\d+)/)?.[1] ?? Number.NaN);
    const found = output.match(/assertion violated.{0,40}|invalid end state/)?.[0];
    const seconds = (performance.now() - start) / 1000;
    const unreached = [...output.matchAll(/^\t\S+\.pml:(\d+), state \d+, "(?!-end-)/gm)].map(
      ([, line]) => Number(line),
    );
    let why = '';
    if (pan.isKilled) why = `not finished after ${searchSeconds} s`;
    else if (/max search depth too small/.test(output)) why = `deeper than ${depth} steps`;
    else if (/MEMLIM|out of memory/.test(output)) why = `more than ${memoryMegabytes} MB`;
    else if (isMutant && !(errors === 1 && found)) why = 'the mutant was not caught';
    else if (!isMutant && errors !== 0) why = found ?? 'errors';
    else if (!isMutant && /Search not completed/.test(output)) why = 'not exhaustive';
    return { why, states, seconds, unreached, found };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const jobs = models.flatMap(({ unit, scenarios, mutants, sizes = [] }) => [
  ...scenarios
    .filter(({ long }) => isLong || !long)
    .map(({ name, defines }) => ({
      unit,
      name: `model_${unit}_${name}`,
      defines,
      isMutant: false,
    })),
  ...mutants.map((mutant) => {
    const [first, ...rest] = mutant.split(' ');
    const defines = [first, ...(rest.length ? rest : sizes)];
    return { unit, name: `model_${unit}_mutant_${first.toLowerCase()}`, defines, isMutant: true };
  }),
]);

let isFailed = false;
function tell(name, why, note = '') {
  isFailed ||= why !== '';
  console.log(why ? `not ok ${name}: ${why}` : `ok ${name}${note}`);
}

const chosen = jobs.filter(
  ({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)),
);
const queue = [...chosen];
const neverReached = new Map(); // unit -> lines that no scenario so far has reached
async function worker() {
  for (let job = queue.shift(); job; job = queue.shift()) {
    const { why, states, seconds, unreached, found } = await search(job);
    const note = `: ${states} states, ${seconds?.toFixed(1)} s${job.isMutant ? `, ${found}` : ''}`;
    tell(job.name, why, note);
    if (job.isMutant || why) continue;
    const before = neverReached.get(job.unit);
    neverReached.set(job.unit, before ? before.filter((l) => unreached.includes(l)) : unreached);
  }
}
await Promise.all(Array.from({ length: parallel }, worker));

if (wanted.length === 0) {
  // A step that no scenario takes proves nothing.
  for (const [unit, lines] of neverReached) {
    const text = [...new Set(lines)].join(', ');
    tell(`model_${unit}_all_steps_taken`, text && `never reached: ${unit}.pml line ${text}`);
  }
}
for (const { unit } of models) {
  const text = readFileSync(join(folder, `${unit}.pml`), 'utf8');
  const { count, problems } = checkQuotes(text, root);
  tell(`model_${unit}_quotes`, problems.join('; '), `: ${count} quotes`);
}
process.exitCode = isFailed ? 1 : 0;
