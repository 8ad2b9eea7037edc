/// <reference lib="esnext.disposable" />
// index.d.ts: the page's side of penny-runtime.
//
// A *pool* is a shared WebAssembly memory and some *workers*, each of which runs the same module on
// it. A *task* is a function that a worker runs: a C function of the module (`call`) or a
// JavaScript function of the workers' own file (`run`). Tasks spawn further ones, which idle
// workers steal. Nothing here ever blocks the page's thread; all of it belongs to the thread that
// made the pool. What a task wrote to shared memory is visible to whoever awaited its promise.
//
//   const pool = await createPool({ wasm: '/kernels.wasm' });
//   await pool.call('fib', [30]); // 832040n
//   await pool.dispose();

/** The constructor of a typed array that can live in shared memory, by the array that it makes. */
export interface ArrayTypeOf<A extends ArrayBufferView> {
  /** As of Float64Array and the other typed arrays. */
  new (buffer: SharedArrayBuffer, byteOffset?: number, length?: number): A;
  /** 1, 2, 4 or 8. */
  readonly BYTES_PER_ELEMENT: number;
}

/** What sort, scan, sum, min and max work on. */
export type PoolArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

/**
 * An argument of a C task: integers and floats are numbers, int64 is a bigint, bool a boolean, a
 * pointer an array or null.
 */
export type CallArgument = number | bigint | boolean | ArrayBufferView | null;
/** What a C task gives back: a pointer is its address. */
export type CallResult = number | bigint | boolean | undefined;

// biome-ignore lint/suspicious/noExplicitAny: any function is a task.
type AnyTask = (...args: any[]) => unknown;
/** Functions by name: what a worker serves. */
export type Tasks = Record<string, AnyTask>;
/** The names of the functions in a module of tasks, which may export other things, too. */
export type TaskName<T> = {
  [K in keyof T]: T[K] extends AnyTask ? K : never;
}[keyof T] &
  string;
/** A task of such a module: by its name, or with the option `module` the function itself. */
export type TaskOf<T> = TaskName<T> | T[TaskName<T>];
type FunctionOf<T, F> = F extends keyof T ? T[F] : F;
/** The parameters of a task. */
export type TaskParameters<T, F> =
  FunctionOf<T, F> extends (...args: infer P) => unknown ? P : never;
/** What awaiting a task gives: for a generator function what it returns, not what it yields. */
export type TaskResult<T, F> =
  FunctionOf<T, F> extends (...args: never[]) => infer R
    ? R extends Generator<unknown, infer V, never> | AsyncGenerator<unknown, infer V, never>
      ? Awaited<V>
      : Awaited<R>
    : never;
/** Arguments and options of a call: both may be left out where the task needs no argument. */
type RunArguments<P extends readonly unknown[], O> = [] extends P
  ? [args?: Readonly<P>, options?: O]
  : [args: Readonly<P>, options?: O];
/** The parameters of a task after its first two. */
type AfterRange<P extends readonly unknown[]> = P extends readonly [unknown?, unknown?, ...infer R]
  ? R
  : never;
type RangeArgs<T, F> = AfterRange<TaskParameters<T, F>>;
/** What is passed on to a task after its range: may be left out where there is nothing. */
type RangeOptions<P extends readonly unknown[], O> = [] extends P
  ? [options?: O & { args?: Readonly<P> | undefined }]
  : [options: O & { args: Readonly<P> }];
/** The same where the options are not to be left out. */
type ReduceOptions<P extends readonly unknown[], O> = O &
  ([] extends P ? { args?: Readonly<P> | undefined } : { args: Readonly<P> });
