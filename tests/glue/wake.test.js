// wake.test.js: a worker that sleeps in wasm wakes up, on the Node that runs the tests. (The baseline compiler of V8 11, in
// Node 20, once waited at another address: port_web.c, pn_port_wait.)
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createPool } from '../../js-glue/node.js';

const module = new URL('../../build/wasm/e2e/e2e_tasks.wasm', import.meta.url);
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

test('glue: a pool that has slept answers', { timeout: 20_000 }, async () => {
  for (const workers of [1, 2]) {
    const pool = await createPool({ wasm: readFileSync(fileURLToPath(module)), workers });
    pool.addEventListener('workererror', ({ error }) => console.log(error.message, error.cause));
    for (let round = 0; round < 3; round++) {
      // Long enough for every worker to give up looking for work.
      await sleep(50);
      assert.equal(await pool.call('fib', [10], { timeout: 5000 }), 55n);
    }
    assert.ok(pool.stats().workers.some(({ parks }) => parks > 0));
    await pool.dispose();
  }
});
