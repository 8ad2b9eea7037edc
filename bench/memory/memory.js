// memory.js: bytes of shared memory: of an idle pool against its number of workers, the most that tree search T3 held, and
// what open spawns hold against their number.
import { compare, expect } from '../harness/measure.js';

// Of C tasks at least 5,000 fit into the stack of any engine.
const DEPTHS = [100, 1000, 2000, 4000];

const heapBytes = (pool) => pool.stats().workers.reduce((sum, worker) => sum + worker.heapBytes, 0);

const idle = (env, workers) => ({
  variant: 'penny-c',
  workers,
  input: 'idle',
  metric: 'bytes',
  async open() {
    const { pool, end } = await env.penny({ workers });
    return {
      async sample() {
        await pool.call('bench_fib', [20]);
        return { bytes: pool.stats().memoryBytes };
      },
      close: end,
    };
  },
});

/** What the tasks hold at most, seen every millisecond, above what the pool holds at rest. */
const peak = (env, workers) => ({
  variant: 'penny-c',
  workers,
  input: env.isQuick ? 'peak, small binomial tree' : 'peak, tree search T3',
  metric: 'bytes',
  async open() {
    const { pool, end } = await env.penny({ workers });
    return {
      async sample() {
        const before = heapBytes(pool);
        let most = before;
        const timer = setInterval(() => {
          most = Math.max(most, heapBytes(pool));
        }, 1);
        const tree = env.isQuick ? 13 : 3;
        const nodes = await pool.call('bench_uts', [tree]);
        clearInterval(timer);
        most = Math.max(most, heapBytes(pool));
        if (!env.isQuick) expect(nodes, 4112897n, 'uts-t3');
        return { bytes: most - before };
      },
      close: end,
    };
  },
});

/** What so many open spawns hold above the pool at rest: one worker, its heap. */
const deep = (env, depth) => ({
  variant: 'penny-c',
  workers: 1,
  input: `${depth.toLocaleString('en')} spawns open`,
  metric: 'bytes',
  async open() {
    const { pool, end } = await env.penny({ workers: 1 });
    // The chunks of an earlier run are not there yet.
    const before = heapBytes(pool);
    return {
      async sample() {
        let most = 0;
        const timer = setInterval(() => {
          most = Math.max(most, heapBytes(pool));
        }, 1);
        const odd = await pool.call('bench_depth', [depth, 40]);
        clearInterval(timer);
        expect(odd, BigInt(Math.ceil(depth / 2)), `bench_depth ${depth}`);
        return { bytes: Math.max(0, most - before) };
      },
      close: end,
    };
  },
});

export async function memory(env) {
  const counts = env.isQuick ? [1, 2] : [1, 2, 4, 8, 16];
  const variants = [
    ...counts.map((workers) => idle(env, workers)),
    ...[1, env.workers].map((workers) => peak(env, workers)),
    ...DEPTHS.map((depth) => deep(env, depth)),
  ];
  return compare('memory', variants, { ...env.method, warmups: 1, rounds: env.isQuick ? 1 : 3 });
}
