// latency.js: one tiny task at a time, each awaited before the next, on workers that were just at work.
import { compare, expect, median } from '../harness/measure.js';

/** Variants that wait `idleMs` before each task; 0: latency, more: wake (the workers have parked). */
export function roundTrips(env, idleMs) {
  const count = idleMs ? (env.isQuick ? 5 : 25) : env.isQuick ? 50 : 300;
  // Clocks of pages step by 5 µs or more: several round trips are timed together.
  const group = idleMs ? 1 : 10;
  const idle = () => new Promise((done) => setTimeout(done, idleMs));
  const variantOf = (variant, workers, open) => ({
    variant,
    workers,
    metric: 'us',
    async open() {
      const { run, end, right = (value) => value + 1 } = await open();
      return {
        async sample() {
          const times = [];
          for (let idx = 0; idx < count; ) {
            if (idleMs) await idle();
            const began = performance.now();
            for (let left = group; left > 0; left--, idx++) {
              const value = await run(idx);
              expect(value, right(idx), variant);
            }
            times.push(((performance.now() - began) * 1e3) / group);
          }
          return { us: median(times) };
        },
        close: end,
      };
    },
  });
  const { workers } = env;
  return [
    variantOf('penny-js', workers, async () => {
      const { pool, end } = await env.penny();
      return { run: (value) => pool.run('tiny', [value]), end };
    }),
    variantOf('penny-c', workers, async () => {
      const { pool, end } = await env.penny();
      return { run: () => pool.call('bench_fib', [1]), end, right: () => 1n };
    }),
    ...env.peers.map((name) =>
      variantOf(name, workers, async () => {
        const peer = await env.peer(name);
        return { run: (value) => peer.run('tiny', [value]), end: peer.end };
      }),
    ),
    // Floors: a message there and back with nothing around it, and wait and waitAsync.
    variantOf('ping-pong', 1, async () => {
      const worker = env.makeWorker('pong');
      let take;
      worker.onMessage((value) => take(value));
      const run = (value) =>
        new Promise((resolve) => {
          take = resolve;
          worker.post(value);
        });
      await run(0);
      return { run, end: worker.end };
    }),
    variantOf('wait-async', 1, async () => {
      const pool = await env.sharedQueue({ workers: 1 });
      const run = async (value) => {
        pool.args[0] = value;
        await pool.run('tiny', 1);
        return pool.results[0];
      };
      return { run, end: pool.end };
    }),
  ];
}

export const latency = (env) => compare('latency', roundTrips(env, 0), env.method);
