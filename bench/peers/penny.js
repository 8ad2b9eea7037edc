/**
 * A pool with the tasks of tasks.js and the C of the workloads, or of the module inside (`wasm: null`); what it has beside run and
 * end is Penny's own.
 */
export async function start(given) {
  const { createPool, workers, workerUrl, wasmUrl, makeNative } = given;
  const { wasm = 'workloads', options } = given;
  const pool = await createPool({
    // A worker of the platform, as a page's program would make it.
    worker: () => makeNative(workerUrl('penny')),
    wasm: wasm && wasmUrl(wasm),
    workers,
    memory: { maximumBytes: 2 ** 29 },
    ...options,
  });
  return {
    pool,
    run: (name, args) => pool.run(name, args),
    call: (name, args) => pool.call(name, args),
    end: () => pool.dispose(),
  };
}
