// single.test.js: the tests of other files once more, on pages that are not isolated, in pools with
// fallback: 'single'; and what is new there.
import assert from 'node:assert/strict';

process.env.PENNY_SINGLE = '1';
const { browserTests, engine, inapplicable, isLong, leftOut } = await import('./harness.js');

const polls = 'a task that runs sees no cancel before it gives way';
const arrays = 'the page does not see what a task writes before the task has ended';
for (const [name, why] of [
  ['without waitAsync a bell rings', 'the page waits on no memory'],
  ['abort, timeout and dispose settle what is pending', polls],
  ['tasks that poll stop when they are given up', `${polls}; ${arrays}`],
  ['a task that polls ends by itself and keeps its worker', polls],
  ['an endless task is ended by its timeout or signal, others are run again', `${arrays} (marks)`],
  ['queued work goes on while the page is blocked', `${arrays} (marks); another way below`],
  ['what a task still writes to after its abort is not given out again', arrays],
  ['timers and messages come beside a generator that only yields', arrays],
  ['a pool closes over tasks that do not stop, and leaves their memory alone', 'it is one thread'],
  ['what a lost worker had in its hands is submitted anew', 'it writes to the shared memory'],
  ['what cannot be sorted is refused, and nothing is harmed', 'the heap has but what calls need'],
  ['shared memory is shared, and may be in a result of its task', 'there is none'],
  ['what bytes cannot carry goes by message', 'it has a SharedArrayBuffer, and no pool'],
  ...(isLong ? [] : [['100,000 tasks in flight all settle right', 'it takes 10 seconds there']]),
  [`fork-join of JavaScript is stressed in ${engine}`, 'it is about several workers'],
  [
    'more workers than cores: what is spawned keeps few awake, all in turn; roots wake all',
    'it is about several workers',
  ],
])
  inapplicable.set(name, why);

// In the other engines those that differ most, but for the long run.
const isWhole = engine === 'chromium' || isLong;
const files = ['more', 'values', ...(isWhole ? ['glue', 'arrays', 'fork', 'faults'] : [])];
for (const file of files) await import(`./${file}.test.js`);

const { inPage, open, test } = browserTests();

if (isWhole)
  test('what is left out is there', () => {
    assert.deepEqual(
      [...inapplicable.keys()].filter((name) => !leftOut.has(name)),
      [],
    );
  });

test('isolation is what it is for, and what it does not need', async () => {
  const isolated = await open({ isolated: true });
  const workers = await inPage(
    async () => {
      const pool = await start({ wasm: undefined });
      const { size } = pool;
      await pool.dispose();
      return size;
    },
    undefined,
    { page: isolated },
  );
  await isolated.close();
  assert.equal(workers, 2);
  const refused = await inPage(async () => {
    const module = await WebAssembly.compileStreaming(fetch(wasm));
    return {
      none: await failure(() => index.createPool({ wasm })),
      other: await failure(() => start({ fallback: 'double' })),
      compiled: await failure(() => start({ wasm: module })),
      support: penny.isSupported(),
    };
  });
  assert.equal(refused.none.code, 'PENNY_ENOISOLATION');
  assert.equal(refused.other.name, 'TypeError');
  assert.equal(refused.compiled.code, 'PENNY_EMODULE');
  assert.match(refused.compiled.message, /give its address or its bytes/);
  assert.equal(refused.support.ok, false);
});

