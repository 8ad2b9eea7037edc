// Steals in a real browser: random fork-join programs, the task stack's stress program, fib and UTS, on 2 and on 8 workers, on
// these also as if each had a core, until at least 10,000 tasks were stolen, some by every worker, every answer checked. The seed is printed.
import assert from 'node:assert/strict';
import { browserTests, isLong } from './harness.js';

const { inPage, test } = browserTests();
const seed = Number(process.env.PENNY_SEED ?? Date.now() % 2 ** 31) >>> 0;
const least = isLong ? 200_000 : 10_000;
// For each of nine programs; 160 steals a second were the fewest seen.
const limitMs = isLong ? 300_000 : 40_000;

test('stress_steal_in_browser', async () => {
  console.log(`# seed ${seed}, at least ${least} steals`);
  const outcome = await inPage(
    async ({ seed, least, limitMs }) => {
      const memory = { maximumBytes: 2 ** 28 };
      const wrong = [];
      const lazy = new Map();
      let steals = 0;
      let workers, cores;
      const program = async (name, run) => {
        const wasm = `/build/wasm/${name}.wasm`;
        const pool = await penny.createPool({ wasm, workers, cores, memory });
        const limit = performance.now() + limitMs;
        const of = () => pool.stats().workers.map((worker) => Number(worker.steals));
        for (let round = 0; ; round++) {
          await run(pool, round, (what, ok) => ok || wrong.push(`${what}, ${workers} workers`));
          const each = of();
          const sum = each.reduce((a, b) => a + b, 0);
          if (sum >= least / 9 && each.every((count) => count > 0)) break;
          if (performance.now() > limit) {
            lazy.set(`${name} on ${workers}`, each.join(' '));
            break;
          }
        }
        steals += of().reduce((a, b) => a + b, 0);
        const { liveBlocks } = await pool.dispose();
        if (liveBlocks !== 0) wrong.push(`${name} left ${liveBlocks} blocks`);
      };
      for ([workers, cores] of [
        [2, undefined],
        [8, undefined],
        [8, 8],
      ]) {
        for (const name of ['diff_random', 'stress_steal']) {
          await program(name, async (pool, round, check) => {
            const failures = await pool.call(`test_${name}`, [(seed + round) >>> 0, 1]);
            check(`${name} seed ${seed + round}: ${failures} failures`, failures === 0);
          });
        }
        await program('workloads', async (pool, _, check) => {
          const one = pool.call('bench_fib', [24]);
          const two = pool.call('bench_uts', [11]);
          check('fib(24)', (await one) === 46368n);
          check('uts', (await two) === (await pool.call('bench_uts_serial', [11])));
        });
      }
      return { steals, wrong, lazy: [...lazy] };
    },
    { seed, least, limitMs },
    { seconds: isLong ? 1400 : 110 },
  );
  console.log(`# ${outcome.steals} steals`);
  assert.deepEqual(outcome.wrong, []);
  assert.deepEqual(outcome.lazy, [], 'programs in which some worker stole too little');
  assert.ok(outcome.steals >= least, `${outcome.steals} steals`);
});
