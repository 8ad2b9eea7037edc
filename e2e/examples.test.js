// examples.test.js: each folder of examples/ as somebody would copy it: the packed package in a
// fresh folder, `vite build` by the example's own configuration, then a page in which what a user
// would do is done.
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { before } from 'node:test';
import { pathToFileURL } from 'node:url';
import { throwDice } from '../examples/from-comlink/dice.js';
import { install } from '../scripts/pack.js';
import { root, run } from '../scripts/run.js';
import { browserTests, engine } from './harness.js';

const { browser, open, test } = browserTests();
const manifest = (folder) => JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
const versions = {
  ...manifest('e2e').devDependencies,
  'penny-runtime': manifest('').version,
};

let folder;
before(async () => {
  folder = await install(`examples-${engine}`);
});

/** Copies an example. Its packages are those of e2e/, in the versions that it names. */
function copy(name, to = name) {
  const home = join(folder, to);
  cpSync(join(root, 'examples', name), home, { recursive: true });
  const { dependencies, devDependencies } = manifest(`examples/${name}`);
  for (const [dependency, version] of Object.entries({ ...dependencies, ...devDependencies })) {
    assert.equal(version, versions[dependency], `${name}/package.json: ${dependency}`);
    if (dependency === 'penny-runtime') continue;
    const link = join(home, 'node_modules', dependency);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, 'e2e/node_modules', dependency), link);
  }
  return home;
}

async function build(name) {
  const home = copy(name);
  const vite = join(home, 'node_modules/vite/bin/vite.js');
  const args = [vite, 'build', '--logLevel', 'warn'];
  const { code, output } = await run(process.execPath, args, { cwd: home, timeoutSeconds: 60 });
  assert.equal(code, 0, output);
  // workerpool asks for modules of Node, and Vite says so.
  const warnings = output.split('\n').filter((line) => line && !line.includes('workerpool.js'));
  assert.deepEqual(warnings, []);
  return join(home, 'dist');
}

const statusIs = (page, start) =>
  page.waitFor((text) => {
    const status = document.querySelector('#status')?.textContent;
    return status?.startsWith(text) && status;
  }, start);
const click = (page, what) => page.evaluate((id) => document.querySelector(id).click(), what);
/** Sets a control as a user does: frameworks replace the property `value`. */
const set = (page, what, value) =>
  page.evaluate(
    ([selector, text]) => {
      const control = document.querySelector(selector);
      Object.getOwnPropertyDescriptor(Object.getPrototypeOf(control), 'value').set.call(
        control,
        text,
      );
      for (const type of ['input', 'change'])
        control.dispatchEvent(new Event(type, { bubbles: true }));
    },
    [what, value],
  );

// Both cut out a part of the canvas; the answer is worked out here in the simplest way.
const part = { left: 300, top: 120, size: 24 };
const pixels = (page) =>
  page.evaluate(({ left, top, size }) => {
    const context = document.querySelector('canvas').getContext('2d');
    return [...context.getImageData(left, top, size, size).data];
  }, part);

function medianAt(data, x, y, channel, radius) {
  const values = [];
  for (let row = y - radius; row <= y + radius; row++)
    for (let column = x - radius; column <= x + radius; column++)
      values.push(data[4 * (row * part.size + column) + channel]);
  return values.sort((a, b) => a - b)[values.length >> 1];
}

test('example_react', async () => {
  const page = await open({ mounts: { '/': await build('react') } }, '');
  await statusIs(page, 'Ready.');
  const noisy = await pixels(page);
  await set(page, 'input', '3');
  await click(page, '#filter');
  await statusIs(page, 'Done in');
  const filtered = await pixels(page);
  for (let y = 3; y < part.size - 3; y++)
    for (let x = 3; x < part.size - 3; x++)
      for (let channel = 0; channel < 3; channel++) {
        const at = 4 * (y * part.size + x) + channel;
        assert.equal(filtered[at], medianAt(noisy, x, y, channel, 3), `pixel ${x}, ${y}`);
      }
  await set(page, 'input', '40');
  await click(page, '#filter');
  await page.waitFor(`document.querySelector('progress').value > 0`);
  await click(page, '#cancel');
  await statusIs(page, 'Cancelled');
  assert.deepEqual(await pixels(page), filtered);
  // The pool goes on.
  await set(page, 'input', '1');
  await click(page, '#filter');
  await statusIs(page, 'Done in');
  assert.deepEqual(page.errors, []);
  await page.close();
});

