import { createPool } from 'penny-runtime';
import { show } from '../show.js';

show(async (line, status) => {
  const pool = await createPool({
    worker: () => new Worker(new URL('./penny.worker.js', import.meta.url), { type: 'module' }),
  });

  // As many workers as there are cores; they share the rounds among them, and add up in one array.
  const totals = pool.array(Int32Array, 13);
  const onProgress = (done, all) => status(`${Math.round((100 * done) / all)} %`);
  await pool.parallelFor('play', 1, 201, { args: [totals, 0], onProgress });
  line(`sums: ${totals.slice(2).join(' ')}`);

  // Nothing to transfer: the array is in shared memory, the worker changes it in place.
  const bytes = pool.array(Uint8Array, 1_000_000).fill(55);
  await pool.run('invert', [bytes]);
  line(`the first of ${bytes.byteLength} bytes is ${bytes[0]}`);

  // Errors; createPool({ errors: [Unlucky] }) would keep the class, too.
  const error = await pool.tasks.roll(13).catch((reason) => reason);
  line(`${error.name}: ${error.message}`);

  // Cancel: the task ends where it asks, its worker goes on.
  const controller = new AbortController();
  const { signal } = controller;
  const endless = pool.run('play', [0, 1e9, totals, 1], { signal });
  setTimeout(() => controller.abort(), 100);
  await endless.catch(() => {});
  line(`after cancelling: ${await pool.tasks.roll(2)}`);

  await pool.dispose(); // and with it its arrays
});
