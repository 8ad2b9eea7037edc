// worker.d.ts: the worker's side of penny-runtime.
import type { Tasks } from './index.js';

/**
 * Makes the functions of `tasks` callable by `pool.run` and starts this worker. Call it once, at
 * the top level of the worker's file; every worker of a pool serves the same names. Plain and async
 * functions are tasks; a task that throws fails only itself. Outside of a worker it does nothing.
 */
export function serve(tasks?: Tasks): void;
