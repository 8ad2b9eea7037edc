// resize.js: how a pool grows and shrinks; loaded when resize() is first called. Page only.
//
// `pool` is what pool.js hands over. Its `crew` is shared with it: `present`, the number of workers
// that have to leave at the end of the pool; `starting`, by id; `vacant`, by id: why nobody is there; `leaving`, by id:
// resolve() for one that has left, reject() for the end of the pool. Those with the highest ids leave. The C side is
// pn_pool_grow, shrink and retire (src/pool.c).
import { start } from './faults.js';

const RUNNING_MS = 1000;

/** Until workers `size` and above have left. */
async function shrink({ view, workers, crew }, size) {
  const { list } = workers;
  const { exports } = view;
  const retire = (id) => {
    crew.leaving.delete(id);
    list[id]?.terminate();
    list[id] = undefined;
    exports.pn_web_retire(id);
    crew.present--;
  };
  const all = list.slice(size).map((_, idx) => {
    const id = size + idx;
    if (crew.vacant.delete(id)) return undefined;
    return new Promise((done, reject) => {
      crew.leaving.set(id, { reject, resolve: () => done(retire(id)) });
    });
  });
  exports.pn_web_shrink(size);
  // In Node, Deno and Bun ready workers do not keep a program running, and this promise would never settle.
  const running = setInterval(() => {}, RUNNING_MS);
  await Promise.all(all).finally(() => clearInterval(running));
  list.length = size;
}

/** The pool has `size` workers after that, or as many as before and an error. */
export async function resize(pool, size) {
  const { crew, workers } = pool;
  const { list } = workers;
  const before = list.length;
  const starts = [];
  for (const id of crew.vacant.keys()) if (id < size) starts.push(start(pool, id));
  // A worker that there is no room for ends the row.
  for (let id = before; id < size && list.length === id; id++) starts.push(start(pool, id));
  // The end of the pool does not wait for them.
  let close;
  const closed = new Promise((_, reject) => {
    close = reject;
  });
  pool.closers.add(close);
  const ended = Promise.race([Promise.allSettled(starts), closed]);
  const ends = await ended.finally(() => pool.closers.delete(close));
  const failed = ends.find(({ reason }) => reason);
  pool.check();
  const reached = failed ? before : size;
  if (reached < list.length) await shrink(pool, reached);
  if (failed) throw failed.reason;
}
