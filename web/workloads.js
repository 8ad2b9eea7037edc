// workloads.js: the problems of bench/ as the page (and the browser benchmarks and tests) runs them. Each has
//   name, title, about        in words
//   sizes: { full, quick }    what setup takes; `input` says it in words, `spawns` counts them where they are the point
//   setup(pool, size, assets) allocates and fills; resolves to a state (its arrays are freed by release)
//   reset(pool, state)        before each run, when the run needs it
//   serial(state), penny(state)  [task, arguments] of the twin and of the parallel form
//   check(pool, state, result)   resolves to true when the answer is right
// Everything that takes time is a task: the page's thread only awaits.

/** A state: what setup allocated, by pool.array, and what it wants to remember. */
function stateOf(size, arrays, more = {}) {
  return { size, arrays, ...more };
}

/** Frees the arrays of a state. */
export function release(pool, state) {
  for (const array of Object.values(state.arrays)) pool.free(array);
  state.arrays = {};
}

const numberProblem = (task, argument, isRight) => ({
  setup: async (_pool, size) => stateOf(size, {}),
  serial: ({ size }) => [`${task}_serial`, [argument(size)]],
  penny: ({ size }) => [task, [argument(size)]],
  check: async (pool, { size }, result) => isRight(result, size, pool),
});

function fibonacci(n) {
  let [a, b] = [0n, 1n];
  for (let idx = 0; idx < n; idx++) [a, b] = [b, a + b];
  return a;
}

const queensSolutions = [1, 1, 0, 0, 2, 10, 4, 40, 92, 352, 724, 2680, 14200, 73712].map(BigInt);

async function setupMatrices(pool, size) {
  const length = size.n * size.n;
  const arrays = {
    c: pool.array(Float64Array, length),
    a: pool.array(Float64Array, length),
    b: pool.array(Float64Array, length),
    work: pool.array(Float64Array, 2 * length),
  };
  await pool.call('bench_matrix_fill', [arrays.a, size.n, 1]);
  await pool.call('bench_matrix_fill', [arrays.b, size.n, 2]);
  return stateOf(size, arrays);
}

async function checkMatrices(pool, { arrays: { a, b, c, work }, size }) {
  return (await pool.call('bench_matmul_check', [c, a, b, work, size.n])) < 1e-10;
}

const matrixSizes = {
  full: { n: 1024, input: '1024 × 1024 double' },
  quick: { n: 256, input: '256 × 256 double' },
};

// Offsets in a bench_query of bench/workloads.h.
const QUERY_BYTES = 2080;
const QUERY_BEST = 2048;
const BEST = 5;

