// `node bench/scale/run.js [--json FILE]`: the scale model's table for 1 to 256 workers. c is (T_P - T_1 / P) / T_inf: how many times
// the span the pool needs beyond an even share of the work.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fib, loop, uts } from './graphs.js';
import { simulate } from './model.js';

export const graphs = { 'fib(27)': fib(27), 'uts(2000)': uts(2000), 'loop(1024)': loop(1024) };
export const counts = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/** Rows { problem, workers, ... } of one graph. */
export function scale(problem, workerCounts = counts) {
  let oneNs;
  return workerCounts.map((workers) => {
    const result = simulate(graphs[problem], workers);
    oneNs ??= result.ns;
    const c = (result.ns - oneNs / workers) / result.spanNs;
    return { problem, workers, ...result, t1OverTp: oneNs / result.ns, c };
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const rows = Object.keys(graphs).flatMap((problem) => scale(problem));
  const columns = 'problem workers T1/TP c steals probes lost publishes sleeps chunks'.split(' ');
  console.log(columns.map((name) => name.padStart(10)).join(''));
  for (const row of rows) {
    const { problem, workers, t1OverTp, c, steals, probes, lost, publishes, sleeps, chunks } = row;
    const cells = [problem, workers, t1OverTp.toFixed(2), c.toFixed(1), steals, probes, lost];
    cells.push(publishes, sleeps, chunks);
    console.log(cells.map((cell) => String(cell).padStart(10)).join(''));
  }
  const at = process.argv.indexOf('--json');
  if (at > 0) writeFileSync(process.argv[at + 1], `${JSON.stringify(rows, null, 1)}\n`);
}