/** The tasks that can be called with arguments A: by name, or the function itself. */
type TaskFor<T, A extends readonly unknown[], R = unknown> = {
  [K in TaskName<T>]: T[K] extends (...args: A) => R ? K | T[K] : never;
}[TaskName<T>];
/** Those for `map` and `stream`: of an item and its index. */
type ItemTask<T> = TaskFor<T, [item: never, nth: number]>;
type Item<T, F> = TaskParameters<T, F> extends [] ? unknown : TaskParameters<T, F>[0];
/** Those for loops: of a range and what follows it. */
type RangeTask<T> = TaskFor<T, [low: number, high: number, ...rest: never[]]>;
/** Those that put two results of type R together. */
type CombineTask<T, R> = TaskFor<T, [left: R, right: R], R | Promise<R>>;
/** What the elements of a typed array are. */
type ElementOf<A> = A extends { readonly [at: number]: infer E } ? E : never;

/** A Web Worker; in Node, Deno and Bun a Worker of node:worker_threads. */
export interface WorkerLike {
  /** Used to start the worker, and for what is transferred; never for ordinary arguments. */
  // biome-ignore lint/suspicious/noExplicitAny: hosts differ in what they transfer.
  postMessage(message: any, transfer?: any): void;
  /** Called by `dispose`, and when a task has to be ended that never polls. */
  terminate(): unknown;
}

// Own names for what only the DOM's library declares: programs for Node compile without that.
/** A WebAssembly.Module: TypeScript knows no member of it. */
type CompiledModule = object & { readonly then?: never };
/** What structuredClone transfers here: the DOM's Transferable, or Node's. */
type Transferred = NonNullable<
  NonNullable<Parameters<typeof structuredClone>[1]>['transfer']
>[number];
/** As of addEventListener. */
type Listener<E> = ((event: E) => void) | { handleEvent(event: E): void } | null;
type RemoveOptions = boolean | { capture?: boolean | undefined };
type ListenOptions =
  | boolean
  | {
      capture?: boolean | undefined;
      once?: boolean | undefined;
      passive?: boolean | undefined;
      signal?: AbortSignal | undefined;
    };

/** Options of createPool; all may be left out. */
export interface PoolOptions<T extends object = Tasks> {
  /**
   * Makes worker number `id`; its file calls `serve(tasks)` of penny-runtime/worker. Not together
   * with `tasks`. Default: the built-in worker.
   */
  worker?: ((id: number) => WorkerLike) | undefined;
  /**
   * A module whose exported functions are tasks, relative to the page: the built-in worker imports
   * it.
   */
  tasks?: string | URL | undefined;
  /** The tasks' own namespace, where the page has it too: lets `run` take the function itself. */
  module?: T | undefined;
  /**
   * A module built by penny_add_module: its address, its bytes, or itself. Default: the core,
   * without C tasks. In Safari rather not itself: there each worker compiles its own, of the bytes, because an error of
   * WebKit 2.50 may end the page where threads share a module with SIMD.
   */
  wasm?: string | URL | ArrayBuffer | ArrayBufferView | CompiledModule | undefined;
  /** Workers, 1 to 256. Default: one for each core. */
  workers?: number | undefined;
  /**
   * With more workers than this, what tasks spawn (loops, too) wakes no more of them than this: more threads than
   * cores only take the cores from each other. Tasks of `run`, `call`, `map` and `stream` wake any worker that sleeps. Give the
   * number of workers if what your tasks spawn blocks its worker. 1 to 256; default: the machine's cores
   * (`navigator.hardwareConcurrency`).
   */
  cores?: number | undefined;
  /** How many there may ever be, up to 256. Default: twice `workers`. */
  maxWorkers?: number | undefined;
  /**
   * Bytes of the heap: `maximumBytes` from 1 MiB to 4 GiB (default 512 MiB), `initialBytes` at most
   * that (default: little).
   */
  memory?: { initialBytes?: number | undefined; maximumBytes?: number | undefined } | undefined;
  /**
   * Where there is no shared memory (a page that is not cross-origin isolated): run on one worker, by messages,
   * instead of rejecting with PENNY_ENOISOLATION. Arrays of the pool are ordinary ones there, copied in and
   * written back when the call settles; a task that runs sees its abort only after it has given way; `wasm` may
   * not be a compiled module. Elsewhere it changes nothing.
   */
  fallback?: 'single' | undefined;
  /** Notes what the workers do, for `trace()`. Default: false. */
  trace?: boolean | undefined;
  /**
   * Classes of your own with which errors of tasks arrive, found by their name; `serve` takes the
   * same list. Others arrive as the nearest built-in class, with their name.
   */
  // biome-ignore lint/suspicious/noExplicitAny: constructors do not run.
  errors?: ReadonlyArray<new (...args: any[]) => Error> | undefined;
  /** Names the built-in workers in the debugger. */
  name?: string | undefined;
  /** Ends the start: `createPool` then rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /**
   * How long a running task has after its abort or timeout, or after `dispose`, before its worker is
   * ended, in milliseconds. The worker is then replaced, unless the pool is being disposed of. Default:
   * 1000. (Chromium takes up to 2 seconds more to end a worker that is busy.)
   */
  graceMs?: number | undefined;
  /** How long the start may take, in milliseconds. Default: 10,000. */
  startTimeoutMs?: number | undefined;
  /**
   * For development: what `free` gives back is overwritten, so that later use shows, and arguments
   * of spawned tasks are always copied, as they are when a task is stolen; what only messages carry (a Blob, a
   * SharedArrayBuffer) is refused there, in `args` of a loop, too. Default: false.
   */
  debug?: boolean | undefined;
}

