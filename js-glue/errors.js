// errors.js: PennyError, and how one is made of a number that C gave; and what else
// the page and workers both need.
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

/** With the cause, and its text at the end. */
export const errorFor = (code, text, cause) =>
  new PennyError(`PENNY_${code}`, `${text}: ${cause?.message ?? cause}`, { cause });

/**
 * For an error number of C; its sentence is in the module. `detail` and `task` are added when
 * known.
 */
export function errorOf(view, number, detail, task) {
  const known = ERROR_NAMES.split(' ')[-1 - number];
  const sentence = view.text(view.exports.pn_web_strerror(number)) + (known ? '' : `: ${number}`);
  const text = detail ? `${detail} (${sentence})` : sentence;
  return Object.assign(
    new PennyError(`PENNY_${known ?? 'EFAIL'}`, task ? `${task}: ${text}` : text),
    { number, ...(task && { task }) },
  );
}

export const want = (isRight, what) => {
  if (!isRight) throw new TypeError(what);
};

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
