// sum.js: 8 MiB of doubles, summed, or mapped in place of their own (map.js): in shared memory, by clone, by transfer.
import { compare, expect } from '../harness/measure.js';

const valueAt = (idx) => idx % 1000;

/** Whole numbers: sums are exact in any order. */
const source = (count) => Float64Array.from({ length: count }, (_, idx) => valueAt(idx));

function pieces(count, howMany) {
  const step = Math.ceil(count / howMany);
  return Array.from({ length: howMany }, (_, idx) => [
    idx * step,
    Math.min(count, (idx + 1) * step),
  ]);
}

/** Each gives { all, end }: all() resolves to the sum, or to the mapped array. */
function ways(env, kind, count) {
  const { workers } = env;
  const isSum = kind === 'sum';
  const add = (values) => values.reduce((sum, value) => sum + value, 0);
  const parts = pieces(count, workers);
  const byMessages = (open, isTransfer) => async () => {
    const peer = await open();
    const data = source(count);
    const out = new Float64Array(count);
    return {
      // A transferred slice is gone: each run has new ones, whose making is not measured.
      prepare: () => parts.map(([begin, end]) => data.slice(begin, end)),
      async all(slices) {
        const values = await Promise.all(
          slices.map((slice) =>
            peer.run(
              isSum ? 'sumChunk' : 'scaleChunk',
              [slice],
              isTransfer ? [slice.buffer] : undefined,
            ),
          ),
        );
        if (isSum) return add(values);
        values.forEach((value, idx) => {
          out.set(value, parts[idx][0]);
        });
        return out;
      },
      end: peer.end,
    };
  };
  const onShared = (run) => async () => {
    const { pool, end } = await env.penny();
    const array = pool.array(Float64Array, source(count));
    const target = isSum ? undefined : pool.array(Float64Array, count);
    return { all: () => run(pool, array, target), end };
  };

  const serial = async () => {
    const peer = await env.peer('postmessage', { workers: 1 });
    await peer.run('prepareArray', [count]);
    const all = () => peer.run(isSum ? 'sumHere' : 'scaleHere', []);
    return { all: async () => (isSum ? all() : { length: count, at: await all() }), end: peer.end };
  };
  const pennyRun = onShared(async (pool, array, target) => {
    const task = isSum ? 'sumRange' : 'scaleRange';
    const values = await Promise.all(
      pieces(count, 8 * workers).map(([begin, end]) =>
        pool.run(task, isSum ? [begin, end, array] : [begin, end, array, target]),
      ),
    );
    return isSum ? add(values) : target;
  });
  const pennyLoop = onShared(async (pool, array, target) => {
    if (isSum) return pool.reduce('sumRange', 0, count, { args: [array], init: 0, combine: 'add' });
    await pool.parallelFor('scaleRange', 0, count, { args: [array, target] });
    return target;
  });
  const pennyKernel = onShared((pool, array) => pool.sum(array));
  const shared = async () => {
    const data = new Float64Array(new SharedArrayBuffer(8 * count));
    data.set(source(count));
    const target = new Float64Array(new SharedArrayBuffer(8 * count));
    const howMany = 8 * workers;
    const step = Math.ceil(count / howMany);
    const pool = await env.sharedQueue({ length: howMany, data, target });
    const all = async () => {
      await pool.run(isSum ? 'sumStep' : 'scaleStep', howMany, step);
      return isSum ? add(pool.results) : target;
    };
    return { all, end: pool.end };
  };
  const byHand = () => env.peer('postmessage');
  return [
    ['serial', 1, serial],
    ['penny-js', workers, pennyLoop],
    ['penny-js run', workers, pennyRun],
    ...(isSum ? [['penny-c', workers, pennyKernel]] : []),
    ['shared-queue', workers, shared],
    ['postmessage-transfer', workers, byMessages(byHand, true)],
    ...env.peers.map((name) => [name, workers, byMessages(() => env.peer(name), false)]),
  ];
}

/** The variants of 'sum' and of the map over doubles. */
export function arrayVariants(env, kind) {
  const count = env.isQuick ? 2 ** 16 : 2 ** 20;
  const input = `${(count * 8) / 2 ** 20} MiB of doubles`;
  let total = 0;
  for (let idx = 0; idx < count; idx++) total += valueAt(idx);
  const check = (value, variant) => {
    if (kind === 'sum') return expect(value, total, variant);
    expect(value.length, count, variant);
    if (!ArrayBuffer.isView(value)) return expect(value.at, valueAt(count - 1) * 2 + 1, variant);
    for (let idx = 0; idx < count; idx++)
      expect(value[idx], valueAt(idx) * 2 + 1, `${variant}: ${idx}`);
    value.fill(0);
  };
  return ways(env, kind, count).map(([variant, workers, open]) => ({
    variant,
    workers,
    input,
    async open() {
      const { prepare, all, end } = await open();
      return {
        async sample() {
          const given = prepare?.();
          const began = performance.now();
          const value = await all(given);
          const ms = performance.now() - began;
          check(value, variant);
          return { ms };
        },
        close: end,
      };
    },
  }));
}

export const sum = (env) =>
  compare('sum', arrayVariants(env, 'sum'), { ...env.method, twin: 'serial' });
