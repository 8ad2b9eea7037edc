import * as Comlink from 'comlink';
import { throwDice } from '../dice.js';

// State lives in the worker.
class Game {
  totals = new Int32Array(13);

  async play(seed, rounds, onProgress) {
    for (let round = 0; round < rounds; round++) {
      throwDice(this.totals, seed + round, 10_000);
      await onProgress?.(round / rounds);
    }
  }
}

function invert(buffer) {
  const bytes = new Uint8Array(buffer);
  bytes.forEach((byte, idx) => {
    bytes[idx] = 255 - byte;
  });
  return Comlink.transfer(buffer, [buffer]);
}

class Unlucky extends Error {
  name = 'Unlucky';
}

function roll(limit) {
  const totals = new Int32Array(13);
  throwDice(totals, limit, 1);
  if (totals.indexOf(1) < limit) throw new Unlucky(`below ${limit}`);
  return totals.indexOf(1);
}

Comlink.expose({ Game, invert, roll });
