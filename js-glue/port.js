// port.js: where the page's messages reach a worker: its scope, or in Node, Deno and Bun the port
// of its thread. Nothing of Node is imported, so that bundles for browsers stay whole.

/** The port, or undefined where this is no worker. */
export function openPort() {
  const { process, WorkerGlobalScope } = globalThis;
  const thread = process?.getBuiltinModule?.('node:worker_threads').parentPort;
  // (Whatever programs have put into `document` for their libraries.)
  const port = thread ?? (WorkerGlobalScope && globalThis);
  const tell = (error) =>
    port.postMessage({ penny: 'error', message: String(error?.message ?? error) });
  // There an error that nobody catches would end the thread; a Web Worker goes on, and so do we. It
  // tells the page of errors, but not of rejections.
  if (thread) process.on('uncaughtException', tell).on('unhandledRejection', tell);
  else port?.addEventListener('unhandledrejection', ({ reason }) => tell(reason));
  return port;
}
