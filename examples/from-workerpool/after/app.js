import { createPool } from 'penny-runtime';
import { show } from '../show.js';

const limit = 1_000_000;

show(async (line, status) => {
  const pool = await createPool({
    worker: () => new Worker(new URL('./penny.worker.js', import.meta.url), { type: 'module' }),
  });

  // A loop: the range is cut up where a worker has nothing to do.
  const count = await pool.reduce('countPrimes', 0, limit, { init: 0, combine: 'add' });
  line(`${count} primes below ${limit}`);

  // A proxy.
  line(`${await pool.tasks.countPrimes(1000, 2000)} primes from 1000 to 1999`);

  // Progress, at most once a frame.
  const onProgress = ({ done }) => status(`${Math.round(100 * done)} %`);
  line(`${await pool.run('slowly', [limit], { onProgress })} primes, counted with progress`);

  // Nothing to transfer: the array is in shared memory, the worker changes it in place.
  const bytes = pool.array(Uint8Array, 1_000_000).fill(55);
  await pool.run('invert', [bytes]);
  line(`the first of ${bytes.byteLength} bytes is ${bytes[0]}`);
  pool.free(bytes);

  // Errors: the same, a RangeError here.
  const error = await pool.run('parse', ['ten']).catch((reason) => reason);
  line(`an error: ${error.message}`);

  // Cancel and timeout: the task ends where it asks, its worker goes on.
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 100);
  const { signal } = controller;
  const reason = await pool.run('slowly', [1e9], { signal }).catch((thrown) => thrown);
  line(`cancelled: ${reason === signal.reason}`);
  const late = await pool.run('slowly', [1e9], { timeout: 100 }).catch((thrown) => thrown);
  line(`timed out: ${late.name === 'TimeoutError'}`);

  await pool.dispose();
});
