// web.js: the host of a pool in a page or a dedicated worker: what it needs, what addresses are
// relative to, files, workers. threads.js is the same for Node, Deno and Bun, and script.js for
// dist/penny.iife.js.
/** Whether pools can run on this host (web.js); `missing` names what is not there. */
export function support({ needs }) {
  const missing = needs.filter((name) => !globalThis[name]);
  if (globalThis.crossOriginIsolated === false) missing.push('crossOriginIsolated');
  return { ok: !missing.length, missing };
}

export const web = {
  needs: ['WebAssembly', 'Worker', 'SharedArrayBuffer'],

  cores: () => globalThis.navigator?.hardwareConcurrency,

  base: () => globalThis.document?.baseURI ?? globalThis.location?.href,

  load: (url) => fetch(url),

  /** The built-in worker. The address stands inside the call so that bundlers find the file. */
  makeWorker: (name) =>
    new Worker(new URL('./worker.entry.js', import.meta.url), { type: 'module', name }),

  face: (worker) => worker,

  /** Calls onEnd when a worker that is ready has ended, however: the lock that it holds is free. */
  watch: (_worker, lock, signal, onEnd) =>
    globalThis.navigator?.locks?.request(lock, { signal }, onEnd).catch(() => {}),
};
