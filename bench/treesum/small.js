// small.js: trees so small that a second worker can hardly help, summed again and again within one root: what it costs that there
// is one. Serial and parallel take turns; how often each sums is chosen so that a page's clock can tell.
import { compare, expect } from '../harness/measure.js';

const NODE_BYTES = 12; // bench_tree of ../workloads.h
const SIZES = [100, 1000, 10_000, 100_000];
// Nodes of one sample.
const NODES = 4_000_000;

const sized = (env, nodes) => {
  const repeats = Math.ceil(NODES / nodes / (env.isQuick ? 10 : 1));
  const input = `${nodes.toLocaleString('en')} nodes, ${repeats.toLocaleString('en')} times`;
  const variantOf = (variant, task, workers) => ({
    variant,
    workers,
    input,
    async open() {
      const { pool, end } = await env.penny({ workers });
      const tree = pool.array(Uint8Array, nodes * NODE_BYTES);
      const sum = await pool.call('bench_treesum_fill', [tree, nodes, 1]);
      return {
        async sample() {
          const began = performance.now();
          const given = await pool.call(task, [tree, repeats]);
          const ms = performance.now() - began;
          expect(given, sum * BigInt(repeats), `a tree of ${nodes}`);
          return { ms };
        },
        close: end,
      };
    },
  });
  const more = (sample, twin, { workers }) => workers === 1 && { t1_over_ts: sample.ms / twin.ms };
  return compare(
    'treesum',
    [
      variantOf('serial', 'bench_treesum_serial', 1),
      variantOf('penny-c', 'bench_treesum', 1),
      variantOf('penny-c', 'bench_treesum', env.workers),
    ],
    { ...env.method, twin: 'serial', more },
  );
};

export async function smallTrees(env) {
  const results = [];
  for (const nodes of SIZES) results.push(...(await sized(env, nodes)));
  return results;
}
