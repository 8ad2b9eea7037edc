// figures.js: what the workloads do not show: the cost of a spawn, start-up, latency and throughput of submissions. Runs in a
// page; gives results without median (scripts/bench.js adds it).
import { createPool } from '../js-glue/index.js';

const wasm = new URL('../build/wasm/workloads.wasm', import.meta.url);
const start = (workers) => createPool({ wasm, workers, memory: { maximumBytes: 2 ** 28 } });

async function timed(action) {
  const begin = performance.now();
  const value = await action();
  return { ms: performance.now() - begin, value };
}

function fibonacci(n) {
  let [a, b] = [0, 1];
  for (let i = 0; i < n; i++) [a, b] = [b, a + b];
  return a;
}

/** Nanoseconds a spawn: (one worker - serial) / spawns, the serial twin being the faster of its two forms. */
async function spawnCost(pool, n, rounds) {
  const spawns = fibonacci(n + 1) - 1; // inner nodes of the call tree
  const perSpawn = [];
  const ratio = [];
  const ratioPlain = [];
  for (let round = 0; round < rounds + 1; round++) {
    const times = {};
    for (const name of ['bench_fib_serial', 'bench_fib_plain', 'bench_fib']) {
      const { ms, value } = await timed(() => pool.call(name, [n]));
      if (Number(value) !== fibonacci(n)) throw new Error(`${name}(${n}) gave ${value}`);
      times[name] = ms;
    }
    if (round === 0) continue; // compiling
    const serial = Math.min(times.bench_fib_serial, times.bench_fib_plain);
    perSpawn.push(((times.bench_fib - serial) * 1e6) / spawns);
    ratio.push(times.bench_fib / serial);
    ratioPlain.push(times.bench_fib / times.bench_fib_plain);
  }
  const base = { problem: 'fib', variant: 'penny-c', workers: 1 };
  return [
    { ...base, metric: 'ns_per_spawn', unit: 'ns', runs: perSpawn },
    { ...base, metric: 't1_over_ts_fastest', unit: 'ratio', runs: ratio },
    { ...base, metric: 't1_over_ts_plain', unit: 'ratio', runs: ratioPlain },
  ];
}

async function startUp(workers, rounds) {
  const runs = [];
  for (let round = 0; round < rounds; round++) {
    const { ms, value: pool } = await timed(() => start(workers));
    runs.push(ms);
    await pool.dispose();
  }
  return { problem: 'startup', variant: 'penny-c', workers, metric: 'ms', unit: 'ms', runs };
}

async function submissions(pool, workers, count, rounds) {
  const latency = [];
  for (let i = 0; i < rounds * 20; i++) {
    const { ms } = await timed(() => pool.call('bench_fib', [1]));
    latency.push(ms * 1e3);
  }
  const cost = [];
  const rate = [];
  for (let round = 0; round < rounds; round++) {
    const begin = performance.now();
    const promises = [];
    for (let i = 0; i < count; i++) promises.push(pool.call('bench_fib', [1]));
    cost.push(((performance.now() - begin) * 1e3) / count);
    await Promise.all(promises);
    rate.push((count / (performance.now() - begin)) * 1e3);
  }
  const base = { variant: 'penny-c', workers };
  return [
    { ...base, problem: 'latency', metric: 'us', unit: 'us', runs: latency },
    { ...base, problem: 'submit', metric: 'us', unit: 'us', runs: cost },
    { ...base, problem: 'submit', metric: 'tasks_per_s', unit: '1/s', runs: rate },
  ];
}

export async function figures(workers, isQuick) {
  const results = [await startUp(workers, isQuick ? 3 : 9)];
  const one = await start(1);
  results.push(...(await spawnCost(one, isQuick ? 27 : 38, isQuick ? 3 : 7)));
  await one.dispose();
  const all = await start(workers);
  results.push(...(await submissions(all, workers, isQuick ? 10_000 : 100_000, isQuick ? 2 : 5)));
  await all.dispose();
  return results;
}
