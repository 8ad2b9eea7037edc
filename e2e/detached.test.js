// detached.test.js: what async tasks spawn: roots of their own, told to the worker that spawned them.
// Their arrays, their cancelling, and what becomes of them when a worker is lost. In a real browser.
import assert from 'node:assert/strict';
import { browserTests } from './harness.js';

const { inPage, test } = browserTests();
const clean = { isClean: true, liveBlocks: 0 };
const tasks = '/e2e/detached.js';

test('arrays of awaited children live as long as the call', async () => {
  const result = await inPage(async () => {
    const pool = await start({ tasks: '/e2e/detached.js' });
    const out = [];
    const all = [0, 0, 5, 5, 5, 0].map((ms) => pool.run('makesInChildren', [1000, ms]));
    for (const { sum, one } of await Promise.all(all)) {
      out.push(sum);
      if (one) {
        out.push(one[999]);
        pool.free(one);
      }
    }
    return { out, end: await pool.dispose() };
  });
  assert.deepEqual(result.out, [32, 7, 32, 7, 32, 32, 32, 32, 7]);
  assert.deepEqual(result.end, clean);
});

test('a pool that closes with pending children gives back all of its memory', async () => {
  const result = await inPage(async () => {
    const pool = await start({ tasks: '/e2e/detached.js' });
    const all = Array.from({ length: 8 }, () => failure(() => pool.run('awaitsLater', [5000])));
    await pool.run('later', [30]);
    const end = await pool.dispose();
    return { codes: (await Promise.all(all)).map(({ code }) => code), end };
  });
  assert.deepEqual(result.codes, Array(8).fill('PENNY_ECLOSED'));
  assert.deepEqual(result.end, clean);
});

test('what goes on in a worker that has left touches nothing of the pool', async () => {
  const ends = await inPage(
    async () => {
      const out = [];
      for (const how of ['progress', 'spawn', 'array', 'poll'])
        for (let round = 0; round < 3; round++) {
          const pool = await start({ tasks: '/e2e/detached.js', workers: 3 });
          const all = Array.from({ length: 6 }, () => failure(() => pool.run('uses', [how])));
          // The more there is to give back, the longer the others have.
          for (let n = 0; n < 1000; n++) all.push(failure(() => pool.run('later', [60_000])));
          await sleep(20);
          const { isClean, liveBlocks } = await pool.dispose();
          const codes = new Set((await Promise.all(all)).map(({ code }) => code));
          out.push(`${how} ${[...codes]} ${isClean} ${liveBlocks}`);
        }
      return [...new Set(out)];
    },
    {},
    { seconds: 60 },
  );
  const each = (how) => `${how} PENNY_ECLOSED true 0`;
  assert.deepEqual(ends, ['progress', 'spawn', 'array', 'poll'].map(each));
});

test('a task that has ended, stolen or not, gives no arrays and tells nothing', async () => {
  const result = await inPage(async () => {
    const pool = await start({ tasks: '/e2e/detached.js', workers: 2 });
    const flag = pool.array(Int32Array, [-1]);
    const told = new Set();
    const use = async () => {
      for (let n = 0; n < 40; n++) told.add(await pool.run('usesKept'));
    };
    await pool.run('keepsTask', [flag]);
    await use();
    flag[0] = 0;
    await pool.run('keepsStolen', [flag]);
    await use();
    return { told: [...told].sort(), end: await pool.dispose() };
  });
  assert.deepEqual(
    result.told.filter((text) => text !== 'none'),
    ['PENNY_EINVAL true'],
  );
  assert.deepEqual(result.end, clean);
});

test('a plain function that gives a promise is as good as an async one', async () => {
  const result = await inPage(async () => {
    const pool = await start({ tasks: '/e2e/detached.js', workers: 2 });
    const counter = pool.array(Int32Array, 1);
    const fib = await pool.run('looksPlain', [10, counter]);
    // What it has spawned and not awaited, as after any other await, may end after it.
    for (let turn = 0; turn < 500 && counter[0] < 10; turn++) await sleep(1);
    return { fib, ran: counter[0], end: await pool.dispose() };
  });
  assert.deepEqual([result.fib, result.ran], [55, 10]);
  assert.deepEqual(result.end, clean);
});

