// builtin.js: loops over ranges and items, as tasks on top of spawn. Also tasks of their own, which
// the page submits by name ('penny:...'): they follow the user's functions in the task table, and
// name those by number.
import { pack } from './codec.js';
import { array, begin } from './entries.js';
import { PennyError, want, wantRange } from './errors.js';
import {
  ASYNC,
  checkJoins,
  checkResult,
  enter,
  entry,
  functionOf,
  inFrame,
  isPlain,
  isPromise,
  isWanted,
  spawn,
  targetOf,
} from './spawn.js';

// A step of a loop without a grain is doubled while it takes less than this, and halved above.
const SHORT_MS = 0.05;
const LONG_MS = 1;
// What takes less than this is not split: a thief needs half as long to begin with its part.
const SPLIT_MS = 0.1;
// A reduction without a grain has at most this many leaves: enough for any number of workers, and
// the same on all.
const LEAVES = 1024;
// The same for a sort by a comparator, and what is never cut.
const SORT_LEAVES = 64;
const SORT_LEAF = 1024;

// So many iterations of that loop take SPLIT_MS, as this worker has measured last.
let known = [];

/**
 * Calls fn(lo, hi, ...args) over lo..hi; whenever a thief asks, it gets the later half of what is left. `ended`, where it
 * is given, counts what has ended, for the page's onProgress.
 */
function range(target, lo, hi, args, grain, ended, loop = Math.random()) {
  const fn = functionOf(target);
  const rest = [];
  let few = known[0] === loop ? known[1] : 0;
  let step = grain ?? (Math.ceil(few / 64) || 1);
  while (lo < hi) {
    // (While it knows nothing of a loop, a worker splits it once.)
    if (isWanted() && hi - lo > step && (few ? hi - lo > few : grain || !rest.length)) {
      const middle = lo + Math.ceil((hi - lo) / 2);
      rest.push(spawn(range, target, middle, hi, args, grain, ended, loop));
      hi = middle;
    }
    const end = Math.min(hi, lo + step);
    if (grain) {
      checkResult(fn(lo, end, ...args));
    } else {
      const start = performance.now();
      checkResult(fn(lo, end, ...args));
      const took = performance.now() - start;
      if (took > SHORT_MS / 4) {
        few = ((end - lo) * SPLIT_MS) / took;
        known = [loop, few];
      }
      // Never so long that nothing is left to split.
      if (took < SHORT_MS) step = Math.min(step * 2, Math.ceil(Math.max(hi - end, few) / 8));
      else if (took > LONG_MS) step = Math.max(1, step >> 1);
    }
    if (ended) Atomics.add(ended, 0, BigInt(end - lo));
    lo = end;
  }
  while (rest.length) rest.pop().join();
}

/** A tree over fixed leaves: the result depends on lo, hi and the leaf's size only. */
function tree(target, combine, lo, hi, args, leaf) {
  if (hi - lo <= leaf) return checkResult(functionOf(target)(lo, hi, ...args));
  const middle = lo + leaf * Math.ceil((hi - lo) / leaf / 2);
  const right = spawn(tree, target, combine, middle, hi, args, leaf);
  const left = tree(target, combine, lo, middle, args, leaf);
  return functionOf(combine)(left, right.join());
}

function fold(target, combine, lo, hi, args, init, grain) {
  if (lo >= hi) return init;
  const value = tree(target, combine, lo, hi, args, grain ?? Math.ceil((hi - lo) / LEAVES));
  return init === undefined ? value : functionOf(combine)(init, value);
}

// For the page, which runs the pieces of asynchronous tasks itself when it is told `true`, or nothing (more.js).
const isOurs = (target) => isPlain(functionOf(target));
const pageRange = (target, ...rest) => !isOurs(target) || range(target, ...rest);
const pageFold = (target, combine, ...rest) =>
  isOurs(target) && isOurs(combine) ? [fold(target, combine, ...rest)] : undefined;

const later = new WeakSet(); // plain functions that gave a promise: thieves cannot wait for one

/**
 * [fn(items[0], first), ...], numbers as a typed array, which need not be looked through for names; async functions and
 * generators run side by side. A part of a batch gives its promises to the whole.
 */
function map(target, first, items, isPart) {
  const fn = functionOf(target);
  if (!isPlain(fn)) {
    entry.kind = ASYNC;
    enter(entry);
    return Promise.all(Array.from(items, (item, idx) => begin(fn, [item, first + idx], entry)));
  }
  const results = [];
  const rest = [];
  let count = items.length;
  for (let idx = 0; idx < count; idx++) {
    const value = fn(items[idx], first + idx);
    results.push(value);
    if (isPromise(value)) later.add(fn);
    if (count - idx > 2 && isWanted() && !later.has(fn)) {
      const middle = idx + 1 + ((count - idx) >> 1);
      rest.push(spawn(map, target, first + middle, items.slice(middle, count), true));
      count = middle;
    }
  }
  while (rest.length) results.push(...rest.pop().join());
  return pack(results) ?? (isPart || !later.has(fn) ? results : Promise.all(results));
}

