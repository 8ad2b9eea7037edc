// resize.test.js: pools that grow and shrink while they work, and what their workers did (trace).
import assert from 'node:assert/strict';
import { browserTests } from './harness.js';

const { inPage, test } = browserTests();

test('a pool grows and shrinks under load, and nothing is lost', async () => {
  const result = await inPage(async () => {
    const pool = await start({ workers: 2, maxWorkers: 4, tasks: '/e2e/tasks.js' });
    const steps = [];
    let isOver = false;
    let wrong = 0;
    let settled = 0;
    const load = (async () => {
      while (!isOver) {
        const calls = Array.from({ length: 100 }, (_, n) =>
          n % 10 ? pool.call('fib', [12 + (n % 5)]) : pool.run('echo', [n]),
        );
        const values = await Promise.all(calls);
        const right = [144n, 233n, 377n, 610n, 987n];
        for (const [n, value] of values.entries())
          if (value !== (n % 10 ? right[n % 5] : n)) wrong++;
        settled += values.length;
      }
    })();
    for (const size of [4, 1, 3, 3, 2]) {
      const resized = pool.resize(size);
      const asked = pool.size;
      await resized;
      const ids = pool.stats().workers.map(({ id }) => id);
      steps.push([size, asked, ids.length, ids.at(-1)]);
      const before = settled;
      while (settled < before + 300) await sleep(1);
    }
    isOver = true;
    await load;
    const { isClean, liveBlocks } = await pool.dispose();
    return { steps, wrong, isClean, liveBlocks };
  });
  for (const [size, asked, count, last] of result.steps)
    assert.deepEqual([asked, count, last], [size, size, size - 1]);
  assert.deepEqual([result.wrong, result.isClean, result.liveBlocks], [0, true, 0]);
});

test('a second worker finds work in what the first one runs', async () => {
  const result = await inPage(async () => {
    const pool = await start({ workers: 1, maxWorkers: 2 });
    let isOver = false;
    const load = (async () => {
      while (!isOver) await pool.call('fib', [24]);
    })();
    await pool.resize(2);
    let steals = 0;
    for (let turn = 0; turn < 1000 && !steals; turn++) {
      await sleep(5);
      steals = pool.stats().workers.reduce((sum, worker) => sum + worker.steals, 0);
    }
    isOver = true;
    await load;
    await pool.resize(1);
    const value = String(await pool.call('fib', [20]));
    const { isClean } = await pool.dispose();
    return { steals, value, isClean };
  });
  assert.ok(result.steals > 0);
  assert.deepEqual([result.value, result.isClean], ['6765', true]);
});

test('who leaves does not wait for ever for what was given up', async () => {
  const result = await inPage(async () => {
    const pool = await start({ workers: 3, tasks: '/e2e/detached.js' });
    const controller = new AbortController();
    const { signal } = controller;
    // Never settles, and waits for a child that never does.
    const all = Array.from({ length: 12 }, () =>
      failure(() => pool.run('awaitsLater', [1e8], { signal })),
    );
    await pool.run('later', [30]);
    controller.abort(new RangeError('enough'));
    const names = new Set((await Promise.all(all)).map(({ name }) => name));
    const began = performance.now();
    await pool.resize(1);
    const ms = performance.now() - began;
    await pool.resize(3);
    const values = await Promise.all([1, 2, 3, 4].map((n) => pool.run('later', [1, n])));
    return { names: [...names], ms, values, size: pool.size, end: await pool.dispose() };
  });
  assert.deepEqual(result.names, ['RangeError']);
  assert.ok(result.ms < 5000, `it took ${result.ms} ms`);
  assert.deepEqual(result.values, [1, 2, 3, 4]);
  assert.equal(result.size, 3);
  assert.deepEqual(result.end, { isClean: true, liveBlocks: 0 });
});

