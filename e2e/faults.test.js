// faults.test.js: what a pool does when tasks, workers or the page misbehave; after each, the next
// task works. In a real browser.
import assert from 'node:assert/strict';
import { browserTests, isSingle } from './harness.js';

const { inPage, test } = browserTests();
const clean = { isClean: true, liveBlocks: 0 };

test('an error that nobody holds is told, and its task keeps its result', async () => {
  const result = await inPage(async () => {
    const pool = await start({ tasks: '/e2e/page_tasks.js' });
    const out = {};
    for (const name of ['leaveBehind', 'leaveTimer']) {
      const told = new Promise((resolve) =>
        pool.addEventListener('workererror', resolve, { once: true }),
      );
      const value = await pool.run(name);
      const { worker, error } = await told;
      out[name] = { value, worker: typeof worker, code: error.code, message: error.message };
    }
    out.next = await pool.run('next', [1]);
    out.end = await pool.dispose();
    return out;
  });
  for (const [name, text] of Object.entries({ leaveBehind: /nobody holds/, leaveTimer: /timer/ })) {
    assert.equal(result[name].value, 'kept');
    assert.equal(result[name].worker, 'number');
    assert.equal(result[name].code, 'PENNY_EWORKER');
    assert.match(result[name].message, text);
  }
  assert.equal(result.next, 2);
  assert.deepEqual(result.end, clean);
});

test('a worker that is lost fails its tasks within a second', async () => {
  const result = await inPage(async () => {
    const made = [];
    const worker = () => {
      made.push(new Worker('/js-glue/worker.entry.js', { type: 'module' }));
      return made.at(-1);
    };
    const load = (pool) => pool.run('next', [0]);
    const out = {};
    const pool = await start({ tasks: '/e2e/page_tasks.js', workers: 1 });
    let began = performance.now();
    out.closed = await failure(() => pool.run('leave'));
    out.closedMs = performance.now() - began;
    out.afterClosed = await load(pool);
    out.end = await pool.dispose();

    const other = await start({ worker, workers: 1 });
    await other.call('fib', [5]);
    const held = failure(() => other.call('busy_ms', [500]));
    await sleep(30);
    began = performance.now();
    made[0].terminate();
    out.killed = await held;
    out.killedMs = performance.now() - began;
    out.afterKilled = String(await other.call('fib', [10]));
    out.otherEnd = await other.dispose();
    return out;
  });
  assert.equal(result.closed.code, 'PENNY_EWORKER');
  assert.ok(result.closedMs < 1000, `took ${result.closedMs} ms`);
  assert.equal(result.afterClosed, 1);
  assert.deepEqual(result.end, clean);
  // Engines differ in whether a thread that is ended finishes what it runs.
  assert.ok(result.killed.value === '1' || result.killed.code === 'PENNY_EWORKER');
  // There it is run again, which takes its 500 ms once more.
  assert.ok(result.killedMs < (isSingle ? 1500 : 1000), `took ${result.killedMs} ms`);
  assert.equal(result.afterKilled, '55');
});

test('a promise that is pending on a lost worker is rejected within a second', async () => {
  const result = await inPage(async () => {
    const made = [];
    const { Worker } = globalThis;
    globalThis.Worker = class extends Worker {
      constructor(...args) {
        super(...args);
        made.push(this);
      }
    };
    const pool = await start({ tasks: '/e2e/page_tasks.js', workers: 1 });
    globalThis.Worker = Worker;
    const pending = failure(() => pool.run('wait', [20_000]));
    await pool.run('next', [1]);
    const began = performance.now();
    made[0].terminate();
    const out = { killed: await pending, ms: performance.now() - began };
    out.next = await pool.run('next', [1]);
    out.end = await pool.dispose();
    return out;
  });
  assert.equal(result.killed.code, 'PENNY_EWORKER');
  assert.ok(result.ms < 1000, `took ${result.ms} ms`);
  assert.equal(result.next, 2);
  assert.deepEqual(result.end, clean);
});

