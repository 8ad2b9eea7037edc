import workerpool from 'workerpool';
import { countPrimes } from '../primes.js';

// Counts in steps, to tell how far it is.
function slowly(limit) {
  let count = 0;
  for (let low = 0; low < limit; low += 10_000) {
    count += countPrimes(low, Math.min(low + 10_000, limit));
    workerpool.workerEmit({ done: low / limit });
  }
  return count;
}

function invert(buffer) {
  const bytes = new Uint8Array(buffer);
  bytes.forEach((byte, idx) => {
    bytes[idx] = 255 - byte;
  });
  return new workerpool.Transfer(buffer, [buffer]);
}

function parse(text) {
  const value = Number(text);
  if (Number.isNaN(value)) throw new RangeError(`${text} is no number`);
  return value;
}

workerpool.worker({ countPrimes, slowly, invert, parse });
