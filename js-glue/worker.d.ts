// worker.d.ts: the worker's side of penny-runtime: what the functions of a task module may use.
//
// A *task* is a function that is served here. `spawn` says that a call of one may run somewhere
// else at the same time; idle workers steal such calls. Nothing is encoded or sent for one that
// nobody steals. All of it runs serially outside of a pool (in a unit test, on a server), with the
// same results.
//
//   // tasks.js
//   import { spawn } from 'penny-runtime/worker';
//   export function fib(n) {
//     if (n < 2) return n;
//     const right = spawn(fib, n - 2);
//     return fib(n - 1) + right.join();
//   }
//   // penny.worker.js
//   import { serve } from 'penny-runtime/worker';
//   import * as tasks from './tasks.js';
//   serve(tasks);
import type { ArrayTypeOf, TaskResult } from './index.js';

// biome-ignore lint/suspicious/noExplicitAny: any function is a task.
type AnyTask = (...args: any[]) => any;
/** What a task gives: awaited, and of a generator what it returns. */
type ResultOf<F extends AnyTask> = TaskResult<object, F>;
/** An `async` function or a generator. */
type Later = PromiseLike<unknown> | Generator | AsyncGenerator;
type HandleOf<F extends AnyTask> = 0 extends 1 & ReturnType<F>
  ? Handle<ReturnType<F>>
  : [ReturnType<F>] extends [Later]
    ? AsyncHandle<ResultOf<F>>
    : Handle<ResultOf<F>>;
/** `unknown` for a plain function, `never` for an async one or a generator, which nobody can join. */
type Plain<F extends AnyTask> = 0 extends 1 & ReturnType<F>
  ? unknown
  : [ReturnType<F>] extends [never]
    ? unknown
    : ReturnType<F> extends Later
      ? never
      : unknown;
/** The parameters of a task after its first two. */
type AfterRange<F extends AnyTask> =
  Parameters<F> extends [unknown?, unknown?, ...infer R] ? R : never;
/** What is passed on after the range: may be left out where there is nothing. */
type RangeArgs<P extends readonly unknown[]> = [] extends P
  ? { args?: Readonly<P> | undefined }
  : { args: Readonly<P> };
// biome-ignore lint/suspicious/noExplicitAny: a range is two numbers, what follows is the task's.
type RangeTask<R> = (low: number, high: number, ...args: any[]) => R;

/**
 * What `spawn` of an async function or a generator gives: `await` it in an async task, `yield` it in a
 * generator.
 */
export interface AsyncHandle<T> extends PromiseLike<T> {}

/** A task that was spawned. Whoever spawned it joins it; nobody else can. */
export interface Handle<T> extends AsyncHandle<T> {
  /**
   * The result of the task; it runs here and now when nobody has stolen it. While a thief runs it,
   * this worker helps with tasks of the same call from the page. Handles are joined in any order;
   * the newest first is fastest. A second join gives the same again. When the task that spawned it
   * has ended the handle is used for another one.
   *
   * @throws what the task threw, a copy when it was stolen; PENNY_EASYNCJOIN in an async task, in a
   * generator, after an await, and for a task that gave a promise: `await handle` there (or yield
   * it); PENNY_ESTACK when the tasks nest deeper than the engine's stack (at least 1,000 joins do);
   * PENNY_ECANCELLED when this task was given up; PENNY_EINVAL for the handle of another task. A handle that is never joined is joined when its
   * task ends, whose promise then rejects with its error (not outside of a pool, nor when 16,368 are
   * open: join what may fail there).
   */
  join(): T;
}

/**
 * Makes the functions of `tasks` callable by `pool.run`, and starts this worker. Call it once, at
 * the top level of the worker's file; every worker of a pool serves the same names. Plain functions,
 * async functions and generators are tasks, other exports are passed over; a task that throws fails
 * only itself. Outside of a worker it does nothing.
 * @param tasks functions by name; usually the namespace of a module.
 * @param options.errors classes of your own, with which errors arrive here; the same list for
 * `createPool` keeps them on the page.
 */
export function serve(
  tasks?: object,
  // biome-ignore lint/suspicious/noExplicitAny: constructors do not run.
  options?: { errors?: ReadonlyArray<new (...args: any[]) => Error> | undefined },
): void;

/**
 * Says that `fn(...args)` may run at the same time as what follows.
 *
 * Arguments are *copied when the task is stolen*, as `pool.run` copies them, and passed as they are
 * when it is not: a task must neither change an object that it is given nor rely on changes that its
 * spawner makes after this. Arrays of the pool are shared, always. `createPool({ debug: true })`
 * copies always, so that such a mistake shows on any machine. What cannot be sent (a function in an
 * object) is never stolen: such a task runs here, and in debug mode this throws DataCloneError.
 *
 * In an async task or a generator, and for an async `fn` or a generator, it begins a task of its
 * own, whose arguments are copied at once, and whose handle is awaited. A task that spawned one before its
 * first await ends after it and, unless it awaits it, fails with its error; one that is spawned
 * later and that nobody awaits when it fails reports its error as `workererror`. (Outside of a pool every one does,
 * as an exception that nobody catches.)
 *
 * Cost: 10 to 20 nanoseconds in V8 with up to three arguments, join() included, more with four; when
 * it is stolen, what encoding its arguments and its result takes; a task of its own, tens of
 * microseconds.
 * @param fn a function that this worker serves, itself: `spawn(fib, 3)`, not `spawn(() => fib(3))`.
 * In TypeScript a recursive one has to declare its result.
 * @param args its arguments.
 * @returns a handle, to be joined in a plain task, awaited in others.
 * @throws TypeError when `fn` is a closure or is not exported by the task module; an error of
 * `join()` when this task was given up.
 */
