// submit.js: 10,000 tiny tasks in flight: how many a second, what a submitting call costs, and the longest task of the page's
// thread while they settle (measured in a run of its own, because the probe takes time, too). And 24 of 20 µs in flight, each
// followed by the next.
import { compare, expect, probeStalls } from '../harness/measure.js';
import { burn } from '../harness/tasks.js';

async function burst(run, count) {
  const promises = new Array(count);
  const began = performance.now();
  for (let idx = 0; idx < count; idx++) promises[idx] = run(idx);
  const submitted = performance.now();
  const values = await Promise.all(promises);
  const ended = performance.now();
  return { values, submitMs: submitted - began, ms: ended - began };
}

async function stall(run, count) {
  const promises = new Array(count);
  for (let idx = 0; idx < count; idx++) promises[idx] = run(idx);
  const stop = probeStalls();
  await Promise.all(promises);
  return stop();
}

function variantOf(name, workers, count, open, right) {
  return {
    variant: name,
    workers,
    metric: 'tasks_per_s',
    async open() {
      const { run, end } = await open();
      return {
        async sample() {
          const { values, submitMs, ms } = await burst(run, count);
          for (let idx = 0; idx < count; idx++) expect(values[idx], right(idx), `${name} ${idx}`);
          return {
            tasks_per_s: (count / ms) * 1e3,
            us: (submitMs * 1e3) / count,
            stall_ms: await stall(run, count),
          };
        },
        close: end,
      };
    },
  };
}

/** The floor: the same values through a shared array. */
const floor = (env, count) => ({
  variant: 'shared-queue',
  workers: env.workers,
  metric: 'tasks_per_s',
  async open() {
    const pool = await env.sharedQueue({ length: count });
    return {
      async sample() {
        const began = performance.now();
        for (let idx = 0; idx < count; idx++) pool.args[idx] = idx;
        await pool.run('tiny', count);
        const ms = performance.now() - began;
        for (let idx = 0; idx < count; idx++) expect(pool.results[idx], idx + 1, `floor ${idx}`);
        pool.results.fill(0);
        return { tasks_per_s: (count / ms) * 1e3 };
      },
      close: pool.end,
    };
  },
});

const IN_FLIGHT = 24;
const UNITS = 20;

function closedLoop(name, workers, count, open) {
  return {
    variant: name,
    workers,
    input: `${IN_FLIGHT} of ${UNITS} µs in flight`,
    metric: 'tasks_per_s',
    async open() {
      const { run, end } = await open();
      const right = burn(UNITS);
      return {
        async sample() {
          let left = count;
          const chain = async () => {
            while (left-- > 0) expect(await run('burn', [UNITS]), right, name);
          };
          const began = performance.now();
          await Promise.all(Array.from({ length: IN_FLIGHT }, chain));
          return { tasks_per_s: (count / (performance.now() - began)) * 1e3 };
        },
        close: end,
      };
    },
  };
}

export async function submit(env) {
  const count = env.isQuick ? 2000 : 10_000;
  const { workers } = env;
  const next = (value) => value + 1;
  const variants = [
    variantOf(
      'penny-js',
      workers,
      count,
      async () => {
        const { pool, end } = await env.penny();
        return { run: (value) => pool.run('tiny', [value]), end };
      },
      next,
    ),
    variantOf(
      'penny-c',
      workers,
      count,
      async () => {
        const { pool, end } = await env.penny();
        return { run: () => pool.call('bench_fib', [1]), end };
      },
      () => 1n,
    ),
    ...env.peers.map((name) =>
      variantOf(
        name,
        workers,
        count,
        async () => {
          const peer = await env.peer(name);
          return { run: (value) => peer.run('tiny', [value]), end: peer.end };
        },
        next,
      ),
    ),
    floor(env, count),
  ];
  const loops = ['penny-js', ...env.peers].map((name) =>
    closedLoop(name, workers, count / 5, () =>
      name === 'penny-js' ? env.penny() : env.peer(name),
    ),
  );
  return [
    ...(await compare('submit', variants, env.method)),
    ...(await compare('submit', loops, env.method)),
  ];
}
