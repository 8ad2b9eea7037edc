// spawn_budget.js: the fast path of spawn and sync has a budget of instructions, so that it cannot grow by accident. Counting
// repeats exactly, where clocks on a shared machine do not.
//   native  fib at two sizes under callgrind: the difference, divided by the spawns, has no start-up in it
//   web     instructions of fib's body in the shipped form of the module (slow calls included: they are few)
// A budget is what was measured plus a little for another minor version of the compiler. Lower it when the path gets shorter;
// raise it only with a measurement that says why.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import binaryen from 'binaryen';
import { root } from '../scripts/run.js';

/** Measured 2026-11-22: gcc 12.2: 32.3 in all, 12.1 above two plain calls; clang 22 and Binaryen 132: 77. */
const budget = { native: 33, nativeAbovePlain: 13, web: 79 };
const sizes = [18, 22];

let failed = 0;
function report(name, measured, limit, unit) {
  const isKept = measured <= limit;
  failed += isKept ? 0 : 1;
  console.log(
    `${isKept ? 'ok' : 'not ok'} ${name}: ${measured.toFixed(1)} ${unit}, at most ${limit}`,
  );
}

const spawnsOf = (n) => (n < 2 ? 0 : 1 + spawnsOf(n - 1) + spawnsOf(n - 2));

/** Instructions below the function `below` of spawn_budget N. */
function count(below, n) {
  const options = [
    '--tool=callgrind',
    '--callgrind-out-file=/dev/null',
    `--toggle-collect=${below}`,
  ];
  const program = join(root, 'build/native/spawn_budget');
  // Callgrind reports on its standard error.
  const command = `exec valgrind ${options.join(' ')} '${program}' ${n} 2>&1`;
  const output = execFileSync('sh', ['-c', command], { encoding: 'utf8', timeout: 60_000 });
  const [, digits] = output.match(/Collected : (\d+)/) ?? [];
  if (!(Number(digits) > 10_000))
    throw new Error(`callgrind counted nothing below ${below}:\n${output}`);
  return Number(digits);
}

const perSpawn = (below) =>
  (count(below, sizes[1]) - count(below, sizes[0])) / (spawnsOf(sizes[1]) - spawnsOf(sizes[0]));

const whole = perSpawn('budget_fib_pn_run');
const plain = perSpawn('plain_calls');
report('native spawn and sync, with two calls', whole, budget.native, 'instructions');
report('native spawn and sync alone', whole - plain, budget.nativeAbovePlain, 'instructions');

/** Instructions in a function of a module with names: every operator of its text but those that only structure it. */
function countWeb(path, name) {
  const text = binaryen.readBinary(readFileSync(path)).emitText();
  const start = text.indexOf(`(func $${name} `);
  if (start < 0) throw new Error(`${path} has no function ${name}`);
  const body = text.slice(start + 1, text.indexOf('\n (func', start));
  const structure = new Set(['func', 'param', 'result', 'local', 'then', 'else', 'block']);
  return [...body.matchAll(/\(([a-z0-9_.]+)/g)].filter(([, word]) => !structure.has(word)).length;
}

const folder = mkdtempSync(join(tmpdir(), 'penny-'));
try {
  const named = join(folder, 'named.wasm');
  const wasmOpt = join(root, 'node_modules/binaryen/bin/wasm-opt');
  const linked = join(root, 'build/wasm/bench/workloads.linked.wasm');
  execFileSync(
    process.execPath,
    [join(root, 'cmake/postlink.mjs'), wasmOpt, linked, named, 'names'],
    {
      timeout: 120_000,
    },
  );
  report('web: body of fib', countWeb(named, 'bench_fib_pn_body'), budget.web, 'instructions');
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = failed > 0 ? 1 : 0;
