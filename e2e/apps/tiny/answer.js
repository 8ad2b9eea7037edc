// answer.js: the tiny program itself on a pool that the caller makes: run, call, spawns, an array, a
// loop, an error. What it gives is checked by the test.
export async function answer(createPool, options) {
  const pool = await createPool({ workers: 2, startTimeoutMs: 8000, ...options });
  const array = pool.array(Float64Array, [1, 2, 3.5]);
  const out = {
    // By identity where the page has the functions, too: no name has to survive a minifier.
    run: await pool.run(options.module?.double ?? 'double', [21]),
    array: await pool.run('sum', [array]),
    spawn: await pool.run('fib', [15]),
    map: String(await pool.map('double', [1, 2, 3])),
    error: await pool.run('fail').catch(({ name, message }) => `${name}: ${message}`),
  };
  if (options.wasm) out.call = String(await pool.call('fib', [20]));
  out.isClean = (await pool.dispose()).isClean;
  return out;
}
