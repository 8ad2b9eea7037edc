// calls.test.js: what Node adds to calls of a pool: prints, warnings, signals.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { createPool } from '../../js-glue/node.js';

const LINES = 2000;
const tasks = `data:text/javascript,
  export const nothing = () => {};
  export const say = (count) => { for (let n = 0; n < count; n++) console.log('line', n); };`;

test('glue: what tasks print is there when the pool has ended', { timeout: 60_000 }, async () => {
  const glue = new URL('../../js-glue/node.js', import.meta.url).href;
  const program = `(async () => {
    const { createPool } = await import(${JSON.stringify(glue)});
    const pool = await createPool({ tasks: ${JSON.stringify(tasks)}, workers: 2 });
    await pool.run('say', [${LINES}]);
    await pool.dispose();
  })()`;
  for (let round = 0; round < 4; round++) {
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', program]);
    assert.equal(stdout.trim().split('\n').length, LINES);
  }
});

test('glue: one signal ends any number of tasks, without a warning', {
  timeout: 30_000,
}, async () => {
  const warnings = [];
  process.on('warning', ({ name }) => warnings.push(name));
  const pool = await createPool({ tasks, workers: 1 });
  const { signal } = new AbortController();
  await Promise.all(Array.from({ length: 40 }, () => pool.run('nothing', [], { signal })));
  assert.equal((await pool.dispose()).isClean, true);
  await new Promise((done) => setTimeout(done, 10));
  assert.deepEqual(warnings, []);
});

test('glue: nothing is moved for a call that is given up already', {
  timeout: 30_000,
}, async () => {
  const pool = await createPool({ tasks, workers: 1 });
  const buffer = new ArrayBuffer(8);
  const options = { signal: AbortSignal.abort(), transfer: [buffer] };
  await assert.rejects(pool.run('nothing', [buffer], options), { name: 'AbortError' });
  assert.equal(buffer.byteLength, 8);
  for (const timeout of ['5', null, -1, Number.NaN])
    assert.throws(() => pool.run('nothing', [], { timeout }), /timeout is a number/);
  await pool.dispose();
});
