// values.js: values of other kinds than numbers there and back, one at a time, on a pool of one worker that was just at work.
import { compare, expect } from '../harness/measure.js';

const letters = 'the quick brown fox jumps over the lazy dog ';
const objectOf = (id) => ({
  id,
  name: `item ${id}`,
  price: id * 1.1,
  tags: [`tag ${id % 100}`, 'all'],
  isNew: id % 2 === 0,
});

/** [what it is, how one is made, what tells that it is right]. */
const values = [
  ['an object of five fields', () => objectOf(7), (value) => value.tags[1]],
  [
    '1,000 such objects',
    () => Array.from({ length: 1000 }, (_, id) => objectOf(id)),
    (value) => value[999].name,
  ],
  [
    '10,000 numbers in an array',
    () => Array.from({ length: 10_000 }, (_, idx) => idx * 1.5),
    (value) => value[9999],
  ],
  ['1 MB of text', () => letters.repeat(22_728), (value) => value.length + value.slice(-4)],
  ['8 MiB of doubles, copied', () => new Float64Array(2 ** 20).fill(1.5), (value) => value.at(-1)],
];

export async function valueTrips(env) {
  const results = [];
  for (const [input, make, check] of values) {
    const variantOf = (variant, open) => ({
      variant,
      workers: 1,
      input,
      metric: 'us',
      async open() {
        const { run, end } = await open();
        return {
          async sample() {
            const value = make(); // one of the peers moves buffers
            const right = check(value);
            const began = performance.now();
            const back = await run('same', [value]);
            const us = (performance.now() - began) * 1e3;
            expect(check(back), right, variant);
            return { us };
          },
          close: end,
        };
      },
    });
    const variants = [
      variantOf('penny-js', () => env.penny({ workers: 1 })),
      ...env.peers.map((name) => variantOf(name, () => env.peer(name, { workers: 1 }))),
    ];
    results.push(...(await compare('values', variants, env.method)));
  }
  return results;
}
