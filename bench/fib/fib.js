// fib.js: fork-join in JavaScript: fib(30) with a cutoff, which the other pools have to run as flat tasks, and fib(32) without
// any, which only shows what a spawn costs.
import { compare, expect } from '../harness/measure.js';

function value(n) {
  let [a, b] = [0, 1];
  for (let idx = 0; idx < n; idx++) [a, b] = [b, a + b];
  return a;
}

/** The calls at or below the cutoff, as flat tasks: their arguments. */
function leavesOf(n, cutoff, out = []) {
  if (n <= cutoff) out.push(n);
  else {
    leavesOf(n - 1, cutoff, out);
    leavesOf(n - 2, cutoff, out);
  }
  return out;
}

const variantOf = (variant, workers, input, n, open) => ({
  variant,
  workers,
  input,
  async open() {
    const { run, end } = await open();
    return {
      async sample() {
        const began = performance.now();
        const given = await run();
        const ms = performance.now() - began;
        expect(given, value(n), variant);
        return { ms };
      },
      close: end,
    };
  },
});

const serial = (env, input, n) =>
  variantOf('serial', 1, input, n, async () => {
    const peer = await env.peer('postmessage', { workers: 1 });
    return { run: () => peer.run('fib', [n]), end: peer.end };
  });

const penny = (env, workers, input, n, task, args) =>
  variantOf('penny-js', workers, input, n, async () => {
    const { pool, end } = await env.penny({ workers });
    return { run: () => pool.run(task, args), end };
  });

function withCutoff(env) {
  const [n, cutoff] = env.isQuick ? [24, 12] : [30, 12];
  const input = `fib(${n}), cutoff ${cutoff}`;
  const { workers } = env;
  const leaves = leavesOf(n, cutoff);
  const variants = [
    serial(env, input, n),
    penny(env, 1, input, n, 'fibCutoff', [n, cutoff]),
    penny(env, workers, input, n, 'fibCutoff', [n, cutoff]),
    ...env.peers.map((name) =>
      variantOf(name, workers, input, n, async () => {
        const peer = await env.peer(name);
        const run = async () => {
          const values = await Promise.all(leaves.map((leaf) => peer.run('fib', [leaf])));
          return values.reduce((sum, one) => sum + one, 0);
        };
        return { run, end: peer.end };
      }),
    ),
  ];
  return compare('fib', variants, { ...env.method, twin: 'serial' });
}

function withoutCutoff(env) {
  const n = env.isQuick ? 24 : 32;
  const input = `fib(${n}), no cutoff`;
  const spawns = value(n + 1) - 1;
  const variants = [
    serial(env, input, n),
    penny(env, 1, input, n, 'fibSpawn', [n]),
    penny(env, env.workers, input, n, 'fibSpawn', [n]),
  ];
  const more = (sample, twin, { workers }) =>
    workers === 1 && {
      t1_over_ts: sample.ms / twin.ms,
      ns_per_spawn: ((sample.ms - twin.ms) * 1e6) / spawns,
    };
  return compare('fib', variants, { ...env.method, twin: 'serial', more });
}

export const fib = async (env) => [...(await withCutoff(env)), ...(await withoutCutoff(env))];
