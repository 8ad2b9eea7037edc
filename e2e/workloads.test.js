// The demo page as a visitor has it: every workload at a small size, each answer checked by the page itself.
import assert from 'node:assert/strict';
import { browserTests, engine } from './harness.js';

const { inPage, open, test } = browserTests();
const names =
  'fib nqueens cilksort matmul strassen heat knapsack uts-t1 uts-t3 mandelbrot words image'.split(
    ' ',
  );

test('e2e_workloads_small', async () => {
  const page = await open({}, 'web/index.html?auto=1&quick=1&workers=2');
  const end = performance.now() + 100_000;
  let demo;
  do {
    assert.ok(performance.now() < end, `not done: ${demo?.progress}`);
    await new Promise((done) => setTimeout(done, 200));
    demo = await page.evaluate(() => globalThis.pennyDemo ?? null);
  } while (!demo?.done && !demo?.error);
  assert.equal(demo.error, undefined);
  assert.deepEqual(demo.rows.map(({ name }) => name).sort(), names.sort());
  for (const row of demo.rows) {
    assert.equal(row.ok, true, `${row.name}: ${row.error ?? 'wrong answer'}`);
    assert.ok(row.serialMs > 0 && row.oneMs > 0 && row.allMs > 0, row.name);
  }
  // What it says to those who do not see it, or use the keyboard; and after another number of workers.
  const looks = await page.evaluate(async () => {
    const names = () =>
      [...document.querySelectorAll('.row .bar')].map((bar) => bar.getAttribute('aria-label'));
    const before = names();
    const button = document.querySelector('.row .run');
    button.focus();
    button.click();
    while (button.disabled) await new Promise((done) => setTimeout(done, 20));
    const isFocused = document.activeElement === button;
    const workers = document.getElementById('workers');
    workers.value = '1';
    workers.dispatchEvent(new Event('change'));
    const values = [...document.querySelectorAll('.row .value')].map((each) => each.textContent);
    return { before, after: names(), isFocused, values };
  });
  assert.equal(looks.before.length, 3 * names.length);
  for (const name of looks.before) assert.match(name, /^(plain C|1 worker|2 workers): .* ms$/);
  assert.equal(looks.isFocused, true);
  assert.ok(looks.after.every((name) => name === null));
  assert.ok(looks.values.every((text) => text === '–'));
});

test('e2e_demo_without_the_headers_says_so', async () => {
  const page = await open({ isolated: false }, 'web/index.html');
  await page.waitFor('globalThis.pennyDemo?.done');
  const notice = await page.evaluate(() => {
    const { hidden, textContent } = document.getElementById('notice');
    const canvases = [...document.querySelectorAll('canvas')];
    const unnamed = canvases.filter((each) => !each.getAttribute('aria-label'));
    return { hidden, textContent, unnamed: unnamed.length };
  });
  assert.equal(notice.hidden, false);
  assert.match(notice.textContent, /two headers/);
  assert.equal(notice.unnamed, 0);
  assert.deepEqual(page.errors, []);
  await page.close();
});

test('answers are right while the memory grows by megabytes under several workers', async () => {
  // It was WebKit that lost stores.
  const counts = engine === 'webkit' ? [2, 4, 8, 2, 4, 8] : [2, 8];
  const answers = await inPage(async (counts) => {
    const { workloads } = await import('/web/workloads.js');
    const { setup, sizes, penny: call, check } = workloads.find(({ name }) => name === 'strassen');
    const answers = [];
    for (const workers of counts) {
      // Each begins with as little as it can.
      const pool = await penny.createPool({ wasm: '/build/wasm/workloads.wasm', workers });
      const state = await setup(pool, sizes.full);
      answers.push(await check(pool, state, await pool.call(...call(state))));
      await pool.dispose();
    }
    return answers;
  }, counts);
  assert.deepEqual(
    answers,
    counts.map(() => true),
  );
});
