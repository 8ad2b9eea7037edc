// outside.test.js: what programs from outside have met and no other test asks for: arrays beside tasks that were given up,
// lists of every kind, starts that are called off, options that are wrong.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { createPool } from '../../js-glue/node.js';

const glue = new URL('../../js-glue/', import.meta.url);
const tasks = `data:text/javascript,
  import { array, spawn, throwIfCancelled, workerId } from ${JSON.stringify(new URL('worker.js', glue))};
  export const next = (n) => n + 1;
  export const polls = (values) => { for (;;) { values[0]++; throwIfCancelled(); } };
  export const deaf = (values) => { for (;;) values[0]++; };
  export const never = () => new Promise(() => {});
  let met = 0;
  export const meet = async (all) => {
    for (met++; met < all; ) await new Promise((done) => setTimeout(done, 1));
    return met;
  };
  export const later = async (n) => n;
  export const cached = (n) => {
    for (const end = performance.now() + 0.02; performance.now() < end; );
    if (n < 0) return Promise.resolve(workerId());
    return (n & 63) === 60 && Promise.resolve(n) || n;
  };
  export const add = (low, high, values) => { for (let at = low; at < high; at++) values[at]++; };
`.replaceAll('\n', '');
const clean = { isClean: true, liveBlocks: 0 };
const limit = { timeout: 30_000 };
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

test('glue: free() gives memory back when what was given up has ended', limit, async () => {
  const pool = await createPool({ tasks, workers: 1, memory: { maximumBytes: 2 ** 24 } });
  for (let count = 0; count < 12; count++) {
    const array = pool.array(Int32Array, 2 ** 20); // four of them are too many
    const controller = new AbortController();
    const run = pool.run('polls', [array], { signal: controller.signal });
    await sleep(2);
    controller.abort();
    await assert.rejects(run, { name: 'AbortError' });
    pool.free(array);
    assert.throws(() => pool.free(array), /freed already/);
    while (pool.stats().arrays) await sleep(1);
  }
  assert.deepEqual(await pool.dispose(), clean);
});

test('glue: a task that never ends keeps older arrays only', limit, async () => {
  const pool = await createPool({ tasks, workers: 2, memory: { maximumBytes: 2 ** 24 } });
  const older = pool.array(Int32Array, 10);
  await assert.rejects(pool.run('never', [], { timeout: 5 }), { name: 'TimeoutError' });
  pool.free(older);
  assert.equal(pool.stats().arrays, 1);
  for (let count = 0; count < 12; count++) {
    const array = pool.array(Int32Array, 2 ** 20);
    await pool.parallelFor('add', 0, 10, { args: [array] });
    assert.equal(array[9], 1);
    pool.free(array);
    assert.equal(pool.stats().arrays, 1);
  }
  await pool.dispose();
});

test('glue: leaving a block that holds an array asks for nothing twice', limit, async () => {
  const pool = await createPool({ tasks, workers: 1 });
  const one = pool.array(Int8Array, 4);
  pool.free(one);
  one[Symbol.dispose]();
  const other = pool.array(Int8Array, 4);
  assert.deepEqual(await pool.dispose(), clean);
  other[Symbol.dispose]();
});

test('glue: progress is told once a frame at most', limit, async () => {
  const pool = await createPool({ tasks, workers: 1 });
  const began = performance.now();
  let told = 0;
  const onProgress = () => told++;
  await pool.map('next', new Array(5000).fill(1), { concurrency: 20, onProgress });
  const most = (performance.now() - began) / 16 + 2;
  assert.ok(told > 0 && told <= most, `${told} times, at most ${most}`);
  await pool.dispose();
});

test('glue: the end waits for workers that were added', limit, async () => {
  const pool = await createPool({ tasks, workers: 1, graceMs: 50 });
  await pool.resize(2);
  const started = pool.array(Int32Array, 1);
  const deaf = assert.rejects(pool.run('deaf', [started]), { code: 'PENNY_ECLOSED' });
  while (!started[0]) await sleep(1);
  assert.equal((await pool.dispose()).isClean, false);
  await deaf;
});

