// web.js: the host of a pool in a page or a dedicated worker: what it needs, what addresses are
// relative to, files, workers. threads.js is the same for Node, Deno and Bun, and script.js for
// dist/penny.iife.js.
export const needs = ['WebAssembly', 'Worker', 'SharedArrayBuffer'];

export const cores = () => globalThis.navigator?.hardwareConcurrency;

export const base = () => globalThis.document?.baseURI ?? globalThis.location?.href;

export const load = (url) => fetch(url);

/** The built-in worker. The address stands inside the call so that bundlers find the file. */
export const makeWorker = (name) =>
  new Worker(new URL('./worker.entry.js', import.meta.url), { type: 'module', name });

export const face = (worker) => worker;

/** Calls onEnd when a worker that is ready has ended, however: the lock that it holds is free. */
export const watch = (_worker, lock, signal, onEnd) =>
  globalThis.navigator?.locks?.request(lock, { signal }, onEnd).catch(() => {});
