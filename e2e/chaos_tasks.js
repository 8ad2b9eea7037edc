// chaos_tasks.js: the tasks of chaos.js: every kind, and every way to spawn, wait, fail and tell.
import { array, currentTask, progress, spawn, throwIfCancelled } from '../js-glue/worker.js';

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const spin = (ms) => {
  for (const end = performance.now() + ms; performance.now() < end; );
};
export const next = (n) => n + 1;
export function fib(n) {
  if (n < 2) return n;
  const right = spawn(fib, n - 2);
  return fib(n - 1) + right.join();
}
export const later = async (ms, value) => {
  await sleep(ms);
  return value;
};
/** How many leaves a tree has whose nodes are plain, async or generator tasks, by the seed. */
export const leaf = () => 1;
const kindOf = (seed) => [plain, tree, turns, leafless][seed % 3];
export function plain(depth, width, seed) {
  if (!depth) return 1;
  const handles = Array.from({ length: width }, (_, n) => spawn(plain, depth - 1, width, seed + n));
  let sum = 0;
  while (handles.length) sum += handles.pop().join();
  return sum;
}
export async function tree(depth, width, seed) {
  if (!depth) return 1;
  const handles = [];
  for (let n = 0; n < width; n++) {
    const other = seed * 31 + n * 7;
    if (other % 5 === 0) await null;
    if (other % 7 === 0) await sleep(other % 4);
    handles.push(spawn(kindOf(other), depth - 1, width, other));
  }
  if (seed % 2) return (await Promise.all(handles)).reduce((a, b) => a + b, 0);
  let sum = 0;
  for (const handle of handles) sum += await handle;
  return sum;
}
export function* turns(depth, width, seed) {
  if (!depth) return 1;
  let sum = 0;
  const handles = [];
  for (let n = 0; n < width; n++) {
    if ((seed + n) % 3 === 0) yield;
    handles.push(spawn(kindOf(seed + n), depth - 1, width, seed + n + 1));
  }
  for (const handle of handles) sum += yield handle;
  return sum;
}
export const leafless = turns;
export function* steps(count, ms) {
  let done = 0;
  for (; done < count; done++) {
    if (ms === 1) spin(0.1);
    yield ms === 2 && done % 5 === 0 ? sleep(1) : undefined;
  }
  return done;
}
export const makes = (length, value) => array(Float64Array, length).fill(value);
/** Three arrays that children make, summed when all are there; `how`: when they are spawned. */
export async function sums(length, how) {
  const one = spawn(makes, length, 1);
  if (how === 1) await sleep(2);
  if (how === 2) await null;
  const two = await spawn(makes, length, 2);
  const first = await one;
  let sum = 0;
  for (let n = 0; n < length; n++) sum += first[n] + two[n];
  return sum;
}
export async function tells(count) {
  const task = currentTask();
  for (let n = 1; n <= count; n++) {
    task.progress(n);
    if (n % 4 === 0) await sleep(1);
  }
  return count;
}
export const tellsPlainly = (n) => progress(n);
export const bytes = (buffer) => new Uint8Array(buffer).reduce((a, b) => a + b, 0);
const failure = (how) => Object.assign(new RangeError('chaos fails'), { how });
export const failsPlainly = (how) => {
  throw failure(how);
};
export async function fails(how) {
  if (how === 0) throw failure(how);
  // It ends with this one.
  if (how === 3) spawn(yields);
  await (how === 1 ? null : sleep(1));
  if (how === 1) throw failure(how);
  spawn(later, 5, 0);
  if (how === 2) await spawn(failsPlainly, how);
  throw failure(how);
}
/** Goes on for ever: polls, is deaf, or waits for a child that is. */
export async function endless(how) {
  if (how === 2) await spawn(polls);
  for (;;) {
    if (how === 0) throwIfCancelled();
  }
}
export function* yields() {
  for (;;) yield;
}
export const polls = () => {
  for (;;) throwIfCancelled();
};
export const leave = () => {
  close();
};
export const adds = (low, high, array, value) => {
  for (let at = low; at < high; at++) array[at] += value;
};
export const sumOf = (low, high) => {
  let sum = 0;
  for (let n = low; n < high; n++) sum += n;
  return sum;
};
export const add = (a, b) => a + b;
export const sizeOf = async (blob) => (await blob.text()).length;
export const asks = (port, value) =>
  new Promise((done) => {
    port.onmessage = ({ data }) => {
      port.close();
      done(data);
    };
    port.postMessage(value);
  });
