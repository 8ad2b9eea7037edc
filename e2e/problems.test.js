// The benchmark problems that the demo page does not show: serial and parallel, small, each answer checked.
import assert from 'node:assert/strict';
import { browserTests } from './harness.js';

const { open, test } = browserTests();

/** In the page: { name: [serial is right, parallel is right] }. */
async function runProblems() {
  const { createPool } = await import('/js-glue/index.js');
  const { problems } = await import('/bench/problems.js');
  const pool = await createPool({
    wasm: new URL('/build/wasm/workloads.wasm', location.href),
    workers: 2,
  });
  const right = {};
  for (const problem of problems) {
    const state = await problem.setup(pool, problem.sizes.quick);
    right[problem.name] = [];
    for (const variant of ['serial', 'penny']) {
      await problem.reset?.(pool, state);
      const result = await pool.call(...problem[variant](state));
      right[problem.name].push(await problem.check(pool, state, result));
    }
    for (const array of Object.values(state.arrays)) pool.free(array);
  }
  await pool.dispose();
  return right;
}

test('e2e_problems_small', async () => {
  const page = await open({}, 'e2e/page.html');
  const right = await page.evaluate(`(${runProblems})()`, undefined, 60);
  const names = 'treesum lu fft uts-t2 bfs loop loop-empty skewed'.split(' ');
  assert.deepEqual(right, Object.fromEntries(names.map((name) => [name, [true, true]])));
});
