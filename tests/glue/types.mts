// types.mts: what a program in TypeScript may write, and what it may not. Compiled by
// static.test.js, never run.
import {
  createPool,
  isSupported,
  type PennyError,
  type Pool,
  type WorkerErrorEvent,
} from '../../js-glue/index.js';
import {
  array as arrayInTask,
  currentTask,
  invoke,
  isCancelled,
  parallelFor,
  progress,
  reduce,
  serve,
  spawn,
  throwIfCancelled,
  workerId,
} from '../../js-glue/worker.js';

const tasks = {
  fib: (n: number) => n,
  later: async (text: string) => text.length,
  none: () => true,
  optional: (n?: number) => `${n}`,
  generator: function* (n: number): Generator<string, bigint, void> {
    yield 'step';
    return BigInt(n);
  },
  fill: (_low: number, _high: number, array: Float64Array, value: number) => void array.fill(value),
  sum: (_low: number, _high: number, _array: Float64Array) => 1.5,
  add: (a: number, b: number) => a + b,
  join: (a: string, b: string) => a + b,
};
serve(tasks);
const pool = await createPool<typeof tasks>({ workers: 2, module: tasks, debug: true });
export const fib: number = await pool.run('fib', [3]);
export const byFunction: number = await pool.run(tasks.fib, [3]);
export const later: number = await pool.tasks.later('text');
export const none: boolean = await pool.run('none');
export const optional: string = await pool.run('optional', [], { timeout: 5, retry: true });
// What is left out may be given as undefined, with exactOptionalPropertyTypes, too.
export const forwarded = (signal?: AbortSignal, grain?: number) => [
  createPool({ signal, workers: grain, memory: { maximumBytes: grain } }),
  pool.run('fib', [3], { signal, timeout: grain, onProgress: undefined }),
  pool.map('fib', [3], { signal, concurrency: grain }),
  pool.parallelFor('fill', 0, 1, { signal, grain, args: [new Float64Array(1), 2] }),
  pool.sort(pool.array(Int32Array, 1), { descending: undefined, comparator: undefined }),
  pool.array(Int32Array, 1, { isZeroed: undefined }),
];
export const generated: bigint = await pool.run('generator', [5]);
export const array: Float64Array = pool.array(Float64Array, 10);
pool.free(array);
{
  using scoped = pool.array(Int32Array, [1, 2]);
  scoped[0] = 3;
}
export const longs: BigInt64Array = pool.array(BigInt64Array, [1n]);
// @ts-expect-error: its elements are bigints
pool.array(BigInt64Array, [1]);
// @ts-expect-error: its elements are numbers
pool.array(Float64Array, new Set([1n]));
// @ts-expect-error: fib takes a number
pool.run('fib', ['text']);
// @ts-expect-error: fib needs its argument
pool.run('fib');
// @ts-expect-error: one, not two
pool.run('fib', [1, 2]);
{
  await using scoped = await createPool<typeof tasks>();
  await scoped.run('fib', [3]);
}
// @ts-expect-error: there is no such task
pool.run('nosuch', []);
// @ts-expect-error: there is no such option
pool.run('fib', [1], { timeOut: 5 });
// @ts-expect-error: a signal, not its controller
pool.run('fib', [1], { signal: new AbortController() });
// @ts-expect-error: its result is a number
export const wrongResult: string = await pool.run('fib', [3]);
pool.run('fib', [1], { onProgress: (value: unknown) => console.log(value) });
pool.run('fib', [1], { transfer: [new ArrayBuffer(1), new MessageChannel().port1] });

export const mapped: number[] = await pool.map('later', ['a', 'b'], { concurrency: 3 });
export const byIterable: number[] = await pool.map(tasks.fib, new Set([1, 2]));
// @ts-expect-error: later takes strings
pool.map('later', [1, 2]);
// @ts-expect-error: a number cannot be iterated
pool.map('fib', 5);
export const without: boolean[] = await pool.map('none', [1, 'two']);
// @ts-expect-error: the index that follows the item is no string
pool.map('join', ['a']);
// @ts-expect-error: nobody gives fill an array
pool.map(tasks.fill, [1]);
const endless = async function* () {
  for (;;) yield 1;
};
for await (const value of pool.stream('fib', endless())) {
  const one: number = value;
  if (one) break;
}
// @ts-expect-error: there is no such task
pool.stream('nosuch', []);

