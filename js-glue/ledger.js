// ledger.js: what a lost worker had in its hands, for whoever submitted it: the page its roots
// (faults.js), a worker those that its tasks detached (entries.js). src/QUEUES.md has the argument.
import { sleep } from './errors.js';
import { ENDED, QUEUED, ROOT_STATE } from './layout.gen.js';

const REQUEUE_MS = 50;

/**
 * After the burial of the worker with this mark: what it was about to begin fails, what it had ended
 * and not told is settled, what it may have held is submitted anew. `out()` gives what has not come
 * back, objects with a `root`; `isAllTold()` takes what has come back, and says whether it has all.
 */
export async function recover(view, mark, { out, isAllTold, settle }) {
  const { exports } = view;
  const inState = (state) => out().filter(({ root }) => view.get(root + ROOT_STATE) === state);
  for (const { root } of out()) exports.pn_web_lose(root, mark);
  for (;;) {
    // What is only waiting is taken meanwhile; then what is left was in nobody's queue.
    await sleep(REQUEUE_MS);
    if (isAllTold()) inState(ENDED | mark).forEach(settle);
    const queued = inState(QUEUED);
    if (queued.length && exports.pn_web_is_drained())
      for (const each of queued) each.root = exports.pn_web_requeue(each.root) >>> 0;
    if (!queued.length && !inState(ENDED | mark).length) return;
  }
}
