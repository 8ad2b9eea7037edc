// script-tasks.js: tasks beside a script tag: they know the package as the global Penny.
export * from './tiny/tasks.js';

export function fib(n) {
  if (n < 2) return n;
  const right = Penny.spawn(fib, n - 2);
  return fib(n - 1) + right.join();
}
