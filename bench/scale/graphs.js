// graphs.js: the task graphs of the scale model: what a node costs (ns, native, measured) and what it spawns.

/** fib: a call for each node, two children; it does next to nothing else. */
export const fib = (n) => ({
  name: `fib(${n})`,
  root: n,
  work: () => 0.75,
  children: (node) => (node < 2 ? [] : [node - 2, node - 1]),
});

function mix(seed) {
  let x = Math.imul(seed ^ (seed >>> 16), 0x45d9f3b);
  x = Math.imul(x ^ (x >>> 15), 0x2c1b3c6d);
  return (x ^ (x >>> 16)) >>> 0;
}

/** A binomial tree as UTS T3, its shape from 64 bits of hash: 8 children with a probability a little below 1/8; 100 ns a node. */
export function uts(rootChildren, probability = 0.124) {
  const limit = probability * 2 ** 32;
  const isRoot = ([, , depth]) => depth === 0;
  return {
    name: `uts(${rootChildren})`,
    root: [42, 0, 0],
    work: () => 100,
    children(node) {
      const count = isRoot(node) ? rootChildren : node[0] < limit ? 8 : 0;
      return Array.from({ length: count }, (_, idx) => {
        const low = mix(node[1] + Math.imul(idx + 1, 0x9e3779b1));
        return [mix(node[0] ^ low), low, node[2] + 1];
      });
    },
  };
}

/** A loop halved down to pieces of 4 microseconds, as penny_for leaves it when thieves keep asking. */
export const loop = (pieces) => ({
  name: `loop of ${pieces} pieces`,
  root: [0, pieces],
  work: ([begin, end]) => (end - begin <= 1 ? 4000 : 5),
  children([begin, end]) {
    if (end - begin <= 1) return [];
    const middle = begin + ((end - begin) >> 1);
    return [
      [begin, middle],
      [middle, end],
    ];
  },
});
