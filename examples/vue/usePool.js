import { createPool } from 'penny-runtime';
import { onBeforeUnmount, onMounted, shallowRef } from 'vue';

/** One pool for as long as the component is mounted: `pool` when it is ready, or `error`. */
export function usePool() {
  // Shallow: the proxies of ref() cannot stand for a pool.
  const pool = shallowRef();
  const error = shallowRef();
  const controller = new AbortController();
  const { signal } = controller;
  let starting;
  onMounted(() => {
    starting = createPool({
      worker: () => new Worker(new URL('./penny.worker.js', import.meta.url), { type: 'module' }),
      signal,
    });
    starting.then(
      (made) => {
        if (!signal.aborted) pool.value = made;
      },
      (reason) => {
        error.value = reason;
      },
    );
  });
  // On a hot update, too; whether it has started or not.
  onBeforeUnmount(() => {
    controller.abort();
    starting.then((made) => made.dispose()).catch(() => {});
  });
  return { pool, error };
}
