// types.mts: what a program in TypeScript may write, and what it may not. Compiled by types.test.js, never run.
import { createPool, isSupported, type PennyError } from '../../js-glue/index.js';
import { serve } from '../../js-glue/worker.js';

const tasks = { fib: (n: number) => n, later: async (text: string) => text.length };
serve(tasks);
const pool = await createPool<typeof tasks>({ workers: 2 });
export const fib: number = await pool.run('fib', [3]);
export const byFunction: number = await pool.run(tasks.fib, [3]);
export const later: number = await pool.tasks.later('text');
export const array: Float64Array = pool.array(Float64Array, 10);
pool.free(array);
// @ts-expect-error: fib takes a number
pool.run('fib', ['text']);
// @ts-expect-error: there is no such task
pool.run('nosuch', []);
pool.addEventListener('workererror', (event) => {
  const error: PennyError = event.error;
  console.log(error.code, event.worker);
});
export const isGood: boolean = isSupported().ok;
const untyped = await createPool();
await untyped.run('anything', [1, 'two']);
export const result: number | bigint | boolean | undefined = await untyped.call('fib', [3]);
