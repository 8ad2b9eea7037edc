// spawn_tasks.js: fib by spawns and by calls, for spawn.test.js.
import { spawn } from '../../js-glue/worker.js';

export function fib(n) {
  if (n < 2) return n;
  const right = spawn(fib, n - 2);
  const left = fib(n - 1);
  return left + right.join();
}
const plainFib = (n) => (n < 2 ? n : plainFib(n - 1) + plainFib(n - 2));

/** The milliseconds of both. */
export function timeBoth(n) {
  return [plainFib, fib].map((of) => {
    const start = performance.now();
    of(n);
    return performance.now() - start;
  });
}
