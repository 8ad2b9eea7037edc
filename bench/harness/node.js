// node.js: the benchmarks in Node: `node bench/harness/node.js NAME WORKERS [quick]` prints what it does and, as the last line,
// the results as JSON. scripts/bench.js runs it, a process for each problem.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { createPool } from '../../js-glue/node.js';
import { names, runProblem } from './environment.js';

const peers = new URL('../peers/', import.meta.url);
const build = new URL('../../build/', import.meta.url);
const workerUrl = (name) => new URL(`${name}.worker.js`, peers);
const read = (path) => readFileSync(fileURLToPath(new URL(path, build)));

const platform = {
  createPool,
  workerUrl,
  wasmUrl: (name) => read(`wasm/${name}.wasm`),
  makeNative: (url) => new Worker(url),
  makeWorker(name) {
    const worker = new Worker(workerUrl(name));
    worker.on('error', (error) => console.error(`${name}: ${error.message}`));
    return {
      post: (message, transfer) => worker.postMessage(message, transfer),
      onMessage(take) {
        worker.removeAllListeners('message');
        worker.on('message', take);
      },
      end: () => worker.terminate(),
    };
  },
  // No decoder of photographs here: a made picture of the same size.
  assets: async () => ({
    words: async () => read('assets/words.txt'),
    misspellings: async () => readFileSync(new URL('../../web/misspellings.txt', import.meta.url)),
    photo: async (index) => ({
      ...(index === 0 ? { width: 2572, height: 1740 } : { width: 1365, height: 1074 }),
      async copyTo(array) {
        for (let idx = 0; idx < array.length; idx++) array[idx] = (idx * 2654435761) >>> 24;
      },
    }),
  }),
  say: (text) => console.log(text),
  loaders: {
    piscina: () => import('../peers/piscina.js'),
    tinypool: () => import('../peers/tinypool.js'),
    workerpool: () => import('../peers/workerpool.js'),
  },
};

const [name, workers, quick] = process.argv.slice(2);
if (!names.includes(name)) throw new RangeError(`no problem ${name}, only ${names.join(', ')}`);
const results = await runProblem(platform, name, {
  workers: Number(workers),
  isQuick: quick === 'quick',
});
console.log(JSON.stringify(results));
// A peer that hangs must not keep the process.
process.exit(0);