test('who leaves ends what it runs and waits for its promises', async () => {
  const result = await inPage(async () => {
    const pool = await start({ workers: 3, tasks: '/e2e/tasks.js' });
    const order = [];
    const note = (promise, name) => promise.then((value) => order.push(`${name} ${value}`));
    const all = [];
    for (let n = 0; n < 9; n++) all.push(note(pool.run('later', [400, n]), 'later'));
    await sleep(100);
    all.push(note(pool.resize(1), 'resized'));
    for (let n = 0; n < 3; n++) all.push(note(pool.run('echo', [n]), 'echo'));
    await Promise.all(all);
    const { isClean } = await pool.dispose();
    return { order, isClean };
  });
  const { order } = result;
  // Others go on meanwhile, and every promise is kept. (Who leaves may have begun none of them, and be gone first.)
  const tasks = order.filter((line) => !line.startsWith('resized'));
  assert.deepEqual(tasks.slice(0, 3).sort(), ['echo 0', 'echo 1', 'echo 2']);
  assert.equal(order.filter((line) => line.startsWith('later')).length, 9);
  assert.ok(order.includes('resized undefined'));
  assert.equal(result.isClean, true);
});

test('several calls take effect one after another; wrong sizes throw', async () => {
  const result = await inPage(async () => {
    const pool = await start({ workers: 1, maxWorkers: 3 });
    const sizes = [];
    const resizes = [3, 1, 2].map((size) =>
      pool.resize(size).then(() => sizes.push(pool.stats().workers.length)),
    );
    const asked = pool.size;
    await Promise.all(resizes);
    const errors = [];
    for (const size of [0, 4, 1.5, '2']) errors.push(await failure(() => pool.resize(size)));
    const value = String(await pool.call('fib', [15]));
    const { isClean } = await pool.dispose();
    const late = await failure(() => pool.resize(1));
    return { sizes, asked, errors, value, isClean, late: late.code };
  });
  assert.deepEqual(result.sizes, [3, 1, 2]);
  assert.equal(result.asked, 2);
  assert.deepEqual(
    result.errors.map(({ name }) => name),
    ['RangeError', 'RangeError', 'RangeError', 'TypeError'],
  );
  assert.deepEqual([result.value, result.isClean, result.late], ['610', true, 'PENNY_ECLOSED']);
});

test('a pool that is disposed of while it grows or shrinks', async () => {
  const result = await inPage(async () => {
    const out = [];
    for (const [workers, size] of [
      [1, 3],
      [3, 1],
    ]) {
      const pool = await start({ workers, maxWorkers: 3, graceMs: 5000 });
      const calls = Array.from({ length: 50 }, () => failure(() => pool.call('busy_ms', [2])));
      const resized = failure(() => pool.resize(size));
      await sleep(5);
      const { isClean } = await pool.dispose();
      const { code = 'done' } = await resized;
      const ends = (await Promise.all(calls)).filter(
        ({ code }) => code && code !== 'PENNY_ECLOSED',
      );
      out.push([isClean, ['done', 'PENNY_ECLOSED'].includes(code), ends.length]);
    }
    return out;
  });
  assert.deepEqual(result, [
    [true, true, 0],
    [true, true, 0],
  ]);
});

test('growing ends with the pool, also where a worker does not start', async () => {
  const result = await inPage(async () => {
    // The second one says nothing.
    const silent = URL.createObjectURL(new Blob([''], { type: 'text/javascript' }));
    const files = ['/js-glue/worker.entry.js', silent];
    const worker = () => new Worker(files.shift(), { type: 'module' });
    const pool = await start({ worker, workers: 1, maxWorkers: 2, graceMs: 300 });
    const resized = failure(() => pool.resize(2));
    await sleep(100);
    const began = performance.now();
    pool.dispose();
    const { code } = await resized;
    return { code, ms: performance.now() - began };
  });
  assert.equal(result.code, 'PENNY_ECLOSED');
  assert.ok(result.ms < 2000, `it took ${result.ms} ms`);
});