await pool.parallelFor('fill', 0, 10, { args: [array, 2], grain: 5 });
await pool.parallelFor('add', 0, 10, { onProgress: (done, total) => console.log(done, total) });
// @ts-expect-error: fill needs an array and a value
pool.parallelFor('fill', 0, 10);
// @ts-expect-error: a range is two numbers
pool.parallelFor('join', 0, 10);
// @ts-expect-error: the value is a number
pool.parallelFor('fill', 0, 10, { args: [array, 'two'] });
export const reduced: number = await pool.reduce('sum', 0, 10, {
  args: [array],
  init: 0,
  combine: 'add',
});
// @ts-expect-error: join combines strings
pool.reduce('sum', 0, 10, { args: [array], init: 0, combine: 'join' });
// @ts-expect-error: init is a number
pool.reduce('sum', 0, 10, { args: [array], init: '', combine: 'add' });
// @ts-expect-error: combine is needed
pool.reduce('sum', 0, 10, { args: [array], init: 0 });
await pool.reduce(tasks.add, 0, 10, { init: 0, combine: tasks.add });
// @ts-expect-error: so it is where there are no args
pool.reduce('add', 0, 10);
// @ts-expect-error: join combines strings
pool.reduce('add', 0, 10, { init: 0, combine: tasks.join });

pool.addEventListener('workererror', (event) => {
  const error: PennyError = event.error;
  console.log(error.code, event.worker);
});
const heard = (event: WorkerErrorEvent) => console.log(event.worker);
pool.addEventListener('workererror', heard, { once: true, signal: new AbortController().signal });
pool.removeEventListener('workererror', heard, { capture: true });
pool.addEventListener('workerrestart', { handleEvent: ({ worker }) => console.log(worker) }, true);
pool.addEventListener('other', (event) => console.log(event.type));
pool.removeEventListener('other', null);
// @ts-expect-error: there is no such option
pool.addEventListener('workererror', heard, { twice: true });
// @ts-expect-error: a restart has no error
pool.addEventListener('workerrestart', heard);
export const isGood: boolean = isSupported().ok;
const untyped = await createPool();
await untyped.run('anything', [1, 'two']);
await untyped.run('nothing');
await untyped.map('anything', [1, 'two']);
await untyped.parallelFor('anything', 0, 5, { args: [1] });
await untyped.reduce('anything', 0, 5, { init: 0, combine: 'other' });
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

// A module that exports more than functions.
const mixed = { ...tasks, VERSION: 1 };
const other: Pool<typeof mixed> = await createPool<typeof mixed>();
await other.run('fib', [1]);
// @ts-expect-error: no function
other.run('VERSION', []);
const ordered = await createPool<{ byAge: (a: number, b: number) => number }>();
await ordered.sort(ordered.array(Int32Array, 4), { comparator: 'byAge' });
// @ts-expect-error: there is no such comparator
ordered.sort(ordered.array(Int32Array, 4), { comparator: 'byName' });

// @ts-expect-error: no function
other.sort(array, { comparator: 'VERSION' });
// @ts-expect-error: no function
other.sort(array, { comparator: mixed.VERSION });
await other.sort(array, { comparator: mixed.add });
// @ts-expect-error: it compares strings
other.sort(array, { comparator: 'join' });

// What takes any pool.
const look = (any: Pool<object>) => any.stats().pending + any.size;
const runFib = (one: Pool<{ fib: (n: number) => number }>) => one.run('fib', [3]);
export const ran: number[] = [await runFib(pool), await runFib(other)];
// @ts-expect-error: it has no fib
runFib(ordered);
export const looked: number[] = [look(pool), look(untyped), look(other), look(ordered)];

// What `wasm` and `transfer` take.
const bytes = new Uint8Array(8);
const compiled = await WebAssembly.compile(bytes);
for (const wasm of ['k.wasm', new URL('a:b'), bytes, bytes.buffer, compiled]) createPool({ wasm });
// @ts-expect-error: no module
createPool({ wasm: 5 });
// @ts-expect-error: the promise of one
createPool({ wasm: WebAssembly.compile(bytes) });
pool.run('fib', [1], { transfer: [new TransformStream(), new OffscreenCanvas(1, 1)] });
// @ts-expect-error: a list
pool.run('fib', [1], { transfer: new ArrayBuffer(1) });

