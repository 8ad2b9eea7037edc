// skewed.js: 1,000 tasks whose costs differ: by a power law, in two classes, and periodically (which is what static schedules
// fall for). `over_bound` is the time over max(sum / workers, longest task), both from the serial run of the same round.
import { compare, expect, random } from '../harness/measure.js';

const COUNT = 1000;

const shapes = {
  pareto(next) {
    // Shape 1.5, cut at a hundred times the least.
    return Math.min(100, (1 - next()) ** (-1 / 1.5));
  },
  bimodal: (next) => (next() < 0.9 ? 1 : 20),
  periodic: (_next, idx) => (idx % 10 === 0 ? 20 : 1),
};

/** Units of burn for each task, with the given mean. */
function costsOf(shape, mean) {
  const next = random(7);
  const raw = Array.from({ length: COUNT }, (_, idx) => shapes[shape](next, idx));
  const scale = (mean * COUNT) / raw.reduce((sum, cost) => sum + cost, 0);
  return raw.map((cost) => Math.max(1, Math.round(cost * scale)));
}

export async function skewed(env) {
  const results = [];
  for (const shape of env.isQuick ? ['pareto'] : Object.keys(shapes)) {
    results.push(...(await oneShape(env, shape)));
  }
  return results;
}

function oneShape(env, shape) {
  const costs = costsOf(shape, env.isQuick ? 40 : 250);
  const { workers } = env;
  const input = `${COUNT} tasks, ${shape}`;
  let right;
  const check = (values, variant) => {
    right ??= values;
    for (let idx = 0; idx < COUNT; idx++) expect(values[idx], right[idx], `${variant}: ${idx}`);
  };
  const variantOf = (variant, count, open) => ({
    variant,
    workers: count,
    input,
    async open() {
      const { all, end } = await open();
      return {
        async sample() {
          const began = performance.now();
          const values = await all();
          const ms = performance.now() - began;
          check(values, variant);
          return { ms };
        },
        close: end,
      };
    },
  });
  const each = (run) => () => Promise.all(costs.map((cost) => run('burn', [cost])));
  const variants = [
    variantOf('serial', 1, async () => {
      const pool = await env.peer('postmessage', { workers: 1 });
      return { all: () => pool.run('burnAll', [costs]), end: pool.end };
    }),
    variantOf('penny-js', workers, async () => {
      const { pool, end } = await env.penny();
      return { all: each((name, args) => pool.run(name, args)), end };
    }),
    variantOf('penny-js map', workers, async () => {
      const { pool, end } = await env.penny();
      return { all: () => pool.map('burn', costs), end };
    }),
    ...env.peers.map((name) =>
      variantOf(name, workers, async () => {
        // One task at a time on each worker, where the pool leaves it to its user.
        const peer = await env.peer(name, { inFlight: 1 });
        return { all: each(peer.run), end: peer.end };
      }),
    ),
    variantOf('shared-queue', workers, async () => {
      const pool = await env.sharedQueue({ length: COUNT });
      const all = async () => {
        pool.args.set(costs);
        await pool.run('burn', COUNT);
        return Array.from(pool.results);
      };
      return { all, end: pool.end };
    }),
  ];
  const longest = Math.max(...costs) / costs.reduce((sum, cost) => sum + cost, 0);
  return compare('skewed', variants, {
    ...env.method,
    twin: 'serial',
    more: (sample, serial, { workers: count }) => ({
      over_bound: sample.ms / (serial.ms * Math.max(1 / count, longest)),
    }),
  });
}
