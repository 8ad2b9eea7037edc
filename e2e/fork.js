// fork.js: JavaScript tasks that spawn others, for the tests.
import {
  array,
  currentTask,
  invoke,
  isCancelled,
  parallelFor,
  progress,
  reduce,
  spawn,
  throwIfCancelled,
  workerId,
} from '/js-glue/worker.js';

export function fib(n) {
  if (n < 2) return n;
  const right = spawn(fib, n - 2);
  const left = fib(n - 1);
  return left + right.join();
}
const plainFib = (n) => (n < 2 ? n : plainFib(n - 1) + plainFib(n - 2));
export function fibTo(n, cutoff) {
  if (n < cutoff) return plainFib(n);
  const right = spawn(fibTo, n - 2, cutoff);
  return fibTo(n - 1, cutoff) + right.join();
}
export const serialFib = (n) => plainFib(n);

/* ---- shapes of fork-join ---- */

const spin = (ms) => {
  for (const end = performance.now() + ms; performance.now() < end; );
};
export function square(n, ms = 0) {
  spin(ms);
  return { n, square: n * n, worker: workerId() };
}
/** Joins many in the order that they were spawned, in the opposite one, or never. */
export function many(count, order, ms) {
  const handles = Array.from({ length: count }, (_, n) => spawn(square, n, ms));
  if (order === 'never') return 'left';
  const results = [];
  const join = (n) => {
    results[n] = handles[n].join();
  };
  for (let n = 0; n < count; n++) join(order === 'last first' ? count - 1 - n : n);
  return results;
}
export const joinTwice = () => {
  const handle = spawn(square, 7);
  return [handle.join().square, handle.join().square];
};
export function deep(n) {
  if (n === 0) return 0;
  return 1 + spawn(deep, n - 1).join();
}
export function sum5(a, b, c, d, e) {
  return a + b + c + d + e;
}
export const wide = () => spawn(sum5, 1, 2, 3, 4, 5).join() + spawn(sum5, 1, 2, 3, 4, 5).join();
export const together = () => invoke([fib, 10], [square, 3], [sum5, 1, 1, 1, 1, 1]);
export const closure = () => spawn(() => 1).join();
/** What invoke and the loops call themselves has to be what spawn takes. */
export function wrongCalls() {
  const promised = () => later(1);
  const given = { combine: plus };
  const calls = {
    closure: () => invoke([promised]),
    grain: () => parallelFor(plus, 0, 2, { grain: 0 }),
    async: () => invoke([later, 1]),
    generator: () => invoke([counts, 1]),
    promise: () => invoke([promises]),
    asyncLoop: () => parallelFor(later, 0, 2),
    promiseLoop: () => parallelFor(promises, 0, 2, { grain: 1 }),
    asyncFold: () => reduce(later, 0, 2, given),
    promiseFold: () => reduce(promises, 0, 2, given),
    asyncCombine: () => reduce(sumOf, 0, 2, { args: [[1, 2]], combine: later }),
  };
  const told = { none: invoke() };
  for (const [name, call] of Object.entries(calls)) {
    try {
      told[name] = call();
    } catch (error) {
      told[name] = error.code ?? error.name;
    }
  }
  return told;
}
/** A promise, and not async. */
export const promises = () => Promise.resolve(1);

export function bad(n, ms = 0) {
  spin(ms);
  const error = new RangeError(`bad ${n}`);
  error.code = 'E_BAD';
  throw error;
}
/** The error of one of several, caught or not; `ms` gives thieves the time. */
export function fails(isCaught, ms) {
  const handles = [spawn(square, 1, ms), spawn(bad, 2, ms), spawn(square, 3, ms)];
  const results = [handles[2].join().square];
  try {
    results.push(handles[1].join());
  } catch (error) {
    if (!isCaught) throw error;
    results.push(`${error.constructor.name} ${error.message} ${error.code}`);
  }
  results.push(handles[0].join().square);
  return results;
}
export function leavesBad() {
  spawn(bad, 9);
  return 'never seen';
}
export function isKept(value) {
  return typeof value.call;
}
/** An argument that cannot be sent. */
export function keeps(count, ms) {
  const handles = [];
  for (let n = 0; n < count; n++) {
    handles.push(spawn(isKept, { call: () => n }), spawn(square, n, ms));
  }
  return handles.map((handle) => handle.join());
}
export function mutate(object) {
  object.n++;
  return object.n;
}
export function mutates() {
  const object = { n: 1 };
  const inside = spawn(mutate, object).join();
  return [inside, object.n];
}

