// port.js: where the page's messages reach a worker: its scope, or in Node, Deno and Bun the port
// of its thread. Nothing of Node is imported, so that bundles for browsers stay whole.

/** The port, or undefined where this is no worker. */
export function openPort() {
  const { process, document, WorkerGlobalScope } = globalThis;
  const thread = process?.getBuiltinModule?.('node:worker_threads').parentPort;
  // There an error that nobody catches would end the thread; a Web Worker goes on, and so do we.
  if (thread) {
    const tell = (error) =>
      thread.postMessage({ penny: 'error', message: String(error?.message ?? error) });
    process.on('uncaughtException', tell).on('unhandledRejection', tell);
  }
  return thread ?? (WorkerGlobalScope && !document ? globalThis : undefined);
}
