// fork.test.js: fork-join in JavaScript: spawn, join, loops, async tasks and generators, on workers
// that steal from each other. In a real browser.
import assert from 'node:assert/strict';
import { browserTests, engine, isSingle } from './harness.js';

const { inPage, test } = browserTests();
const clean = { isClean: true, liveBlocks: 0 };

/** Runs `tasks` ([name, args] each) in a pool; gives their outcomes, the statistics and the end. */
const runAll = (tasks, options = {}) =>
  inPage(
    async ({ tasks, options }) => {
      const pool = await penny.createPool({ tasks: '/e2e/fork.js', workers: 2, ...options });
      const out = [];
      for (const [name, args] of tasks) {
        out.push(
          await pool.run(name, args).then(
            (value) => ({ value }),
            (error) => ({
              error: `${error?.constructor?.name} ${error?.code ?? ''}`.trim(),
              message: error?.message,
            }),
          ),
        );
      }
      const stats = pool.stats();
      return { out, steals: stats.workers.map(({ steals }) => steals), end: await pool.dispose() };
    },
    { tasks, options },
  );
const values = ({ out }) => out.map(({ value, ...rest }) => (value === undefined ? rest : value));
const squares = (count) => Array.from({ length: count }, (_, n) => n * n);

test('spawn and join nest, in any order, on one worker and on several', async () => {
  for (const workers of [1, 2, 4]) {
    const result = await runAll(
      [
        ['fib', [20]],
        ['fibTo', [22, 8]],
        ['many', [50, 'first first', 0.2]],
        ['many', [50, 'last first', 0.2]],
        ['many', [10, 'never', 0.2]],
        ['joinTwice', []],
        ['wide', []],
        ['together', []],
      ],
      { workers },
    );
    const [fib, fibTo, first, last, never, twice, wide, together] = values(result);
    assert.deepEqual([fib, fibTo], [6765, 17711]);
    assert.deepEqual(
      first.map(({ square }) => square),
      squares(50),
    );
    assert.deepEqual(
      last.map(({ square }) => square),
      squares(50),
    );
    assert.equal(never, 'left');
    assert.deepEqual(twice, [49, 49]);
    assert.equal(wide, 30);
    assert.deepEqual([together[0], together[1].square, together[2]], [55, 9, 5]);
    if (workers === 2 && !isSingle) {
      assert.ok(
        result.steals.some((count) => count > 0),
        `nothing was stolen: ${result.steals}`,
      );
      assert.ok(new Set(first.map(({ worker }) => worker)).size > 1, 'one worker ran all');
    }
    assert.deepEqual(result.end, clean);
  }
});

test('1,000 nested joins work, and without an end PENNY_ESTACK fails that task only', async () => {
  for (const workers of [1, 2]) {
    const result = await runAll(
      [
        ['deep', [1000]],
        ['deep', [10_000_000]],
        ['fib', [10]],
      ],
      { workers },
    );
    const [good, bad, next] = values(result);
    assert.equal(good, 1000);
    assert.equal(bad.error, 'PennyError PENNY_ESTACK');
    assert.equal(next, 55);
    assert.deepEqual(result.end, clean);
  }
});

test('errors reach the join, stolen or not', async () => {
  for (const [workers, ms] of [
    [1, 0],
    [2, 3],
    [3, 3],
  ]) {
    const result = await runAll(
      [
        ['fails', [true, ms]],
        ['fails', [false, ms]],
        ['leavesBad', []],
        ['closure', []],
        ['fib', [10]],
      ],
      { workers },
    );
    const [caught, thrown, left, closure, next] = values(result);
    assert.deepEqual(caught, [9, 'RangeError bad 2 E_BAD', 1]);
    assert.deepEqual(thrown, { error: 'RangeError E_BAD', message: 'bad 2' });
    assert.deepEqual(left, { error: 'RangeError E_BAD', message: 'bad 9' });
    assert.equal(closure.error, 'TypeError');
    assert.match(closure.message, /export it/);
    assert.equal(next, 55);
    assert.deepEqual(result.end, clean);
  }
});

test('what cannot be sent runs on its own worker; debug mode copies always', async () => {
  const result = await runAll([
    ['keeps', [20, 0.5]],
    ['mutates', []],
  ]);
  const [keeps] = values(result);
  assert.deepEqual(
    keeps.map((value) => value.square ?? value),
    squares(20).flatMap((square) => ['function', square]),
  );
  assert.deepEqual(result.end, clean);
  const debug = await runAll(
    [
      ['mutates', []],
      ['keeps', [1, 0]],
    ],
    { debug: true },
  );
  const [mutated, refused] = values(debug);
  assert.deepEqual(mutated, [2, 1]);
  assert.equal(refused.error, 'DOMException 25');
  assert.match(refused.message, /call/);
});

