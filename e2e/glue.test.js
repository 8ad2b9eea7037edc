// glue.test.js: pools in a real browser: starting, calling, values, arrays, failures of tasks, the
// end.
import assert from 'node:assert/strict';
import { browserTests, engine, isSingle, workersOf } from './harness.js';

const { inPage, open, test } = browserTests();

test('a pool starts and calls C', async () => {
  const result = await inPage(async () => {
    const pool = await start();
    const values = [
      await pool.call('fib', [25]),
      await pool.call('add', [2, -5]),
      await pool.call('nothing'),
    ];
    values.push(await pool.call('identity', [-(2n ** 63n)]), await pool.call('negate', [true]));
    values.push(
      await pool.call('halve', [3]),
      await pool.call('unsigned_max', [255, 65535, 4294901504]),
      await pool.call('static_sum'),
    );
    values.push(await pool.call('mix', [1, 2n, 3.5, 4.25, 5n, -6, -7, 8]), pool.size);
    const { liveBlocks, isClean } = await pool.dispose();
    return [...values.map(String), liveBlocks, isClean];
  });
  const expected = [
    '75025',
    '-3',
    'undefined',
    '-9223372036854775808',
    'false',
    '1.5',
    '4294967294',
    '3',
    '10.75',
    `${workersOf(2)}`,
  ];
  assert.deepEqual(result, [...expected, 0, true]);
});

test('wrong arguments and symbols throw at once', async () => {
  const result = await inPage(async () => {
    const pool = await start();
    const tries = {
      count: () => pool.call('fib', []),
      type: () => pool.call('fib', ['3']),
      fraction: () => pool.call('fib', [1.5]),
      range: () => pool.call('fib', [2 ** 40]),
      nan: () => pool.call('fib', [Number.NaN]),
      bigint: () => pool.call('fib', [3n]),
      number64: () => pool.call('identity', [3]),
      range64: () => pool.call('identity', [2n ** 63n]),
      bool: () => pool.call('negate', [1]),
      double: () => pool.call('busy_ms', ['1']),
      pointer: () => pool.call('sum', [new Float64Array(2), 2]),
      symbol: () => pool.call('nosuch', []),
      task: () => pool.run('nosuch'),
    };
    const out = {};
    for (const [name, action] of Object.entries(tries)) {
      let isSync = false;
      out[name] = await failure(() => {
        try {
          return action();
        } catch (error) {
          isSync = true;
          throw error;
        }
      });
      out[name].isSync = isSync;
    }
    await pool.dispose();
    return out;
  });
  for (const [key, value] of Object.entries(result)) assert.equal(value.isSync, true, key);
  for (const key of ['count', 'type', 'bigint', 'number64', 'bool', 'double', 'pointer'])
    assert.equal(result[key].name, 'TypeError', key);
  for (const key of ['fraction', 'range', 'nan', 'range64'])
    assert.equal(result[key].name, 'RangeError', key);
  assert.match(result.range.message, /1099511627776.*Int32/);
  assert.match(result.number64.message, /3n/);
  assert.equal(result.symbol.code, 'PENNY_ESYMBOL');
  assert.match(result.symbol.message, /nosuch.*fib/);
  assert.equal(result.task.code, 'PENNY_ESYMBOL');
});

test('every trap fails its task and the pool goes on', async () => {
  const result = await inPage(
    async () => {
      const pool = await start();
      const tries = [
        ['trap_unreachable', []],
        ['trap_bounds', [0xfffffff0]],
        ['trap_divide', [0]],
        ['nest', [100_000_000]],
        ['nest_frames', [1_000_000]],
        ['exhaust', [1_000_000]],
        ['spawn_forever', []],
        ['fail_with', [-77]],
        ['tree', [1024, 700]],
      ];
      const out = {};
      for (const [name, args] of tries) {
        out[name] = await failure(() => pool.call(name, args));
        out[name].next = String(await pool.call('fib', [20]));
      }
      out.deep = String(await pool.call('nest', [5000]));
      out.end = await pool.dispose();
      return out;
    },
    undefined,
    { seconds: 60 },
  );
  const code = (name, expected) => {
    assert.equal(result[name].code, expected, `${name}: ${result[name].message}`);
    assert.equal(result[name].isPenny, true);
    assert.equal(result[name].task, name);
    assert.match(result[name].message, new RegExp(name));
    assert.equal(result[name].next, '6765');
  };
  for (const name of ['trap_unreachable', 'trap_bounds', 'trap_divide', 'tree'])
    code(name, 'PENNY_ETRAP');
  for (const name of ['nest', 'nest_frames']) code(name, 'PENNY_ESTACK');
  assert.match(result.nest_frames.message, /the C stack overflowed/);
  for (const name of ['exhaust', 'spawn_forever']) code(name, 'PENNY_ENOMEM');
  code('fail_with', 'PENNY_EFAIL');
  assert.match(result.fail_with.message, /as it was asked to.*-77/);
  assert.equal(result.deep, '5000');
  assert.deepEqual(result.end, { isClean: true, liveBlocks: 0 });
});

