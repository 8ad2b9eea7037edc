import { throwIfCancelled } from 'penny-runtime/worker';
import { throwDice } from '../dice.js';

// State is in an array of the pool, which all workers see.
export function play(low, high, totals, seed) {
  for (let round = low; round < high; round++) {
    throwDice(totals, seed + round, 10_000);
    throwIfCancelled();
  }
}

export function invert(bytes) {
  bytes.forEach((byte, idx) => {
    bytes[idx] = 255 - byte;
  });
}

export class Unlucky extends Error {
  name = 'Unlucky';
}

export function roll(limit) {
  const totals = new Int32Array(13);
  throwDice(totals, limit, 1);
  if (totals.indexOf(1) < limit) throw new Unlucky(`below ${limit}`);
  return totals.indexOf(1);
}