const comparatorOf = (target, isDescending) => {
  const compare = functionOf(target);
  return isDescending ? (a, b) => compare(b, a) : compare;
};

/** Merges the sorted a and b, in parallel: the longer is cut in the middle, the other where that belongs. */
function merge(order, a, b, to, leaf) {
  const compare = comparatorOf(...order);
  let [i, j, k] = [0, 0, 0];
  if (to.length > leaf) {
    // Of equal ones those of a come first.
    const [long, other] = a.length < b.length ? [b, a] : [a, b];
    const middle = long.length >> 1;
    let high = other.length;
    while (i < high) {
      const half = (i + high) >> 1;
      const c = compare(other[half], long[middle]);
      if (long === a ? c < 0 : !(c > 0)) i = half + 1;
      else high = half;
    }
    if (long === a) [i, j] = [middle, i];
    else j = middle;
    const later = spawn(merge, order, a.subarray(i), b.subarray(j), to.subarray(i + j), leaf);
    merge(order, a.subarray(0, i), b.subarray(0, j), to.subarray(0, i + j), leaf);
    return later.join();
  }
  while (i < a.length && j < b.length) to[k++] = compare(b[j], a[i]) < 0 ? b[j++] : a[i++];
  to.set(i < a.length ? a.subarray(i) : b.subarray(j), k);
}

/** Sorts `from`, stably; the result is in `to` when `isAway`. */
function sortPart(order, from, to, isAway, leaf) {
  if (from.length <= leaf) {
    // On a copy that is not shared: what engines sort is.
    (isAway ? to : from).set(from.slice().sort(comparatorOf(...order)));
    return;
  }
  const middle = from.length >> 1;
  const halves = (array) => [array.subarray(0, middle), array.subarray(middle)];
  const [a, b] = halves(from);
  const [c, d] = halves(to);
  const right = spawn(sortPart, order, b, d, !isAway, leaf);
  sortPart(order, a, c, !isAway, leaf);
  right.join();
  if (isAway) merge(order, a, b, to, leaf);
  else merge(order, c, d, from, leaf);
}

/** Sorts a shared array by the comparator `target`; the scratch copy goes with the root. */
function sort(target, isDescending, shared) {
  plain('sort', functionOf(target));
  const leaf = Math.max(SORT_LEAF, Math.ceil(shared.length / SORT_LEAVES));
  const to = shared.length > leaf ? array(shared.constructor, shared.length) : shared;
  sortPart([target, isDescending], shared, to, false, leaf);
}

export const builtins = {
  ...{ 'penny:for': pageRange, 'penny:reduce': pageFold, 'penny:map': map, 'penny:sort': sort },
  'penny:range': range, // named in traces
};
// Spawned by the ones above only.
export const helpers = [tree, sortPart, merge];

/** Runs all of them, [fn, ...arguments] each, side by side: their results (worker.d.ts). */
export function invoke(first, ...others) {
  checkJoins('invoke');
  if (!first) return [];
  const [fn, ...args] = first;
  plain('invoke', fn); // as spawn and join() do with the others
  return inFrame(() => {
    const handles = others.map((call) => spawn(...call));
    const results = [checkResult(fn(...args))];
    for (const handle of handles.reverse()) results.splice(1, 0, handle.join());
    return results;
  });
}

/** The target of what is called here, not joined: it has to be a plain task, too. */
function plain(what, fn) {
  const target = targetOf(fn);
  if (isPlain(fn)) return target;
  throw new PennyError('PENNY_EASYNCJOIN', `${what}() takes plain tasks: spawn this and await it`);
}

/** fn(lo, hi, ...args) over begin..end, in parallel (worker.d.ts). */
export function parallelFor(fn, begin, end, options = {}) {
  checkJoins('parallelFor');
  wantRange(begin, end, options, RangeError);
  const { args = [], grain } = options;
  const target = plain('parallelFor', fn);
  inFrame(() => range(target, begin, end, args, grain));
}

/** The combination of fn(lo, hi, ...args) over begin..end, in parallel (worker.d.ts). */
export function reduce(fn, begin, end, options) {
  options ??= {};
  checkJoins('reduce');
  wantRange(begin, end, options, RangeError);
  const { args = [], combine, init, grain } = options;
  want(typeof combine === 'function', 'combine is a function of two results');
  const targets = [plain('reduce', fn), plain('reduce', combine)];
  return inFrame(() => fold(...targets, begin, end, args, init, grain));
}
