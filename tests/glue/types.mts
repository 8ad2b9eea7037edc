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
export const sorted: Float32Array = await untyped.sort(untyped.array(Float32Array, 4), {
  descending: true,
  timeout: 100,
});
export const scanned: Int8Array = await untyped.scan(untyped.array(Int8Array, 4), {
  exclusive: true,
});
export const sum: number = await untyped.sum(untyped.array(Float64Array, 4));
export const bigSum: bigint = await untyped.sum(untyped.array(BigInt64Array, 4));
export const wideSum: number | bigint = await untyped.sum(untyped.array(Uint32Array, 4));
export const least: number | undefined = await untyped.min(untyped.array(Uint8Array, 4));
export const greatest: bigint | undefined = await untyped.max(untyped.array(BigUint64Array, 4));
// @ts-expect-error: there is nothing to sort in a DataView
untyped.sort(new DataView(new ArrayBuffer(8)));
