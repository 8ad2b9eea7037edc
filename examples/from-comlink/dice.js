/** Throws two dice `count` times, the same way for each seed, and counts the sums in `totals`. */
export function throwDice(totals, seed, count) {
  let state = seed;
  const die = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return 1 + Math.floor((state / 2 ** 32) * 6);
  };
  for (let n = 0; n < count; n++) Atomics.add(totals, die() + die(), 1);
}
