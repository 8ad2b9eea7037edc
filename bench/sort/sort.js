// sort.js: 4 million doubles: pool.sort on shared memory against TypedArray.prototype.sort in a worker of its own.
import { compare, expect } from '../harness/measure.js';
import { fillDoubles, hashSorted } from '../peers/local.js';

const SEED = 5;

export function sort(env) {
  const count = env.isQuick ? 100_000 : 4_000_000;
  const input = `${count.toLocaleString('en')} doubles`;
  const { workers } = env;
  const right = hashSorted(fillDoubles(new Float64Array(count), SEED).sort());
  const variantOf = (variant, howMany, open) => ({
    variant,
    workers: howMany,
    input,
    async open() {
      const { prepare, run, hash, end } = await open();
      return {
        async sample() {
          await prepare();
          const began = performance.now();
          await run();
          const ms = performance.now() - began;
          expect(await hash(), right, variant);
          return { ms };
        },
        close: end,
      };
    },
  });
  const penny = (howMany) => async () => {
    const { pool, end } = await env.penny({ workers: howMany });
    const array = pool.array(Float64Array, count);
    return {
      prepare: () => fillDoubles(array, SEED),
      run: () => pool.sort(array),
      hash: () => hashSorted(array),
      end,
    };
  };
  const variants = [
    variantOf('serial', 1, async () => {
      const peer = await env.peer('postmessage', { workers: 1 });
      return {
        prepare: () => peer.run('prepareSort', [count, SEED]),
        run: () => peer.run('sortHere', []),
        hash: () => peer.run('checkSort', []),
        end: peer.end,
      };
    }),
    variantOf('penny-c', 1, penny(1)),
    variantOf('penny-c', workers, penny(workers)),
  ];
  return compare('sort', variants, { ...env.method, twin: 'serial' });
}