test('an array that several tasks write has what each of them wrote', async () => {
  const result = await inPage(async () => {
    const pool = await start({ tasks: '/e2e/tasks.js' });
    const array = pool.array(Uint8Array, 1001);
    const isPlain = array.buffer instanceof ArrayBuffer && array.byteLength === 1001;
    // Each writes another part of the whole, and the page writes between the calls.
    const writers = [];
    for (let n = 0; n < 10; n++) {
      array[n] = 200 + n;
      writers.push(pool.run('writePart', [array, 100 + 90 * n, 190 + 90 * n, n + 1]));
    }
    array[1000] = 99;
    await Promise.all(writers);
    const wrong = [];
    for (let n = 0; n < 10; n++) {
      const part = array.subarray(100 + 90 * n, 190 + 90 * n);
      if (array[n] !== 200 + n || !part.every((value) => value === n + 1)) wrong.push(n);
    }
    const last = array[1000];
    const failed = await failure(() =>
      pool.run('writeAndFail', [{ deep: [array.subarray(5, 9)] }]),
    );
    const after = [...array.subarray(4, 10)];
    const doubles = pool.array(Float64Array, [1, 2, 3]);
    const same = await pool.run('giveBack', [doubles]);
    const part = await pool.run('giveBack', [doubles.subarray(1)]);
    const isSame = same === doubles && part.buffer === doubles.buffer && part[0] === 2;
    return { isPlain, wrong, last, failed, after, isSame, end: await pool.dispose() };
  });
  assert.equal(result.isPlain, true);
  assert.deepEqual(result.wrong, []);
  assert.equal(result.last, 99);
  assert.equal(result.failed.message, 'after it wrote');
  assert.deepEqual(result.after, [204, 7, 7, 7, 7, 209]);
  assert.equal(result.isSame, true);
  assert.deepEqual(result.end, { isClean: true, liveBlocks: 0 });
});

test('an array that the program detaches fails no more than its own task', async () => {
  const result = await inPage(async () => {
    const pool = await start({ tasks: '/e2e/tasks.js' });
    const [array, other] = [pool.array(Uint8Array, 100), pool.array(Uint8Array, 100)];
    const ends = [];
    const call = (own) => ends.push(failure(() => pool.run('writePart', [own, 0, 50, 7])));
    for (const own of [array, array, other]) call(own);
    structuredClone(array.buffer, { transfer: [array.buffer] });
    call(array);
    call(other);
    await Promise.all(ends);
    const refused = await ends[3];
    return { name: refused?.name, wrote: other[9], end: await pool.dispose() };
  });
  assert.equal(result.name, 'DataCloneError');
  assert.equal(result.wrote, 7);
  assert.deepEqual(result.end, { isClean: true, liveBlocks: 0 });
});

test('a buffer of an array is refused, whatever was refused before', async () => {
  const result = await inPage(async () => {
    const pool = await start({ tasks: '/e2e/tasks.js' });
    const array = pool.array(Uint8Array, 8);
    const first = await failure(() => pool.run('giveBack', [array, () => {}]));
    await sleep(1);
    const second = await failure(() => pool.run('giveBack', [array.buffer]));
    await pool.dispose();
    return [first.name, second.name, second.message];
  });
  assert.deepEqual(result.slice(0, 2), ['DataCloneError', 'DataCloneError']);
  assert.match(result[2], /send the array/);
});

test('a worker that cannot be replaced ends the pool', async () => {
  const result = await inPage(async () => {
    let isOffline = false;
    const source = `import { serve } from '${location.origin}/js-glue/worker.js';
      import * as tasks from '${location.origin}/e2e/page_tasks.js';
      serve(tasks);`;
    const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
    const worker = () => {
      if (isOffline) throw new Error('offline');
      return new Worker(url, { type: 'module' });
    };
    const pool = await start({ worker });
    const told = [];
    pool.addEventListener('workererror', ({ error }) => told.push(error.message));
    isOffline = true;
    const lost = await failure(() => pool.run('leave'));
    while (told.length < 2) await sleep(5);
    return { lost: lost.code, told, after: (await failure(() => pool.run('leave'))).code };
  });
  assert.equal(result.lost, 'PENNY_EWORKER');
  assert.match(result.told.at(-1), /offline/);
  assert.equal(result.after, 'PENNY_ECLOSED');
});

test('queued work goes on while the page is blocked, by messages', async () => {
  const result = await inPage(async () => {
    const pool = await start({ tasks: '/e2e/page_tasks.js' });
    await pool.run('next', [1]);
    const began = performance.now();
    const times = Array.from({ length: 10 }, () => pool.run('spinAndTell', [10]));
    while (performance.now() - began < 400);
    const ended = await Promise.all(times);
    await pool.dispose();
    return ended.map((time) => time - performance.timeOrigin - began);
  });
  // If they had to wait for the page, not one of them would have.
  const early = result.filter((ms) => ms < 400);
  assert.ok(early.length >= 5, `they ended after ${result} ms`);
});