test('a generator catches what it yields and cannot wait for', async () => {
  const caught = await inPage(async () => {
    const pool = await start({ tasks: '/e2e/detached.js', workers: 1 });
    const caught = await pool.run('catches');
    await pool.dispose();
    return caught;
  });
  assert.equal(caught, 'then() threw');
});

test('what a failed task spawned ends before it does, if it ends soon', async () => {
  const result = await inPage(async () => {
    const pool = await start({ tasks: '/e2e/detached.js', workers: 2 });
    const out = [];
    for (const name of ['failsAbove', 'failsPlainlyAbove'])
      for (const ms of [30, 60]) {
        const flag = pool.array(Int32Array, 1);
        const { message } = await failure(() => pool.run(name, [flag, ms]));
        // Ended, or never begun.
        out.push(`${message} ${flag[0] !== 2}`);
      }
    const flag = pool.array(Int32Array, 1);
    const began = performance.now();
    const { message } = await failure(() => pool.run('failsAbove', [flag, 1e8]));
    return { out, message, ms: performance.now() - began, end: await pool.dispose() };
  });
  assert.deepEqual(result.out, Array(4).fill('the parent fails true'));
  assert.equal(result.message, 'the parent fails');
  assert.ok(result.ms < 5000, `it took ${result.ms} ms`);
  assert.deepEqual(result.end, clean);
});

test('errors that cannot be sent, or have the names of others, arrive', async () => {
  const result = await inPage(async () => {
    const pool = await start({ tasks: '/e2e/detached.js', workers: 1 });
    const out = [];
    for (const [name, ...args] of [
      ['givesWhatThrows'],
      ['failsBy', 'InternalError', 'database down'],
      ['failsBy', 'Error', 'the call stack could not be printed'],
    ]) {
      const { name: given, message } = await failure(() => pool.run(name, args));
      out.push(`${given}: ${message}`);
    }
    return { out, end: await pool.dispose() };
  });
  assert.match(result.out[0], /^DataCloneError: .*function/);
  assert.deepEqual(result.out.slice(1), [
    'InternalError: database down',
    'Error: the call stack could not be printed',
  ]);
  assert.deepEqual(result.end, clean);
});

test('progress of a child reaches the page', async () => {
  const told = await inPage(async () => {
    const pool = await start({ tasks: '/e2e/detached.js' });
    const heard = [];
    await pool.run('childTells', [], { onProgress: (value) => heard.push(value) });
    await pool.dispose();
    return heard;
  });
  assert.deepEqual(told, ['from below']);
});

test('a cancel reaches children of children, those that do not poll by their worker', async () => {
  const result = await inPage(async () => {
    const pool = await start({ tasks: '/e2e/detached.js', workers: 2, graceMs: 200 });
    const out = {};
    let restarts = 0;
    pool.addEventListener('workerrestart', () => restarts++);
    for (const [name, polls] of Object.entries({ polling: 1, deaf: 0 })) {
      const flag = pool.array(Int32Array, 1);
      const { name: error } = await failure(() =>
        pool.run('nests', [flag, polls, 2], { timeout: 100 }),
      );
      const isOver = () => (polls ? flag[0] === 2 : restarts === 1);
      for (let n = 0; n < 500 && !isOver(); n++) await sleep(10);
      out[name] = [error, isOver()];
    }
    out.next = await pool.run('later', [1, 'next']);
    out.restarts = restarts;
    out.isClean = (await pool.dispose()).isClean;
    return out;
  });
  const over = ['TimeoutError', true];
  assert.deepEqual(result, { polling: over, deaf: over, next: 'next', restarts: 1, isClean: true });
});

