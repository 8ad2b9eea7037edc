// tasks.js: fib in JavaScript by nested spawns, for penny.worker.js.
import * as penny from '../../js-glue/worker.js';

const { spawn } = penny;

/** No cutoff: every call spawns one. */
export function fibSpawn(n) {
  if (n < 2) return n;
  const right = spawn(fibSpawn, n - 2);
  const left = fibSpawn(n - 1);
  return left + right.join();
}

const serialFib = (n) => (n < 2 ? n : serialFib(n - 1) + serialFib(n - 2));

/** Below the cutoff it goes on without spawns, as programs for other pools have to. */
export function fibCutoff(n, cutoff) {
  if (n <= cutoff) return serialFib(n);
  const right = spawn(fibCutoff, n - 2, cutoff);
  const left = fibCutoff(n - 1, cutoff);
  return left + right.join();
}