test('JavaScript tasks give values and errors back', async () => {
  const result = await inPage(async () => {
    const pool = await start({ tasks: '/e2e/tasks.js' });
    const value = {
      list: [1, -0, Number.NaN, Infinity, 2 ** 53, 'h\u00e9\u2603\ud83d\ude00\ud800'],
      big: -(10n ** 30n),
      none: undefined,
      nothing: null,
      bytes: new Uint8Array([1, 2, 255]),
      key: { deep: [[[]]] },
    };
    value.self = value;
    const back = await pool.run('echo', [value]);
    const same =
      Object.is(back.list[1], -0) &&
      Number.isNaN(back.list[2]) &&
      back.list[5] === value.list[5] &&
      back.self === back &&
      back.big === value.big &&
      back.bytes instanceof Uint8Array &&
      back.bytes[2] === 255 &&
      'none' in back &&
      back.nothing === null;
    const fails = {};
    for (const name of ['fail', 'failLater', 'throwValue']) {
      fails[name] = await pool.run(name).then(
        () => 'no error',
        (error) => ({
          isType: error instanceof TypeError,
          isRange: error instanceof RangeError,
          message: error.message,
          code: error.code,
          cause: error.cause?.message,
          stack: /tasks\.js/.test(error.stack),
          plain: error.plain,
        }),
      );
    }
    const sent = await failure(() => pool.run('echo', [() => 1]));
    const overflow = await failure(() => pool.run('recurse', [0]));
    const began = performance.now();
    const many = await Promise.all(
      Array.from({ length: 20 }, (_, idx) => pool.tasks.later(100, idx)),
    );
    const took = performance.now() - began;
    const fib = await pool.tasks.fib(20);
    const end = await pool.dispose();
    return { same, fails, sent, overflow, many, took, fib, end };
  });
  assert.equal(result.same, true);
  const { fail, failLater, throwValue } = result.fails;
  assert.deepEqual(
    { ...fail, stack: engine === 'webkit' ? true : fail.stack },
    {
      isType: true,
      isRange: false,
      message: 'it failed',
      code: 'E_OWN',
      cause: 'the reason',
      stack: true,
    },
  );
  assert.equal(failLater.isRange, true);
  assert.equal(throwValue.plain, 1);
  assert.equal(result.sent.name, 'DataCloneError');
  assert.match(result.overflow.name, /RangeError|InternalError|Error/);
  assert.deepEqual(
    result.many,
    Array.from({ length: 20 }, (_, idx) => idx),
  );
  assert.ok(result.took < 1500, `20 waits of 100 ms took ${result.took} ms: they did not overlap`);
  assert.equal(result.fib, 6765);
  assert.deepEqual(result.end, { isClean: true, liveBlocks: 0 });
});

test('arrays are shared, survive growth, and are freed once', async () => {
  const result = await inPage(async () => {
    const pool = await start({ tasks: '/e2e/tasks.js', memory: { maximumBytes: 2 ** 28 } });
    const small = pool.array(Float64Array, [1, 2, 3.5]);
    const before = pool.stats().memoryBytes;
    const large = pool.array(Float64Array, 4_000_000);
    large.fill(1);
    const after = pool.stats().memoryBytes;
    const sums = [
      await pool.call('sum', [small, 3]),
      await pool.call('sum', [large, large.length]),
    ];
    sums.push(
      await pool.run('sumShared', [small]),
      await pool.run('fillShared', [large, 2]),
      large[3_999_999],
    );
    sums.push(
      await pool.call('sum', [large.subarray(10, 20), 10]),
      await pool.call('sum', [null, 0]),
    );
    const errors = {};
    pool.free(small);
    errors.twice = await failure(() => pool.free(small));
    errors.foreign = await failure(() => pool.free(new Float64Array(3)));
    errors.part = await failure(() => pool.free(large.subarray(1)));
    errors.used = await failure(() => pool.call('sum', [small, 3]));
    errors.huge = await failure(() => pool.array(Uint8Array, 2 ** 29));
    errors.length = await failure(() => pool.array(Uint8Array, -1));
    errors.type = await failure(() => pool.array(Array, 3));
    const end = await pool.dispose();
    return { grown: after > before, sums, errors, end };
  });
  // A memory that is not shared does not grow: it would leave its arrays behind.
  assert.equal(result.grown, !isSingle);
  assert.deepEqual(result.sums, [6.5, 4_000_000, 6.5, 4_000_000, 2, 20, 0]);
  for (const key of ['twice', 'foreign', 'part', 'used', 'type'])
    assert.equal(result.errors[key].name, 'TypeError', key);
  assert.match(result.errors.twice.message, /freed already/);
  assert.match(result.errors.used.message, /freed/);
  assert.equal(result.errors.huge.code, 'PENNY_ENOMEM');
  assert.equal(result.errors.length.name, 'RangeError');
  assert.deepEqual(result.end, { isClean: true, liveBlocks: 0 });
});