/** Loses a worker in the middle of something; `how` says which, and looks afterwards. */
const lose = (how) =>
  inPage(
    async ({ how, tasks }) => {
      const made = [];
      const { Worker } = globalThis;
      globalThis.Worker = class extends Worker {
        constructor(...args) {
          super(...args);
          made.push(this);
        }
      };
      const { Host } = await import('/js-glue/host.js');
      const layout = await import('/js-glue/layout.gen.js');
      let host;
      const { add } = Host.prototype;
      Host.prototype.add = function (...args) {
        host = this;
        return add.apply(this, args);
      };
      const pool = await start({ tasks });
      globalThis.Worker = Worker;
      const words = pool.array(Int32Array, 4);
      const ended = pool.array(Int32Array, 1);
      const until = async (is) => {
        for (let n = 0; n < 1000 && !is(); n++) await sleep(5);
      };
      const all = new Int32Array(pool.array(Int32Array, 1).buffer);
      const out = {};
      if (how === 'owner') {
        const run = failure(() => pool.run('spawnsMany', [words, ended, 200, 10]));
        await until(() => words[0] && ended[0] > 1);
        made[words[0] - 1].terminate();
        out.run = (await run).code;
        const before = ended[0];
        await sleep(300);
        out.ended = ended[0] - before;
      } else if (how === 'runner') {
        const run = failure(() => pool.run('waitsElsewhere', [words]));
        await until(() => words[0] && words[2]);
        made[words[2] - 1].terminate();
        out.run = (await run).value;
      } else {
        const holder = failure(() => pool.run('holds', [words]));
        await until(() => words[2]);
        const run = failure(() => pool.run('spawnsAndBlocks', [words, 5]));
        await until(() => words[0]);
        // As a worker does that takes the batch and is killed before it has put it anywhere, or in the
        // middle of the claim or the end of one.
        let root = Atomics.exchange(all, (host.control + layout.CONTROL_INBOX + 64) >> 2, 0);
        const state = { started: layout.STARTED, ended: layout.ENDED }[how];
        for (; root; root = all[(root + layout.ROOT_LINK) >> 2])
          if (state) all[(root + layout.ROOT_STATE) >> 2] = state | (words[2] << 8);
        made[words[2] - 1].terminate();
        Atomics.store(words, 1, 1);
        out.run = (await run).value;
        await holder;
      }
      Host.prototype.add = add;
      out.next = await pool.run('later', [1, 'next']);
      out.end = await pool.dispose();
      return out;
    },
    { how, tasks },
  );

test('what a lost worker spawned is given up', async () => {
  const { run, ended, next, end } = await lose('owner');
  assert.equal(run, 'PENNY_EWORKER');
  assert.ok(ended <= 2, `${ended} children ended after that`);
  assert.equal(next, 'next');
  assert.equal(end.isClean, true);
});

test('what was stolen from a lost worker leaves nothing behind', async () => {
  const result = await inPage(async () => {
    const pool = await start({ tasks: '/e2e/detached.js', workers: 2 });
    const codes = [];
    for (let round = 0; round < 3; round++) {
      const flag = pool.array(Int32Array, 1);
      codes.push((await failure(() => pool.run('losesStolen', [flag]))).code);
      // Until there are two again.
      while (pool.stats().workers.some(({ state }) => state === 'running')) await sleep(5);
    }
    return { codes, end: await pool.dispose() };
  });
  assert.deepEqual(result.codes, Array(3).fill('PENNY_EWORKER'));
  assert.deepEqual(result.end, clean);
});

test('a child that was pending on a lost worker fails for its parent', async () => {
  const { run, next, end } = await lose('runner');
  assert.deepEqual([run, next], ['PENNY_EWORKER', 'next']);
  assert.deepEqual(end, clean);
});

test('children in the hand of a lost worker run, fail when begun, and keep their ends', async () => {
  for (const [how, ends] of Object.entries({
    queued: '0,1,2,3,4',
    started: Array(5).fill('PENNY_EWORKER').join(),
    ended: '0,1,2,3,4',
  })) {
    const { run, next, end } = await lose(how);
    assert.deepEqual([run, next], [ends, 'next'], how);
    assert.equal(end.isClean, true);
  }
});

test('what an urgent task spawns after an await is urgent', async () => {
  const behind = await inPage(async () => {
    const pool = await start({ tasks: '/e2e/detached.js', workers: 1 });
    const clock = pool.array(Int32Array, 1);
    const others = Array.from({ length: 200 }, () => pool.run('advances', [clock]));
    await others[5];
    const value = await pool.run('spawnsAfterAwait', [clock], { priority: 'user-blocking' });
    await Promise.all(others);
    await pool.dispose();
    return value;
  });
  assert.ok(behind <= 3, `${behind} tasks came before it`);
});
