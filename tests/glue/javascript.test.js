// javascript.test.js: the programs of docs/javascript.md, as they are printed there, run by Node on
// dist/: what they log is what the comment beside it says.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { createPool } from 'penny-runtime';
import { root } from '../../scripts/run.js';

const folder = join(root, 'build/docs-js');
const text = readFileSync(join(root, 'docs/javascript.md'), 'utf8');
const blocks = [...text.matchAll(/```js\n(?:\/\/ example: (\S+)\n)?([\s\S]*?)```/g)];
const files = new Map(); // those that several blocks make
const address = (name) => pathToFileURL(join(folder, name)).href;

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
for (const [, name, code] of blocks) files.set(name, (files.get(name) ?? '') + code);
for (const [name, code] of files) {
  // What is no file by itself uses the pool on the tasks.
  const isFile = name?.endsWith('.js');
  const pool = 'const { pool } = globalThis;\n';
  writeFileSync(join(folder, isFile ? name : `${name}.js`), isFile ? code : pool + code);
}
// The name that it has in browsers.
globalThis.Worker = Worker;
globalThis.pool = await createPool({ tasks: address('tasks.js'), workers: 2 });
// Waiting for an event of a pool does not keep Node running.
const timer = setInterval(() => {}, 1000);
after(() => {
  clearInterval(timer);
  return globalThis.pool.dispose();
});

test('glue_javascript_names_every_program', () => {
  assert.ok(!files.has(undefined), 'a block of JavaScript without `// example:` is not run');
  assert.ok(files.size >= 14, `${files.size}`);
});

for (const [name, code] of files) {
  const expected = [...code.matchAll(/console\.log\(.*\); \/\/ (.*)/g)].map(([, line]) => line);
  const isQuiet = name === 'tasks.js' || name === 'penny.worker.js';
  if (isQuiet) continue;
  test(`glue_javascript_${name.replace(/\W/g, '_')}`, { timeout: 20_000 }, async () => {
    assert.equal(
      expected.length,
      code.split('console.log(').length - 1,
      'a line without a comment',
    );
    assert.ok(expected.length > 0, 'a program that says nothing');
    const printed = [];
    const { log } = console;
    console.log = (...values) => printed.push(values.map(String).join(' '));
    try {
      await import(address(name.endsWith('.js') ? name : `${name}.js`));
    } finally {
      console.log = log;
    }
    assert.deepEqual(printed, expected);
  });
}
