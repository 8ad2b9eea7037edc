// life.test.js: a pool through the life of a page: inside a dedicated worker, in a hidden tab whose
// timers are throttled, and when the page is left and comes back.
import assert from 'node:assert/strict';
import { launch } from './browser.js';
import { browserTests, engine } from './harness.js';

const { inPage, open, test } = browserTests();

const inside = `
  const { Worker: Made } = globalThis;
  globalThis.Worker = function (...given) {
    postMessage('makes');
    const worker = new Made(...given);
    postMessage('made');
    return worker;
  };
  const { createPool } = await import('/js-glue/index.js');
  const { answer } = await import('/e2e/apps/tiny/answer.js');
  const options = { tasks: '/e2e/apps/script-tasks.js', wasm: '/build/wasm/e2e/e2e_tasks.wasm' };
  postMessage(await answer(createPool, options).catch((error) => error.message));`;

// In Firefox 153 `new Worker` inside of a worker that has imported a module dynamically sometimes never returns: on one page in
// eight with this program, on one in 25 with nothing of ours in it. Then there is nothing to test there, and another page is opened.
const PAGES = engine === 'firefox' ? 6 : 1;

test('life_inside_a_dedicated_worker', async () => {
  let answer;
  for (let count = 0; count < PAGES && !answer; count++) {
    const page = await open({
      routes: {
        '/inside.js': (_request, response) => {
          response.setHeader('Content-Type', 'text/javascript');
          response.end(inside);
        },
      },
    });
    answer = await page.evaluate(
      () =>
        new Promise((resolve, reject) => {
          const worker = new Worker('/inside.js', { type: 'module' });
          let isMaking = false;
          worker.onmessage = ({ data }) => {
            if (data !== 'makes' && data !== 'made') resolve(data);
            isMaking = data === 'makes';
          };
          worker.onerror = ({ message }) => reject(new Error(message));
          setTimeout(() => isMaking && resolve(), 8000);
        }),
    );
    if (!answer) console.log('# new Worker did not return: one more page');
    await page.close();
  }
  assert.equal(answer?.run, 42, JSON.stringify(answer));
  assert.equal(answer.call, '6765');
  assert.equal(answer.isClean, true);
});

test('life_hidden_tab_with_throttled_timers', async () => {
  const result = await inPage(async () => {
    // What a tab in the background gets: no frame, and a timer a second at best.
    const { setTimeout: plain, requestAnimationFrame: frame } = globalThis;
    globalThis.setTimeout = (action, ms, ...rest) => plain(action, Math.max(1000, ms), ...rest);
    globalThis.requestAnimationFrame = () => 0;
    Object.defineProperty(document, 'hidden', { value: true, configurable: true });
    try {
      const pool = await start({ tasks: '/e2e/tasks.js' });
      const began = performance.now();
      for (let count = 0; count < 200; count++) await pool.run('echo', [count]);
      const all = Array.from({ length: 3000 }, (_, count) => pool.run('echo', [count]));
      const sum = (await Promise.all(all)).reduce((total, value) => total + value, 0);
      const mapped = await pool.map(
        'echo',
        Array.from({ length: 3000 }, (_, count) => count),
      );
      const took = performance.now() - began;
      await pool.dispose();
      return { took, sum, mapped: mapped.length };
    } finally {
      Object.assign(globalThis, { setTimeout: plain, requestAnimationFrame: frame });
      delete document.hidden;
    }
  });
  assert.equal(result.sum, (2999 * 3000) / 2);
  assert.equal(result.mapped, 3000);
  // One timer in each of the 200 rounds would be 200 seconds.
  assert.ok(result.took < 10_000, `${result.took} ms`);
});

if (engine === 'chromium') {
  test('life_page_that_is_left_and_comes_back', async () => {
    const ignoreDefaultArgs = ['--disable-back-forward-cache'];
    const browser = await launch(engine, { ignoreDefaultArgs });
    // no-store, which serve.js sends otherwise, keeps pages out of that cache.
    const origin = await open({ headers: { 'Cache-Control': 'no-cache' } });
    try {
      const page = await browser.newPage(`${origin.server.url}e2e/page.html`);
      await inPage(
        async () => {
          globalThis.pool = await start({ tasks: '/e2e/tasks.js' });
          globalThis.pending = globalThis.pool.run('later', [300, 'late']);
          addEventListener('pageshow', ({ persisted }) => {
            globalThis.isBack = persisted;
          });
        },
        undefined,
        { page },
      );
      await page.navigate(`${origin.server.url}e2e/page.html?elsewhere`);
      await page.back();
      const state = await page.evaluate(async () => ({
        isBack: globalThis.isBack,
        late: await globalThis.pending,
        run: await globalThis.pool?.run('echo', ['again']),
      }));
      // Nothing of a pool keeps the page out of the cache, and what was pending goes on.
      assert.deepEqual(state, { isBack: true, late: 'late', run: 'again' });
    } finally {
      await browser.close();
      await origin.close();
    }
  });
}
