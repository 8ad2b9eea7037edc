// pool.test.js: the pool under Node, where it can be looked at from inside: arguments, failures,
// what it leaves behind.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { createPool, PennyError } from '../../js-glue/node.js';
import { root } from '../../scripts/run.js';

const wasm = readFileSync(join(root, 'build/wasm/e2e/e2e_tasks.wasm'));
const tasks = String(pathToFileURL(join(root, 'e2e/tasks.js')));
const start = (options) => createPool({ wasm, workers: 2, tasks, ...options });

test('glue_arguments_every_type', async () => {
  const pool = await start();
  assert.equal(await pool.call('mix', [1, 2n, 3.5, 4.25, 5n, -6, -7, 8]), 10.75);
  assert.equal(await pool.call('identity', [2n ** 63n - 1n]), 2n ** 63n - 1n);
  assert.equal(await pool.call('unsigned_max', [0, 0, 2 ** 32 - 1]), 2 ** 32 - 1);
  assert.equal(await pool.call('add', [-(2 ** 31), 0]), -(2 ** 31));
  assert.equal(await pool.call('halve', [1e-3]), Math.fround(Math.fround(1e-3) / 2));
  const wrong = [
    ['unsigned_max', [256, 0, 0], RangeError],
    ['unsigned_max', [0, -1, 0], RangeError],
    ['unsigned_max', [0, 0, 2 ** 32], RangeError],
    ['mix', [1, 2n, 3.5, 4.25, 5n, 128, -7, 8], RangeError],
    ['mix', [1, 2, 3.5, 4.25, 5n, 1, -7, 8], TypeError],
    ['mix', [1, 2n, 3.5, 4.25, -5n, 1, -7, 8], RangeError],
    ['halve', [1n], TypeError],
    ['negate', [0], TypeError],
    ['negate', [], TypeError],
    ['nothing', [1], TypeError],
  ];
  for (const [name, args, Class] of wrong) assert.throws(() => pool.call(name, args), Class, name);
  assert.throws(() => pool.call('toString'), PennyError);
  assert.deepEqual(await pool.dispose(), { isClean: true, liveBlocks: 0 });
});

test('glue_stats_and_balance', async () => {
  const pool = await start();
  const array = pool.array(Int32Array, [1, 2, 3]);
  assert.equal(await pool.run('sumShared', [array]), 6);
  await Promise.all(Array.from({ length: 500 }, (_, n) => pool.call('fib', [n % 15])));
  const { workers, pending, completed, arrays, memoryBytes } = pool.stats();
  assert.equal(workers.length, 2);
  assert.equal(pending, 0);
  assert.equal(completed, 501);
  assert.equal(arrays, 1);
  assert.ok(memoryBytes > 0);
  assert.equal(
    workers.reduce((sum, { roots }) => sum + roots, 0),
    501,
  );
  assert.deepEqual(await pool.dispose(), { isClean: true, liveBlocks: 0 });
});

test('glue_memory_exhausted_by_the_page', async () => {
  const pool = await start({ workers: 1, memory: { maximumBytes: 2 ** 21 } });
  const arrays = [];
  let failure;
  while (!failure) {
    try {
      arrays.push(pool.array(Uint8Array, 50_000));
    } catch (error) {
      failure = error;
    }
  }
  assert.equal(failure.code, 'PENNY_ENOMEM');
  for (const array of arrays) pool.free(array);
  assert.equal(await pool.call('fib', [15]), 610n);
  assert.deepEqual(await pool.dispose(), { isClean: true, liveBlocks: 0 });
});

test('glue_broken_completions_close_the_pool', async () => {
  const pool = await start({ workers: 1 });
  const { Host } = await import('../../js-glue/host.js');
  const { follow } = Host.prototype;
  // What a stray write of a C task could do to the list: an address that was never submitted.
  Host.prototype.follow = function (...args) {
    this.chain += 64;
    return follow.apply(this, args);
  };
  try {
    const calls = [pool.call('fib', [5]), pool.call('fib', [6])];
    for (const call of calls) await assert.rejects(call, { code: /PENNY_ECORRUPT|PENNY_ECLOSED/ });
  } finally {
    Host.prototype.follow = follow;
  }
  assert.throws(() => pool.call('fib', [5]), { code: 'PENNY_ECLOSED' });
  assert.equal((await pool.dispose()).isClean, true);
});
