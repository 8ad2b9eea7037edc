import { FixedThreadPool } from 'poolifier-web-worker';

export async function start({ workers, workerUrl, inFlight = Infinity }) {
  const pool = new FixedThreadPool(workers, new URL(workerUrl('poolifier-web-worker')), {
    workerOptions: { type: 'module' },
    // With its queue a worker holds one task at a time, without it all that it is given.
    enableTasksQueue: inFlight !== Infinity,
  });
  return {
    run: (name, args, transfer) => pool.execute(args, name, undefined, transfer ?? []),
    end: () => pool.destroy(),
  };
}
