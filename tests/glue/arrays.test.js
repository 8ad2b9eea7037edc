// arrays.test.js: whose memory an array of a pool is, and when it goes back: needs a garbage
// collector that comes when it is called, so it runs in Node.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createPool } from '../../js-glue/node.js';
import { root } from '../../scripts/run.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
const tasks = String(pathToFileURL(join(root, 'e2e/page_tasks.js')));
const start = (options) => createPool({ tasks, workers: 1, ...options });

/** Collects garbage until as many arrays are left, or for two seconds. */
async function leftOf(pool, expected) {
  for (let tries = 0; tries < 100 && pool.stats().arrays > expected; tries++) {
    collect();
    await new Promise((done) => setTimeout(done, 20));
  }
  return pool.stats().arrays;
}

test('glue_arrays_nobody_refers_to_are_freed', async () => {
  const pool = await start();
  const kept = pool.array(Float64Array, 1000);
  // Parts of parts count.
  const parts = [];
  for (let n = 0; n < 10; n++) {
    pool.array(Float64Array, 1000);
    parts.push(pool.array(Int8Array, 100).subarray(10).subarray(5));
  }
  assert.equal(pool.stats().arrays, 21);
  assert.equal(await leftOf(pool, 11), 11);
  collect();
  parts.forEach((part, n) => {
    part.fill(n);
  });
  parts.forEach((part, n) => {
    assert.ok(part.every((value) => value === n));
  });
  parts.length = 0;
  assert.equal(await leftOf(pool, 1), 1);
  assert.equal(kept.length, 1000);
  await pool.dispose();
});

test('glue_arrays_of_pending_tasks_are_kept', async () => {
  const pool = await start();
  const waiting = pool.run('countThenWait', [pool.array(Int32Array, [41]), 300]);
  const started = pool.stats().arrays;
  for (let n = 0; n < 10; n++) {
    collect();
    await new Promise((done) => setTimeout(done, 20));
    pool.array(Int32Array, 1).fill(-1);
  }
  assert.equal(started, 1);
  assert.equal(await waiting, 42);
  assert.equal(await leftOf(pool, 0), 0);
  await pool.dispose();
});

test('glue_arrays_that_tasks_made_are_freed', async () => {
  const pool = await start();
  let made = await pool.run('make', [100]);
  let tail = await pool.run('make', [100, 50]);
  assert.equal(pool.stats().arrays, 2);
  assert.equal(await leftOf(pool, 0), 2);
  assert.deepEqual([made[99], tail[0]], [99, 50]);
  made = tail = undefined;
  assert.equal(await leftOf(pool, 0), 0);
  await pool.dispose();
});

test('glue_arrays_come_back_as_parts_of_their_own', async () => {
  const pool = await start();
  const [below, ...above] = Array.from({ length: 3 }, () => pool.array(Int32Array, 1000)).sort(
    (a, b) => a.byteOffset - b.byteOffset,
  );
  pool.free(below);
  // The newest of all, below all.
  const array = pool.array(Int32Array, 1000);
  assert.ok(array.byteOffset < above[0].byteOffset);
  const part = await pool.run('part', [array, 1, 3]);
  for (const other of above) pool.free(other);
  assert.equal(await pool.run('echo', [array]), array);
  assert.equal((await pool.run('echo', [part])).byteOffset, array.byteOffset + 4);
  pool.free(array);
  assert.throws(() => pool.run('echo', [part]), /freed/);
  await pool.dispose();
});

test('glue_arrays_are_freed_by_using', async () => {
  const pool = await start();
  const array = pool.array(Uint8Array, 64);
  const free = array[Symbol.dispose ?? 'none'];
  if (Symbol.dispose) free();
  else pool.free(array);
  assert.equal(pool.stats().arrays, 0);
  assert.throws(() => pool.free(array), /freed already/);
  assert.deepEqual(Object.keys(pool.array(Uint8Array, 2)), ['0', '1']);
  await pool.dispose();
});

test('glue_arrays_freed_in_debug_mode_are_poisoned', async () => {
  const [plain, debug] = [await start(), await start({ debug: true })];
  for (const pool of [plain, debug]) {
    const array = pool.array(Uint8Array, 1000).fill(7);
    pool.free(array);
    // The heap keeps a link in the first bytes.
    assert.ok(array.subarray(16).every((byte) => byte === (pool === debug ? 0xa5 : 7)));
    await pool.dispose();
  }
});

test('glue_arrays_that_tasks_make_cost_the_same_however_many_there_are', {
  timeout: 30_000,
}, async () => {
  const pool = await start();
  const time = async () => {
    const start = performance.now();
    for (let n = 0; n < 100; n++) pool.free(await pool.run('makePart', [16, 0]));
    return performance.now() - start;
  };
  const few = [];
  const many = [];
  await time();
  for (let round = 0; round < 5; round++) few.push(await time());
  const all = Array.from({ length: 80_000 }, () => pool.array(Int8Array, 1));
  for (let round = 0; round < 5; round++) many.push(await time());
  const [a, b] = [few, many].map((times) => Math.min(...times));
  assert.ok(b < 5 * a, `${a} ms, and with ${all.length} arrays ${b} ms`);
  assert.equal((await pool.dispose()).isClean, true);
});

test('glue_arrays_are_freed_in_time_while_thousands_of_tasks_are_given_up', {
  timeout: 30_000,
}, async () => {
  const pool = await start();
  const controller = new AbortController();
  const { signal } = controller;
  const started = pool.array(Int32Array, 1);
  const polling = pool.run('poll', [started], { signal });
  while (!started[0]) await new Promise((done) => setTimeout(done, 1));
  const other = new AbortController();
  const runs = Array.from({ length: 20_000 }, () => pool.run('makePart', [1, 0], other));
  const all = Array.from({ length: 5000 }, () => pool.array(Int8Array, 1));
  other.abort();
  await Promise.allSettled(runs);
  const began = performance.now();
  for (const array of all) pool.free(array);
  const ms = performance.now() - began;
  controller.abort();
  await Promise.allSettled([polling]);
  assert.ok(ms < 150, `${ms} ms`);
  for (let tries = 0; tries < 200 && pool.stats().arrays > 1; tries++)
    await new Promise((done) => setTimeout(done, 10));
  assert.equal(pool.stats().arrays, 1);
  assert.equal((await pool.dispose()).isClean, true);
});
