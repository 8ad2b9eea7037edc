// faults.js: what the page does for a worker that is lost, and for a task that does not stop; loaded
// when a pool starts, for by then a server may not answer. Page only. `pool` is what pool.js hands over (Pool.#inner).

import { errorOf, sleep } from './errors.js';
import { ROOT_STATE, SLEEPING, STARTED, WORKER_STATE } from './layout.gen.js';
import { recover } from './ledger.js';
import { workerBlock } from './start.js';

const BURY_MS = 2;
const RUNNER = 2 ** 17 - 1; // what a state says without which worker in turn it is (layout.h: mark)
const PING_MS = 500; // on a busy machine a worker may have to wait for its core
// Before a worker that did not start is made again, then twice as long each time. In Chromium a thread that was ended may go
// on for 2 seconds.
const AGAIN_MS = 2500;
const LONGEST_MS = 60_000;
const ENOMEM = -1;

/** What worker `id` had begun fails, what was only queued there is run by others. False where the pool has closed meanwhile. */
async function bury(pool, id) {
  const { host, view, workers } = pool;
  for (;;) {
    if (pool.isClosed()) return false;
    // Its stolen tasks still run on others' hands: they end at their next poll, or by themselves.
    if (!view.exports.pn_web_bury(id)) break;
    await sleep(BURY_MS);
  }
  const mark = view.exports.pn_web_lose_late(id) >>> 0;
  recover(view, mark, {
    out: () => host.slots.filter(Boolean),
    // It may have died between its push and the signal. (Not by ring(): the page may rest.)
    isAllTold: () => !host.isBusy && (host.look() ?? !host.isBusy),
    settle: (slot) => host.settle(host.drop(slot)),
  });
  for (const worker of workers.list) worker?.postMessage({ penny: 'lost', message: mark });
  return true;
}

/** Until worker `id` runs on its block. If it does not start its place is empty, and filled later if it can be. */
async function load(pool, id, ms = AGAIN_MS) {
  const { view, workers, crew } = pool;
  const { list } = workers;
  crew.starting.add(id);
  try {
    await pool.within(workers.replace(view, id));
  } catch (error) {
    list[id]?.terminate();
    list[id] = undefined;
    if (!(await bury(pool, id))) pool.leave();
    else if (crew.leaving.has(id)) pool.leave(id);
    else {
      view.exports.pn_web_retire(id);
      crew.present--;
      crew.vacant.set(id, error);
      const again = () => {
        const isVacant = crew.vacant.get(id) === error && !pool.isClosed();
        if (isVacant) tell(pool, id, start(pool, id, Math.min(2 * ms, LONGEST_MS)));
      };
      setTimeout(again, ms).unref?.();
    }
    throw error;
  } finally {
    crew.starting.delete(id);
  }
}

/** Until worker `id` is ready, whose place was empty or is new. */
export async function start(pool, id, ms) {
  const { view, workers, crew } = pool;
  if (view.exports.pn_web_grow(id)) throw errorOf(view, ENOMEM, 'no room for another worker');
  const isBack = crew.vacant.delete(id);
  crew.present++;
  workers.list[id] = undefined;
  await load(pool, id, ms);
  if (isBack) pool.restarted(id);
}

/** Of a worker that nobody waits for. */
function tell(pool, id, loading) {
  return loading.catch((error) => {
    if (pool.isClosed()) return;
    pool.tell(id, error.message, error);
    // With nobody left what is pending would wait for ever.
    if (!pool.crew.present) pool.fail(`worker ${id} was lost`, error);
  });
}

/** The place of a lost worker is filled. While that fails, the others go on. */
export async function replace(pool, id) {
  const { view, crew } = pool;
  if (!(await bury(pool, id))) return pool.leave();
  if (crew.leaving.has(id)) return pool.leave(id);
  view.exports.pn_web_revive(id);
  await tell(
    pool,
    id,
    load(pool, id).then(() => pool.restarted(id)),
  );
}

const asked = new WeakMap(); // by worker: what isDeaf() will say

/** Whether a worker runs no task and answers nothing: what comes after an await does not end. Asks it once for all tasks. */
function isDeaf({ view, pongs }, id, worker) {
  const ask = async () => {
    const before = pongs[id];
    worker.postMessage({ penny: 'ping' });
    let isBetween = true;
    // In parts: when this thread was blocked meanwhile, the answer comes in between. And one that has just ended a long task
    // is between tasks, too, and has not yet answered.
    for (let part = 0; part < 4; part++) {
      await sleep(PING_MS / 4);
      const state = view.get(workerBlock(view, id) + WORKER_STATE);
      isBetween &&= view.exports.pn_web_is_running(id, 0) || state === SLEEPING;
    }
    asked.delete(worker);
    return isBetween && pongs[id] === before;
  };
  if (!asked.has(worker)) asked.set(worker, ask());
  return asked.get(worker);
}

/** A task goes on long after it was cancelled: its workers are replaced. */
export async function stop(pool, slot) {
  const { host, view, workers, whys } = pool;
  const { root, name, ticket } = slot;
  const isOver = () => host.isClosed || host.slots[ticket] !== slot;
  if (isOver()) return;
  const owner = view.get(root + ROOT_STATE) & RUNNER;
  // The thread is gone when start.js says so: in Chromium up to 2 seconds later.
  const end = (id, worker) => {
    if (!worker || workers.list[id] !== worker || whys.has(worker)) return;
    whys.set(worker, `${name} was cancelled and did not stop`);
    worker.terminate();
  };
  for (const [id, worker] of workers.list.entries()) {
    if (view.exports.pn_web_is_running(id, root)) end(id, worker);
    if (owner !== (STARTED | ((id + 1) << 8)) || !worker) continue;
    // Its promise is pending there, which harms nobody, unless the worker hears nothing.
    if ((await isDeaf(pool, id, worker)) && !isOver()) end(id, worker);
  }
}
