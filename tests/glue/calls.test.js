// calls.test.js: what Node adds to pools and their calls: programs that end, starts in new processes, prints, warnings,
// signals.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { createPool } from '../../js-glue/node.js';

/** What `body` printed, as a program of its own in which nothing else is going on. */
async function runProgram(body) {
  const glue = new URL('../../js-glue/node.js', import.meta.url).href;
  const program = `(async () => {
    const { createPool } = await import(${JSON.stringify(glue)});
    ${body}
  })()`;
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', program]);
  return stdout.trim().split('\n');
}

const LINES = 2000;
const tasks = `data:text/javascript,
  export const nothing = () => {};
  export const say = (count) => { for (let n = 0; n < count; n++) console.log('line', n); };`;

test('glue: what tasks print is there when the pool has ended', { timeout: 60_000 }, async () => {
  const program = `
    const pool = await createPool({ tasks: ${JSON.stringify(tasks)}, workers: 2 });
    await pool.run('say', [${LINES}]);
    await pool.dispose();`;
  for (let round = 0; round < 4; round++) {
    assert.equal((await runProgram(program)).length, LINES);
  }
});

test('glue: a program that waits for resize() alone goes on', { timeout: 30_000 }, async () => {
  const program = `
    const pool = await createPool({ workers: 1, maxWorkers: 4 });
    for (const size of [4, 1, 2]) {
      await pool.resize(size);
      console.log(pool.size);
    }
    console.log((await pool.dispose()).isClean);`;
  assert.deepEqual(await runProgram(program), ['4', '1', '2', 'true']);
});

// V8 does not tell a thread that is starting of a growth, which one process in 120 met: a worker was lost (worker.js, start).
// So only `npm run test:long` is likely to see that come back.
const PROCESSES = process.env.PENNY_LONG === '1' ? 600 : 5;
test('glue: workers that start while the memory grows see all of it', {
  timeout: 2000 * PROCESSES + 10_000,
}, async () => {
  const wasm = new URL('../../build/wasm/unit_about.wasm', import.meta.url);
  const program = `
    const { readFile } = await import('node:fs/promises');
    const wasm = await readFile(new URL(${JSON.stringify(wasm.href)}));
    for (const workers of [2, 4, 8]) {
      const pool = await createPool({ wasm, workers });
      pool.addEventListener('workererror', ({ error }) => console.log('lost', error));
      console.log(await pool.call('test_unit_about', [process.pid, 1]));
      await pool.dispose();
    }`;
  for (let count = 0; count < PROCESSES; count++)
    assert.deepEqual(await runProgram(program), ['0', '0', '0']);
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

test('glue: a signal has one listener, however many calls it ends', {
  timeout: 30_000,
}, async () => {
  const pool = await createPool({ tasks, workers: 1 });
  const controller = new AbortController();
  const { signal } = controller;
  const listeners = () => getEventListeners(signal, 'abort').length;
  const end = (error) => error.message;
  const runs = () =>
    Array.from({ length: 100 }, () => pool.run('nothing', [], { signal }).catch(end));
  const first = runs();
  assert.equal(listeners(), 1);
  await Promise.all(first);
  assert.equal(listeners(), 0);
  const second = runs();
  controller.abort(new Error('not needed'));
  assert.deepEqual(new Set(await Promise.all(second)), new Set(['not needed']));
  assert.equal(listeners(), 0);
  assert.equal((await pool.dispose()).isClean, true);
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