/** What every call on a pool takes. */
export interface TaskOptions {
  /**
   * Abort rejects at once with the signal's reason; queued tasks do not start, running ones end at
   * their next spawn, sync or poll.
   */
  signal?: AbortSignal | undefined;
  /**
   * The same after so many milliseconds, with a DOMException named TimeoutError. Default: none.
   */
  timeout?: number | undefined;
  /**
   * What starts first. 'user-blocking' goes before all that waits, and where no worker is idle it
   * starts at the next spawn, join or poll of a running task, on top of it. 'background' starts when
   * nothing else waits, and once in 48 starts of a worker, so that it never starves. What a task
   * spawns or detaches is as urgent as itself. Default: 'user-visible'.
   */
  priority?: 'user-blocking' | 'user-visible' | 'background' | undefined;
}

/** Options of sort. `K`: the tasks that may be comparators. */
export interface SortOptions<K = unknown> extends TaskOptions {
  /** Greatest first; with a comparator, its reverse. Default: false. */
  descending?: boolean | undefined;
  /**
   * A plain task, (a, b) => number as for Array.prototype.sort, that orders the elements; the sort is then
   * stable, runs in JavaScript, and calls it about n * log2(n) times: some 17 times slower than
   * without.
   */
  comparator?: K | undefined;
}

/** Options of scan. */
export interface ScanOptions extends TaskOptions {
  /** Without the element itself: the first becomes 0. Default: false. */
  exclusive?: boolean | undefined;
}

/** Options of run, for one JavaScript task. */
export interface RunOptions extends TaskOptions {
  /**
   * Gets what the task gives to `progress`: the newest value, at most once a frame and once more
   * before the promise resolves. What it throws is an uncaught error of the page.
   */
  onProgress?: ((value: unknown) => void) | undefined;
  /**
   * Runs the task again, up to three times, when the worker that had begun it is lost: for tasks
   * that may run twice.
   */
  retry?: boolean | undefined;
  /**
   * What is moved to the worker that runs the task, not copied, as by postMessage: ArrayBuffer,
   * MessagePort, ImageBitmap, OffscreenCanvas, streams. It is detached here at the call. Costs a
   * message to the worker and one back, some 100 microseconds; list only what is among the arguments. A
   * task that has got it is never run again. Arrays of this pool need none of it.
   */
  transfer?: readonly Transferred[] | undefined;
}

/** `done` counts what has ended; `total` is undefined where it is not known before. */
export type CountProgress = (done: number, total: number | undefined) => void;

