// answer.js: the tiny program itself: run, call, an array, an error, on a pool that the caller
// makes. What it gives is checked by the test.

/** `createPool` starts a pool with the module `wasm` of the end-to-end tests and tasks.js. */
export async function answer(createPool, options) {
  const pool = await createPool({ workers: 2, ...options });
  const array = pool.array(Float64Array, [1, 2, 3.5]);
  const out = {
    run: await pool.run('double', [21]),
    array: await pool.run('sum', [array]),
    error: await pool.run('fail').catch(({ name, message }) => `${name}: ${message}`),
  };
  if (options.wasm) out.call = String(await pool.call('fib', [20]));
  out.isClean = (await pool.dispose()).isClean;
  return out;
}
