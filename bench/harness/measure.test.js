// measure.test.js: what the benchmarks say of variants that are slow, wrong, late or broken.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compare, expect, median, sleep } from './measure.js';
import { asCsv, asHtml, short } from './report.js';
import { readSpans, withSpans } from './span.js';

const method = { rounds: 3, warmups: 1, seconds: 0.2, totalSeconds: 5, say: () => {} };

/** A variant whose runs take the given milliseconds, one after another. */
const taking = (variant, ...times) => ({
  variant,
  workers: 1,
  open: async () => {
    let count = 0;
    return { sample: async () => ({ ms: times[count++ % times.length] }) };
  },
});

const find = (results, variant, metric) =>
  results.find((one) => one.variant === variant && one.metric === metric);

test('bench: medians, ends and ratios of the same round', async () => {
  assert.equal(median([9, 1, 5]), 5);
  assert.equal(median([1, 2, 3, 10]), 2.5);
  // The first is the warm-up; every round is twice as fast as the twin, though both change.
  const twin = taking('serial', 1, 10, 20, 60);
  const fast = taking('fast', 1, 5, 10, 30);
  const results = await compare('p', [twin, fast], { ...method, twin: 'serial' });
  assert.deepEqual(find(results, 'serial', 'serial_ms').runs, [10, 20, 60]);
  assert.deepEqual(find(results, 'fast', 'speedup').runs, [2, 2, 2]);
  const { median: middle, min, max, unit } = find(results, 'fast', 'ms');
  assert.deepEqual({ middle, min, max, unit }, { middle: 10, min: 5, max: 30, unit: 'ms' });
});

test('bench: of short runs the one in the middle of a turn counts', async () => {
  let runs = 0;
  const short = {
    variant: 'short',
    workers: 1,
    // The first of each turn is slow.
    open: async () => ({
      async sample() {
        const ms = runs++ % 5 === 0 ? 100 : 10 - (runs % 5);
        if (runs % 5 === 0) await sleep(30); // ends the turn
        return { ms };
      },
    }),
  };
  const [one] = await compare('p', [short], { ...method, turnMs: 25 });
  assert.deepEqual(one.runs, [8, 8, 8]);
});

test('bench: hung, broken and wrong variants are reported, the others measured', async () => {
  const hung = { variant: 'hung', workers: 1, open: () => new Promise(() => {}) };
  const broken = {
    variant: 'broken',
    workers: 1,
    open: async () => {
      throw new Error('no such pool');
    },
  };
  let runs = 0;
  const wrong = {
    variant: 'wrong',
    workers: 1,
    open: async () => ({
      async sample() {
        expect(++runs > 1 ? 41 : 42, 42, 'wrong');
        return { ms: 1 };
      },
    }),
  };
  const results = await compare('p', [hung, broken, wrong, taking('good', 2)], method);
  const [late, dead, liar] = ['hung', 'broken', 'wrong'].map((name) => find(results, name, 'ms'));
  assert.match(late.error, /^failed: hung: start: no answer in 0.2 s/);
  assert.match(dead.error, /^failed: no such pool/);
  assert.match(liar.error, /^failed: wrong gave 41, not 42/);
  assert.equal(liar.isWrong, true);
  for (const one of [late, dead, liar]) assert.deepEqual([one.median, one.runs], [null, []]);
  assert.deepEqual(find(results, 'good', 'ms').runs, [2, 2, 2]);
});

test('bench: a variant that fails half way keeps its figures and its failure', async () => {
  let runs = 0;
  const late = {
    variant: 'late',
    workers: 1,
    open: async () => ({
      sample: () => (++runs > 3 ? sleep(10_000) : Promise.resolve({ ms: runs })),
    }),
  };
  const [one] = await compare('p', [late], method);
  assert.deepEqual(one.runs, [2, 3]);
  assert.match(one.error, /no answer/);
});

test('bench: the report as text and page', () => {
  const one = { engine: 'e', problem: 'p', variant: 'a "b", c', workers: 2, metric: 'ms' };
  const results = [
    { ...one, unit: 'ms', median: 2, min: 1, max: 3, runs: [1, 2, 3] },
    { ...one, unit: 'ms', median: null, min: null, max: null, runs: [], error: 'failed: <x>' },
  ];
  const environment = { commit: 'c', cpu: 'x', cores: 2, engine: 'e', date: '2026-01-01T00:00' };
  const lines = asCsv({ environment, results }).trim().split('\n');
  assert.equal(lines.length, 3);
  assert.match(lines[1], /^e,p,,"a ""b"", c",2,ms,ms,2,1,3,1 2 3,$/);
  const html = asHtml({ environment, results });
  assert.match(html, /<svg/);
  assert.match(html, /failed: &lt;x&gt;/);
  assert.doesNotMatch(html, /<x>|NaN|undefined/);
  assert.deepEqual([1234567, 12345, 0.5, null].map(short), ['1.23 M', '12.3 k', '0.50', '-']);
});

test('bench: spans are held against times on P workers, at most one a core', () => {
  const times = (workers, ...runs) => {
    const one = { problem: 'p', input: 'i', variant: 'penny-c', workers, metric: 'ms', runs };
    return { ...one, median: median(runs) };
  };
  const spans = readSpans(
    'words\n{ "problem": "p", "input": "i", "tasks": 9, "chain": 3, "share": 0.1 }\n',
  );
  // 20 ms of work and 2 ms of span: on 2 workers 3 ms above 10, that is 1.5 spans; 8 workers have 2 cores.
  const measured = [times(1, 20), times(2, 13), times(8, 10, 14, 16)];
  const added = withSpans(measured, spans, 2);
  assert.deepEqual(
    added.map(({ metric, workers, runs }) => [metric, workers, ...runs]),
    [
      ['tasks', 1, 9],
      ['chain', 1, 3],
      ['span_ms', 1, 2],
      ['spans_above', 2, 1.5],
      ['spans_above', 8, 0, 2, 3],
    ],
  );
  assert.deepEqual(added.map(({ unit }) => unit).slice(0, 3), ['count', 'count', 'ms']);
  // Of a problem that was not measured nothing is said.
  assert.deepEqual(withSpans(measured, [{ ...spans[0], input: 'another' }], 2), []);
});