/** Options of map and stream. */
export interface MapOptions extends TaskOptions {
  /**
   * How many items may be with tasks at once. Default: two batches for each worker, where a batch
   * grows from one item to about a millisecond of work; for tasks that mostly wait, say how many.
   */
  concurrency?: number | undefined;
  /** At most once a frame, and at the end. */
  onProgress?: CountProgress | undefined;
  /** As in RunOptions: a batch that was on a lost worker runs again. */
  retry?: boolean | undefined;
}

/** Options of the page's parallelFor and reduce. */
export interface RangeTaskOptions extends TaskOptions {
  /**
   * Pieces of this length are not split further. Default: for `parallelFor` what takes 0.1
   * milliseconds, as it measures; a 256th of the range for `reduce`.
   */
  grain?: number | undefined;
}

/** What one worker has done since it started. */
export interface WorkerStats {
  /** From 0; a worker that replaces a lost one has its id. */
  id: number;
  /** 'joining': it waits for a task that another worker runs; 'blocked': in a blocking call. */
  state: 'sleeping' | 'running' | 'blocked' | 'joining';
  /** Tasks spawned that were offered to others; those that nobody asked for are not counted. */
  spawns: number;
  /** Tasks that it took from others. */
  steals: number;
  /** Tasks that it ran while it waited for another. */
  joinsHelped: number;
  /** How often it offered spawned tasks to others, some at a time. */
  publishes: number;
  /** How often it went to sleep for want of work. */
  parks: number;
  /** Tasks from outside (call, run) that it began. */
  roots: number;
  /** Bytes of the heap blocks that it has taken, less those that it gave back, whoever took them. */
  heapBytes: number;
}

/** What `stats` gives. */
export interface PoolStats {
  /** By id. */
  workers: WorkerStats[];
  /** Promises that are not settled. */
  pending: number;
  /** Promises that were. */
  completed: number;
  /** Size of the shared memory now; it never shrinks. */
  memoryBytes: number;
  /** Arrays that were made and not freed. */
  arrays: number;
}

/** The JSON object form of the Trace Event Format. */
export interface Trace {
  /** In the order of each worker's time. */
  traceEvents: Array<{
    /** X: a root, a stolen task or a sleep; i: tasks published; M: a worker's name. */
    ph: 'X' | 'i' | 'M';
    /** The same for all. */
    pid: number;
    /** The worker's id. */
    tid: number;
    /** The task's, where it is one. */
    name: string;
    /** What an X is. */
    cat?: 'root' | 'stolen' | 'park';
    /** Begin, in microseconds of performance.now(). */
    ts?: number;
    /** Length of an X, in microseconds. */
    dur?: number;
    /** The scope of an i: its thread. */
    s?: 't';
    /** More about it, by name. */
    args?: Record<string, unknown>;
  }>;
  /** How Perfetto shows times. */
  displayTimeUnit: 'ms';
}

/**
 * A worker was lost or reported an uncaught error; `workerrestart` follows when it was replaced.
 */
export interface WorkerErrorEvent extends Event {
  /** Its id. */
  readonly worker: number;
  /** PENNY_EWORKER; its `cause` is what the worker reported, where it did. */
  readonly error: PennyError;
}

/** A lost worker was replaced: its successor, which has its id, runs tasks. */
export interface WorkerRestartEvent extends Event {
  /** Its id. */
  readonly worker: number;
}

/**
 * Workers on one shared memory, made by `createPool`. All of it is called on the thread that made
 * it, and nothing here waits: what takes time gives a promise. What a task wrote to shared memory is
 * visible to whoever awaited its promise. After `dispose` all but `size` and `stats` throws or rejects
 * with PENNY_ECLOSED.
 *
 * `T` is the task module, which types names, arguments and results:
 * `createPool<typeof import('./tasks.js')>(...)`.
 */
export interface Pool<T extends object = Tasks> extends EventTarget {
  /** Number of workers, as it was last asked for. */
  readonly size: number;
  /**
   * Each JavaScript task as a function of its own: `pool.tasks.fib(30)` is `pool.run('fib', [30])`.
   */
  readonly tasks: {
    [K in TaskName<T>]: (...args: TaskParameters<T, K>) => Promise<TaskResult<T, K>>;
  };

