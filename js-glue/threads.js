// threads.js: the host of a pool in Node, Deno and Bun: worker threads with the face of Web
// Workers. What the functions are for is told in web.js.
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { cwd } from 'node:process';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import * as web from './web.js';

export const needs = ['WebAssembly', 'SharedArrayBuffer'];

export const cores = availableParallelism;

export const base = () => pathToFileURL(`${cwd()}/`);

/** fetch() of these hosts refuses files. */
export const load = async (url) =>
  url.protocol === 'file:' ? new Response(await readFile(url)) : fetch(url);

export const makeWorker = (name) =>
  new Worker(new URL('./worker.entry.js', import.meta.url), { name });

/** A thread that looks like a Web Worker, and tells of its end by onexit. */
export function face(thread) {
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
  thread.on('error', (error) =>
    worker.onerror?.({ message: String(error?.message ?? error), error }),
  );
  thread.on('exit', () => worker.onexit?.());
  return worker;
}

/** Threads have told by onexit; what waits for a lock would keep Deno running. */
export const watch = (worker, ...rest) => worker.isThread || web.watch(worker, ...rest);
