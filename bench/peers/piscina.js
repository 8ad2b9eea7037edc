import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const { Piscina, move } = createRequire(new URL('../../e2e/', import.meta.url))('piscina');

export async function start({ workers, workerUrl }) {
  const pool = new Piscina({
    filename: fileURLToPath(workerUrl('piscina')),
    minThreads: workers,
    maxThreads: workers,
  });
  return {
    run: (name, args, transfer) =>
      pool.run({ name, args: transfer ? args.map((value) => move(value)) : args }),
    end: () => pool.destroy(),
  };
}
