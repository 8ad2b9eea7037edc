// cost.test.js: what a pool costs the page: start-up, the submitting call, its thread's time, idle
// CPU, memory, workers.
import assert from 'node:assert/strict';
import { browserTests, engine, isLong } from './harness.js';

const { browser, inPage, open, test } = browserTests();
const isChromium = engine === 'chromium';
const note = (text) => console.log(`# ${engine}: ${text}`);

test('a pool of two starts fast', async () => {
  const times = await inPage(async () => {
    const { createPool } = await import('/dist/index.js');
    const out = [];
    for (let round = 0; round < 9; round++) {
      const began = performance.now();
      const pool = await createPool({ wasm, workers: 2 });
      out.push(performance.now() - began);
      await pool.dispose();
    }
    return out.sort((a, b) => a - b);
  });
  note(
    `a pool of 2 is ready in ${times[4].toFixed(0)} ms (median of 9; ${times[0].toFixed(0)} to ${times[8].toFixed(0)})`,
  );
  // Half a second is what a person notices; the figure to reach is 60 ms on an idle machine (bench:
  // startup).
  assert.ok(times[4] < 500, `${times}`);
});

// The longest tasks of the page's thread while `action` runs: a message that is posted anew each
// time it arrives.
const probe = `
  const probe = () => {
    const channel = new MessageChannel();
    const gaps = [];
    let last = performance.now();
    let isOn = true;
    channel.port1.onmessage = () => {
      const now = performance.now();
      gaps.push(now - last);
      last = now;
      if (isOn) channel.port2.postMessage(0);
    };
    channel.port2.postMessage(0);
    return () => {
      isOn = false;
      channel.port1.close();
      return gaps.sort((a, b) => b - a);
    };
  };
`;

test('100,000 tasks in flight do not stall the page', async () => {
  const page = await open();
  await page.evaluate(`(async () => { ${probe} globalThis.probe = probe; })()`);
  const result = await inPage(
    async () => {
      const pool = await start();
      const count = 100_000;
      const rounds = [];
      for (let round = 0; round < 9; round++) {
        const args = [round, 1];
        let settled = 0;
        const onValue = () => settled++;
        const began = performance.now();
        for (let idx = 0; idx < count; idx++) pool.call('add', args).then(onValue);
        const submit = performance.now() - began;
        const stop = globalThis.probe();
        while (settled < count) await sleep(1);
        const gaps = stop();
        rounds.push({
          submit_us: (submit * 1000) / count,
          stall_ms: gaps[0],
          all_ms: performance.now() - began,
        });
      }
      // The same probe sees a stall that is made on purpose.
      const stop = globalThis.probe();
      await sleep(50);
      const end = performance.now() + 10;
      while (performance.now() < end) {}
      await sleep(50);
      const injected = stop()[0];
      await pool.dispose();
      const median = (key) => rounds.map((each) => each[key]).sort((a, b) => a - b)[4];
      const least = Math.min(...rounds.map((each) => each.stall_ms));
      return {
        submit_us: median('submit_us'),
        stall_ms: median('stall_ms'),
        least,
        all_ms: median('all_ms'),
        injected,
      };
    },
    undefined,
    { page },
  );
  note(
    `100,000 tasks: ${result.submit_us.toFixed(2)} us a submitting call, all settled after ${result.all_ms.toFixed(0)} ms, ` +
      `longest task ${result.stall_ms.toFixed(1)} ms (best round ${result.least.toFixed(1)})`,
  );
  assert.ok(result.injected >= 9.5, `an injected stall of 10 ms was seen as ${result.injected} ms`);
  // A neighbour on this machine may take the processor away for a while: the best of the rounds
  // shows what is ours.
  assert.ok(result.least < (isChromium ? 4 : 8), `stalled for ${result.least} ms`);
  assert.ok(result.submit_us < 10, `${result.submit_us} us a call`);
  await page.close();
});

