// threads.js: the host of a pool in Node, Deno and Bun (web.js): worker threads with the face of
// Web Workers.
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { cwd, execArgv } from 'node:process';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { web } from './web.js';

// Of tests, too, that stop the clock later.
const { setTimeout } = globalThis;

/** A thread that looks like a Web Worker, and tells of its end by onexit. */
function face(thread) {
  if (typeof thread?.on !== 'function') return thread;
  const worker = {
    isThread: true,
    postMessage: (data, transfer) => thread.postMessage(data, transfer),
    terminate: () => thread.terminate(),
  };
  thread.on('message', (data) => {
    // From here on pending tasks alone keep the program running (host.js).
    if (data?.penny === 'ready') thread.unref();
    worker.onmessage?.({ data });
  });
  thread.on('messageerror', () => worker.onmessageerror?.());
  thread.on('error', (error) => {
    worker.onerror?.({ message: String(error?.message ?? error), error });
  });
  // After what follows from its last messages: Node tells those and the end in one go.
  thread.on('exit', () => setTimeout(() => worker.onexit?.()));
  return worker;
}

export const threads = {
  needs: ['WebAssembly', 'SharedArrayBuffer'],

  cores: availableParallelism,

  base: () => pathToFileURL(`${cwd()}/`),

  /** fetch() of these hosts refuses files. */
  load: async (url) => (url.protocol === 'file:' ? new Response(await readFile(url)) : fetch(url)),

  /** With `node --input-type` a file would be refused. */
  makeWorker: (name) => {
    const isText = execArgv.some((flag) => flag.startsWith('--input-type'));
    const file = new URL('./worker.entry.js', import.meta.url);
    return new Worker(file, { name, execArgv: isText ? [] : undefined });
  },

  face,

  /** Threads have told by onexit; what waits for a lock would keep Deno running. */
  watch: (worker, ...rest) => worker.isThread || web.watch(worker, ...rest),
};