/* ---- loops ---- */

export function add(lo, hi, values, out) {
  for (let n = lo; n < hi; n++) out[n] = values[n] + 1;
}
export function sumOf(lo, hi, values) {
  let total = 0;
  for (let n = lo; n < hi; n++) total += values[n];
  return total;
}
export const plus = (a, b) => a + b;
/** What joins by itself, where nothing may be joined. */
export async function loopsInAsync() {
  const loops = [
    () => parallelFor(add, 0, 1, { args: [[1], []] }),
    () => reduce(sumOf, 0, 1, { args: [[1]], combine: plus }),
    () => invoke([fib, 1]),
  ];
  const codes = () =>
    loops.map((loop) => {
      try {
        return loop();
      } catch (error) {
        return error.code;
      }
    });
  const first = codes();
  await null;
  return [...first, ...codes(), await spawn(together)];
}
export function loops(values, out, grain) {
  parallelFor(add, 0, values.length, { args: [values, out], grain });
  return reduce(sumOf, 0, out.length, { args: [out], init: 0, combine: plus, grain });
}

/* ---- async tasks and generators ---- */

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
export async function later(ms, value) {
  await sleep(ms);
  return value;
}
/** Takes what it has spawned after its await with it. */
export async function failsWithChildren() {
  await null;
  for (let n = 0; n < 4; n++) spawn(fib, 10 + n);
  throw new RangeError('for good');
}
export async function failsLater() {
  await null;
  throw new RangeError('later');
}
export async function awaits() {
  const handles = [spawn(fib, 12), spawn(later, 5, 'timer'), spawn(square, 4)];
  const first = [await handles[1], await handles[0], (await handles[2]).square];
  return [...first, await spawn(fib, 10)];
}
export async function awaitsBad() {
  try {
    await spawn(bad, 1);
  } catch (error) {
    return `${error.constructor.name} ${error.code}`;
  }
}
export async function joinsInAsync() {
  return spawn(fib, 5).join();
}
export async function joinsAfterAwait() {
  await null;
  return spawn(fib, 5).join();
}
export const joinsAsync = () => spawn(later, 1, 2).join();
export async function leavesAsync() {
  spawn(failsLater);
  return 'never seen';
}
export const syncLeavesAsync = () => {
  spawn(later, 20, 1);
  return 'waited';
};
export const spawnsAsync = () => spawn(later, 5, 'detached');
export async function fetches(url) {
  return (await fetch(url)).status;
}
export function* counts(count) {
  let total = 0;
  for (let n = 0; n < count; n++) {
    total += yield spawn(square, n);
    total = total?.square ?? 0;
    yield;
  }
  const value = yield spawn(fib, 10);
  return value;
}
let begun = 0;
let gone = 0;
/** Leaves a promise behind; gives how many of those of the tasks before it have not gone on yet. */
export function leavesPromise() {
  Promise.resolve().then(() => gone++);
  return begun++ - gone;
}
export const goneOn = () => gone;
let wait;
/** How long what it leaves behind waits after its end is told by the next one. */
export function timesPromise() {
  const end = performance.now();
  Promise.resolve().then(() => {
    wait = performance.now() - end;
  });
}
export const lastWait = () => wait;
const seen = [];
export function* turns(name, count) {
  for (let n = 0; n < count; n++) {
    seen.push(name);
    spin(0.5); // so that the other one has arrived before this one ends, and longer than one turn of the event loop
    yield;
  }
  return seen.join('');
}
export async function* asyncTurns(count) {
  for (let n = 0; n < count; n++) {
    await null;
    yield;
  }
  return count;
}