test('loops and reductions split by stealing', async () => {
  const result = await inPage(async () => {
    const pool = await penny.createPool({ tasks: '/e2e/fork.js', workers: 2 });
    const out = {};
    for (const [length, grain] of [
      [0, undefined],
      [1, undefined],
      [1000, 7],
      [1_000_000, undefined],
    ]) {
      const values = pool.array(
        Float64Array,
        Array.from({ length }, (_, n) => n),
      );
      const result = pool.array(Float64Array, length);
      out[length] = [
        await pool.run('loops', [values, result, grain]),
        result.every((value, n) => value === n + 1),
      ];
      pool.free(values);
      pool.free(result);
    }
    out.end = await pool.dispose();
    return out;
  });
  assert.deepEqual(result, {
    0: [0, true],
    1: [1, true],
    1000: [500_500, true],
    1000000: [500_000_500_000, true],
    end: clean,
  });
});

test('async tasks await handles, timers and fetch; join() there says what to do', async () => {
  const result = await runAll([
    ['awaits', []],
    ['awaitsBad', []],
    ['joinsInAsync', []],
    ['joinsAfterAwait', []],
    ['joinsAsync', []],
    ['leavesAsync', []],
    ['syncLeavesAsync', []],
    ['spawnsAsync', []],
    ['loopsInAsync', []],
    ['fetches', ['/e2e/fork.js']],
    ['fib', [10]],
  ]);
  const [awaits, bad, inAsync, afterAwait, ofAsync, left, waited, detached, looped, status, next] =
    values(result);
  assert.deepEqual(awaits, ['timer', 144, 16, 55]);
  assert.equal(bad, 'RangeError E_BAD');
  for (const refused of [inAsync, afterAwait, ofAsync]) {
    assert.equal(refused.error, 'PennyError PENNY_EASYNCJOIN');
    assert.match(refused.message, /await/);
  }
  assert.deepEqual(left, { error: 'RangeError', message: 'later' });
  assert.equal(waited, 'waited');
  assert.equal(detached, 'detached');
  assert.deepEqual(looped.slice(0, 6), new Array(6).fill('PENNY_EASYNCJOIN'));
  assert.equal(looped[6][0], 55);
  assert.equal(status, 200);
  assert.equal(next, 55);
  assert.deepEqual(result.end, clean);
});

test('invoke and loops refuse what spawn refuses', async () => {
  const [{ none, closure, grain, ...others }] = values(await runAll([['wrongCalls', []]]));
  assert.deepEqual([none, closure, grain], [[], 'TypeError', 'RangeError']);
  assert.equal(Object.keys(others).length, 8);
  for (const [name, told] of Object.entries(others)) assert.equal(told, 'PENNY_EASYNCJOIN', name);
});

test('what goes with a failed task is not told twice', async () => {
  const told = await inPage(async () => {
    const pool = await penny.createPool({ tasks: '/e2e/fork.js', workers: 1 });
    const told = [];
    pool.addEventListener('workererror', ({ error }) => told.push(error.message));
    for (let n = 0; n < 20; n++)
      told.push(await pool.run('failsWithChildren').catch(({ message }) => message));
    await sleep(100);
    // Nor are those that end with their pool.
    for (let n = 0; n < 5; n++) await pool.run('failsWithChildren').catch(() => {});
    await pool.dispose();
    await sleep(100);
    return told;
  });
  assert.deepEqual(told, Array(20).fill('for good'));
});

test('10,000 async tasks may be pending, and others run meanwhile', async () => {
  const result = await inPage(async () => {
    const pool = await penny.createPool({ tasks: '/e2e/fork.js', workers: 2 });
    const begin = performance.now();
    const pending = Array.from({ length: 10_000 }, (_, n) => pool.run('later', [1500, n]));
    const between = await pool.run('fib', [15]);
    const betweenMs = performance.now() - begin;
    const values = await Promise.all(pending);
    return {
      between,
      isBetween: betweenMs < 1500,
      isRight: values.every((value, n) => value === n),
      end: await pool.dispose(),
    };
  });
  assert.deepEqual(result, { between: 610, isBetween: true, isRight: true, end: clean });
});