// The worker's side.
class Unpaid extends Error {
  constructor(readonly cents: number) {
    super('unpaid');
  }
}
serve({ ...tasks, VERSION: 1 }, { errors: [Unpaid, RangeError] });
serve();
// @ts-expect-error: classes of errors
serve(tasks, { errors: [Map] });
// @ts-expect-error: there is no such option
serve(tasks, { error: [Unpaid] });
await createPool({ errors: [Unpaid] });
// @ts-expect-error: classes, not their names
await createPool({ errors: ['Unpaid'] });

function recursive(n: number): number {
  if (n < 2) return n;
  const right = spawn(recursive, n - 2);
  return recursive(n - 1) + right.join();
}
export const joined: number = spawn(recursive, 5).join();
export const text: string = spawn(tasks.optional).join();
export const awaited: number = await spawn(tasks.fib, 3);
export const fromAsync: number = await spawn(tasks.later, 'text');
export const fromGenerator: bigint = await spawn(tasks.generator, 3);
// @ts-expect-error: its promise cannot be joined
spawn(tasks.later, 'text').join();
// @ts-expect-error: a generator's neither
spawn(tasks.generator, 3).join();
// @ts-expect-error: fib takes a number
spawn(tasks.fib, 'three');
// @ts-expect-error: fib needs its argument
spawn(tasks.fib);
// @ts-expect-error: one, not two
spawn(tasks.fib, 1, 2);
// @ts-expect-error: a function, not its name
spawn('fib', 1);
// @ts-expect-error: its result is a number
export const wrongJoin: string = spawn(tasks.fib, 1).join();

const both: [number, string, boolean] = invoke(
  [tasks.fib, 1],
  [tasks.join, 'a', 'b'],
  [tasks.none],
);
export const swapped: [string, number] = [both[1], both[0]];
// @ts-expect-error: join takes two strings
invoke([tasks.fib, 1], [tasks.join, 'a', 5]);
// @ts-expect-error: fib needs its argument
invoke([tasks.fib], [tasks.none]);
// @ts-expect-error: nobody can join an async one
invoke([tasks.fib, 1], [tasks.later, 'a']);
// @ts-expect-error: calls are arrays, a function and its arguments
invoke(tasks.fib, 1);

parallelFor(tasks.fill, 0, 10, { args: [array, 2], grain: 5 });
parallelFor((_low: number, _high: number) => {}, 0, 10);
// @ts-expect-error: fill needs an array and a value
parallelFor(tasks.fill, 0, 10);
// @ts-expect-error: the value is a number
parallelFor(tasks.fill, 0, 10, { args: [array, 'two'] });
// @ts-expect-error: a range is two numbers
parallelFor(tasks.join, 0, 10);
// @ts-expect-error: nobody can join an async one
parallelFor(async () => {}, 0, 10);
// @ts-expect-error: there is no such option
parallelFor(tasks.fill, 0, 10, { args: [array, 2], step: 5 });
export const total: number = reduce(tasks.sum, 0, 10, {
  args: [array],
  init: 0,
  combine: tasks.add,
});
// @ts-expect-error: join combines strings
reduce(tasks.sum, 0, 10, { args: [array], init: 0, combine: tasks.join });
// @ts-expect-error: combine is needed
reduce(tasks.sum, 0, 10, { args: [array], init: 0 });
// @ts-expect-error: init is a number
reduce(tasks.sum, 0, 10, { args: [array], init: 'zero', combine: tasks.add });

const task = currentTask();
task.progress({ done: 1 });
progress(0.5);
if (isCancelled() || task.isCancelled()) throwIfCancelled();
export const ints: Int32Array = arrayInTask(Int32Array, 5);
export const doubles: Float64Array = task.array(Float64Array, 5);
// @ts-expect-error: a length, not values
arrayInTask(Int32Array, [1, 2]);
// @ts-expect-error: nothing holds strings
arrayInTask(Array, 5);
export const id: number = workerId();
