// port.js: a worker's own end of its messages, in a browser and in Node.

const parent = globalThis.postMessage
  ? undefined
  : (await import('node:worker_threads')).parentPort;

export function onMessage(take) {
  if (parent) parent.on('message', take);
  else globalThis.onmessage = ({ data }) => take(data);
}

export function post(message, transfer = []) {
  if (parent) parent.postMessage(message, transfer);
  else globalThis.postMessage(message, transfer);
}

/** The buffers of a value that can be transferred. */
export function buffersOf(value) {
  return ArrayBuffer.isView(value) && value.buffer instanceof ArrayBuffer ? [value.buffer] : [];
}