  /**
   * Runs the C task that the module exports as `symbol` (PENNY_EXPORT). Cost: about a microsecond on
   * the page, 10 to 30 until the result of an idle pool.
   * @param symbol the name that C gave it.
   * @param args one for each parameter; int64 takes a bigint, a pointer an array of this pool or
   * null.
   * @returns a promise of its result: int64 as a bigint, void as undefined.
   * @throws at once: TypeError for a wrong count or type, RangeError for 1.5 or 2 ** 40 where an
   * int32 is wanted, PennyError PENNY_ESYMBOL for an unknown symbol, PENNY_ECLOSED after dispose;
   * nothing was submitted then. Rejects with a PennyError when the task fails: PENNY_ETRAP,
   * PENNY_ESTACK, PENNY_ENOMEM, PENNY_EFAIL, PENNY_EWORKER, PENNY_ECLOSED; `task` names the task
   * that failed.
   * @example await pool.call('fib', [30]); // 832040n
   */
  call(symbol: string, args?: readonly CallArgument[], options?: TaskOptions): Promise<CallResult>;

  /**
   * Runs a JavaScript task of the workers: `run(task, args?, options?)`. Async ones are awaited. Cost:
   * a microsecond or two on the page for a few numbers, and what copying takes (docs/values.md).
   * @param task its name, or with the option `module` the function itself.
   * @param args copied as by structuredClone (docs/values.md); arrays of this pool are shared.
   * @returns a promise of its result, by the same rules; of a generator what it returns. An array that
   * the task made by `array` belongs to the page from then on: free it. A result cannot hold what needs
   * a message (Blob and the like; a SharedArrayBuffer only if it was among the arguments).
   * @throws at once: DataCloneError for what cannot be sent, PENNY_ESYMBOL for an unknown task, TypeError for
   * wrong options; nothing was sent or moved then.
   * Rejects with what the task threw: class, name, message, stack, code, cause and own properties
   * are kept; with PENNY_EWORKER when the worker that had begun it is lost; with the signal's reason or
   * a TimeoutError.
   * @example await pool.run('fib', [30], { timeout: 500 }); // 832040
   */
  run<F extends TaskOf<T>>(
    task: F,
    ...rest: RunArguments<TaskParameters<T, F>, RunOptions>
  ): Promise<TaskResult<T, F>>;

  /**
   * Runs a JavaScript task for each item: the task gets `(item, index)`. Items travel in batches of
   * about a millisecond of work.
   * @param task as for `run`.
   * @param items an array, a typed array, or anything that can be iterated, asynchronously too; it
   * may be endless for `stream`. Items are taken only as they are needed.
   * @returns a promise of the results in the order of the items.
   * @throws at once PENNY_ESYMBOL for an unknown task. Rejects with a TypeError for wrong options and when `items`
   * cannot be iterated; with the first failure, of a task or of the items themselves, which aborts the rest; so do
   * `signal` and `timeout`. However it ends, the iterator's `return` is called and nothing stays in flight.
   * @example await pool.map('fib', [1, 2, 3]); // [1, 1, 2]
   */
  map<F extends ItemTask<T>>(
    task: F,
    items: Iterable<Item<T, F>> | AsyncIterable<Item<T, F>>,
    options?: MapOptions,
  ): Promise<TaskResult<T, F>[]>;

  /**
   * As `map`, but results come as they are ready. Who reads slowly holds the items back; leaving the
   * loop ends all.
   * @returns an iterator that throws what `map` would reject with.
   * @example for await (const result of pool.stream('fib', endless())) if (result > 1000) break;
   */
  stream<F extends ItemTask<T>>(
    task: F,
    items: Iterable<Item<T, F>> | AsyncIterable<Item<T, F>>,
    options?: MapOptions,
  ): AsyncGenerator<TaskResult<T, F>, void, undefined>;

