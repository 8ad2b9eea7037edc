// outcome.js: reads how a root ended. Used on the page and in workers.
import { decodeData } from './codec.js';
import { errorOf } from './errors.js';
import * as layout from './layout.gen.js';

const EFAIL = -9;
const PAYLOAD = layout.ROOT_TASK + layout.TASK_PAYLOAD;

/**
 * What a task gave, or throws what it failed with. `name` is the task's; `read(at)` reads the payload of a task of C, there
 * is none for one of JavaScript.
 */
export function outcome(view, root, name, options, read) {
  const error = view.get(root + layout.ROOT_ERROR) | 0;
  if (!error) return read ? read(root + PAYLOAD) : decodeData(view, root, options);
  // A JavaScript task gives the very value that it threw.
  if (error === EFAIL && view.get(root + layout.ROOT_KIND) === layout.KIND_JS)
    throw decodeData(view, root, options);
  throw failure(view, root, error, name);
}

/** The error of a root that ended with the number `error`. */
export function failure(view, root, error, name) {
  const message = view.get(root + layout.ROOT_MESSAGE);
  const detail = message ? view.text(message, view.get(root + layout.ROOT_MESSAGE_BYTES)) : '';
  const at = view.get(root + layout.ROOT_FAILED_NAME);
  return errorOf(view, error, detail, at ? view.text(at) : name);
}
