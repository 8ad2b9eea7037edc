// app.js: a module that makes a pool and takes hot updates: the pool is replaced by the next one.
import { createPool } from 'penny-runtime';

const pool = createPool({
  workers: 1,
  worker: () => new Worker(new URL('./penny.worker.js', import.meta.url), { type: 'module' }),
});

if (import.meta.hot) {
  import.meta.hot.accept();
  import.meta.hot.dispose(async () => (await pool).dispose());
}

// For the test: every pool that this page has had.
globalThis.pools ??= [];
globalThis.pools.push(pool);
