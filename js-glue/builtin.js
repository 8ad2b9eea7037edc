// builtin.js: the tasks that every worker has beside the user's own: what pool.map, parallelFor and
// reduce submit. Worker only. `functions` is the worker's table of tasks; a task is named by its
// index there.

/** The results of one item after another; async tasks of one batch are in flight together. */
function map(functions, target, firstIndex, items) {
  const task = functions[target];
  let isAsync = false;
  const results = [];
  for (let idx = 0; idx < items.length; idx++) {
    const value = task(items[idx], firstIndex + idx);
    if (typeof value?.then === 'function') isAsync = true;
    results.push(value);
  }
  return isAsync ? Promise.all(results) : results;
}

/** `ended`, where it is given, counts what has ended, for the page's onProgress. */
function forRange(functions, target, begin, end, args, grain = end - begin, ended = undefined) {
  for (let low = begin; low < end; low += grain) {
    const high = Math.min(end, low + grain);
    functions[target](low, high, ...args);
    if (ended) Atomics.add(ended, 0, BigInt(high - low));
  }
}

function reduce(functions, target, combine, begin, end, args, init, grain) {
  if (end - begin <= grain) return functions[combine](init, functions[target](begin, end, ...args));
  const middle = begin + Math.ceil((end - begin) / 2);
  const left = reduce(functions, target, combine, begin, middle, args, init, grain);
  const right = reduce(functions, target, combine, middle, end, args, init, grain);
  return functions[combine](left, right);
}

/** By name, each to be called with the table before its arguments. */
export const builtin = { 'penny:map': map, 'penny:for': forRange, 'penny:reduce': reduce };