test('a task module that cannot be had rejects createPool with its error', async () => {
  const result = await inPage(async () => {
    const out = {};
    const wrong = URL.createObjectURL(
      new Blob(['export const a = ;'], { type: 'text/javascript' }),
    );
    const throwing = URL.createObjectURL(
      new Blob(['throw new RangeError("at its top level")'], { type: 'text/javascript' }),
    );
    const worker = () => new Worker(wrong, { type: 'module' });
    for (const [name, options] of Object.entries({
      missing: { tasks: '/e2e/nosuch.js' },
      wrong: { tasks: wrong },
      throwing: { tasks: throwing },
      worker: { worker },
    })) {
      const began = performance.now();
      try {
        await start(options);
        out[name] = 'no error';
      } catch (error) {
        const { code, message, cause } = error;
        out[name] = { code, message, cause: cause?.name, ms: performance.now() - began };
      }
    }
    out.wrongUrl = wrong;
    const pool = await start({ tasks: '/e2e/page_tasks.js' });
    out.next = await pool.run('next', [1]);
    await pool.dispose();
    return out;
  });
  for (const name of ['missing', 'wrong', 'throwing', 'worker']) {
    assert.equal(result[name].code, 'PENNY_ESTART', name);
    assert.ok(result[name].ms < 5000, name);
  }
  assert.match(result.missing.message, /nosuch\.js/);
  assert.ok(result.wrong.message.includes(result.wrongUrl));
  assert.equal(result.wrong.cause, 'SyntaxError');
  assert.match(result.throwing.message, /at its top level/);
  assert.equal(result.throwing.cause, 'RangeError');
  assert.equal(result.next, 2);
});

test('an endless task is ended by its timeout or signal, others are run again', async () => {
  const result = await inPage(async () => {
    const pool = await start({ tasks: '/e2e/page_tasks.js', workers: 1, graceMs: 100 });
    const out = { events: [] };
    for (const type of ['workererror', 'workerrestart'])
      pool.addEventListener(type, ({ error }) => out.events.push(error?.message ?? type));
    const mark = pool.array(Int32Array, 1);
    // Pending there when its worker is lost: one fails, the other is run again.
    const innocent = failure(() => pool.run('wait', [15_000]));
    const again = pool.run('countThenWait', [mark, 200], { retry: true });
    // It says that it runs: one that is still queued at its timeout just does not start.
    const endless = async (options) => {
      const says = pool.array(Int32Array, 1);
      const end = failure(() => pool.run('fillFor', [says, 1e6], options));
      while (says[0] !== 7) await sleep(1);
      return { end };
    };
    const timed = await endless({ timeout: 250 });
    const began = performance.now();
    const queued = pool.run('next', [5]);
    const never = failure(() => pool.run('count', [mark], { timeout: 60 }));
    out.timed = await timed.end;
    out.never = await never;
    out.ms = performance.now() - began;
    out.queued = await queued;
    out.innocent = await innocent;
    out.again = await again;
    const controller = new AbortController();
    const aborted = await endless({ signal: controller.signal });
    controller.abort(new RangeError('enough'));
    out.aborted = await aborted.end;
    out.next = await pool.run('next', [1]);
    const deaf = failure(() => pool.call('deaf_ms', [60_000], { timeout: 200 }));
    out.deaf = await deaf;
    out.after = await pool.run('next', [2]);
    // One that goes on after an await.
    out.later = await failure(() => pool.run('spinLater', [1e6], { timeout: 200 }));
    out.last = await pool.run('next', [3]);
    out.marks = mark[0];
    out.end = await pool.dispose();
    return out;
  });
  assert.equal(result.timed.name, 'TimeoutError');
  assert.equal(result.never.name, 'TimeoutError');
  assert.ok(result.ms < 1000, `the timeout came after ${result.ms} ms`);
  assert.equal(result.queued, 6);
  assert.equal(result.innocent.code, 'PENNY_EWORKER');
  assert.equal(result.aborted.message, 'enough');
  assert.equal(result.deaf.name, 'TimeoutError');
  assert.equal(result.later.name, 'TimeoutError');
  assert.deepEqual([result.next, result.after, result.last], [2, 3, 4]);
  assert.equal(result.again, 2, 'it was begun twice');
  assert.equal(result.marks, 2, 'a queued task that was cancelled did not start');
  assert.equal(result.events.filter((event) => event === 'workerrestart').length, 4);
  assert.match(result.events[0], /fillFor was cancelled and did not stop/);
  assert.equal(result.end.isClean, true);
});

test('a pool closes over tasks that do not stop, and leaves their memory alone', async () => {
  const ends = await inPage(async () => {
    const out = [];
    for (let n = 0; n < 4; n++) {
      const pool = await start({ tasks: '/e2e/page_tasks.js', graceMs: 30 });
      const runs = [0, 0].map(() => failure(() => pool.run('tellForEver')));
      // Each worker is in one.
      while (!pool.stats().workers.every(({ roots }) => roots > 0)) await sleep(1);
      const { isClean, liveBlocks } = await pool.dispose();
      const codes = (await Promise.all(runs)).map(({ code }) => code);
      out.push([isClean, Number.isNaN(liveBlocks), ...codes].join());
    }
    return out;
  });
  assert.deepEqual(ends, Array(4).fill('false,true,PENNY_ECLOSED,PENNY_ECLOSED'));
});

