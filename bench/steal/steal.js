// steal.js: from a spawn in C until an idle worker has run the task: while that worker looks for work (many in a row, because
// clocks of pages are coarse), and after it has parked. The floor of the latter is wait and notify between two workers.
import { compare, WrongAnswer } from '../harness/measure.js';

// Groups. The slowest tenth of them is left out: moments in which the machine ran something else. No median: clocks of 20 µs
// would make it 0 or 20.
const COUNT = 100;

const variantOf = (env, input, rounds, restMs) => ({
  variant: 'penny-c',
  workers: 2,
  input,
  metric: 'us',
  async open() {
    const { pool, end } = await env.penny({ workers: 2 });
    const times = pool.array(Float64Array, COUNT);
    return {
      async sample() {
        const stolen = await pool.call('bench_steal', [times, COUNT, rounds, restMs]);
        // A few may be given up where the machine has no core for the thief.
        if (stolen < (COUNT * rounds) / 2) throw new WrongAnswer(`only ${stolen} were stolen`);
        const kept = times
          .slice()
          .sort()
          .subarray(0, 0.9 * COUNT);
        return { us: kept.reduce((sum, time) => sum + time, 0) / kept.length };
      },
      close: end,
    };
  },
});

export const steal = (env) =>
  compare(
    'steal',
    [
      variantOf(env, 'the thief looks for work', 5, 0),
      variantOf(env, 'the thief has parked', 1, 2),
    ],
    env.method,
  );
