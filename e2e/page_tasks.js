// page_tasks.js: the JavaScript tasks of more.test.js and faults.test.js.
import { array, progress, spawn, throwIfCancelled } from '../js-glue/worker.js';

export const next = (n) => n + 1;
export const place = (item, index) => [item, index];
export function* nextInTurns(n) {
  yield;
  return (yield spawn(next, n)) * 1;
}
export const wait = async (ms, value) => {
  await new Promise((done) => setTimeout(done, ms));
  return value ?? ms;
};
export const waitFor = (ms) => wait(ms, ms);
/** Keeps its worker busy, without a look at anything. */
export const spin = (ms) => {
  for (const end = performance.now() + ms; performance.now() < end; );
  return ms;
};
/** Writes for so long, without a look at anything. */
export const fillFor = (values, ms) => {
  for (const end = performance.now() + ms; performance.now() < end; ) values.fill(7);
};
/** When it has ended, for every thread's clock. */
export const spinAndTell = (ms) => spin(ms) && performance.timeOrigin + performance.now();
export const spinLater = async (ms) => {
  await new Promise((done) => setTimeout(done, 10));
  return spin(ms);
};
export const failAt = (item, index) => {
  if (index === 20) throw new RangeError(`item ${index}`);
  return item;
};
/** So slow that batches stay single. */
export const failAtSlowly = (item, index) => {
  spin(3);
  return failAt(item, index);
};
/** Ends with its result; what it left behind fails later. */
export const leaveBehind = () => {
  (async () => {
    await null;
    throw new TypeError('nobody holds this');
  })();
  return 'kept';
};
export const leaveTimer = () => {
  setTimeout(() => {
    throw new TypeError('a timer fails');
  });
  return 'kept';
};
export const leave = () => {
  close();
  return 'still here';
};
/** Ends its worker the first time, by a mark in shared memory. */
export const leaveOnce = (mark) => {
  if (Atomics.add(mark, 0, 1) === 0) close();
  return mark[0];
};
export const count = (mark) => Atomics.add(mark, 0, 1);
export const fill = (low, high, array, value) => {
  for (let idx = low; idx < high; idx++) array[idx] += value;
};
export const sum = (low, high, array) => {
  let total = 0;
  for (let idx = low; idx < high; idx++) total += array[idx];
  return total;
};
export const add = (a, b) => a + b;
export const part = (array, low, high) => array.subarray(low, high);
export const echo = (value) => value;
export const bytesOf = (buffer) => buffer.byteLength;
/** How many calls of it were pending at once so far. */
export const atOnce = async (live) => {
  const now = Atomics.add(live, 0, 1) + 1;
  await new Promise((done) => setTimeout(done, 5));
  Atomics.sub(live, 0, 1);
  return now;
};
export const countThenWait = async (mark, ms) => {
  Atomics.add(mark, 0, 1);
  await wait(ms);
  return Atomics.load(mark, 0);
};
export const spinThenCount = (ms, ended) => {
  spin(ms);
  Atomics.add(ended, 0, 1);
};

export const tell = (steps, ms) => {
  for (let step = 1; step <= steps; step++) {
    progress({ step });
    spin(ms);
  }
  return 'told';
};
/** For ever in the core's heap, and deaf. */
export const tellForEver = () => {
  for (let step = 0; ; step++) progress({ step });
};
export const poll = (started) => {
  Atomics.store(started, 0, 1);
  for (;;) throwIfCancelled();
};
/** A new array, or the part of one from `low`. */
export const make = (length, low = 0) => {
  const made = array(Float64Array, length);
  for (let idx = 0; idx < length; idx++) made[idx] = idx;
  return low ? made.subarray(low) : made;
};
/** Polls once a millisecond until told to end, and counts. */
export const pollUntil = (polls, stop) => {
  while (!Atomics.load(stop, 0)) {
    spin(1);
    throwIfCancelled();
    Atomics.add(polls, 0, 1);
  }
  return 'polled';
};
export const pollCount = (polls) => Atomics.load(polls, 0);
/** What there is in a moved buffer, and the answer of the other end of a port. */
export const moved = async (buffer, port) => {
  if (!port) return new Uint8Array(buffer)[0];
  const answer = new Promise((resolve) => {
    port.onmessage = ({ data }) => resolve(data);
  });
  port.postMessage(new Uint8Array(buffer)[0]);
  return answer;
};
export const textOf = (blob) => blob.text();
export const spawnSum = (buffer, low, high) => {
  if (high - low < 100) return new Uint8Array(buffer, low, high - low).reduce((a, b) => a + b, 0);
  const middle = (low + high) >> 1;
  const right = spawn(spawnSum, buffer, middle, high);
  return spawnSum(buffer, low, middle) + right.join();
};

/* Loops of tasks that are not plain. */
export const addLater = async (low, high, array) => {
  await null;
  for (let idx = low; idx < high; idx++) Atomics.add(array, idx, 1);
};
export function* addInTurns(low, high, array) {
  for (let idx = low; idx < high; idx++) {
    yield;
    Atomics.add(array, idx, 1);
  }
}
export const lettersLater = async (low, high) => {
  await null;
  return letters(low, high);
};
export const letters = (low, high) =>
  Array.from({ length: high - low }, (_, idx) => String.fromCharCode(97 + ((low + idx) % 26))).join(
    '',
  );
export const joinLater = async (left, right) => {
  await null;
  return left + right;
};
export const failLater = async (low, _high, at) => {
  await new Promise((done) => setTimeout(done, low === at ? 1 : 30_000));
  throw new RangeError(`from ${low}`);
};
/** A part of an array that it makes. */
export const makePart = (count, from) => array(Int32Array, count).fill(7).subarray(from);
export const giveK = (_low, _high, { k }) => k;
export const addK = (_low, _high, { k }, sum) => {
  Atomics.add(sum, 0, k);
};
/** Both halves of a new array, and the whole. */
export const parts = (length) => {
  const all = array(Float64Array, length);
  for (let at = 0; at < length; at++) all[at] = at;
  return [all.subarray(0, length / 2), all.subarray(length / 2), all];
};
export const lengthLater = async (low, high) => high - low;
export const addSlowly = async (a, b) => {
  await wait(20);
  return a + b;
};