test('abort, timeout and dispose settle what is pending', async () => {
  const result = await inPage(async () => {
    const pool = await start({ workers: 1, maxWorkers: 1 });
    const controller = new AbortController();
    const began = performance.now();
    const running = failure(() => pool.call('busy_ms', [5000], { signal: controller.signal }));
    const queued = failure(() => pool.call('busy_ms', [5000], { signal: controller.signal }));
    const timed = failure(() => pool.call('busy_ms', [5000], { timeout: 50 }));
    const early = await failure(() =>
      pool.call('fib', [1], { signal: AbortSignal.abort(new Error('too late')) }),
    );
    setTimeout(() => controller.abort(new Error('enough')), 20);
    const out = { running: await running, queued: await queued, timed: await timed, early };
    out.next = String(await pool.call('fib', [10]));
    out.took = performance.now() - began;
    const busy = [
      failure(() => pool.call('busy_ms', [5000])),
      failure(() => pool.call('fib', [30])),
    ];
    await sleep(20);
    const stop = performance.now();
    out.end = await pool.dispose();
    out.stop = performance.now() - stop;
    out.busy = await Promise.all(busy);
    out.after = await failure(() => pool.call('fib', [1]));
    out.again = await pool.dispose();
    // A task that does not poll: its worker is ended after the grace.
    const deaf = await start({ workers: 1, graceMs: 50 });
    const lost = failure(() => deaf.call('deaf_ms', [20000]));
    await sleep(20);
    out.deaf = await deaf.dispose();
    out.lost = await lost;
    return out;
  });
  assert.equal(result.running.message, 'enough');
  assert.equal(result.queued.message, 'enough');
  assert.equal(result.timed.name, 'TimeoutError');
  assert.equal(result.early.message, 'too late');
  assert.equal(result.next, '55');
  assert.ok(result.took < 2000, `took ${result.took} ms`);
  assert.deepEqual(result.end, { isClean: true, liveBlocks: 0 });
  assert.deepEqual(result.again, result.end);
  assert.ok(result.stop < 500, `dispose took ${result.stop} ms`);
  for (const { code } of [...result.busy, result.after, result.lost])
    assert.equal(code, 'PENNY_ECLOSED');
  assert.equal(result.deaf.isClean, false);
});

test('two pools on one page do not meet', async () => {
  const result = await inPage(async () => {
    const [one, two] = await Promise.all([start(), start({ workers: 1 })]);
    const values = await Promise.all([
      one.call('fib', [25]),
      two.call('fib', [20]),
      one.call('fib', [15]),
    ]);
    const array = one.array(Float64Array, 4);
    const foreign = await failure(() => two.call('sum', [array, 4]));
    await one.dispose();
    const after = await two.call('fib', [10]);
    await two.dispose();
    return {
      values: values.map(String),
      foreign,
      after: String(after),
      sizes: [one.size, two.size],
    };
  });
  assert.deepEqual(result.values, ['75025', '6765', '610']);
  assert.equal(result.foreign.name, 'TypeError');
  assert.equal(result.after, '55');
  assert.deepEqual(result.sizes, [workersOf(2), 1]);
});

test('without waitAsync a bell rings', async () => {
  const page = await open();
  // Before the module is loaded. (In WebKit the bell rings anyway.)
  await page.evaluate(() => delete Atomics.waitAsync);
  const ring = async () => {
    const pool = await start({ tasks: '/e2e/tasks.js' });
    const values = [];
    for (let idx = 0; idx < 20; idx++) values.push(Number(await pool.call('fib', [10])));
    values.push(await pool.run('fib', [10]), await pool.run('later', [5, 55]));
    const burst = await Promise.all(Array.from({ length: 1000 }, () => pool.call('add', [1, 2])));
    const end = await pool.dispose();
    return { values, burst: burst.reduce((a, b) => a + b, 0), end };
  };
  const result = await inPage(ring, undefined, { page });
  await page.close();
  assert.deepEqual(result.values, Array(22).fill(55));
  assert.equal(result.burst, 3000);
  assert.deepEqual(result.end, { isClean: true, liveBlocks: 0 });
});

