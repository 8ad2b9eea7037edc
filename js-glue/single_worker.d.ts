// single_worker.d.ts: penny-runtime/single has no names. Imported by a worker's file it is there for pools with
// fallback: 'single', which then load nothing more in the worker.
export {};
