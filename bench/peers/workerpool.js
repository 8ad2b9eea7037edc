import { isNode, packageOf } from '../harness/packages.js';

const workerpool = await packageOf('workerpool', () => import('workerpool'));

export async function start({ workers, workerUrl }) {
  const pool = workerpool.pool(
    isNode ? workerUrl('workerpool').pathname : workerUrl('workerpool'),
    {
      minWorkers: workers,
      maxWorkers: workers,
      ...(!isNode && { workerOpts: { type: 'module' } }),
    },
  );
  return {
    run: (name, args, transfer) => pool.exec(name, args, transfer && { transfer }),
    end: () => pool.terminate(true),
  };
}