test('glue: as many async items are under way as concurrency says', limit, async () => {
  const pool = await createPool({ tasks, workers: 1 });
  const options = { concurrency: 700, timeout: 20_000 };
  assert.equal((await pool.map('meet', new Array(700).fill(700), options)).at(-1), 700);
  assert.deepEqual(await pool.dispose(), clean);
});

test('glue: a list is sent without the memory that it is a part of', limit, async () => {
  const pool = await createPool({ tasks, workers: 1, memory: { maximumBytes: 2 ** 21 } });
  const part = Buffer.alloc(2 ** 23)
    .fill(7)
    .subarray(100, 300);
  assert.deepEqual(await pool.map('next', part), new Array(200).fill(8));
  const freed = pool.array(Int8Array, [1, 2]);
  pool.free(freed);
  await assert.rejects(pool.map('next', freed), /freed already/);
  await assert.rejects(pool.stream('next', freed).next(), /freed already/);
  assert.throws(() => pool.array(Int8Array, freed), /freed already/);
  assert.deepEqual(await pool.dispose(), clean);
});

test('glue: a task of map may give promises for some items', limit, async () => {
  const pool = await createPool({ tasks, workers: 2 });
  const both = new Set();
  while (both.size < 2) for (const id of await pool.map('cached', [-1, -1])) both.add(id);
  const items = Array.from({ length: 3000 }, (_, n) => n);
  for (let count = 0; count < 3; count++) assert.deepEqual(await pool.map('cached', items), items);
  assert.deepEqual(await pool.dispose(), clean);
});

test(
  'glue: a stream that is refused and that nobody reads is no unhandled rejection',
  limit,
  async () => {
    const pool = await createPool({ tasks, workers: 1 });
    const freed = pool.array(Int32Array, 10);
    pool.free(freed);
    pool.stream('next', freed);
    await sleep(50);
    await pool.dispose();
  },
);

test('glue: one signal serves any number of calls', limit, async () => {
  const warnings = [];
  const onWarning = (warning) => warnings.push(warning.name);
  process.on('warning', onWarning);
  const pool = await createPool({ tasks, workers: 1 });
  const { signal } = new AbortController();
  const range = () => pool.parallelFor('later', 0, 4, { signal });
  const maps = Array.from({ length: 20 }, () => pool.map('next', [1, 2], { signal }));
  await Promise.all([...maps, ...Array.from({ length: 20 }, range)]);
  await sleep(1);
  process.off('warning', onWarning);
  assert.deepEqual(warnings, []);
  assert.deepEqual(await pool.dispose(), clean);
});

test('glue: a start that was called off leaves no timer behind', limit, async () => {
  const program = `(async () => {
    const { createPool } = await import(${JSON.stringify(new URL('node.js', glue))});
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error('stop')), 1);
    const { signal } = controller;
    await createPool({ workers: 2, signal }).catch(({ message }) => console.log(message));
  })()`;
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', program], {
    timeout: 5000,
  });
  assert.equal(stdout, 'stop\n');
});

test('glue: resize() tells what the maker of workers threw', limit, async () => {
  const worker = (id) => {
    if (id >= 1) throw new Error('no more');
    return new Worker(new URL('worker.entry.js', glue));
  };
  const pool = await createPool({ worker, workers: 1, maxWorkers: 2 });
  await assert.rejects(pool.resize(2), { code: 'PENNY_ESTART', message: /no more/ });
  assert.equal(pool.size, 1);
  assert.deepEqual(await pool.dispose(), clean);
  await assert.rejects(createPool({ worker, workers: 2 }), { code: 'PENNY_ESTART' });
});

/** Makes workers, and throws while it `isOffline`. */
function maker() {
  const made = { isOffline: false };
  made.worker = () => {
    if (made.isOffline) throw new Error('offline');
    return new Worker(
      `import(${JSON.stringify(String(new URL('worker.js', glue)))}).then(async ({ serve }) =>
        serve(await import(${JSON.stringify(String(new URL('../e2e/tasks.js', glue)))})))`,
      { eval: true },
    );
  };
  return made;
}