test('generators give way at every yield and wait for what they yield', async () => {
  const result = await inPage(async () => {
    const pool = await penny.createPool({ tasks: '/e2e/fork.js', workers: 1 });
    const counted = await pool.run('counts', [5]);
    const [a, b] = await Promise.all([pool.run('turns', ['a', 20]), pool.run('turns', ['b', 20])]);
    const later = await pool.run('asyncTurns', [5]);
    return { counted, longest: b.length > a.length ? b : a, later, end: await pool.dispose() };
  });
  assert.equal(result.counted, 55);
  assert.match(result.longest, /ab.*ab.*ab/);
  assert.equal(result.later, 5);
  assert.deepEqual(result.end, clean);
});

test('timers and messages come beside a generator that only yields', async () => {
  const result = await inPage(async () => {
    const made = [];
    const Plain = Worker;
    globalThis.Worker = class extends Plain {
      constructor(...args) {
        super(...args);
        made.push(this);
      }
    };
    const pool = await penny.createPool({ tasks: '/e2e/fork.js', workers: 1, graceMs: 20_000 });
    globalThis.Worker = Plain;
    const flag = pool.array(Int32Array, 1);
    const controller = new AbortController();
    const { signal } = controller;
    const endless = failure(() => pool.run('yieldsForEver', [flag], { signal }));
    while (Atomics.load(flag, 0) === 0) await sleep(1);
    const late = sleep(5000).then(() => 'not in 5 s');
    const buffer = new ArrayBuffer(8);
    const out = [await Promise.race([late, pool.run('later', [5, 'timer'])])];
    const moved = pool.run('fills', [new Uint8Array(buffer), 1], { transfer: [buffer] });
    out.push(await Promise.race([late, moved]));
    // More messages than the worker has turns, as the page sends when tasks are overdue.
    const flood = setInterval(() => {
      for (let count = 0; count < 8; count++) made[0].postMessage({ penny: 'ping' });
    }, 4);
    out.push(await Promise.race([late, pool.run('later', [5, 'beside messages'])]));
    clearInterval(flood);
    controller.abort();
    await endless;
    return [...out, await pool.dispose()];
  });
  assert.deepEqual(result, ['timer', 8, 'beside messages', clean]);
});

test('polls and progress after a yield or an await are of their own task', async () => {
  const result = await inPage(async () => {
    const pool = await penny.createPool({ tasks: '/e2e/fork.js', workers: 2 });
    const out = {};
    for (const name of ['pollsInTurns', 'pollsAfterAwaits']) {
      const told = {};
      const counts = [60, 61, 62];
      const onProgress = (value) => (told[value] = (told[value] ?? 0) + 1);
      const running = counts.map((count) => {
        const own = (value) => onProgress(value === count ? count : 'another');
        return pool.run(name, [count], { onProgress: own });
      });
      // Thieves ask meanwhile.
      const others = Array.from({ length: 20 }, () => pool.run('fib', [16]));
      out[name] = [await Promise.all(running), Object.keys(told)];
      await Promise.all(others);
    }
    out.end = await pool.dispose();
    return out;
  });
  const right = [
    [60, 61, 62],
    ['60', '61', '62'],
  ];
  assert.deepEqual(result, { pollsInTurns: right, pollsAfterAwaits: right, end: clean });
});

test('what plain tasks leave behind goes on between them', async () => {
  const result = await inPage(async () => {
    const pool = await penny.createPool({ tasks: '/e2e/fork.js', workers: 1 });
    const lags = [];
    for (let round = 0; round < 20; round++)
      lags.push(
        ...(await Promise.all(Array.from({ length: 100 }, () => pool.run('leavesPromise')))),
      );
    await sleep(50);
    const gone = await pool.run('goneOn');
    // Nothing follows the last one, and the worker may sleep, for a millisecond without its event loop.
    const waits = [];
    for (let round = 0; round < 40; round++) {
      await Promise.all(Array.from({ length: 20 }, () => pool.run('timesPromise')));
      await sleep(5);
      waits.push(await pool.run('lastWait'));
    }
    waits.sort((a, b) => a - b);
    const most = Math.max(...lags);
    return { count: lags.length, most, gone, waits, end: await pool.dispose() };
  });
  console.log(`# at most ${result.most} tasks later`);
  assert.equal(result.count, 2000);
  assert.ok(result.most <= 3, `${result.most} tasks later`);
  assert.equal(result.gone, 2000);
  assert.equal(result.waits.length, 40);
  assert.ok(result.waits[20] < 0.6, `${result.waits[20]} ms in the middle`);
  assert.deepEqual(result.end, clean);
});

