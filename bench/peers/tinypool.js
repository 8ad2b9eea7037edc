import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

const find = createRequire(new URL('../../e2e/', import.meta.url)).resolve;
const { default: Tinypool } = await import(pathToFileURL(find('tinypool')).href);

export async function start({ workers, workerUrl }) {
  const pool = new Tinypool({
    filename: fileURLToPath(workerUrl('piscina')),
    minThreads: workers,
    maxThreads: workers,
  });
  return {
    run: (name, args) => pool.run({ name, args }),
    end: () => pool.destroy(),
  };
}
