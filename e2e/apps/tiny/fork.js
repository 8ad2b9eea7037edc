// fork.js: a task that spawns, for the worker alone; minified, it is still found by identity.
import { spawn } from 'penny-runtime/worker';

export function fib(n) {
  if (n < 2) return n;
  const right = spawn(fib, n - 2);
  return fib(n - 1) + right.join();
}
