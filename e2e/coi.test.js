// coi.test.js: dist/coi.js on a site that sends no headers: one reload, never a loop, and a word on
// the console when it cannot help.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { root } from '../scripts/run.js';
import { browserTests, engine } from './harness.js';

const { open, test } = browserTests();

const html = (body) => (_request, response) => {
  response.setHeader('Content-Type', 'text/html; charset=utf-8');
  response.end(`<!doctype html><meta charset="utf-8"><title>Penny</title>${body}`);
};
const coi = '<script src="/coi.js"></script>';
const iife = '<script src="/dist/penny.iife.js"></script>';
const mounts = {
  '/': join(root, 'dist'),
  '/dist/': join(root, 'dist'),
  '/e2e/': join(root, 'e2e'),
};

/** A site of its own: service workers belong to the server's port. */
let sites = 0;
function openSite(body, options = {}, path = 'page.html') {
  sites += 1;
  const routes = { [`/${path}`]: html(body), '/other.html': html(''), ...options.routes };
  return open({ isolated: false, mounts, ...options, routes, headers: { 'X-Site': sites } }, path);
}

const loads = (page, path = '/page.html') =>
  page.server.requests.filter((request) => request === path).length;
const waitIsolated = (page) => waitSafely(page, 'crossOriginIsolated');

/** As page.waitFor; a page that reloads may be gone while it is asked, and then never answers in WebKit. */
async function waitSafely(page, expression) {
  for (let left = 100; left > 0; left--) {
    if (await page.evaluate(expression, undefined, 2).catch(() => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`never: ${expression}`);
}

test('coi_isolates_after_one_reload', async () => {
  const page = await openSite(coi + iife);
  // The page may be asked before its second script has run.
  await waitSafely(page, "crossOriginIsolated && typeof Penny === 'object'");
  assert.equal(loads(page), 2);
  const answer = await page.evaluate(async () => {
    const { answer: run } = await import('/e2e/apps/tiny/answer.js');
    return run(Penny.createPool, { tasks: '/e2e/apps/script-tasks.js' });
  });
  assert.equal(answer.run, 42);
  // The next visit is isolated at once.
  await page.navigate(`${page.server.url}page.html`);
  assert.equal(await page.evaluate('crossOriginIsolated'), true);
  assert.equal(loads(page), 3);
  await page.close();
});

test('coi_leaves_ranges_and_other_sites_alone', async () => {
  const seen = [];
  const part = (request, response) => {
    seen.push(request.headers.range);
    response.writeHead(206, { 'Content-Range': 'bytes 2-4/9', 'Content-Type': 'text/plain' });
    response.end('cde');
  };
  const away = (_request, response) => response.writeHead(302, { Location: '/moved.html' }).end();
  const routes = { '/part': part, '/away.html': away, '/moved.html': html('moved') };
  const page = await openSite(coi, { routes });
  const other = await openSite('', { routes: { '/pixel.svg': svg } });
  await waitIsolated(page);
  const result = await page.evaluate(async (pixel) => {
    const answer = await fetch('/part', { headers: { Range: 'bytes=2-4' } });
    const opaque = await fetch(pixel, { mode: 'no-cors' });
    const image = new Image();
    image.src = pixel;
    await image.decode();
    return {
      status: answer.status,
      text: await answer.text(),
      type: opaque.type,
      width: image.naturalWidth,
    };
  }, `${other.server.url}pixel.svg`);
  assert.deepEqual(seen, ['bytes=2-4']);
  assert.deepEqual(result, {
    status: 206,
    text: 'cde',
    type: 'opaque',
    width: 7,
  });
  await page.navigate(`${page.server.url}away.html`);
  const place = await page.evaluate('[location.pathname, crossOriginIsolated]');
  assert.deepEqual(place, ['/moved.html', true]);
  await page.close();
  await other.close();
});

function svg(_request, response) {
  response.setHeader('Content-Type', 'image/svg+xml');
  response.end('<svg xmlns="http://www.w3.org/2000/svg" width="7" height="7"/>');
}

test('coi_credentialless_uses_files_that_say_nothing', async () => {
  const other = await openSite('', {
    routes: {
      '/pixel.svg': (request, response) => {
        response.removeHeader('Cross-Origin-Resource-Policy');
        svg(request, response);
      },
    },
  });
  const page = await openSite(coi.replace('src', 'data-credentialless src'));
  await waitIsolated(page);
  // WebKit has no credentialless: the other mode took its place, by a second reload.
  assert.equal(loads(page), engine === 'webkit' ? 3 : 2);
  const isShown = await page.evaluate(async (pixel) => {
    const image = new Image();
    image.src = pixel;
    return image.decode().then(
      () => true,
      () => false,
    );
  }, `${other.server.url}pixel.svg`);
  assert.equal(isShown, engine !== 'webkit');
  await page.close();
  await other.close();
});

test('coi_does_nothing_when_it_is_not_needed', async () => {
  const page = await openSite(coi, { isolated: true });
  const count = await page.evaluate(
    async () => (await navigator.serviceWorker.getRegistrations()).length,
  );
  assert.deepEqual([count, loads(page)], [0, 1]);
  await page.close();
});

// What the helper says, from the first line of the page on.
const listen = '<script>words = []; console.warn = (text) => words.push(text);</script>';
const words = (page, where = '') => page.evaluate(`${where}words.join()`);

test('coi_never_loops', async () => {
  // A frame in a page that is not isolated cannot be, whatever its own headers are.
  const frame = '<iframe src="/inner.html"></iframe>';
  const page = await openSite(frame, { routes: { '/inner.html': html(listen + coi) } });
  await waitSafely(page, 'frames[0].words?.length > 0');
  assert.match(await words(page, 'frames[0].'), /has not helped: the page is in a frame/);
  assert.equal(loads(page, '/inner.html'), 2);
  await page.evaluate('frames[0].location.reload()');
  await waitSafely(page, 'frames[0].words?.length > 0');
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.equal(loads(page, '/inner.html'), 3);
  await page.close();
});

test('coi_says_what_to_do', async () => {
  const without = (what) =>
    `<script>Object.defineProperty(${what}, { value: undefined });</script>`;
  const cases = [
    [`${without("Navigator.prototype, 'serviceWorker'")}${coi}`, /no service workers.*headers/],
    [`${without("window, 'sessionStorage'")}${coi}`, /storage.*switched off/],
    ['<script src="/dist/coi.js"></script>', /dist\/ only: copy it to the root/],
  ];
  for (const [body, expected] of cases) {
    const page = await openSite(listen + body);
    await waitSafely(page, 'words.length > 0');
    assert.match(await words(page), expected);
    assert.equal(loads(page), 1);
    await page.close();
  }
  const page = await open();
  await page.navigate(`file://${join(root, 'e2e/apps/file.html')}`);
  assert.match(await words(page), /file: pages cannot be: serve it over http/);
  await page.close();
});