  /**
   * Runs a JavaScript task over the whole numbers from `begin` to before `end`, in pieces: it gets
   * `(low, high, ...args)`. Pieces are split when an idle worker asks. An empty range resolves at once.
   *
   * `parallelFor(task, begin, end, { args, grain, onProgress, signal, timeout, priority }?)`: `args` is
   * the array of what follows the range, copied as by `run`.
   * @param task as for `run`. Of an async one or a generator the pieces run side by side, each as a task of its
   * own: 64 of them, or what `grain` makes.
   * @throws at once PENNY_ESYMBOL for an unknown task. Rejects with a TypeError for numbers that are not
   * whole or a grain below 1, a DataCloneError for `args` that cannot be sent; with the
   * first failure, which ends the rest.
   * @example await pool.parallelFor('scale', 0, array.length, { args: [array, 3] });
   */
  parallelFor<F extends RangeTask<T>>(
    task: F,
    begin: number,
    end: number,
    ...rest: RangeOptions<
      RangeArgs<T, F>,
      RangeTaskOptions & { onProgress?: CountProgress | undefined }
    >
  ): Promise<void>;

  /**
   * The same, and puts the results of the pieces together by the task `combine`, which has to be
   * associative and gets neighbours in order. Where pieces are cut depends on `begin`, `end` and
   * `grain` only, so that sums of floats do not depend on the number of workers.
   *
   * `reduce(task, begin, end, { init, combine, args, grain, signal, timeout, priority })`: `init` is
   * the neutral value of `combine`, and the result of an empty range.
   * @param task as for `run`.
   * @returns a promise of all pieces' results, combined.
   * @throws as parallelFor; rejects with a TypeError without `combine`, PENNY_ESYMBOL for an unknown one.
   * @example await pool.reduce('sumOf', 0, array.length, { args: [array], init: 0, combine: 'add' });
   */
  reduce<F extends RangeTask<T>>(
    task: F,
    begin: number,
    end: number,
    options: ReduceOptions<
      RangeArgs<T, F>,
      RangeTaskOptions & { init: TaskResult<T, F>; combine: CombineTask<T, TaskResult<T, F>> }
    >,
  ): Promise<TaskResult<T, F>>;

  /**
   * A typed array in shared memory: workers see it without a copy. It stays valid while the memory
   * grows, until `free` or `dispose`.
   * @param Type Float64Array or another typed array.
   * @param lengthOrValues number of elements (zeroed, unless `isZeroed` is false), or what to copy
   * into it.
   * @throws PENNY_ENOMEM when the heap's maximum is reached, RangeError for an impossible length,
   * TypeError for what is no length and cannot be iterated, or has values of another type;
   * PENNY_ECLOSED.
   * @example const data = pool.array(Float64Array, 1_000_000);
   */
  array<A extends ArrayBufferView>(
    Type: ArrayTypeOf<A>,
    lengthOrValues: number | Iterable<ElementOf<A>>,
    options?: { isZeroed?: boolean | undefined },
  ): A & { [Symbol.dispose](): void };

  /**
   * Gives an array's memory back; using it in a call then throws. `array[Symbol.dispose]` does the
   * same (`using`), and nothing when it was freed or the pool has ended. Not while a task uses it whose
   * promise is pending. While a task that was given up has not ended, the memory of older arrays is
   * kept until it has. The collector frees, some time later, an array that nothing refers to any more,
   * parts made by `subarray` and tasks that have not ended included; views made in other ways do not
   * count: keep the array while they are used. Of an array that a task made, any view that came with
   * the result may be given.
   * @throws TypeError for what `array` of this pool did not give, or that was freed; PENNY_ECLOSED.
   */
  free(array: ArrayBufferView): void;

