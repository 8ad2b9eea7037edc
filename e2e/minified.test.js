// minified.test.js: a program as a bundler ships it, with every name that may be shortened
// shortened: tasks are found by function all the same.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { root } from '../scripts/run.js';
import { browserTests } from './harness.js';

const { open, test } = browserTests();
const folder = join(root, 'build/minified');

const files = {
  'tasks.js': `
    export function square(value) { return value * value; }
    export const negate = async (value) => -value;
    function named(value) { return 'renamed ' + value; }
    export { named as renamed };
    export const sum = (low, high) => { let total = 0; for (; low < high; low++) total += low; return total; };
    export const add = (a, b) => a + b;`,
  'worker.js': `
    import { serve } from '../../js-glue/worker.js';
    import * as tasks from './tasks.js';
    serve(tasks);`,
  'page.js': `
    import { createPool } from '../../js-glue/index.js';
    import * as tasks from './tasks.js';
    const { square, negate, renamed, sum, add } = tasks;
    globalThis.go = async () => {
      const worker = () => new Worker('/app/worker.js', { type: 'module' });
      const pool = await createPool({ worker, module: tasks, workers: 2, wasm: '/js-glue/core.wasm' });
      const out = [await pool.run(square, [7]), await pool.run(negate, [1]), await pool.run(renamed, [2])];
      out.push(await pool.map(square, [1, 2, 3]), await pool.tasks.renamed(3));
      out.push(await pool.reduce(sum, 0, 100, { init: 0, combine: add }));
      try { pool.run((value) => value, [1]); } catch (error) { out.push(error.name); }
      await pool.dispose();
      return { out, name: square.name };
    };`,
};

test('tasks are found by function in a minified program', async () => {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const out = join(folder, 'out');
  await build({
    entryPoints: ['page.js', 'worker.js'].map((name) => join(folder, name)),
    bundle: true,
    minify: true,
    format: 'esm',
    splitting: true,
    outdir: out,
    logLevel: 'error',
  });
  const page = await open({ mounts: { '/': root, '/app/': out } });
  const result = await page.evaluate(async () => {
    await import('/app/page.js');
    return globalThis.go();
  });
  assert.notEqual(result.name, 'square', 'nothing was minified');
  assert.deepEqual(result.out, [49, -1, 'renamed 2', [1, 4, 9], 'renamed 3', 4950, 'TypeError']);
});
