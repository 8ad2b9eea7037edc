// node_worker.js: lets the glue run under Node: createPool({ worker: nodeWorker, ... }). The
// thread's file is this one, too; tasks may be given as the URL of a module: createPool({ worker:
// () => nodeWorker(tasksUrl) }).
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

/** A worker thread with the face of a Web Worker. */
export function nodeWorker(tasks) {
  const thread = new Worker(new URL(import.meta.url), {
    workerData: { penny: true, tasks: typeof tasks === 'string' ? tasks : undefined },
  });
  const face = {
    thread,
    postMessage: (data) => thread.postMessage(data),
    terminate: () => thread.terminate(),
  };
  thread.on('message', (data) => face.onmessage?.({ data }));
  thread.on('messageerror', () => face.onmessageerror?.({}));
  thread.on('error', (error) => face.onerror?.({ message: error.message, error }));
  return face;
}

if (!isMainThread && workerData?.penny) {
  globalThis.postMessage = (data) => parentPort.postMessage(data);
  const listeners = new Map();
  globalThis.addEventListener = (type, listener) => {
    const onEvent = (data) => listener({ data });
    listeners.set(listener, onEvent);
    parentPort.on(type, onEvent);
  };
  globalThis.removeEventListener = (type, listener) =>
    parentPort.off(type, listeners.get(listener));
  globalThis.close = () => process.exit();
  // Keeps the thread alive while it sleeps in its event loop.
  setInterval(() => {}, 2 ** 30);
  const { serve } = await import('../js-glue/worker.js');
  serve(workerData.tasks ? await import(workerData.tasks) : {});
}
