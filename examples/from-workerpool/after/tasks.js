import { progress, throwIfCancelled } from 'penny-runtime/worker';
import { countPrimes } from '../primes.js';

export { countPrimes };
export const add = (a, b) => a + b;

// Counts in steps, to tell how far it is and to look whether anybody still wants it.
export function slowly(limit) {
  let count = 0;
  for (let low = 0; low < limit; low += 10_000) {
    count += countPrimes(low, Math.min(low + 10_000, limit));
    progress({ done: low / limit });
    throwIfCancelled();
  }
  return count;
}

export function invert(bytes) {
  bytes.forEach((byte, idx) => {
    bytes[idx] = 255 - byte;
  });
}

export function parse(text) {
  const value = Number(text);
  if (Number.isNaN(value)) throw new RangeError(`${text} is no number`);
  return value;
}
