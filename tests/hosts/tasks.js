// tasks.js: the tasks of the host tests. The worker's side is imported a second time here, beside
// the copy in the built-in worker: both are one runtime.
import { currentTask, parallelFor, spawn } from '../../dist/worker.js';

export function fib(n) {
  if (n < 2) return n;
  const right = spawn(fib, n - 2);
  const left = fib(n - 1);
  return left + right.join();
}
export const add = (a, b) => a + b;
export const echo = (value) => value;
export const later = async (ms, value) => {
  await new Promise((done) => setTimeout(done, ms));
  return value;
};
export const fail = () => {
  throw Object.assign(new TypeError('it failed', { cause: 'why' }), { code: 'E_OWN' });
};
export const fill = (array, value) => {
  array.fill(value);
};
export const square = (array) => {
  parallelFor(squarePart, 0, array.length, { args: [array] });
};
export const squarePart = (begin, end, array) => {
  for (let idx = begin; idx < end; idx++) array[idx] = idx * idx;
};
export const spin = () => {
  for (;;);
};
export const tell = async () => {
  const task = currentTask();
  for (let step = 1; step <= 3; step++) {
    task.progress(step);
    await new Promise((done) => setTimeout(done, 50));
  }
};
export const leave = () => close();
export const exit = () => process.exit();
export const stray = async () => {
  Promise.reject(new RangeError('nobody holds this'));
  return 'kept';
};
