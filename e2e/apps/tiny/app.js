// app.js: what a program looks like in any bundler: a worker of its own, a module of its own. And
// a pool that is given nothing, whose worker and module are the package's.
import { createPool, isSupported } from 'penny-runtime';
import { answer } from './answer.js';
import * as tasks from './tasks.js';

async function run() {
  const own = await answer(createPool, {
    worker: () => new Worker(new URL('./penny.worker.js', import.meta.url), { type: 'module' }),
    module: tasks,
    wasm: new URL('./kernels.wasm', import.meta.url),
    fallback: 'single',
  });
  const bare = await createPool({ workers: 1, fallback: 'single', startTimeoutMs: 8000 }).then(
    async (pool) => {
      const { workers } = pool.stats();
      await pool.dispose();
      return `${workers.length} worker`;
    },
    ({ message }) => message,
  );
  return { own, bare, isSupported: isSupported().ok };
}

globalThis.result = run().catch((error) => ({ error: `${error.code} ${error.stack ?? error}` }));
