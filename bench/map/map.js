// map.js: a function over many items: 1 million tiny ones from an ordinary array, and 8 MiB of doubles in place.
import { compare, expect } from '../harness/measure.js';
import { arrayVariants } from '../sum/sum.js';

const CHUNK = 10_000;

function items(env) {
  const count = env.isQuick ? 50_000 : 1_000_000;
  const { workers } = env;
  const input = `${count.toLocaleString('en')} tiny items`;
  const given = Array.from({ length: count }, (_, idx) => idx);
  const variantOf = (variant, howMany, open) => ({
    variant,
    workers: howMany,
    input,
    metric: 'tasks_per_s',
    async open() {
      const { all, end } = await open();
      return {
        async sample() {
          const began = performance.now();
          const values = await all();
          const ms = performance.now() - began;
          expect(values.length, count, variant);
          for (let idx = 0; idx < count; idx++) expect(values[idx], idx + 1, `${variant} ${idx}`);
          return { ms, tasks_per_s: (count / ms) * 1e3 };
        },
        close: end,
      };
    },
  });
  // What one does with a pool without map: pieces by hand.
  const byChunks = async (run) => {
    const pieces = [];
    for (let at = 0; at < count; at += CHUNK)
      pieces.push(run('tinyChunk', [given.slice(at, at + CHUNK)]));
    return (await Promise.all(pieces)).flat();
  };
  const variants = [
    variantOf('serial', 1, async () => ({ all: async () => given.map((value) => value + 1) })),
    variantOf('penny-js', workers, async () => {
      const { pool, end } = await env.penny();
      return { all: () => pool.map('tiny', given), end };
    }),
    ...env.peers.map((name) =>
      variantOf(name, workers, async () => {
        const peer = await env.peer(name);
        return { all: () => byChunks(peer.run), end: peer.end };
      }),
    ),
    variantOf('shared-queue', workers, async () => {
      const pool = await env.sharedQueue({ length: count });
      const all = async () => {
        pool.args.set(given);
        await pool.run('tiny', count);
        return Array.from(pool.results);
      };
      return { all, end: pool.end };
    }),
  ];
  return compare('map', variants, { ...env.method, twin: 'serial' });
}

export const map = async (env) => [
  ...(await items(env)),
  ...(await compare('map', arrayVariants(env, 'map'), { ...env.method, twin: 'serial' })),
];
