// script.test.js: dist/penny.iife.js from a script tag, on its own site and from another one, and
// what a content security policy has to allow. The table in docs/hosting.md has these rows.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { root } from '../scripts/run.js';
import { serve } from '../scripts/serve.js';
import { browserTests } from './harness.js';

const { open, test } = browserTests();
const expected = {
  run: 42,
  array: 6.5,
  spawn: 610,
  map: '2,4,6',
  error: 'TypeError: it failed',
  isClean: true,
};

// Two other sites: one allows reading (CORS), one only embedding (CORP, which serve.js sends).
let cors;
let plain;
before(async () => {
  const mounts = { '/': join(root, 'dist') };
  cors = await serve({ mounts, headers: { 'Access-Control-Allow-Origin': '*' } });
  plain = await serve({ mounts });
});
after(async () => {
  await cors?.close();
  await plain?.close();
});

/** A page with the tag; its own script has to be a file, as policies want it. */
async function scriptPage(tag, csp, isolated = true) {
  const html = (_request, response) => {
    response.setHeader('Content-Type', 'text/html');
    response.end(`<!doctype html><meta charset="utf-8"><title>Penny</title>${tag}`);
  };
  return open({ csp, isolated, routes: { '/script.html': html } }, 'script.html');
}

const answerOf = (page, options = {}) =>
  page.evaluate(async (more) => {
    const { answer } = await import('/e2e/apps/tiny/answer.js');
    const start = (given) => Penny.createPool({ tasks: '/e2e/apps/script-tasks.js', ...given });
    try {
      return await answer(start, { startTimeoutMs: 8000, ...more });
    } catch (error) {
      return { code: error.code, message: error.message };
    }
  }, options);

const own = '<script src="/dist/penny.iife.js"></script>';
const strict = "default-src 'none'; img-src 'self'; worker-src 'self'";
const eval1 = "'wasm-unsafe-eval'";

test('script_own_site_strict_policy', async () => {
  const page = await scriptPage(own, `${strict}; script-src 'self' ${eval1}`);
  assert.deepEqual(await answerOf(page), expected);
  assert.deepEqual(page.errors, []);
  await page.close();
});

test('script_without_isolation_on_one_worker', async () => {
  const page = await scriptPage(
    own,
    `${strict}; script-src 'self' ${eval1}; connect-src 'self'`,
    false,
  );
  const wasm = '/build/wasm/e2e/e2e_tasks.wasm';
  const result = await answerOf(page, { wasm, fallback: 'single' });
  assert.deepEqual(result, { ...expected, call: '6765' });
  assert.deepEqual(page.errors, []);
  await page.close();
});

test('script_in_frames_without_an_address', async () => {
  // Such a frame has its page's policy and origin, but its location says neither.
  const page = await scriptPage('', `${strict}; script-src 'self' ${eval1}`);
  const sums = await page.evaluate(async (tag) => {
    const sum = async (attributes) => {
      const frame = Object.assign(document.createElement('iframe'), attributes);
      document.body.append(frame);
      if (frame.srcdoc) await new Promise((done) => frame.addEventListener('load', done));
      else frame.contentDocument.write(tag);
      while (!frame.contentWindow.Penny) await new Promise((done) => setTimeout(done, 20));
      const options = { tasks: '/e2e/apps/script-tasks.js', workers: 1 };
      const { Penny } = frame.contentWindow;
      const pool = await Penny.createPool(options);
      const array = pool.array(frame.contentWindow.Int32Array, [1, 2]);
      const result = await pool.sum(array);
      await pool.dispose();
      return result;
    };
    return [await sum({ srcdoc: tag }), await sum({})];
  }, own);
  assert.deepEqual(sums, [3, 3]);
  await page.close();
});

test('script_own_site_module_by_address', async () => {
  const page = await scriptPage(own, `${strict}; script-src 'self' ${eval1}; connect-src 'self'`);
  const wasm = '/build/wasm/e2e/e2e_tasks.wasm';
  assert.deepEqual(await answerOf(page, { wasm }), { ...expected, call: '6765' });
  await page.close();
});

test('script_other_site_by_cors', async () => {
  const site = cors.url.slice(0, -1);
  // Engines count what a module worker imports as a worker, too; Firefox even what a module of tasks
  // imports, in any worker.
  const policy = `script-src 'self' ${site} ${eval1}; worker-src 'self' blob: ${site}`;
  const page = await scriptPage(
    `<script src="${site}/penny.iife.js" crossorigin></script>`,
    policy,
  );
  assert.deepEqual(await answerOf(page), expected);
  await page.close();
});

test('script_other_site_without_cors', async () => {
  const site = plain.url.slice(0, -1);
  const policy = `script-src 'self' ${site} ${eval1}; worker-src 'self' blob:`;
  const page = await scriptPage(`<script src="${site}/penny.iife.js"></script>`, policy);
  assert.deepEqual(await answerOf(page), expected);
  await page.close();
});

test('script_policy_without_wasm_is_told', async () => {
  const page = await scriptPage(own, `${strict}; script-src 'self'`);
  const { code, message } = await answerOf(page);
  assert.equal(code, 'PENNY_EMODULE', message);
  assert.match(message, /'wasm-unsafe-eval' in script-src/);
  await page.close();
});

test('script_policy_without_workers_is_told', async () => {
  const policy = `default-src 'none'; script-src 'self' ${eval1}; worker-src 'none'`;
  const page = await scriptPage(own, policy);
  const { code, message } = await answerOf(page);
  assert.equal(code, 'PENNY_ESTART', message);
  await page.close();
});

test('script_from_a_file_is_told_to_be_served', async () => {
  const page = await open();
  await page.navigate(`file://${join(root, 'e2e/apps/file.html')}`);
  const { code, message } = await page.evaluate(() =>
    Penny.createPool().catch((error) => ({ code: error.code, message: error.message })),
  );
  assert.equal(code, 'PENNY_ENOISOLATION', message);
  assert.match(message, /from a file.*serve it over http/);
  await page.close();
});