/* ---- about the task itself ---- */

export function tells(count) {
  for (let n = 1; n <= count; n++) {
    progress({ n });
    spin(5);
  }
  return count;
}
export async function tellsLater(count) {
  const task = currentTask();
  for (let n = 1; n <= count; n++) {
    await sleep(5);
    task.progress(n);
  }
}
/** Polls after each yield or await, while others are hungry; tells its own page. */
export function* pollsInTurns(count) {
  for (let n = 1; n <= count; n++) {
    yield;
    for (const end = performance.now() + 0.3; performance.now() < end; ) throwIfCancelled();
    progress(count);
  }
  return count;
}
export async function pollsAfterAwaits(count) {
  for (let n = 1; n <= count; n++) {
    await spawn(fib, 1);
    for (const end = performance.now() + 0.3; performance.now() < end; ) throwIfCancelled();
    progress(count);
  }
  return count;
}
/** Polls beside others, which nobody can tell apart after an await. */
export async function pollsLater(flag, end) {
  for (let n = 0; n < end; n++) {
    await sleep(2);
    throwIfCancelled();
    if (isCancelled()) break;
    Atomics.add(flag, 0, 1);
  }
  return 'to its end';
}
export function polls(flag) {
  Atomics.store(flag, 0, 1);
  while (!isCancelled()) spin(0.2);
  Atomics.store(flag, 0, 2);
  throwIfCancelled();
}
export function spawnsForEver(flag) {
  Atomics.store(flag, 0, 1);
  try {
    for (;;) spawn(square, 1).join();
  } finally {
    Atomics.store(flag, 0, 2);
  }
}
export function* yieldsForEver(flag) {
  Atomics.store(flag, 0, 1);
  try {
    for (;;) yield;
  } finally {
    Atomics.store(flag, 0, 2);
  }
}
export function makes(count) {
  const kept = array(Int32Array, count);
  array(Float64Array, 100);
  kept.fill(7);
  return { kept };
}
/** A part of an array comes before all of it. */
export function makesPartFirst(count) {
  const all = array(Int32Array, count).fill(7);
  return { part: all.subarray(count - 1), all };
}
/** What the page cannot get: its array goes with the task. */
export function tellsMade(kept) {
  const task = currentTask();
  task.progress({ kept });
  const made = array(Int32Array, 2);
  const refused = [made, { deep: [made.subarray(1)] }].map((value) => {
    try {
      return task.progress(value);
    } catch ({ name, message }) {
      return `${name}: ${message}`;
    }
  });
  return { refused, made };
}
export const fills = (values, value) => {
  values.fill(value);
  return values.length;
};
/** Waits, blocking its worker, until `count` have come; false when that took too long. */
export function meets(here, count) {
  Atomics.add(here, 0, 1);
  const end = performance.now() + 10_000;
  while (Atomics.load(here, 0) < count && performance.now() < end) spin(0.1);
  return Atomics.load(here, 0) >= count;
}
/** The same of spawned tasks, while this one polls. */
export function meetsSpawned(here, count) {
  const handles = Array.from({ length: count - 1 }, () => spawn(meets, here, count));
  Atomics.add(here, 0, 1);
  const end = performance.now() + 10_000;
  while (Atomics.load(here, 0) < count && performance.now() < end) spawn(square, 2).join();
  return handles.reverse().every((handle) => handle.join());
}
/** A piece of a loop: how many run, how many did at most, and which workers. */
export function notes(lo, hi, seen) {
  const now = Atomics.add(seen, 0, 1) + 1;
  let most = Atomics.load(seen, 1);
  while (most < now) most = Atomics.compareExchange(seen, 1, most, now);
  Atomics.or(seen, 2, 1 << workerId());
  spin((hi - lo) * 0.3);
  Atomics.sub(seen, 0, 1);
}
