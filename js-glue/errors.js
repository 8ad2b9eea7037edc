// errors.js: PennyError, and how one is made of a number that C gave. Used on the page and in
// workers.
import { ERROR_NAMES } from './layout.gen.js';

/**
 * An error of Penny itself, or of a C task. `code` is stable; `cause` is what led to it; `task`
 * names the C task that failed.
 */
export class PennyError extends Error {
  constructor(code, message, options) {
    super(message, options);
    this.code = code;
  }
  get name() {
    return 'PennyError';
  }
}

/**
 * For an error number of C; its sentence is in the module. `detail` and `task` are added when
 * known.
 */
export function errorOf({ exports, view }, number, detail, task) {
  const known = ERROR_NAMES.split(' ')[-1 - number];
  const sentence = view.text(exports.pn_web_strerror(number)) + (known ? '' : `: ${number}`);
  let text = detail ? `${detail} (${sentence})` : sentence;
  if (task) text = `${task}: ${text}`;
  return Object.assign(
    new PennyError(`PENNY_${known ?? 'EFAIL'}`, text),
    task ? { number, task } : { number },
  );
}