test('a task that polls ends by itself and keeps its worker', async () => {
  const result = await inPage(async () => {
    const pool = await start({ tasks: '/e2e/page_tasks.js', workers: 1, graceMs: 2000 });
    let events = 0;
    pool.addEventListener('workererror', () => events++);
    const started = pool.array(Int32Array, 1);
    const timed = failure(() => pool.run('poll', [started], { timeout: 100 }));
    const out = { timed: await timed };
    const began = performance.now();
    out.next = await pool.run('next', [1]);
    return {
      ...out,
      ms: performance.now() - began,
      started: started[0],
      events,
      end: await pool.dispose(),
    };
  });
  assert.equal(result.timed.name, 'TimeoutError');
  assert.equal(result.started, 1);
  assert.equal(result.next, 2);
  assert.ok(result.ms < 1000, `the next task took ${result.ms} ms`);
  assert.equal(result.events, 0);
  assert.deepEqual(result.end, clean);
});

test('a pending promise that was given up costs no worker', async () => {
  const result = await inPage(async () => {
    const pool = await start({ tasks: '/e2e/page_tasks.js', workers: 1, graceMs: 50 });
    let events = 0;
    pool.addEventListener('workererror', () => events++);
    const waits = Array.from({ length: 20 }, () =>
      failure(() => pool.run('wait', [800], { timeout: 20 })),
    );
    const { postMessage } = Worker.prototype;
    let pings = 0;
    Worker.prototype.postMessage = function (data, ...rest) {
      if (data.penny === 'ping') pings++;
      return postMessage.call(this, data, ...rest);
    };
    const names = (await Promise.all(waits)).map(({ name }) => name);
    const busy = await pool.run('spin', [400]);
    await sleep(600);
    Worker.prototype.postMessage = postMessage;
    // Asked all the time, the worker is seen when it has just ended a long task.
    const asking = await start({ tasks: '/e2e/page_tasks.js', workers: 1, graceMs: 1 });
    asking.addEventListener('workererror', () => events++);
    await failure(() => asking.run('wait', [20_000], { timeout: 1 }));
    const long = [];
    for (let n = 0; n < 4; n++) long.push(await failure(() => asking.run('spin', [560 + n])));
    await asking.dispose();
    return { names, busy, pings, long, events, end: await pool.dispose() };
  });
  assert.deepEqual(result.names, Array(20).fill('TimeoutError'));
  assert.equal(result.busy, 400);
  assert.ok(result.pings < 100, `${result.pings} questions`); // one at a time, whatever the number of tasks
  assert.deepEqual(
    result.long.map(({ value }) => value),
    ['560', '561', '562', '563'],
  );
  assert.equal(result.events, 0);
  assert.deepEqual(result.end, clean);
});

test('a detached buffer is refused at the call', async () => {
  const result = await inPage(async () => {
    const pool = await start({ tasks: '/e2e/page_tasks.js' });
    const out = {};
    const buffer = new ArrayBuffer(8);
    const array = new Uint8Array(buffer);
    structuredClone(buffer, { transfer: [buffer] });
    for (const [name, value] of Object.entries({ buffer, array, nested: { deep: [array] } })) {
      try {
        pool.run('bytesOf', [value]).catch(() => {});
        out[name] = 'no error';
      } catch (error) {
        out[name] = error.name;
      }
    }
    out.next = await pool.run('bytesOf', [new ArrayBuffer(5)]);
    await pool.dispose();
    return out;
  });
  const name = 'DataCloneError';
  assert.deepEqual(result, { buffer: name, array: name, nested: name, next: 5 });
});

test('100,000 tasks in flight all settle right', async () => {
  const result = await inPage(
    async () => {
      const pool = await start({ tasks: '/e2e/page_tasks.js' });
      const length = 100_000;
      const runs = Array.from({ length }, (_, n) =>
        n % 3 ? pool.run('next', [n]) : pool.call('add', [n, 1]),
      );
      const values = await Promise.all(runs);
      const wrong = values.findIndex((value, n) => value !== n + 1);
      const { pending, completed } = pool.stats();
      return { wrong, pending, completed, end: await pool.dispose() };
    },
    undefined,
    { seconds: 100 },
  );
  assert.deepEqual(result, { wrong: -1, pending: 0, completed: 100_000, end: clean });
});

test('queued work goes on while the page is blocked', async () => {
  const result = await inPage(async () => {
    const pool = await start({ tasks: '/e2e/page_tasks.js' });
    const ended = pool.array(Int32Array, 1);
    await pool.run('next', [1]);
    // 20 tasks of 20 ms on two workers: 200 ms.
    const runs = Array.from({ length: 20 }, () => pool.run('spinThenCount', [20, ended]));
    for (const end = performance.now() + 600; performance.now() < end; );
    const out = { whenUnblocked: Atomics.load(ended, 0) };
    await Promise.all(runs);
    await pool.dispose();
    return out;
  });
  assert.equal(result.whenUnblocked, 20);
});
