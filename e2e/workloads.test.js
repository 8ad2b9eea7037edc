// The demo page as a visitor has it: every workload at a small size, each answer checked by the page itself.
import assert from 'node:assert/strict';
import { browserTests } from './harness.js';

const { open, test } = browserTests();
const names =
  'fib nqueens cilksort matmul strassen heat knapsack uts-t1 uts-t3 mandelbrot words image'.split(
    ' ',
  );

test('e2e_workloads_small', async () => {
  const page = await open({}, 'web/index.html?auto=1&quick=1&workers=2');
  const end = performance.now() + 100_000;
  let demo;
  do {
    assert.ok(performance.now() < end, `not done: ${demo?.progress}`);
    await new Promise((done) => setTimeout(done, 200));
    demo = await page.evaluate(() => globalThis.pennyDemo ?? null);
  } while (!demo?.done && !demo?.error);
  assert.equal(demo.error, undefined);
  assert.deepEqual(demo.rows.map(({ name }) => name).sort(), names.sort());
  for (const row of demo.rows) {
    assert.equal(row.ok, true, `${row.name}: ${row.error ?? 'wrong answer'}`);
    assert.ok(row.serialMs > 0 && row.oneMs > 0 && row.allMs > 0, row.name);
  }
});