if (engine === 'chromium') {
  test('example_vue', async () => {
    const page = await open({ mounts: { '/': await build('vue') } }, '');
    // Outside of a pool the same tasks run serially.
    const { draw } = await import(pathToFileURL(join(folder, 'vue/tasks.js')));
    const staying = (view) => {
      const counts = new Int32Array(512 * 512);
      draw(counts, { pixels: 512, limit: 500, ...view }, 0, 0, 512);
      return counts.reduce((sum, count) => sum + (count === 500), 0);
    };
    const scale = 3 / 512;
    const start = `${staying({ left: -2.1, top: -1.5, scale })} points stay`;
    await statusIs(page, start);
    // In the middle; a canvas that is as wide as its picture is a matter of the window.
    await page.evaluate(() => {
      const canvas = document.querySelector('canvas');
      const { left, top, width, height } = canvas.getBoundingClientRect();
      const [clientX, clientY] = [left + width / 2, top + height / 2];
      canvas.dispatchEvent(new MouseEvent('click', { clientX, clientY, bubbles: true }));
    });
    const inner = { left: -2.1 + 192 * scale, top: -1.5 + 192 * scale, scale: scale / 4 };
    await statusIs(page, `${staying(inner)} points stay`);
    await click(page, '#reset');
    await statusIs(page, start);
    await set(page, 'select', '50000');
    await page.waitFor(`!document.querySelector('#stop').disabled`);
    await click(page, '#stop');
    await statusIs(page, 'Stopped.');
    await set(page, 'select', '500');
    await statusIs(page, start);
    assert.deepEqual(page.errors, []);
    await page.close();
  });

  test('example_react_hot_update_replaces_the_pool', async () => {
    const home = copy('react', 'react-hot');
    const { createServer } = await import('./node_modules/vite/dist/node/index.js');
    const server = await createServer({ root: home, logLevel: 'silent', server: { port: 0 } });
    try {
      await server.listen();
      const page = await browser().newPage(server.resolvedUrls.local[0]);
      await statusIs(page, 'Ready.');
      await page.evaluate(() => {
        const status = document.querySelector('#status');
        new MutationObserver(() => {
          globalThis.isReplaced ||= status.textContent.startsWith('Starting');
        }).observe(status, { characterData: true, childList: true, subtree: true });
      });
      const tasks = join(home, 'tasks.js');
      writeFileSync(tasks, readFileSync(tasks, 'utf8').replace('= value;', '= 77;'));
      await page.waitFor('globalThis.isReplaced');
      await statusIs(page, 'Ready.');
      await click(page, '#filter');
      await statusIs(page, 'Done in');
      assert.deepEqual((await pixels(page)).slice(0, 4), [77, 77, 77, 255]);
      assert.deepEqual(page.errors, []);
      await page.close();
    } finally {
      await server.close();
    }
  });

  /** The program before and after the move says the same. */
  async function compare(name, expected) {
    const mounts = { '/': await build(name) };
    for (const half of ['before', 'after']) {
      const page = await open({ mounts }, `${half}.html`);
      await click(page, '#run');
      await statusIs(page, 'Done in');
      const lines = await page.evaluate(() =>
        [...document.querySelectorAll('#lines li')].map(({ textContent }) => textContent),
      );
      assert.deepEqual(lines, expected, half);
      assert.deepEqual(page.errors, [], half);
      await page.close();
    }
  }

  test('example_from_workerpool', () =>
    compare('from-workerpool', [
      '78498 primes below 1000000',
      '135 primes from 1000 to 1999',
      '78498 primes, counted with progress',
      'the first of 1000000 bytes is 200',
      'an error: ten is no number',
      'cancelled: true',
      'timed out: true',
    ]));

  test('example_from_comlink', () => {
    const totals = new Int32Array(13);
    for (let round = 1; round <= 200; round++) throwDice(totals, round, 10_000);
    return compare('from-comlink', [
      `sums: ${totals.slice(2).join(' ')}`,
      'the first of 1000000 bytes is 200',
      'Unlucky: below 13',
      'after cancelling: 5',
    ]);
  });
}
