import { Pool, spawn, Transfer, Worker } from 'threads';

export async function start({ workers, workerUrl }) {
  const address = workerUrl('threads');
  const pool = Pool(() => spawn(new Worker(address, { type: 'module', CORSWorkaround: false })), {
    size: workers,
  });
  return {
    // One buffer at most, as the benchmarks have it.
    run: (name, args, transfer) =>
      pool.queue((api) =>
        api[name](...(transfer ? args.map((value) => Transfer(value, transfer)) : args)),
      ),
    end: () => pool.terminate(true),
  };
}
