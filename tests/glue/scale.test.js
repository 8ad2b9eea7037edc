// The scale model of bench/scale: it repeats exactly, does all the work, breaks no bound, and agrees at 2 workers with what was
// measured there.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { measureGraph } from '../../bench/scale/model.js';
import { graphs, scale } from '../../bench/scale/run.js';

const measured = JSON.parse(
  readFileSync(new URL('../../bench/scale/measured.json', import.meta.url), 'utf8'),
);
/** How far a count of events may be from the measured one, which itself varies by two from run to run. */
const countFactor = 4;
const timeFactor = 1.1;

for (const problem of Object.keys(graphs)) {
  test(`scale model: ${problem}`, () => {
    const rows = scale(problem, [1, 2, 8, 64]);
    assert.deepEqual(scale(problem, [1, 2, 8, 64]), rows, 'a second run gives the same');
    const { workNs, spanNs } = measureGraph(graphs[problem]);
    for (const { workers, ns, steals } of rows) {
      assert.ok(ns >= workNs / workers && ns >= spanNs, `${workers} workers are too fast`);
      assert.ok(workers > 1 ? steals > 0 : steals === 0, `${workers} workers: ${steals} steals`);
    }
    const [, two] = rows;
    const { t1OverT2, steals, publishes } = measured[problem];
    const isNear = (value, goal, factor) => value <= goal * factor && value >= goal / factor;
    assert.ok(isNear(two.t1OverTp, t1OverT2, timeFactor), `T1/T2: ${two.t1OverTp}, ${t1OverT2}`);
    assert.ok(isNear(two.steals, steals, countFactor), `steals: ${two.steals}, ${steals}`);
    if (publishes) {
      assert.ok(isNear(two.publishes, publishes, countFactor), `publications: ${two.publishes}`);
    }
  });
}