  /**
   * Sorts an array of this pool, or a part of one, in place, in parallel, in the order of
   * `TypedArray.prototype.sort`: -0 before +0, NaN last; `descending` is the exact reverse, NaN
   * first. Time grows with the length alone, by radix; elements of 4 and 8 bytes take as much memory
   * again while it runs. A `comparator` sorts stably in any other order, more slowly.
   * @returns a promise of the array.
   * @throws like the four below, rejects with a TypeError for what is no array of this pool, one that was
   * freed, or an option of the wrong type; with the signal's reason or a TimeoutError; with
   * PENNY_ENOMEM, the array unchanged, when there is no room; with PENNY_ESYMBOL in a module that was
   * linked with NO_KERNELS. After an abort, a timeout or a lost worker the array holds anything, and
   * is still written to for a moment.
   */
  sort<A extends PoolArray>(
    array: A,
    options?: SortOptions<TaskFor<T, [a: ElementOf<A>, b: ElementOf<A>]>>,
  ): Promise<A>;

  /**
   * Replaces each element by the sum of all up to it, in place, in parallel; with `exclusive` by the
   * sum of those before it. Integers wrap at their size, Uint8ClampedArray stays at 255. Floats are
   * summed in double precision, doubles with compensation, and rounded once; the result does not
   * depend on the number of workers.
   * @returns a promise of the array.
   */
  scan<A extends PoolArray>(array: A, options?: ScanOptions): Promise<A>;

  /**
   * The sum of an array. Integer sums are exact: a number up to 2 ** 53, beyond that, and for the
   * 64-bit types always, a bigint. Float sums are compensated: about as exact as a double can be,
   * and the same whatever the number of workers.
   * @returns a promise of the sum; 0 or 0n when the array is empty.
   */
  sum(array: BigInt64Array | BigUint64Array, options?: TaskOptions): Promise<bigint>;
  sum(array: Int32Array | Uint32Array, options?: TaskOptions): Promise<number | bigint>;
  sum(array: PoolArray, options?: TaskOptions): Promise<number>;

  /** The least element, as Math.min: NaN when one is, -0 below +0. undefined when it is empty. */
  min(array: BigInt64Array | BigUint64Array, options?: TaskOptions): Promise<bigint | undefined>;
  min(array: PoolArray, options?: TaskOptions): Promise<number | undefined>;
  /** The greatest element, as Math.max. */
  max(array: BigInt64Array | BigUint64Array, options?: TaskOptions): Promise<bigint | undefined>;
  max(array: PoolArray, options?: TaskOptions): Promise<number | undefined>;

  /**
   * What the pool is doing: read without stopping it, so the numbers may be of slightly different
   * moments.
   */
  stats(): PoolStats;

  /**
   * Changes the number of workers, to 1 at least and maxWorkers at most. The highest ids leave: they
   * end what they run, wait for their async tasks, and others run what was queued there. Several calls
   * take effect one after another.
   * @returns a promise that resolves when so many workers run.
   * @throws RangeError or TypeError at once for no such number. Rejects with PENNY_ESTART or
   * PENNY_ENOMEM when one could not start, and the pool is as before.
   */
  resize(size: number): Promise<void>;

  /**
   * What the workers did last (some 8,000 steps each), as a Chrome trace: written as JSON it opens in
   * Perfetto.
   * @throws rejects with a TypeError without createPool({ trace: true }).
   */
  trace(): Promise<Trace>;

  /**
   * Ends the pool: pending promises reject with PENNY_ECLOSED at once, running tasks end at their
   * next poll or, after graceMs, with their worker. Further calls give the same promise.
   * @returns a promise that never rejects: `isClean` when no worker had to be ended or was lost
   * while the pool was ending, and what C left in memory was sound; then `liveBlocks` is the number of heap blocks
   * that tasks still held. Otherwise that is NaN.
   */
  dispose(): Promise<{ isClean: boolean; liveBlocks: number }>;
  /** As `dispose`: `await using pool = await createPool(...)`. */
  [Symbol.asyncDispose](): Promise<void>;

