// problems.js: the problems of bench/ that the demo page does not show, in the shape of web/workloads.js, for the browser
// benchmarks and tests. treesum needs 120 MB of the pool's memory, bfs 80 MB.

const stateOf = (size, arrays, more = {}) => ({ size, arrays, ...more });

const TREE_NODE_BYTES = 12; // bench_tree of bench/workloads.h
const BFS_EDGES = 8; // BENCH_BFS_EDGES

/** Bodies of the loops, by the numbers that bench/workloads.h gives them. */
const loopKind = { empty: 0, uniform: 1, skewed: 2 };

function loopProblem(name, kind, about, sizes) {
  return {
    name,
    title: `Loop, ${kind}`,
    about,
    sizes,
    setup: async (pool, size) => stateOf(size, { out: pool.array(Uint32Array, size.n) }),
    reset: async (_pool, { arrays }) => void arrays.out.fill(0),
    serial: ({ arrays, size }) => [
      'bench_loop_serial',
      [arrays.out, size.n, loopKind[kind], size.repeats],
    ],
    penny: ({ arrays, size }) => ['bench_loop', [arrays.out, size.n, loopKind[kind], size.repeats]],
    /** Halving down to a grain tuned by hand. */
    grain: ({ arrays, size }, grain) => [
      'bench_loop_grain',
      [arrays.out, size.n, loopKind[kind], size.repeats, grain],
    ],
    check: async (pool, { arrays, size }) =>
      (await pool.call('bench_loop_check', [arrays.out, size.n, loopKind[kind]])) === 0n,
  };
}

const loopSizes = (repeats) => ({
  full: { n: 1_000_000, repeats, input: `1,000,000 iterations, ${repeats} times` },
  quick: { n: 10_000, repeats: 3, input: '10,000 iterations, 3 times' },
});

export const problems = [
  {
    name: 'treesum',
    title: 'Tree sum',
    about: 'The sum of a balanced tree: one spawn for one addition.',
    sizes: {
      full: { n: 10_000_000, repeats: 1, input: '10,000,000 nodes' },
      quick: { n: 100_000, repeats: 1, input: '100,000 nodes' },
    },
    async setup(pool, size) {
      const nodes = pool.array(Uint8Array, size.n * TREE_NODE_BYTES);
      return stateOf(
        size,
        { nodes },
        { sum: await pool.call('bench_treesum_fill', [nodes, size.n, 1]) },
      );
    },
    serial: ({ arrays, size }) => ['bench_treesum_serial', [arrays.nodes, size.repeats]],
    penny: ({ arrays, size }) => ['bench_treesum', [arrays.nodes, size.repeats]],
    check: async (_pool, { size, sum }, result) => result === sum * BigInt(size.repeats),
  },
  {
    name: 'lu',
    title: 'LU factors',
    about: 'By quadrants that depend on each other.',
    sizes: {
      full: { n: 1024, input: '1024 × 1024 double' },
      quick: { n: 256, input: '256 × 256 double' },
    },
    async setup(pool, size) {
      const arrays = {
        factors: pool.array(Float64Array, size.n ** 2),
        matrix: pool.array(Float64Array, size.n ** 2),
        scratch: pool.array(Float64Array, 4 * size.n),
      };
      await pool.call('bench_lu_fill', [arrays.matrix, size.n]);
      return stateOf(size, arrays);
    },
    reset: (pool, { arrays, size }) =>
      pool.call('bench_lu_copy', [arrays.factors, arrays.matrix, size.n]),
    serial: ({ arrays, size }) => ['bench_lu_serial', [arrays.factors, size.n]],
    penny: ({ arrays, size }) => ['bench_lu', [arrays.factors, size.n]],
    async check(pool, { arrays: { factors, matrix, scratch }, size }) {
      return (await pool.call('bench_lu_check', [factors, matrix, scratch, size.n])) < 1e-10;
    },
  },
  {
    name: 'fft',
    title: 'Fourier transform',
    about: 'Recursive, with a parallel loop on each level.',
    sizes: {
      full: { n: 2 ** 20, input: '2^20 complex' },
      quick: { n: 2 ** 14, input: '2^14 complex' },
    },
    async setup(pool, size) {
      const arrays = {
        out: pool.array(Float64Array, 2 * size.n),
        in: pool.array(Float64Array, 2 * size.n),
        twiddles: pool.array(Float64Array, 2 * size.n),
      };
      await pool.call('bench_fft_fill', [arrays.in, size.n, 5]);
      await pool.call('bench_fft_twiddles', [arrays.twiddles, size.n]);
      return stateOf(size, arrays);
    },
    serial: ({ arrays, size }) => [
      'bench_fft_serial',
      [arrays.out, arrays.in, arrays.twiddles, size.n],
    ],
    penny: ({ arrays, size }) => ['bench_fft', [arrays.out, arrays.in, arrays.twiddles, size.n]],
    check: async (pool, { arrays, size }) =>
      (await pool.call('bench_fft_check', [arrays.out, arrays.in, size.n])) < 1e-8,
  },
  {
    name: 'uts-t2',
    title: 'Tree search T2',
    about: 'A geometric tree whose branching comes and goes with the depth.',
    sizes: {
      full: { tree: 2, nodes: 4117769n, input: '4,117,769 nodes' },
      quick: { tree: 12, input: 'cyclic, small' },
    },
    setup: async (_pool, size) => stateOf(size, {}),
    serial: ({ size }) => ['bench_uts_serial', [size.tree]],
    penny: ({ size }) => ['bench_uts', [size.tree]],
    check: async (pool, { size }, result) =>
      result === (size.nodes ?? (await pool.call('bench_uts_serial', [size.tree]))),
  },
  {
    name: 'bfs',
    title: 'Breadth-first search',
    about: 'A level at a time on a graph with a few crowded vertices.',
    sizes: {
      full: { n: 2 ** 20, input: '2^20 vertices, 2^23 edges' },
      quick: { n: 2 ** 14, input: '2^14 vertices, 2^17 edges' },
    },
    async setup(pool, size) {
      const arrays = {
        offsets: pool.array(Uint32Array, size.n + 1),
        targets: pool.array(Uint32Array, 2 * BFS_EDGES * size.n),
        levels: pool.array(Int32Array, size.n),
        queue: pool.array(Uint32Array, 2 * size.n),
      };
      await pool.call('bench_bfs_fill', [arrays.offsets, arrays.targets, size.n]);
      return stateOf(size, arrays);
    },
    serial: ({ arrays: { offsets, targets, levels, queue }, size }) => [
      'bench_bfs_serial',
      [offsets, targets, levels, queue, size.n],
    ],
    penny: ({ arrays: { offsets, targets, levels, queue }, size }) => [
      'bench_bfs',
      [offsets, targets, levels, queue, size.n],
    ],
    async check(pool, { arrays: { offsets, targets, levels }, size }, result) {
      const faults = await pool.call('bench_bfs_check', [offsets, targets, levels, size.n]);
      return faults === 0n && result > size.n / 2;
    },
  },
  loopProblem(
    'loop',
    'uniform',
    'A parallel loop whose iterations all cost the same.',
    loopSizes(10),
  ),
  loopProblem('loop-empty', 'empty', 'A parallel loop around one store.', loopSizes(100)),
  loopProblem('skewed', 'skewed', 'Half of the work in the last 64th of the loop.', loopSizes(5)),
];
