// pool.test.js: the pool under Node, where it can be looked at from inside: arguments, failures,
// what it leaves behind.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import { CONTROL_COMPLETIONS, CONTROL_SHUTDOWN } from '../../js-glue/layout.gen.js';
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

test('glue_stats_of_a_program_that_adds_to_all_objects', async () => {
  const pool = await start();
  const names = Object.keys(pool.stats().workers[0]);
  Object.prototype.extend = () => {};
  try {
    assert.deepEqual(Object.keys(pool.stats().workers[0]), names);
  } finally {
    delete Object.prototype.extend;
  }
  await pool.dispose();
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

test('glue_completions_broken_at_the_very_end', async () => {
  const { Host } = await import('../../js-glue/host.js');
  const { release } = Host.prototype;
  const torn = { isClean: false, liveBlocks: Number.NaN };
  const ends = [
    // What a stray write could leave there when no worker is left: found by the page, not by C, which
    // would walk whatever it names.
    [(host) => host.view.atomic('store', host.control + CONTROL_COMPLETIONS, host.control), torn],
    // And what the page has taken and not yet looked at.
    [(host) => (host.chain = host.control), torn],
    // What was found broken before is not looked at again.
    [
      (host) => {
        host.isClosed = true;
        host.view.atomic('store', host.control + CONTROL_COMPLETIONS, host.control);
      },
      { isClean: true, liveBlocks: 0 },
    ],
  ];
  for (const [breakIt, end] of ends) {
    const pool = await start({ workers: 1 });
    assert.equal(await pool.call('fib', [5]), 5n);
    Host.prototype.release = function (isClean) {
      breakIt(this);
      return release.call(this, isClean);
    };
    try {
      assert.deepEqual(await pool.dispose(), end);
    } finally {
      Host.prototype.release = release;
    }
  }
});

test('glue_submitted_after_the_last_look_of_every_worker', async () => {
  const pool = await start();
  const { Host } = await import('../../js-glue/host.js');
  const { add, release } = Host.prototype;
  let submit;
  Host.prototype.add = function (...args) {
    [submit] = args;
    return add.apply(this, args);
  };
  // All have left: as if this had come before the shutdown, when both had just looked.
  Host.prototype.release = function (isClean) {
    const at = this.control + CONTROL_SHUTDOWN;
    this.view.atomic('store', at, 0);
    for (let count = 0; count < 3; count++) assert.ok(this.enter({ level: count }, submit));
    this.view.atomic('store', at, 1);
    return release.call(this, isClean);
  };
  try {
    assert.equal(await pool.call('fib', [5]), 5n);
    assert.deepEqual(await pool.dispose(), { isClean: true, liveBlocks: 0 });
  } finally {
    Object.assign(Host.prototype, { add, release });
  }
});

/** Each with what its error says: nothing wrong is taken in silence, and what is refused changes nothing. */
test('glue_wrong_options_are_refused', async () => {
  const wrong = [
    [null, /options is an object/],
    ['x', /options is an object/],
    [{ memory: 5 }, /memory is an object/],
    [{ memory: null }, /memory is an object/],
    [{ errors: 'x' }, /errors is an array of classes/],
    [{ errors: [Error, 5] }, /errors is an array of classes/],
    [{ tasks: 5 }, /tasks is an address/],
    [{ signal: new AbortController() }, /signal is an AbortSignal/],
  ];
  for (const [options, message] of wrong) {
    const expected = { name: 'TypeError', message };
    await assert.rejects(createPool(options), expected, JSON.stringify(options));
  }
  const pool = await start();
  const array = pool.array(Int32Array, [2, 1]);
  const each = (options) => [
    () => pool.run('sumShared', [array], options),
    () => pool.call('fib', [3], options),
    () => pool.map('sumShared', [array], options),
    () => pool.map('sumShared', [], options),
    () => pool.stream('sumShared', [array], options).next(),
    () => pool.parallelFor('sumShared', 0, 0, options),
    () => pool.reduce('sumShared', 0, 1, options),
    () => pool.sort(array, options),
    () => pool.sum(array, options),
  ];
  const options = [
    [null, /options is an object/],
    [5, /options is an object/],
    [{ signal: new EventTarget() }, /signal is an AbortSignal/],
    [{ timeout: '5' }, /timeout is a number of milliseconds/],
    [{ timeout: Number.NaN }, /timeout is a number of milliseconds/],
    [{ onProgress: 5 }, /onProgress is a function/],
    [{ priority: 'high' }, /priority is one of user-blocking/],
    [{ transfer: 5 }, /transfer is an array/],
  ];
  for (const [given, message] of options) {
    for (const [idx, call] of each(given).entries()) {
      const expected = { name: 'TypeError', message };
      await assert.rejects(async () => call(), expected, `${idx}: ${JSON.stringify(given)}`);
    }
  }
  const buffer = new ArrayBuffer(8);
  const late = { transfer: [buffer], priority: 'high' };
  assert.throws(() => pool.run('sumShared', [buffer], late), TypeError);
  assert.equal(buffer.byteLength, 8);
  assert.throws(() => pool.call('fib', null), /args is an array/);
  assert.equal(pool.stats().completed, 0);
  assert.deepEqual(await pool.dispose(), { isClean: true, liveBlocks: 0 });
});

test('glue_arrays_of_wrong_content_take_no_memory', async () => {
  const pool = await start({ memory: { maximumBytes: 2 ** 21 } });
  const wrong = [5n, true, {}, () => 1, new ArrayBuffer(8), undefined, null, Promise.resolve([1])];
  for (const content of wrong) {
    const message = /array takes a length or an iterable/;
    assert.throws(() => pool.array(Float64Array, content), { name: 'TypeError', message });
  }
  for (const Type of [Array, DataView, new Int32Array(1), { BYTES_PER_ELEMENT: 4 }, null])
    assert.throws(() => pool.array(Type, 3), { name: 'TypeError', message: /the constructor/ });
  const numbers = new Float64Array(10_000);
  for (let count = 0; count < 200; count++)
    assert.throws(() => pool.array(BigInt64Array, numbers), TypeError);
  assert.equal(pool.stats().arrays, 0);
  assert.equal(pool.array(BigInt64Array, 10_000).length, 10_000);
  assert.deepEqual(await pool.dispose(), { isClean: true, liveBlocks: 0 });
});

test('glue_what_cannot_be_sent_is_named_by_its_place', async () => {
  const pool = await start();
  const bad = { f() {} };
  const items = Array.from({ length: 40 }, (_, n) => n);
  items[33] = [1, bad];
  const refused = {
    'items: [33][1].f': () => pool.map('echo', items),
    'items: [2] is a function': () => pool.map('echo', [1, 2, bad.f]),
    'args: [1].f': () => pool.parallelFor('echo', 0, 9, { args: [0, bad] }),
    'args: [0] is a function': () => pool.reduce('echo', 0, 9, { args: [bad.f], combine: 'echo' }),
    'init: .f': () => pool.reduce('echo', 0, 9, { init: bad, combine: 'echo' }),
  };
  for (const [place, action] of Object.entries(refused)) {
    const error = await action().then(assert.fail, (error) => error);
    assert.equal(error.name, 'DataCloneError', error);
    assert.ok(error.message.startsWith(place), `${place}: ${error.message}`);
  }
  assert.equal(await pool.run('echo', [1]), 1);
  assert.equal((await pool.dispose()).isClean, true);
});

test('glue_wrong_values_of_the_program_end', { timeout: 20_000 }, async () => {
  const text = `data:text/javascript,
    export const one = (n) => n;
    export const later = async (a, b) => a - b;
    export const nobody = () => Penny.spawn(undefined);
    export const none = () => Penny.spawn();
    export const make = (n) => Penny.array(Float64Array, n);
    export const makeList = () => Penny.array(Array, 4);`;
  const pool = await createPool({ tasks: text, workers: 2 });
  const endless = { [Symbol.iterator]: () => ({ next: () => 5 }) };
  const asynchronous = { [Symbol.asyncIterator]: () => ({ next: () => 5 }) };
  for (const items of [endless, asynchronous]) {
    const expected = { name: 'TypeError', message: /an iterator gives objects/ };
    await assert.rejects(pool.map('one', items), expected);
  }
  // What is no count says nothing.
  for (const length of [1.5, 2 ** 40])
    assert.deepEqual(await pool.map('one', Object.assign(new Set([7]).values(), { length })), [7]);
  const numbers = pool.array(Int32Array, [3, 1, 2]);
  const refused = pool.sort(numbers, { comparator: 'later' });
  await assert.rejects(refused, {
    code: 'PENNY_EASYNCJOIN',
    message: /sort\(\) takes plain tasks/,
  });
  assert.deepEqual([...numbers], [3, 1, 2]);
  for (const name of ['nobody', 'none'])
    await assert.rejects(pool.run(name), { name: 'TypeError', message: /spawn takes a function/ });
  for (const length of [-1, 1.5, 'x', null])
    await assert.rejects(pool.run('make', [length]), RangeError, String(length));
  await assert.rejects(pool.run('makeList'), { name: 'TypeError', message: /constructor/ });
  pool.free(numbers);
  assert.deepEqual(await pool.dispose(), { isClean: true, liveBlocks: 0 });
});

test('glue_a_getter_of_its_arguments_ends_the_pool', { timeout: 20_000 }, async () => {
  const pool = await start();
  const ends = {
    get value() {
      pool.dispose();
      return 1;
    },
  };
  await assert.rejects(pool.run('echo', [ends]), { code: 'PENNY_ECLOSED' });
  assert.equal((await pool.dispose()).isClean, true);
});

test('glue_a_worker_is_lost_while_another_starts', { timeout: 20_000 }, async () => {
  const slow = `data:text/javascript,
    await new Promise((resolve) => setTimeout(resolve, 200));
    export const die = () => process.exit();
    export const one = () => 1;`;
  const pool = await createPool({ tasks: slow, workers: 2 });
  const errors = [];
  let restarts = 0;
  pool.addEventListener('workererror', ({ error }) => errors.push(error.message));
  const areBack = new Promise((resolve) => {
    pool.addEventListener('workerrestart', () => ++restarts === 2 && resolve());
  });
  const first = assert.rejects(pool.run('die'), { code: 'PENNY_EWORKER' });
  while (!errors.length) await new Promise((resolve) => setTimeout(resolve, 1));
  // Its successor is loading the module.
  await new Promise((resolve) => setTimeout(resolve, 100));
  await Promise.all([first, assert.rejects(pool.run('die'), { code: 'PENNY_EWORKER' })]);
  await areBack;
  assert.equal(await pool.run('one'), 1);
  assert.equal(errors.length, 2, errors.join());
  for (const message of errors) assert.match(message, /was ended/);
  assert.deepEqual(await pool.dispose(), { isClean: true, liveBlocks: 0 });
});

test('glue_a_worker_that_ends_as_soon_as_it_is_ready', { timeout: 20_000 }, async () => {
  const text = `data:text/javascript,
    export const die = () => process.exit();
    export const spin = (ms) => { for (const end = performance.now() + ms; performance.now() < end; ); };
    export const one = () => 1;`;
  for (let round = 0; round < 2; round++) {
    const pool = await createPool({ tasks: text, workers: 1, maxWorkers: 2 });
    const spinning = pool.run('spin', [500]);
    const grown = pool.resize(2);
    await sleep(20);
    const died = assert.rejects(pool.run('die'), { code: 'PENNY_EWORKER' });
    // The page hears of its start and of its end in one go.
    for (const end = performance.now() + 450; performance.now() < end; );
    await Promise.all([spinning, grown, died]);
    assert.equal(await pool.run('one'), 1);
    assert.deepEqual(await pool.dispose(), { isClean: true, liveBlocks: 0 });
  }
});

test('glue_a_worker_that_ends_before_the_others_are_ready', { timeout: 20_000 }, async () => {
  const worker = (id) => {
    const address = new URL('../../js-glue/worker.entry.js', import.meta.url);
    const wait = id ? 'await new Promise((resolve) => setTimeout(resolve, 300));' : '';
    const thread = new Worker(new URL(`data:text/javascript,${wait}await import("${address}")`));
    if (!id) thread.on('message', ({ penny }) => penny === 'ready' && thread.terminate());
    return thread;
  };
  const start = createPool({ worker, workers: 2 });
  await assert.rejects(start, { code: 'PENNY_ESTART', message: 'worker 0 ended itself' });
});

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
/** Collects what nobody refers to, a few times. */
async function collectGarbage() {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  for (let round = 0; round < 5; round++) {
    collect();
    await sleep(10);
  }
}

test('glue_a_worker_is_lost_while_the_clock_of_a_test_stands_still', async () => {
  const text =
    'data:text/javascript,export const die = () => process.exit(); export const one = () => 1;';
  const pool = await createPool({ tasks: text, workers: 1 });
  const { setTimeout: plain } = globalThis;
  globalThis.setTimeout = () => ({ unref() {} });
  try {
    const late = new Promise((done) => plain(done, 5000, 'late'));
    const code = pool.run('die').catch((error) => error.code);
    assert.equal(await Promise.race([code, late]), 'PENNY_EWORKER');
    assert.equal(await Promise.race([pool.run('one'), late]), 1);
  } finally {
    globalThis.setTimeout = plain;
  }
  await pool.dispose();
});

test('glue_arrays_of_a_task_live_as_long_as_it_does', async () => {
  const held = `data:text/javascript,
    export const first = async ({ a }, ms) => {
      await new Promise((done) => setTimeout(done, ms));
      return a[0];
    };`;
  const pool = await start({ tasks: held, workers: 1 });
  const state = { a: pool.array(Int32Array, [7]) };
  const args = [state, 300];
  const run = pool.run('first', args);
  const busy = pool.call('busy_ms', [300]);
  const pointers = [pool.array(Uint8Array, 100), 100, 5];
  const call = pool.call('fill', pointers); // waits until the worker has time
  // The arguments are the program's own again.
  state.a = undefined;
  args.length = pointers.length = 0;
  await collectGarbage();
  assert.equal(pool.stats().arrays, 2);
  assert.equal(await run, 7);
  await Promise.all([busy, call]);
  assert.equal((await pool.dispose()).liveBlocks, 0);
});

test('glue_what_an_async_task_spawned_and_awaited_is_not_kept', async () => {
  const loops = `data:text/javascript,
    import { spawn } from ${JSON.stringify(String(pathToFileURL(join(root, 'js-glue/worker.js'))))};
    import { setFlagsFromString } from 'node:v8';
    import { runInNewContext } from 'node:vm';
    export const gives = (n) => ({ n });
    export const loops = async (count) => {
      setFlagsFromString('--expose-gc');
      const collect = runInNewContext('gc');
      const refs = [];
      for (let n = 0; n < count; n++) refs.push(new WeakRef(await spawn(gives, n)));
      for (let round = 0; round < 5; round++) {
        collect();
        await new Promise((done) => setTimeout(done, 10));
      }
      return refs.filter((ref) => ref.deref()).length;
    };`;
  const pool = await start({ tasks: loops, workers: 1 });
  const left = await pool.run('loops', [400]);
  assert.ok(left < 100, `${left} of 400 are left`);
  await pool.dispose();
});

test('glue_a_map_with_room_for_all_ends_when_memory_does', { timeout: 60_000 }, async () => {
  const pool = await start({ workers: 1, memory: { maximumBytes: 2 ** 20 } });
  const items = (function* () {
    for (let n = 0; ; n++) yield { n };
  })();
  await assert.rejects(pool.map('echo', items, { concurrency: 1e9 }), { code: 'PENNY_ENOMEM' });
  // What was in flight has its memory until it comes back.
  let last;
  for (let turn = 0; turn < 500 && last !== 1; turn++)
    last = await pool.run('echo', [1]).catch(() => sleep(10));
  assert.equal(last, 1);
  assert.equal((await pool.dispose()).liveBlocks, 0);
});

test('glue_memory_that_was_exhausted_is_used_again', async () => {
  const pool = await start({ workers: 1, memory: { maximumBytes: 2 ** 22 } });
  for (let round = 0; round < 3; round++) {
    const arrays = [];
    assert.throws(
      () => {
        for (;;) arrays.push(pool.array(Uint8Array, 1000));
      },
      { code: 'PENNY_ENOMEM' },
    );
    for (const array of arrays) pool.free(array);
    pool.free(pool.array(Uint8Array, 500_000));
    assert.deepEqual(await pool.run('echo', [{ round }]), { round });
  }
  assert.deepEqual(await pool.dispose(), { isClean: true, liveBlocks: 0 });
});
