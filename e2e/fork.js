// fork.js: JavaScript tasks that spawn others, for the tests.
import { spawn } from '/js-glue/worker.js';

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