test('a poll after an await ends no other task', async () => {
  const result = await inPage(async () => {
    const pool = await penny.createPool({ tasks: '/e2e/fork.js', workers: 1, graceMs: 20_000 });
    const counts = pool.array(Int32Array, 1);
    const controller = new AbortController();
    const { signal } = controller;
    const others = [1, 2].map(() => pool.run('pollsLater', [counts, 30]));
    const givenUp = [1, 2].map(() =>
      failure(() => pool.run('pollsLater', [counts, 1e9], { signal })),
    );
    await sleep(20);
    controller.abort(new Error('enough'));
    const out = { others: await Promise.all(others) };
    out.messages = (await Promise.all(givenUp)).map(({ message }) => message);
    // When all are given up, they end.
    out.end = await pool.dispose();
    return out;
  });
  assert.deepEqual(result, {
    others: ['to its end', 'to its end'],
    messages: ['enough', 'enough'],
    end: clean,
  });
});

test('tasks that poll stop when they are given up', async () => {
  const result = await inPage(async () => {
    const pool = await penny.createPool({ tasks: '/e2e/fork.js', workers: 2, graceMs: 20_000 });
    const out = {};
    for (const name of ['polls', 'spawnsForEver', 'yieldsForEver']) {
      const flag = pool.array(Int32Array, 1);
      const controller = new AbortController();
      const promise = pool.run(name, [flag], { signal: controller.signal });
      while (Atomics.load(flag, 0) === 0) await sleep(1);
      controller.abort(new Error('enough'));
      const { message } = await failure(() => promise);
      const begin = performance.now();
      while (Atomics.load(flag, 0) === 1 && performance.now() - begin < 5000) await sleep(1);
      out[name] = [message, Atomics.load(flag, 0)];
    }
    out.next = await pool.run('fib', [10]);
    out.end = await pool.dispose();
    return out;
  });
  const stopped = ['enough', 2];
  assert.deepEqual(result, {
    polls: stopped,
    spawnsForEver: stopped,
    yieldsForEver: stopped,
    next: 55,
    end: { isClean: true, liveBlocks: 0 },
  });
});

test('progress reaches the page; arrays that a task made are the page’s when it gets them', async () => {
  const result = await inPage(async () => {
    const pool = await penny.createPool({ tasks: '/e2e/fork.js', workers: 2 });
    const told = { tells: [], tellsLater: [] };
    for (const name of ['tells', 'tellsLater']) {
      await pool.run(name, [20], { onProgress: (value) => told[name].push(value) });
    }
    const { kept } = await pool.run('makes', [1000]);
    const before = kept[999];
    await pool.run('fills', [kept, 8]);
    const after = kept[999];
    const { arrays } = pool.stats();
    pool.free(kept);
    return { told, before, after, arrays, end: await pool.dispose() };
  });
  const { tells, tellsLater } = result.told;
  assert.ok(tells.length >= 2 && tells.length <= 20, `told ${tells.length} times`);
  for (let n = 1; n < tells.length; n++) assert.ok(tells[n].n > tells[n - 1].n);
  assert.ok(tellsLater.length >= 1 && tellsLater.every((value) => value >= 1 && value <= 20));
  assert.deepEqual([result.before, result.after, result.arrays], [7, 8, 1]);
  assert.deepEqual(result.end, clean);
});

test('an array that a task made comes with its result: in any order, and not before', async () => {
  const result = await inPage(async () => {
    const pool = await penny.createPool({ tasks: '/e2e/fork.js', workers: 1 });
    const { part, all } = await pool.run('makesPartFirst', [100]);
    const out = { part: Array.from(part), sum: all.reduce((a, b) => a + b) };
    const { arrays } = pool.stats();
    pool.free(all);
    out.arrays = [arrays, pool.stats().arrays];
    out.again = (await failure(() => pool.free(part))).message;
    const mine = pool.array(Int32Array, [5]);
    const told = [];
    const onProgress = ({ kept }) => told.push(kept === mine);
    const { refused, made } = await pool.run('tellsMade', [mine], { onProgress });
    pool.free(made);
    return { ...out, told, refused, end: await pool.dispose() };
  });
  const { refused, ...rest } = result;
  const again = 'this array was freed already';
  const right = { part: [7], sum: 700, arrays: [1, 0], again, told: [true], end: clean };
  assert.deepEqual(rest, right);
  for (const text of refused) assert.match(text, /^DataCloneError: .* result/);
});