test(
  'glue: a pool whose only worker is lost and cannot be replaced closes and says so',
  limit,
  async () => {
    const made = maker();
    const pool = await createPool({ worker: made.worker, workers: 1 });
    made.isOffline = true;
    const told = [];
    pool.addEventListener('workererror', ({ error }) => told.push(error.message));
    const pending = pool.run('later', [60_000, 0]);
    const lost = assert.rejects(pool.run('leave'), { code: 'PENNY_EWORKER' });
    await assert.rejects(pending, { code: 'PENNY_EWORKER' });
    await lost;
    await sleep(10);
    assert.equal(told.length, 2);
    assert.match(told[1], /offline/);
    assert.throws(() => pool.run('later', [1, 0]), { code: 'PENNY_ECLOSED' });
    await pool.dispose();
  },
);

test('glue: while a lost worker cannot be replaced the others go on', limit, async () => {
  const made = maker();
  const pool = await createPool({ worker: made.worker, workers: 3, maxWorkers: 4 });
  const told = [];
  const restarted = () =>
    new Promise((resolve) => pool.addEventListener('workerrestart', resolve, { once: true }));
  pool.addEventListener('workererror', ({ error }) => told.push(error.message));
  const sum = async () => {
    const ends = await pool.map('later', Array(200).fill(1), { concurrency: 64 });
    assert.equal(ends.length, 200);
    assert.equal(await pool.run('fib', [18]), 2584);
  };
  const isOffline = async (value) => {
    made.isOffline = value;
    if (!value) return;
    const count = told.length;
    const pending = pool.run('later', [300, 7]);
    await assert.rejects(pool.run('leave'), { code: 'PENNY_EWORKER' });
    while (told.length < count + 2) await sleep(5);
    await pending.catch(({ code }) => assert.equal(code, 'PENNY_EWORKER')); // it may have been there
  };
  await isOffline(true);
  assert.match(told.at(-1), /offline/);
  assert.equal(pool.stats().workers.length, 2);
  await sum();
  await isOffline(true);
  assert.equal(pool.stats().workers.length, 1);
  await sum();
  await assert.rejects(pool.resize(4), { code: 'PENNY_ESTART', message: /offline/ });
  await sum();
  await isOffline(false);
  await pool.resize(4);
  assert.equal(pool.stats().workers.length, 4);
  await sum();
  // An empty place may be given up.
  for (let idx = 0; idx < 3; idx++) await isOffline(true);
  assert.equal(pool.stats().workers.length, 1);
  await isOffline(false);
  await pool.resize(1);
  assert.equal(pool.stats().workers.length, 1);
  await sum();
  // It is filled by itself, later.
  await pool.resize(2);
  await isOffline(true);
  assert.equal(pool.stats().workers.length, 1);
  await isOffline(false);
  const keep = setInterval(() => {}, 1000);
  await restarted();
  clearInterval(keep);
  assert.equal(pool.stats().workers.length, 2);
  await sum();
  await isOffline(true);
  assert.deepEqual(await pool.dispose(), clean);
});

test('glue: wrong options and arguments are TypeErrors that say what is right', limit, async () => {
  await assert.rejects(createPool({ wasm: 5 }), {
    name: 'TypeError',
    message: /wasm is an address/,
  });
  await assert.rejects(createPool({ startTimeoutMs: 1 }), { message: /raise startTimeoutMs/ });
  // Names of the tasks that Penny has itself.
  const named = `data:text/javascript,${encodeURIComponent(`
    const one = () => 1;
    export { one as a, one as "penny:x" };
    export const z = () => 'z';`)}`;
  const pool = await createPool({ tasks: named, workers: 1 });
  assert.equal(await pool.run('z'), 'z');
  assert.throws(() => pool.run('penny:x'), { code: 'PENNY_ESYMBOL', message: /only: a, z/ });
  assert.deepEqual(await pool.dispose(), clean);
});
