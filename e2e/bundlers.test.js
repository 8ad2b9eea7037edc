// bundlers.test.js: the packed package in a fresh folder, built by each bundler, and with none. One
// tiny program (apps/tiny): a worker and a module of its own, and a pool that is given neither.
import assert from 'node:assert/strict';
import { copyFileSync, cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before } from 'node:test';
import { pathToFileURL } from 'node:url';
import { install } from '../scripts/pack.js';
import { root, run } from '../scripts/run.js';
import { browserTests, engine } from './harness.js';

const { browser, open, test } = browserTests();
const expected = {
  own: {
    run: 42,
    array: 6.5,
    spawn: 610,
    map: '2,4,6',
    error: 'TypeError: it failed',
    call: '6765',
    isClean: true,
  },
  bare: '1 worker',
  isSupported: true,
};

let folder;
before(async () => {
  folder = await install(`apps-${engine}`);
  cpSync(join(root, 'e2e/apps/tiny'), folder, { recursive: true });
  copyFileSync(join(root, 'build/wasm/e2e/e2e_tasks.wasm'), join(folder, 'kernels.wasm'));
});

async function build(bundler) {
  const out = join(folder, 'dist');
  rmSync(out, { recursive: true, force: true });
  const args = [join(root, 'e2e/apps/build.js'), bundler, folder];
  const { code, output } = await run(process.execPath, args, { timeoutSeconds: 60, cwd: folder });
  assert.equal(code, 0, output);
  return out;
}

/**
 * The program in a page of a server that knows nothing but these folders; and once more of one that does not send
 * the headers.
 */
async function runIn(mounts) {
  for (const isolated of [true, false]) {
    const page = await open({ mounts, isolated }, '');
    const result = { ...expected, isSupported: isolated };
    assert.deepEqual(await page.evaluate('globalThis.result'), result);
    assert.deepEqual(page.errors, []);
    await page.close();
  }
}

const bundled = (name) =>
  test(`bundler_${name}`, async () => {
    await runIn({ '/': await build(name) });
  });

bundled('vite');

if (engine === 'chromium') {
  for (const name of ['webpack', 'rollup', 'esbuild', 'parcel']) bundled(name);

  test('bundler_none', async () => {
    // What a bundler resolves stands in the page as an import map; workers know none, so there the
    // module is named by its address.
    const out = join(folder, 'none');
    cpSync(join(root, 'e2e/apps/tiny'), out, { recursive: true });
    copyFileSync(join(folder, 'kernels.wasm'), join(out, 'kernels.wasm'));
    const change = (name, from, to) => {
      const text = readFileSync(join(out, name), 'utf8');
      writeFileSync(join(out, name), text.replace(from, to));
    };
    const modules = '/node_modules/penny-runtime/dist';
    const map = JSON.stringify({ imports: { 'penny-runtime': `${modules}/index.js` } });
    change('index.html', '<script', `<script type="importmap">${map}</script><script`);
    for (const name of ['penny.worker.js', 'fork.js'])
      change(name, 'penny-runtime/worker', `${modules}/worker.js`);
    await runIn({ '/': out, '/node_modules/': join(folder, 'node_modules') });
  });

  const startVite = async (options) => {
    const { createServer } = await import('./node_modules/vite/dist/node/index.js');
    const server = await createServer({
      root: folder,
      configFile: false,
      logLevel: 'silent',
      cacheDir: join(folder, 'node_modules/.vite'),
      ...options,
      server: { host: 'localhost', port: 0, ...options.server },
    });
    await server.listen();
    return { server, url: server.resolvedUrls.local[0] };
  };
  const loadPlugin = async () => {
    const file = join(folder, 'node_modules/penny-runtime/dist/vite.js');
    return (await import(pathToFileURL(file))).default;
  };

  test('bundler_vite_dev', async () => {
    const penny = await loadPlugin();
    const { server, url } = await startVite({ plugins: [penny()] });
    try {
      const page = await browser().newPage(url);
      assert.deepEqual(await page.evaluate('globalThis.result'), expected);
      await page.close();
    } finally {
      await server.close();
    }
  });

  test('bundler_vite_hot_update_replaces_the_pool', async () => {
    const penny = await loadPlugin();
    const home = join(folder, 'hot');
    cpSync(join(root, 'e2e/apps/hot'), home, { recursive: true });
    const { server, url } = await startVite({ root: home, plugins: [penny()] });
    try {
      const page = await browser().newPage(url);
      const scale = (idx) =>
        page.evaluate(async (at) => {
          const pool = await globalThis.pools[at];
          return pool.run('scale', [21]);
        }, idx);
      await page.waitFor('globalThis.pools?.length === 1');
      assert.equal(await scale(0), 42);
      const tasks = readFileSync(join(home, 'tasks.js'), 'utf8');
      writeFileSync(join(home, 'tasks.js'), tasks.replace('2 * n', '3 * n'));
      await page.waitFor('globalThis.pools?.length === 2');
      assert.equal(await scale(1), 63);
      await assert.rejects(scale(0), /PennyError/);
      await page.close();
    } finally {
      await server.close();
    }
  });
}
