import workerpool from 'workerpool';
import { show } from '../show.js';
import url from './worker.js?worker&url';

const limit = 1_000_000;

show(async (line, status) => {
  const pool = workerpool.pool(url, { workerOpts: { type: 'module' } });

  // Many calls: the program says how it is cut up.
  const lows = Array.from({ length: 50 }, (_, idx) => (idx * limit) / 50);
  const counts = await Promise.all(
    lows.map((low) => pool.exec('countPrimes', [low, low + limit / 50])),
  );
  line(`${counts.reduce((sum, count) => sum + count)} primes below ${limit}`);

  // A proxy.
  const api = await pool.proxy();
  line(`${await api.countPrimes(1000, 2000)} primes from 1000 to 1999`);

  // Progress.
  const on = ({ done }) => status(`${Math.round(100 * done)} %`);
  line(`${await pool.exec('slowly', [limit], { on })} primes, counted with progress`);

  // Transfer, there and back.
  const { buffer } = new Uint8Array(1_000_000).fill(55);
  const inverted = await pool.exec('invert', [buffer], { transfer: [buffer] });
  line(`the first of ${inverted.byteLength} bytes is ${new Uint8Array(inverted)[0]}`);

  // Errors: a plain Error with the message, whatever class was thrown.
  const error = await pool.exec('parse', ['ten']).catch((reason) => reason);
  line(`an error: ${error.message}`);

  // Cancel and timeout: each ends its worker, and the next task starts another.
  const cancelled = pool.exec('slowly', [1e9]);
  setTimeout(() => cancelled.cancel(), 100);
  const reason = await cancelled.catch((thrown) => thrown);
  line(`cancelled: ${reason instanceof workerpool.Promise.CancellationError}`);
  const late = await pool
    .exec('slowly', [1e9])
    .timeout(100)
    .catch((thrown) => thrown);
  line(`timed out: ${late instanceof workerpool.Promise.TimeoutError}`);

  await pool.terminate();
});