test('a worker that is lost while it leaves, one that does not start', async () => {
  const result = await inPage(async () => {
    const made = [];
    let isBroken = false;
    const worker = () => {
      const file = isBroken ? '/e2e/absent.js' : '/js-glue/worker.entry.js';
      made.push(new Worker(file, { type: 'module' }));
      return made.at(-1);
    };
    const pool = await start({ worker, workers: 2, maxWorkers: 4 });
    const busy = [0, 1].map(() => failure(() => pool.call('busy_ms', [600])));
    await sleep(100);
    const resized = pool.resize(1);
    await sleep(50);
    made[1].terminate();
    const codes = (await Promise.all(busy)).map(({ code }) => code ?? 'done').sort();
    await resized;
    const alone = pool.stats().workers.length;
    isBroken = true;
    const broken = await failure(() => pool.resize(3));
    isBroken = false;
    const after = [pool.size, pool.stats().workers.length];
    const value = String(await pool.call('fib', [15]));
    await pool.resize(2);
    const values = await Promise.all(Array.from({ length: 50 }, () => pool.call('fib', [10])));
    const { isClean } = await pool.dispose();
    const sum = values.reduce((total, one) => total + Number(one), 0);
    return { codes, alone, broken: broken.code, after, value, sum, isClean };
  });
  // The lost one failed, unless the engine let it run to its end.
  assert.ok(['PENNY_EWORKER', 'done'].includes(result.codes[0]), result.codes[0]);
  assert.equal(result.codes[1], 'done');
  assert.equal(result.broken, 'PENNY_ESTART');
  assert.deepEqual([result.alone, result.after, result.value], [1, [1, 1], '610']);
  assert.deepEqual([result.sum, result.isClean], [50 * 55, true]);
});

test('a trace has a thread a worker, and its tasks by name', async () => {
  const result = await inPage(async () => {
    const pool = await start({ trace: true, workers: 2, maxWorkers: 3, tasks: '/e2e/tasks.js' });
    await pool.resize(3);
    await Promise.all(Array.from({ length: 20 }, () => pool.call('fib', [18])));
    await pool.run('echo', [1]);
    const begin = performance.now() * 1000;
    // Bounded: what is older is overwritten.
    await Promise.all(Array.from({ length: 20_000 }, () => pool.call('nothing')));
    await pool.call('busy_ms', [20]);
    const { traceEvents, displayTimeUnit } = JSON.parse(JSON.stringify(await pool.trace()));
    await pool.dispose();
    const off = await start();
    const error = await failure(() => off.trace());
    const { isClean, liveBlocks } = await off.dispose();
    return { traceEvents, displayTimeUnit, begin, error, isClean, liveBlocks };
  });
  const { traceEvents } = result;
  const names = traceEvents.filter(({ ph }) => ph === 'M').map(({ args }) => args.name);
  assert.deepEqual(names, ['worker 0', 'worker 1', 'worker 2']);
  const tasks = traceEvents.filter(({ ph }) => ph === 'X');
  const odd = tasks.filter(({ ts, dur }) => !(ts > 0 && dur >= 0));
  assert.deepEqual(odd.slice(0, 3), [], `${odd.length} of ${tasks.length}`);
  assert.ok(tasks.length > 1000 && traceEvents.length <= 3 * 8192 + 3, `${traceEvents.length}`);
  const busy = tasks.filter(({ name }) => name === 'busy_ms');
  assert.equal(busy.length, 1);
  assert.ok(busy[0].dur >= 15_000 && busy[0].ts > result.begin, JSON.stringify(busy));
  assert.equal(busy[0].cat, 'root');
  assert.equal(result.error.name, 'TypeError');
  assert.match(result.error.message, /trace: true/);
  assert.deepEqual([result.isClean, result.liveBlocks], [true, 0]);
});

test('who is alone again spawns as fast as who always was', async () => {
  const result = await inPage(async () => {
    const tasks = '/e2e/fork.js';
    const alone = await penny.createPool({ tasks, workers: 1 });
    const left = await penny.createPool({ tasks, workers: 2 });
    await Promise.all([left.run('fib', [20]), left.run('fib', [20])]);
    await left.resize(1);
    const times = { alone: [], left: [] };
    for (let n = 0; n < 15; n++) {
      for (const [name, pool] of Object.entries({ alone, left })) {
        const began = performance.now();
        await pool.run('fib', [22]);
        times[name].push(performance.now() - began);
      }
    }
    await Promise.all([alone.dispose(), left.dispose()]);
    return times;
  });
  const middle = (times) => times.sort((a, b) => a - b)[7];
  const [alone, left] = [middle(result.alone), middle(result.left)];
  assert.ok(left < 3 * alone, `${left} ms instead of ${alone}`);
});