test('outside of a pool the same functions run serially', async () => {
  const result = await inPage(async () => {
    const tasks = await import('/e2e/fork.js');
    const values = new Float64Array([1, 2, 3]);
    const out = new Float64Array(3);
    return {
      fib: tasks.fib(15),
      many: tasks.many(3, 'first first', 0).map(({ square }) => square),
      loops: tasks.loops(values, out),
      awaits: await tasks.awaits(),
      worker: tasks.square(1).worker,
    };
  });
  assert.deepEqual(result, {
    fib: 610,
    many: [0, 1, 4],
    loops: 9,
    awaits: ['timer', 144, 16, 55],
    worker: result.worker,
  });
});

test(`fork-join of JavaScript is stressed in ${engine}`, async () => {
  for (const workers of [2, 8]) {
    const tasks = [];
    for (let n = 0; n < 15; n++)
      tasks.push(['fibTo', [26 + (n % 3), 8]], ['many', [100, 'first first', 0.05]]);
    const result = await runAll(tasks, { workers });
    const fibs = [121393, 196418, 317811];
    values(result).forEach((value, n) => {
      if (n % 2 === 0) assert.equal(value, fibs[(n / 2) % 3]);
      else
        assert.deepEqual(
          value.map(({ square }) => square),
          squares(100),
        );
    });
    const steals = result.steals.reduce((sum, count) => sum + count, 0);
    assert.ok(steals > 100, `${steals} steals`);
    assert.deepEqual(result.end, clean);
  }
});

test('random fork-join programs give what they give serially', async () => {
  const seeds = Array.from({ length: 60 }, (_, n) => 7919 * (n + 1));
  for (const workers of [1, 2, 8]) {
    const { wrong, steals, end } = await inPage(
      async ({ seeds, workers }) => {
        const serial = await import('/e2e/fork_random.js');
        const pool = await penny.createPool({ tasks: '/e2e/fork_random.js', workers });
        const wrong = [];
        const compare = async (name, ...args) => {
          const wanted = JSON.stringify(serial[name](...args));
          const given = await pool.run(name, args).then(JSON.stringify, String);
          if (given !== wanted) wrong.push(`${name}(${args}): ${given}, not ${wanted}`);
        };
        for (const seed of seeds) await compare('program', seed, 3 + (seed % 4));
        // More than there is room for, and as many in turn.
        for (const count of [1000, 40_000]) {
          await compare('crowd', count);
          await compare('row', count);
        }
        await compare('caught');
        const lost = await pool.run('countLost', [1000]);
        if (lost) wrong.push(`${lost} errors of handles that nobody joined are lost`);
        const steals = pool.stats().workers.reduce((sum, worker) => sum + worker.steals, 0);
        return { wrong, steals, end: await pool.dispose() };
      },
      { seeds, workers },
    );
    assert.deepEqual(wrong, []);
    if (workers > 1 && !isSingle) assert.ok(steals > 10, `${steals} steals`);
    assert.deepEqual(end, clean);
  }
});

test('more workers than cores: what is spawned keeps few awake, all in turn; roots wake all', async () => {
  const crowd = (cores) =>
    inPage(async (cores) => {
      const pool = await penny.createPool({ tasks: '/e2e/fork.js', workers: 6, cores });
      const most = [];
      let workers = 0;
      for (let round = 0; round < 30; round++) {
        // Those of the round before may still look for work.
        await new Promise((resolve) => setTimeout(resolve, 5));
        const seen = pool.array(Int32Array, 3);
        await pool.parallelFor('notes', 0, 60, { args: [seen], grain: 1 });
        most.push(seen[1]);
        workers |= seen[2];
        pool.free(seen);
      }
      const here = pool.array(Int32Array, 1);
      const met = await Promise.all(Array.from({ length: 6 }, () => pool.run('meets', [here, 6])));
      here[0] = 0;
      await new Promise((resolve) => setTimeout(resolve, 20));
      met.push(await pool.run('meetsSpawned', [here, 6]));
      pool.free(here);
      return { most, workers, met, end: await pool.dispose() };
    }, cores);
  const two = await crowd(2);
  console.log(`# busy at most: ${two.most.join(' ')}`);
  // One more when a join ends at the moment at which another worker was woken.
  assert.ok(Math.max(...two.most) <= 3, `${two.most}`);
  assert.equal(two.workers, 63, 'some worker never had its turn');
  // Six roots; and six spawned tasks, for which everybody is woken when nothing moves for 25 ms.
  assert.deepEqual(two.met, Array(7).fill(true), 'tasks that wait for each other');
  const six = await crowd(6);
  console.log(`# with a core for each: ${six.most.join(' ')}`);
  assert.ok(Math.max(...six.most) > 3, `${six.most}`);
  for (const { end } of [two, six]) assert.deepEqual(end, clean);
});