test('an abort while the first file is loaded ends the start', async () => {
  const reason = await inPage(async () => {
    const controller = new AbortController();
    const starting = failure(() => start({ signal: controller.signal }));
    controller.abort(new Error('not any more'));
    return starting;
  });
  assert.equal(reason.message, 'not any more');
});

test('one worker says what it does, and stays one', async () => {
  const result = await inPage(async () => {
    const pool = await start({ tasks: '/e2e/tasks.js', trace: true, workers: 3 });
    await pool.run('later', [30]);
    await pool.call('fib', [15]);
    const zero = await failure(() => pool.resize(0));
    await pool.resize(4);
    const [{ traceEvents }] = await Promise.all([pool.trace(), pool.trace()]);
    const { workers, pending, completed, arrays } = pool.stats();
    const names = [...new Set(traceEvents.map(({ name }) => name))];
    const pended = failure(() => pool.run('later', [5000]));
    const last = pool.trace().catch(({ code }) => code);
    const end = await pool.dispose();
    const closed = [
      await pended,
      await failure(() => pool.array(Int8Array, 1)),
      { code: await last },
    ];
    return { zero, size: pool.size, names, workers, pending, completed, arrays, closed, end };
  });
  assert.equal(result.zero.name, 'RangeError');
  assert.equal(result.size, 1);
  for (const name of ['later', 'fib', 'sleep']) assert.ok(result.names.includes(name), name);
  assert.equal(result.workers.length, 1);
  assert.equal(result.workers[0].roots, 2);
  assert.deepEqual([result.pending, result.completed, result.arrays], [0, 2, 0]);
  assert.equal(result.closed[0].code, 'PENNY_ECLOSED');
  assert.equal(result.closed[1].code, 'PENNY_ECLOSED');
  assert.equal(result.end.isClean, true);
});

test('an endless task is ended, C calls run again, and the next worker goes on', async () => {
  const result = await inPage(async () => {
    const pool = await start({ tasks: '/e2e/page_tasks.js', graceMs: 50 });
    const events = [];
    for (const type of ['workererror', 'workerrestart'])
      pool.addEventListener(type, ({ error }) => events.push(error?.message ?? type));
    const array = pool.array(Float64Array, [1, 2, 3.5]);
    const innocent = failure(() => pool.run('wait', [20_000]));
    const endless = failure(() => pool.run('spin', [1e6], { timeout: 50 }));
    const queued = [pool.call('sum', [array, 3]), pool.run('next', [5])];
    const out = { endless: await endless, queued: await Promise.all(queued) };
    out.innocent = await innocent;
    // One that only queues behind a long one costs it nothing.
    const long = pool.run('spin', [1500]);
    out.behind = await failure(() => pool.run('next', [1], { timeout: 20 }));
    out.long = await long;
    out.deaf = await failure(() => pool.call('deaf_ms', [60_000], { timeout: 20 }));
    const again = pool.run('wait', [300], { retry: true });
    out.left = await failure(() => pool.run('leave'));
    out.again = await again;
    out.last = await pool.run('next', [1]);
    return { ...out, events, end: await pool.dispose() };
  });
  assert.equal(result.endless.name, 'TimeoutError');
  assert.deepEqual(result.queued, [6.5, 6]);
  assert.equal(result.innocent.code, 'PENNY_EWORKER');
  assert.equal(result.left.code, 'PENNY_EWORKER');
  assert.equal(result.again, 300);
  assert.equal(result.behind.name, 'TimeoutError');
  assert.equal(result.long, 1500);
  assert.equal(result.deaf.name, 'TimeoutError');
  assert.equal(result.last, 2);
  assert.equal(result.events.length, 6);
  assert.match(result.events[0], /spin was cancelled and did not stop/);
  assert.deepEqual(result.end, { isClean: true, liveBlocks: 0 });
});
