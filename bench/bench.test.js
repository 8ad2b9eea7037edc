// bench.test.js: the runner as a user starts it, on its shortest problem: the report has the shape that README.md promises.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root, run } from '../scripts/run.js';

const bench = (flags) =>
  run(process.execPath, ['scripts/bench.js', ...flags], { timeoutSeconds: 60, cwd: root });

test('bench: submit in Chromium gives JSON, CSV and a page', { timeout: 70_000 }, async () => {
  const json = join(root, 'build/bench/smoke.json');
  const { code, output } = await bench([
    ...['--quick', '--only', 'submit', '--engine', 'chromium', '--workers', '2', '--json', json],
  ]);
  assert.equal(code, 0, output);
  const { environment, results } = JSON.parse(readFileSync(json, 'utf8'));
  const facts = { commit: 'string', cpu: 'string', cores: 'number', engine: 'string' };
  for (const [name, type] of Object.entries({ ...facts, isolated: 'boolean', date: 'string' }))
    assert.equal(typeof environment[name], type, name);
  assert.equal(environment.isolated, true);

  const variants = new Set(results.map(({ variant }) => variant));
  const peers = ['workerpool', 'comlink', 'threads', 'poolifier-web-worker', 'multithreading'];
  for (const name of ['penny-js', 'penny-c', 'postmessage', 'shared-queue', ...peers])
    assert.ok(variants.has(name), `${name} is missing`);
  const units = { tasks_per_s: '1/s', us: 'us', stall_ms: 'ms' };
  for (const one of results) {
    assert.deepEqual([one.problem, one.engine, one.workers], ['submit', 'chromium', 2]);
    assert.equal(one.unit, units[one.metric], one.metric);
    assert.ok(Array.isArray(one.runs));
    if (one.runs.length === 0) {
      // Another's pool may fail, ours may not.
      assert.ok(!one.variant.startsWith('penny'), one.error);
      assert.match(one.error, /^failed: /);
      assert.equal(one.median, null);
      continue;
    }
    assert.ok(one.min <= one.median && one.median <= one.max && one.min > 0, JSON.stringify(one));
    assert.deepEqual([Math.min(...one.runs), Math.max(...one.runs)], [one.min, one.max]);
  }
  const csv = readFileSync(json.replace('.json', '.csv'), 'utf8').trim().split('\n');
  assert.equal(csv.length, results.length + 1);
  assert.match(readFileSync(json.replace('.json', '.html'), 'utf8'), /<h2>submit<\/h2>.*<svg/s);
});

test('bench: wrong arguments are refused', { timeout: 30_000 }, async () => {
  const refused = [
    [['--engine', 'opera'], /--engine takes .*, not opera/],
    [['--workers', '0'], /--workers takes a whole number from 1 to 256, not 0/],
    [['--only', 'nothing', '--engine', 'node', '--quick'], /--only takes .*, not nothing/],
  ];
  for (const [flags, text] of refused) {
    const { code, output } = await bench(flags);
    assert.notEqual(code, 0, output);
    assert.match(output, text);
  }
});