  /**
   * As of any EventTarget. `workererror`: a worker was lost, or reported an error that nobody holds;
   * `workerrestart`: a lost one was replaced.
   */
  addEventListener(
    type: 'workererror',
    listener: Listener<WorkerErrorEvent>,
    options?: ListenOptions,
  ): void;
  addEventListener(
    type: 'workerrestart',
    listener: Listener<WorkerRestartEvent>,
    options?: ListenOptions,
  ): void;
  addEventListener(type: string, listener: Listener<Event>, options?: ListenOptions): void;
  /** As of any EventTarget. */
  removeEventListener(
    type: 'workererror',
    listener: Listener<WorkerErrorEvent>,
    options?: RemoveOptions,
  ): void;
  removeEventListener(
    type: 'workerrestart',
    listener: Listener<WorkerRestartEvent>,
    options?: RemoveOptions,
  ): void;
  removeEventListener(type: string, listener: Listener<Event>, options?: RemoveOptions): void;
}

/**
 * Starts a pool and waits until every worker is ready, some 50 ms. On a page, or in a dedicated
 * worker, whose event loop has to run meanwhile; in Node, Deno and Bun on any thread.
 * @returns a promise of the pool, which belongs to this thread.
 * @throws rejects, and leaves nothing behind: TypeError or RangeError for wrong options; the signal's
 * reason; PENNY_ENOISOLATION (the page needs two headers; the message names them), PENNY_EPLATFORM
 * (too old a browser), PENNY_EMODULE (the wasm did not load, is no Penny module, has no threads, or a
 * security policy forbids it), PENNY_EVERSION (a stale module or worker file), PENNY_ESTART (a worker
 * did not load or did not answer in time; `cause` is its error), PENNY_ENOMEM (no room for such a
 * memory).
 * @example const pool = await createPool({ worker, workers: 4 });
 */
export function createPool<T extends object = Tasks>(options?: PoolOptions<T>): Promise<Pool<T>>;

/**
 * Whether pools can run on this page, or in this worker. Costs nothing: asks for names only.
 * @returns `missing` names what is not there: 'crossOriginIsolated' when the two headers are missing.
 */
export function isSupported(): { ok: boolean; missing: string[] };

/**
 * An error of Penny itself, or of a C task. What a JavaScript task throws arrives as itself. The
 * message says what was wrong and what to do; `cause` is what led to it.
 */
export class PennyError extends Error {
  /** Always. */
  readonly name: 'PennyError';
  /**
   * Stable; one of
   *
   * - `PENNY_ENOISOLATION`: the page lacks the two headers, or is a file
   * - `PENNY_EPLATFORM`: there are no threads of WebAssembly here
   * - `PENNY_ESTART`: a worker did not load, or did not answer in time; or a part of this package did
   *   not load: offline, or another version was deployed
   * - `PENNY_EMODULE`: the wasm did not load, is no Penny module, or a policy forbids it
   * - `PENNY_EVERSION`: module, page and workers are of different versions: one is stale
   * - `PENNY_ENOMEM`: the heap's maximum is reached, or there is no room for such a memory
   * - `PENNY_ECLOSED`: the pool was disposed of
   * - `PENNY_ESYMBOL`: no such task, or no such C function
   * - `PENNY_EWORKER`: the worker that ran the task was lost
   * - `PENNY_ECANCELLED`: inside a task that the page gave up
   * - `PENNY_ESTACK`: a task nested deeper than its stack
   * - `PENNY_EASYNCJOIN`: `join` or a loop where only `await` works
   * - `PENNY_ETRAP`: a C task trapped: out of bounds, division by zero, unreachable code
   * - `PENNY_EFAIL`: a C task called penny_fail; `number` is what it gave
   * - `PENNY_EINVAL`: a value is out of its documented range, or asked for outside of a task
   * - `PENNY_ENESTED`: PENNY_RUN inside of a C task
   * - `PENNY_EMAINTHREAD`: blocking on the page's thread
   * - `PENNY_ECORRUPT`: shared memory holds what it cannot: C code wrote out of its bounds
   */
  readonly code: string;
  /** The task that failed, where it is known: a C task, or a JavaScript task whose worker was lost. */
  readonly task?: string;
  /** The number that C gave, where one did. */
  readonly number?: number;
  /** For programs that want to throw one. */
  constructor(code: string, message?: string, options?: ErrorOptions);
}
