// spawn.test.js: what a spawn in JavaScript costs when nobody is there to steal. (A pool of one worker
// once polled at each spawn and join for itself: 160 ns instead of 5.)
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPool } from '../../js-glue/node.js';

const tasks = new URL('../../bench/fib/tasks.js', import.meta.url).href;
const n = 27;
/** T1/Ts of fib is 2.3 on a quiet machine; with a poll at each spawn it was 50. */
const ratioLimit = 10;

test('glue: a worker alone does not poll at each spawn', { timeout: 60_000 }, async () => {
  const pool = await createPool({ tasks, workers: 1 });
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 8; round++) {
    // It sleeps between two runs: what it asks for then must not stay.
    await new Promise((done) => setTimeout(done, 20));
    const start = performance.now();
    await pool.run('fibCutoff', [n, n]); // serial: nothing is above the cutoff
    const middle = performance.now();
    await pool.run('fibSpawn', [n]);
    best = Math.min(best, (performance.now() - middle) / (middle - start));
  }
  assert.ok(best < ratioLimit, `T1/Ts ${best}`);
  await pool.dispose();
});