test('an idle pool uses no processor', async () => {
  const seconds = isLong ? 10 : 4;
  const page = await open();
  const wait = () => new Promise((done) => setTimeout(done, seconds * 1000));
  await inPage(async () => {}, undefined, { page });
  await wait();
  const before = browser().processTreeCpuSeconds();
  await wait();
  const without = browser().processTreeCpuSeconds() - before;
  await inPage(
    async () => {
      globalThis.pool = await start({ tasks: '/e2e/tasks.js', workers: 4 });
      await pool.call('fib', [20]);
      for (let idx = 0; idx < 8; idx++) await pool.run('fib', [10]);
    },
    undefined,
    { page },
  );
  await wait();
  const middle = browser().processTreeCpuSeconds();
  await wait();
  const idle = browser().processTreeCpuSeconds() - middle;
  note(
    `an idle pool of 4: ${idle.toFixed(2)} s of processor time in ${seconds} s (without it ${without.toFixed(2)} s)`,
  );
  await inPage(async () => globalThis.pool.dispose(), undefined, { page });
  await page.close();
  assert.ok(idle < without + 0.02 * seconds, `${idle} s against ${without} s`);
});

test('addresses above 2 GiB work from C and JavaScript', async () => {
  const result = await inPage(
    async () => {
      let pool;
      try {
        pool = await start({
          workers: 1,
          tasks: '/e2e/tasks.js',
          memory: { maximumBytes: 2 ** 32 },
        });
      } catch (error) {
        return { refused: error.code };
      }
      const gib = 2 ** 30;
      const blocks = [];
      try {
        // Not filled: a page that nobody touches is no memory.
        for (let idx = 0; idx < 3; idx++)
          blocks.push(pool.array(Uint8Array, gib - 2 ** 20, { isZeroed: false }));
      } catch (error) {
        await pool.dispose();
        return { refused: error.code };
      }
      const high = pool.array(Float64Array, [1, 2, 3, 4]);
      const last = pool.array(Uint8Array, 100_000);
      const out = { address: last.byteOffset, blocks: blocks.map((block) => block.byteOffset) };
      out.filled = await pool.call('fill', [last, 100_000, 7]);
      out.ends = [last[0], last[99_999], (7 + 99_999) & 255];
      out.top = await pool.call('fill', [blocks[2].subarray(gib - 2 ** 20 - 10), 10, 3]);
      out.sum = [await pool.call('sum', [high, 4]), await pool.run('sumShared', [high])];
      out.shared = [await pool.run('fillShared', [last, 9]), last[5], last[99_999]];
      out.fib = String(await pool.call('fib', [20]));
      out.end = await pool.dispose();
      return out;
    },
    undefined,
    { seconds: 100 },
  );
  if (result.refused) return note(`4 GiB were refused (${result.refused})`);
  note(
    `arrays at ${result.blocks.map((at) => (at / 2 ** 30).toFixed(2))} and ${(result.address / 2 ** 30).toFixed(2)} GiB`,
  );
  assert.ok(result.address > 2 ** 31 || result.blocks[2] > 2 ** 31);
  assert.equal(result.filled, result.address);
  assert.deepEqual(result.ends, [7, result.ends[2], result.ends[2]]);
  assert.ok(result.top > 2 ** 31);
  assert.deepEqual(result.sum, [10, 10]);
  assert.deepEqual(result.shared, [100_000, 9, 9]);
  assert.equal(result.fib, '6765');
  assert.deepEqual(result.end, { isClean: true, liveBlocks: 0 });
});

test('pools come and go without a trace', async () => {
  const count = isLong ? (isChromium ? 1000 : 100) : isChromium ? 100 : 20;
  const page = await open();
  const result = await inPage(
    async (cycles) => {
      const ends = new Set();
      const one = async () => {
        const pool = await start({ workers: 2, memory: { maximumBytes: 2 ** 24 } });
        await pool.call('fib', [12]);
        const array = pool.array(Uint8Array, 100_000);
        pool.free(array);
        ends.add(JSON.stringify(await pool.dispose()));
      };
      for (let idx = 0; idx < cycles; idx++) await one();
      // As many as an engine allows at once, still: nothing was kept.
      const many = await Promise.all(
        Array.from({ length: 8 }, () => start({ workers: 1, memory: { maximumBytes: 2 ** 24 } })),
      );
      for (const pool of many) await pool.dispose();
      return [...ends];
    },
    count,
    { page, seconds: isLong ? 600 : 110 },
  );
  note(`${count} pools made and disposed`);
  assert.deepEqual(result, ['{"isClean":true,"liveBlocks":0}']);
  await page.close();
});
