// priority.test.js: what is urgent starts at the next poll, what is not waits, and nothing starves.
import assert from 'node:assert/strict';
import { browserTests, engine } from './harness.js';

const { inPage, test } = browserTests();

test('a priority that is none throws, and names the three', async () => {
  const errors = await inPage(async () => {
    const pool = await start({ tasks: '/e2e/tasks.js' });
    const tries = [
      () => pool.call('add', [1, 2], { priority: 'urgent' }),
      () => pool.run('echo', [1], { priority: 1 }),
    ];
    const out = [];
    for (const action of tries) out.push(await failure(action));
    await pool.dispose();
    return out;
  });
  for (const { name, message } of errors) {
    assert.equal(name, 'TypeError');
    assert.match(message, /user-blocking, user-visible, background/);
  }
});

test('urgent tasks start at the next poll, whatever is queued', async () => {
  const result = await inPage(async () => {
    const pool = await start();
    const polls = pool.array(Int32Array, 1);
    const ended = [];
    const call = (name, args, priority) =>
      pool.call(name, args, { priority }).then((value) => {
        ended.push(name);
        return value;
      });
    const busy = [0, 0].map(() => call('poll_ms', [1500, polls], 'background'));
    // Each worker is in one.
    while (!pool.stats().workers.every(({ roots }) => roots > 0)) await sleep(1);
    const queued = Array.from({ length: 500 }, () => call('nothing', [], 'background'));
    queued.push(...Array.from({ length: 50 }, () => call('add', [1, 1], 'user-visible')));
    const late = [];
    for (let n = 0; n < 20; n++) {
      await sleep(n % 4);
      const before = Atomics.load(polls, 0);
      late.push((await call('read_word', [polls], 'user-blocking')) - before);
    }
    const first = ended.slice();
    await Promise.all([...busy, ...queued]);
    const { isClean, liveBlocks } = await pool.dispose();
    return { late, first, rest: ended.length - first.length, isClean, liveBlocks };
  });
  // All of them before the tasks that poll had ended, and before anything that was queued earlier.
  assert.deepEqual(result.first, Array(20).fill('read_word'));
  assert.equal(result.rest, 552);
  // No worker polled twice between the call and the start; a suspended thread may spoil one or two.
  const inTime = result.late.filter((count) => count <= 2).length;
  assert.ok(inTime >= 18, `polls until the start: ${result.late}`);
  assert.deepEqual([result.isClean, result.liveBlocks], [true, 0]);
});

test('tasks start in the order of their priorities, and background ones get their share', async () => {
  const ended = await inPage(async () => {
    const pool = await start({ workers: 1, tasks: '/e2e/tasks.js' });
    const busy = pool.call('busy_ms', [100]);
    const order = [];
    const all = [];
    const submit = (count, priority, letter) => {
      for (let n = 0; n < count; n++) {
        const options = { priority };
        const task =
          n & 1 ? pool.call('nothing', [], options) : pool.run('echo', [letter], options);
        all.push(task.then(() => order.push(letter)));
      }
    };
    submit(300, 'background', 'b');
    submit(640, undefined, 'n');
    submit(20, 'user-blocking', 'u');
    await Promise.all([busy, ...all]);
    await pool.dispose();
    return order.join('');
  });
  assert.equal(ended.length, 960);
  assert.match(ended, /^u{20}n{20}/);
  const background = [...ended.slice(0, 640)].filter((letter) => letter === 'b').length;
  assert.ok(background >= 640 / 64 && background <= 640 / 32, `${background} of 640`);
  assert.match(ended, /b{200}$/);
});

test('JavaScript tasks that poll let urgent ones in, and go on', async () => {
  // In WebKit the second of a page comes 3 to 21 polls late in 6 of 10 runs, later ones do in 5 of 200: not measured are its first.
  // (By time stamps the page stands still inside of run(), for 3 to 10 ms, or the worker inside of the poll that takes the task.)
  const unmeasured = engine === 'webkit' ? 3 : 0;
  const result = await inPage(async (unmeasured) => {
    const pool = await start({ tasks: '/e2e/page_tasks.js' });
    const polls = pool.array(Int32Array, 1);
    const stop = pool.array(Int32Array, 1);
    const ended = [];
    const run = (name, args, priority) =>
      pool.run(name, args, { priority }).then((value) => {
        ended.push(name);
        return value;
      });
    const busy = [0, 0].map(() => run('pollUntil', [polls, stop], 'background'));
    // Each worker is in one.
    while (!pool.stats().workers.every(({ roots }) => roots > 0)) await sleep(1);
    const queued = Array.from({ length: 100 }, () => run('pollCount', [polls], 'background'));
    const late = [];
    for (let n = -unmeasured; n < 20; n++) {
      await sleep(n & 3);
      const before = Atomics.load(polls, 0);
      const count = await pool.run('pollCount', [polls], { priority: 'user-blocking' });
      if (n >= 0) late.push(count - before);
    }
    const first = ended.length;
    Atomics.store(stop, 0, 1);
    const values = await Promise.all(busy);
    await Promise.all(queued);
    const { isClean } = await pool.dispose();
    return { late, first, values, isClean };
  }, unmeasured);
  assert.equal(result.first, 0);
  const inTime = result.late.filter((count) => count <= 2).length;
  assert.ok(inTime >= 18, `polls until the start: ${result.late}`);
  assert.deepEqual(result.values, ['polled', 'polled']);
  assert.equal(result.isClean, true);
});

test('urgent tasks that spawn, on top of others that do', async () => {
  const result = await inPage(async () => {
    const pool = await start({ tasks: '/e2e/fork.js' });
    let isOver = false;
    let rounds = 0;
    const busy = [0, 0].map(async () => {
      const values = new Set();
      while (!isOver) {
        values.add(await pool.run('fib', [22], { priority: 'background' }));
        rounds++;
      }
      return [...values];
    });
    const urgent = [];
    for (let n = 0; n < 40 || rounds < 10; n++) {
      const options = { priority: 'user-blocking' };
      urgent.push(pool.run('fib', [15], options), pool.call('fib', [15], options));
      await sleep(n % 3);
    }
    const values = new Set((await Promise.all(urgent)).map(Number));
    isOver = true;
    const others = await Promise.all(busy);
    const { isClean, liveBlocks } = await pool.dispose();
    return { values: [...values], others, isClean, liveBlocks };
  });
  assert.deepEqual(result, {
    values: [610],
    others: [[17711], [17711]],
    isClean: true,
    liveBlocks: 0,
  });
});
