// suite.js: the page's side in Node, Deno and Bun, from dist/: one program that prints a line for
// each test and then ends by itself, with a pool that nobody disposed of.
//
// PENNY_SINGLE=1: the same with fallback: 'single', as on a page that is not isolated. All of it applies.
import assert from 'node:assert/strict';
import { env } from 'node:process';
import { createPool as create, isSupported, PennyError } from '../../dist/node.js';

const isSingle = env.PENNY_SINGLE === '1';
// These hosts always have shared memory; this is how a page says that it has none.
if (isSingle) globalThis.crossOriginIsolated = false;
const createPool = (options) => create(isSingle ? { fallback: 'single', ...options } : options);

const wasm = new URL('../../build/wasm/e2e/e2e_tasks.wasm', import.meta.url);
const tasks = new URL('tasks.js', import.meta.url);
const start = (options) => createPool({ wasm, tasks, workers: 2, ...options });

const pool = await start();
/** The next event of a type; waiting for it keeps the program running, as a pool alone does not. */
const event = (type) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no ${type} in 5 s`)), 5000);
    const listener = (heard) => {
      clearTimeout(timer);
      resolve(heard);
    };
    pool.addEventListener(type, listener, { once: true });
  });

const tests = {
  async supported() {
    const missing = isSingle ? ['crossOriginIsolated'] : [];
    assert.deepEqual(isSupported(), { ok: !isSingle, missing });
    assert.equal(pool.size, isSingle ? 1 : 2);
  },
  async call() {
    assert.equal(await pool.call('fib', [20]), 6765n);
    assert.throws(() => pool.call('fib', [1.5]), RangeError);
  },
  async run() {
    assert.equal(await pool.run('add', [1, 2]), 3);
    assert.equal(await pool.tasks.echo('word'), 'word');
    const value = { map: new Map([[1, new Date(5)]]), list: [undefined, -0, 2n ** 70n] };
    assert.deepEqual(await pool.run('echo', [value]), value);
    assert.equal(await pool.run('later', [20, 'late']), 'late');
  },
  async nested_spawns() {
    assert.equal(await pool.run('fib', [18]), 2584);
  },
  async errors() {
    await assert.rejects(pool.run('fail'), (error) => {
      assert.ok(error instanceof TypeError);
      assert.deepEqual([error.message, error.code, error.cause], ['it failed', 'E_OWN', 'why']);
      return true;
    });
    assert.throws(() => pool.run('echo', [() => {}]), { name: 'DataCloneError' });
    assert.throws(() => pool.run('nobody'), { code: 'PENNY_ESYMBOL' });
    await assert.rejects(createPool({ tasks: 'none.js', startTimeoutMs: 5000 }), Error);
    await assert.rejects(createPool({ wasm: 'none.wasm' }), { code: 'PENNY_EMODULE' });
  },
  async cancel() {
    const signal = AbortSignal.abort(new Error('changed my mind'));
    await assert.rejects(pool.run('echo', [1], { signal }), { message: 'changed my mind' });
    const late = pool.run('later', [5000], { timeout: 20 });
    await assert.rejects(late, { name: 'TimeoutError' });
  },
  async cancel_what_never_polls() {
    const short = await start({ workers: 1, graceMs: 50 });
    await assert.rejects(short.run('spin', [], { timeout: 20 }), { name: 'TimeoutError' });
    assert.equal(await short.run('add', [2, 2]), 4);
    await short.dispose();
  },
  async arrays() {
    const array = pool.array(Float64Array, 10_000);
    await pool.run('fill', [array, 2]);
    assert.equal(await pool.sum(array), 20_000);
    await pool.run('square', [array]);
    assert.ok(array.every((value, idx) => value === idx * idx));
    pool.free(array);
  },
  async map() {
    const items = Array.from({ length: 5000 }, (_, idx) => idx);
    assert.deepEqual(await pool.map('echo', items), items);
  },
  async progress() {
    const seen = [];
    await pool.run('tell', [], { onProgress: (step) => seen.push(step) });
    assert.equal(seen.at(-1), 3);
  },
  async ten_thousand_in_flight() {
    const all = Array.from({ length: 10_000 }, (_, idx) => pool.run('add', [idx, 1]));
    const sum = (await Promise.all(all)).reduce((total, value) => total + value, 0);
    assert.equal(sum, (10_000 * 10_001) / 2);
  },
  async lost_workers() {
    for (const name of ['leave', 'exit']) {
      const restarted = event('workerrestart');
      await assert.rejects(pool.run(name), { code: 'PENNY_EWORKER' });
      await restarted;
      assert.equal(await pool.run('add', [1, 1]), 2);
    }
  },
  async stray_rejections() {
    const heard = event('workererror');
    assert.equal(await pool.run('stray'), 'kept');
    const { error } = await heard;
    assert.ok(error instanceof PennyError);
    assert.match(error.message, /nobody holds this/);
    assert.equal(await pool.run('add', [1, 1]), 2);
  },
  async dispose() {
    const other = await start();
    const pending = other.run('later', [5000]);
    const ended = other.dispose();
    await assert.rejects(pending, { code: 'PENNY_ECLOSED' });
    await ended;
    assert.throws(() => other.run('add', [1, 1]), { code: 'PENNY_ECLOSED' });
  },
};

for (const [name, test] of Object.entries(tests)) {
  try {
    await test();
    console.log(`ok ${name}`);
  } catch (error) {
    console.log(`not ok ${name}`);
    console.log(error?.stack ?? error);
  }
}

// Nothing but this task keeps the program running; afterwards nothing does, the pool included.
pool.run('later', [300, 'pending_tasks_keep_it_running']).then((name) => console.log(`ok ${name}`));