export const workloads = [
  {
    name: 'fib',
    title: 'Fibonacci',
    about: 'Nothing but spawns: one a call, no cutoff.',
    sizes: {
      full: { n: 38, spawns: 63_245_985, input: 'fib(38)' },
      quick: { n: 27, spawns: 317_810, input: 'fib(27)' },
    },
    ...numberProblem(
      'bench_fib',
      ({ n }) => n,
      (result, { n }) => result === fibonacci(n),
    ),
    // The twin that the compiler may not inline; the benchmarks take the faster one.
    plain: ({ size }) => ['bench_fib_plain', [size.n]],
  },
  {
    name: 'nqueens',
    title: 'Queens',
    about: 'Counts the ways to place queens on a board.',
    sizes: { full: { n: 12, input: '12 queens' }, quick: { n: 9, input: '9 queens' } },
    ...numberProblem(
      'bench_nqueens',
      ({ n }) => n,
      (result, { n }) => result === queensSolutions[n],
    ),
  },
  {
    name: 'cilksort',
    title: 'Sort',
    about: 'Merge sort with parallel merges.',
    sizes: {
      full: { n: 8_000_000, input: '8,000,000 int32' },
      quick: { n: 200_000, input: '200,000 int32' },
    },
    async setup(pool, size) {
      return stateOf(size, {
        data: pool.array(Int32Array, size.n),
        scratch: pool.array(Int32Array, size.n),
      });
    },
    async reset(pool, state) {
      state.sum = await pool.call('bench_cilksort_fill', [state.arrays.data, state.size.n, 1]);
    },
    serial: ({ arrays, size }) => ['bench_cilksort_serial', [arrays.data, arrays.scratch, size.n]],
    penny: ({ arrays, size }) => ['bench_cilksort', [arrays.data, arrays.scratch, size.n]],
    async check(pool, { arrays, size, sum }) {
      return (await pool.call('bench_cilksort_check', [arrays.data, size.n])) === sum;
    },
  },
  {
    name: 'matmul',
    title: 'Matrix product',
    about: 'By quadrants, down to tiles that fit the cache.',
    sizes: matrixSizes,
    setup: setupMatrices,
    serial: ({ arrays: { a, b, c }, size }) => ['bench_matmul_serial', [c, a, b, size.n]],
    penny: ({ arrays: { a, b, c }, size }) => ['bench_matmul', [c, a, b, size.n]],
    check: checkMatrices,
  },
  {
    name: 'strassen',
    title: 'Strassen',
    about: 'The same product with seven multiplications in place of eight.',
    sizes: matrixSizes,
    setup: setupMatrices,
    serial: ({ arrays: { a, b, c, work }, size }) => [
      'bench_strassen_serial',
      [c, a, b, work, size.n],
    ],
    penny: ({ arrays: { a, b, c }, size }) => ['bench_strassen', [c, a, b, size.n]],
    check: checkMatrices,
  },
  {
    name: 'heat',
    title: 'Heat',
    about: 'Diffusion on a square plate, a parallel loop for each step.',
    sizes: {
      full: { n: 2048, steps: 100, input: '2048 × 2048, 100 steps' },
      quick: { n: 256, steps: 20, input: '256 × 256, 20 steps' },
    },
    async setup(pool, size) {
      const length = (size.n + 2) ** 2;
      return stateOf(size, {
        grid: pool.array(Float64Array, length),
        next: pool.array(Float64Array, length),
      });
    },
    reset: (pool, { arrays, size }) =>
      pool.call('bench_heat_fill', [arrays.grid, arrays.next, size.n]),
    serial: ({ arrays, size }) => [
      'bench_heat_serial',
      [arrays.grid, arrays.next, size.n, size.steps],
    ],
    penny: ({ arrays, size }) => ['bench_heat', [arrays.grid, arrays.next, size.n, size.steps]],
    async check(pool, { arrays, size }) {
      return (await pool.call('bench_heat_check', [arrays.grid, size.n, size.steps])) < 1e-12;
    },
  },
  {
    name: 'knapsack',
    title: 'Knapsack',
    about: 'Branch and bound; all workers share the best value found so far.',
    sizes: { full: { n: 56, input: '56 items' }, quick: { n: 40, input: '40 items' } },
    async setup(pool, size) {
      const problem = pool.array(Int32Array, 4 + 2 * size.n);
      await pool.call('bench_knapsack_fill', [problem, size.n, 3]);
      return stateOf(size, { problem, scratch: pool.array(Int32Array, problem[1] + 1) });
    },
    serial: ({ arrays }) => ['bench_knapsack_serial', [arrays.problem]],
    penny: ({ arrays }) => ['bench_knapsack', [arrays.problem]],
    async check(pool, { arrays }, result) {
      return (await pool.call('bench_knapsack_check', [arrays.problem, arrays.scratch])) === result;
    },
  },
  ...[
    {
      name: 'uts-t1',
      title: 'Tree search T1',
      about: 'A geometric tree that exists only as SHA-1 values.',
      sizes: {
        full: { tree: 1, nodes: 4130071n, input: '4,130,071 nodes' },
        quick: { tree: 11, input: 'geometric, small' },
      },
    },
    {
      name: 'uts-t3',
      title: 'Tree search T3',
      about: 'A binomial tree: most branches end at once, a few go very deep.',
      sizes: {
        full: { tree: 3, nodes: 4112897n, input: '4,112,897 nodes' },
        quick: { tree: 13, input: 'binomial, small' },
      },
    },
  ].map((tree) => ({
    ...tree,
    ...numberProblem(
      'bench_uts',
      (size) => size.tree,
      async (result, size, pool) =>
        result === (size.nodes ?? (await pool.call('bench_uts_serial', [size.tree]))),
    ),
  })),
  {
    name: 'mandelbrot',
    title: 'Mandelbrot',
    about: 'In tiles whose costs differ a thousandfold.',
    // The sums are those of a scalar program: the same operations in the same order give the same counts everywhere.
    sizes: {
      full: { n: 2048, limit: 256, sum: 282893053n, input: '2048 × 2048, 256 iterations' },
      quick: { n: 256, limit: 256, sum: 4426010n, input: '256 × 256, 256 iterations' },
    },
    async setup(pool, size) {
      return stateOf(size, {
        counts: pool.array(Uint16Array, size.n ** 2),
        done: pool.array(Uint8Array, (size.n / 64) ** 2),
      });
    },
    async reset(_pool, { arrays }) {
      arrays.done.fill(0);
    },
    serial: ({ arrays, size }) => [
      'bench_mandelbrot_serial',
      [arrays.counts, arrays.done, size.n, size.limit],
    ],
    penny: ({ arrays, size }) => [
      'bench_mandelbrot',
      [arrays.counts, arrays.done, size.n, size.limit],
    ],
    check: async (_pool, { arrays, size }, result) =>
      result === size.sum && arrays.done.every((flag) => flag === 1),
  },
  {
    name: 'words',
    title: 'Nearest words',
    about: 'Spelling suggestions by edit distance over a whole English word list.',
    sizes: {
      full: { queries: 120, input: '120 misspellings, 104,334 words' },
      quick: { queries: 8, input: '8 misspellings, 104,334 words' },
    },
    async setup(pool, size, assets) {
      const lines = 400_000;
      const [list, misspelt] = await Promise.all([assets.words(), assets.misspellings()]);
      const arrays = {
        text: pool.array(Uint8Array, list),
        starts: pool.array(Uint32Array, lines + 1),
        queryText: pool.array(Uint8Array, misspelt),
        queries: pool.array(Uint8Array, size.queries * QUERY_BYTES),
      };
      const { text, starts, queryText, queries } = arrays;
      const words = await pool.call('bench_words_index', [text, text.length, starts, lines]);
      const count = await pool.call('bench_words_queries', [
        queryText,
        queryText.length,
        queries,
        size.queries,
      ]);
      return stateOf(size, arrays, { words: Number(words), count: Number(count) });
    },
    serial: (state) => ['bench_words_serial', wordsArguments(state)],
    penny: (state) => ['bench_words', wordsArguments(state)],
    async check(pool, state, result) {
      const wrong = await pool.call('bench_words_check', wordsArguments(state));
      return result > 0n && wrong === 0n && state.count === state.size.queries;
    },
  },
  {
    name: 'image',
    title: 'Photograph',
    about: 'Gaussian blur, edges and a thumbnail of a photograph.',
    sizes: {
      full: { photo: 0, input: 'photograph, 2572 × 1740' },
      quick: { photo: 2, input: 'photograph, 1365 × 1074' },
    },
    async setup(pool, size, assets) {
      const photo = await assets.photo(size.photo);
      const { width, height } = photo;
      const thumbnailBytes = 4 * Math.floor(width / 8) * Math.floor(height / 8);
      const arrays = {
        source: pool.array(Uint8Array, 4 * width * height),
        blurred: pool.array(Uint8Array, 4 * width * height),
        edges: pool.array(Uint8Array, 4 * width * height),
        thumbnail: pool.array(Uint8Array, thumbnailBytes),
      };
      await photo.copyTo(arrays.source);
      return stateOf(size, arrays, { width, height });
    },
    serial: (state) => ['bench_image_serial', imageArguments(state)],
    penny: (state) => ['bench_image', imageArguments(state)],
    async check(pool, state) {
      return (await pool.call('bench_image_check', imageArguments(state))) === 0n;
    },
  },
];

function wordsArguments({ arrays, count, words }) {
  return [arrays.queries, count, arrays.text, arrays.starts, words];
}

function imageArguments({ arrays, width, height }) {
  return [arrays.source, arrays.blurred, arrays.edges, arrays.thumbnail, width, height];
}

/** What the words workload found: [{ word, nearest: [{ word, distance }] }]. */
export function readSuggestions({ arrays, count }, misspellings) {
  const { text, starts, queries } = arrays;
  const view = new DataView(queries.buffer, queries.byteOffset, queries.byteLength);
  const wordAt = (index) => {
    let word = '';
    // Latin-1: a byte is a code point.
    for (let at = starts[index]; at < starts[index + 1]; at++)
      word += String.fromCharCode(text[at]);
    return word;
  };
  return misspellings.slice(0, count).map((word, idx) => {
    const keys = Array.from({ length: BEST }, (_, place) =>
      view.getUint32(idx * QUERY_BYTES + QUERY_BEST + 4 * place, true),
    );
    return {
      word,
      nearest: keys.map((key) => ({ word: wordAt(key & 0xffffff), distance: key >>> 24 })),
    };
  });
}
