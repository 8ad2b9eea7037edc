// page.js: the benchmarks in a page; scripts/bench.js bundles it, opens it and calls globalThis.bench.
import { createPool } from '../../js-glue/index.js';
import { names, runProblem } from './environment.js';

const workerUrl = (name) => new URL(`./${name}.worker.js`, import.meta.url).href;
const makeNative = (url) => new Worker(url, { type: 'module' });

const platform = {
  createPool,
  workerUrl,
  wasmUrl: (name) => new URL(`/build/wasm/${name}.wasm`, location.href).href,
  makeNative,
  makeWorker(name) {
    const worker = makeNative(workerUrl(name));
    worker.onerror = (event) => console.error(`${name}: ${event.message}`);
    return {
      post: (message, transfer) => worker.postMessage(message, transfer),
      onMessage(take) {
        worker.onmessage = ({ data }) => take(data);
      },
      end: () => worker.terminate(),
    };
  },
  // Loaded as it is: it names files beside itself.
  assets: async () =>
    (await import('/web/assets.js')).openAssets(new URL('/build/assets/', location.href)),
  say: (text) => console.log(text),
  loaders: {
    workerpool: () => import('../peers/workerpool.js'),
    comlink: () => import('../peers/comlink.js'),
    threads: () => import('../peers/threads.js'),
    'poolifier-web-worker': () => import('../peers/poolifier-web-worker.js'),
    multithreading: () => import('../peers/multithreading.js'),
  },
};

globalThis.bench = { names, run: (name, options) => runProblem(platform, name, options) };