test('a worker that ends itself is replaced', async () => {
  const result = await inPage(async () => {
    const pool = await start({ tasks: '/e2e/tasks.js' });
    const events = [];
    pool.addEventListener('workererror', (event) => events.push(event.error.code));
    const restarted = new Promise((resolve) => pool.addEventListener('workerrestart', resolve));
    const left = failure(() => pool.run('leave'));
    const others = Promise.all(
      Array.from({ length: 50 }, (_, idx) => failure(() => pool.run('later', [idx, idx]))),
    );
    const out = { left: await left };
    out.others = (await others).map(({ value, code }) => value ?? code);
    await restarted;
    out.after = [String(await pool.call('fib', [20])), await pool.run('fib', [10])];
    out.ids = await Promise.all(
      Array.from({ length: 40 }, () => pool.call('busy_ms', [5]).then(() => 1)),
    );
    out.states = pool.stats().workers.length;
    out.events = events;
    out.end = await pool.dispose();
    return out;
  });
  assert.equal(result.left.code, 'PENNY_EWORKER');
  for (const [idx, value] of result.others.entries()) {
    assert.ok(value === String(idx) || value === 'PENNY_EWORKER', `${idx}: ${value}`);
  }
  assert.deepEqual(result.after, ['6765', 55]);
  assert.deepEqual(result.events, ['PENNY_EWORKER']);
  assert.equal(result.ids.length, 40);
  assert.equal(result.end.isClean, true);
});

test('a worker that is ended from outside is replaced', async () => {
  const result = await inPage(async () => {
    const made = [];
    const worker = () => {
      made.push(new Worker('/js-glue/worker.entry.js', { type: 'module' }));
      return made.at(-1);
    };
    const pool = await start({ worker });
    const restarted = new Promise((resolve) => pool.addEventListener('workerrestart', resolve));
    const calls = Array.from({ length: 40 }, () => failure(() => pool.call('busy_ms', [20])));
    await sleep(50);
    made[0].terminate();
    const ends = (await Promise.all(calls)).map(({ value, code }) => value ?? code);
    await restarted;
    const after = String(await pool.call('fib', [20]));
    const end = await pool.dispose();
    return { ends, after, made: made.length, isClean: end.isClean };
  });
  // One was running there.
  assert.ok(result.ends.filter((end) => end === 'PENNY_EWORKER').length <= 1, `${result.ends}`);
  assert.ok(result.ends.filter((end) => end === '1').length >= 39, `${result.ends}`);
  assert.equal(result.after, '6765');
  assert.equal(result.made, workersOf(2) + 1);
  assert.equal(result.isClean, true);
});

test('what a lost worker had in its hands is submitted anew', async () => {
  const result = await inPage(async () => {
    const { Host } = await import('/js-glue/host.js');
    const layout = await import('/js-glue/layout.gen.js');
    const made = [];
    const worker = () => {
      made.push(new Worker('/js-glue/worker.entry.js', { type: 'module' }));
      return made.at(-1);
    };
    let host;
    const { add } = Host.prototype;
    Host.prototype.add = function (...args) {
      host = this;
      return add.apply(this, args);
    };
    const pool = await start({ worker });
    const busy = Array.from({ length: 2 }, () => failure(() => pool.call('busy_ms', [400])));
    await sleep(100); // both workers have one: what comes now waits in the inbox
    const calls = Array.from({ length: 50 }, (_, n) => failure(() => pool.call('add', [n, 1])));
    // As a worker does that takes the batch and is killed before it has put it anywhere.
    const words = new Int32Array(host.view.memory.buffer);
    const taken = Atomics.exchange(words, (host.control + layout.CONTROL_INBOX + 64) >> 2, 0);
    made[0].terminate();
    const ends = (await Promise.all(calls)).map(({ value, code }) => value ?? code);
    const first = (await Promise.all(busy)).map(({ value, code }) => value ?? code);
    Host.prototype.add = add;
    const { isClean } = await pool.dispose();
    return { taken: taken !== 0, ends, first: first.sort(), isClean };
  });
  assert.equal(result.taken, true);
  assert.deepEqual(
    result.ends,
    Array.from({ length: 50 }, (_, n) => String(n + 1)),
  );
  // The one on the lost worker failed, unless the engine let it run to its end.
  assert.equal(result.first[0], '1');
  assert.ok(['1', 'PENNY_EWORKER'].includes(result.first[1]), result.first[1]);
  assert.equal(result.isClean, true);
});