export function spawn<F extends AnyTask>(fn: F, ...args: Parameters<F>): HandleOf<F>;

/**
 * Runs all calls, `[fn, ...arguments]` each, at the same time: `invoke([fib, 3], [area, 2, 5])`.
 * Made of `spawn` and `join`: for plain tasks only, with their rules.
 * @returns their results in this order.
 * @throws what one of them threw; what had begun ends first.
 */
export function invoke<F extends readonly AnyTask[]>(
  ...calls: { [K in keyof F]: readonly [fn: F[K] & Plain<F[K]>, ...args: Parameters<F[K]>] }
): { -readonly [K in keyof F]: ResultOf<F[K]> };

/**
 * Calls `fn(low, high, ...args)` over the whole numbers from `begin` to before `end`, in pieces that
 * are split when an idle worker asks. For plain tasks (in an async one, spawn and await a plain task
 * that has the loop). Cost: a piece is a call and, without `grain`, two looks at the clock; pieces
 * grow until they take 50 microseconds, and what takes 100 is not split.
 * @param options.args what follows the range: one array, `[]` where it is left out.
 * @param options.grain pieces of this length are not split further, and none is longer. Default:
 * none is needed.
 * @throws PENNY_EASYNCJOIN in an async task or a generator; TypeError for a closure or for numbers
 * that are not whole, RangeError for a grain below 1; what `fn` threw, when the pieces that had begun have ended.
 */
export function parallelFor<F extends RangeTask<unknown>>(
  fn: F & Plain<F>,
  begin: number,
  end: number,
  ...rest: [] extends AfterRange<F>
    ? [options?: RangeArgs<AfterRange<F>> & { grain?: number | undefined }]
    : [options: RangeArgs<AfterRange<F>> & { grain?: number | undefined }]
): void;

/**
 * The same, and puts the results of the pieces together: `combine(left, right)` has to be
 * associative and gets neighbours in order. Where pieces are cut depends on `begin`, `end` and
 * `grain` only, never on the number of workers, so that sums of floats are the same on all machines.
 * @param options.combine a function that this worker serves, as `fn` is.
 * @param options.init the result of an empty range; combined with the others once, from the left.
 * @param options.grain the length of a piece. Default: a 1024th of the range.
 * @returns the results of all pieces, combined.
 * @throws as parallelFor does, and TypeError without `combine`.
 */
export function reduce<F extends RangeTask<unknown>>(
  fn: F,
  begin: number,
  end: number,
  options: RangeArgs<AfterRange<F>> & {
    init?: ReturnType<F> | undefined;
    combine: (left: ReturnType<F>, right: ReturnType<F>) => ReturnType<F>;
    grain?: number | undefined;
  },
): ReturnType<F>;

/** What a task can say and ask about itself; `currentTask()` keeps it over an await. */
export interface Task {
  /**
   * Tells the page, whose `onProgress` gets the newest value, at most once a frame; values that it
   * had no time for are dropped. Cost: a copy of the value, some microseconds.
   * @throws DataCloneError for what cannot be sent, and for arrays that a task made: the page gets these
   *   with the result. PENNY_ENOMEM.
   */
  progress(value: unknown): void;
  /** Whether the page has given this task up: by a signal, its timeout or `dispose`. */
  isCancelled(): boolean;
  /**
   * Throws when the page has given this task up.
   * `spawn` and `join` look by themselves; what computes for long without them calls this about once
   * a millisecond, which also lets urgent tasks run in between.
   * @throws PENNY_ECANCELLED, which nobody need catch: the promise has rejected already.
   */
  throwIfCancelled(): void;
  /**
   * A zeroed typed array in shared memory. It is freed when the call from the page ends; one that is
   * in its result, or a part of it, is the page's then, as if `pool.array` had made it.
   * @throws PENNY_ENOMEM when there is no room; RangeError for an impossible length; PENNY_EINVAL outside of a
   * task.
   */
  array<A extends ArrayBufferView>(Type: ArrayTypeOf<A>, length: number): A;
}

/**
 * The task that runs now: in an async task take it before the first await. What follows an await
 * may belong to any of several tasks. When they cannot tell, `progress`, `array` and this throw
 * PENNY_EINVAL, and `isCancelled` and `throwIfCancelled` wait until all of them are given up; after
 * `await handle`, and in generators, they can tell. Outside of a pool it does nothing.
 */
export function currentTask(): Task;

/** `progress` of the current task. */
export const progress: Task['progress'];
/** `isCancelled` of the current task. */
export const isCancelled: Task['isCancelled'];
/** `throwIfCancelled` of the current task. */
export const throwIfCancelled: Task['throwIfCancelled'];
/** `array` of the current task; outside of a pool an ordinary typed array. */
export const array: Task['array'];

/** The number of this worker, from 0; 0 outside of a pool. */
export function workerId(): number;
