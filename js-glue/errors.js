// errors.js: PennyError and the codes it comes with. Used on the page and in workers.
import { ERRORS } from './layout.gen.js';

const byNumber = new Map(ERRORS.map(([number, code, sentence]) => [number, { code, sentence }]));

/** An error of Penny itself, or of a C task. `code` is stable; `cause` is what led to it; `task` names the C task that failed. */
export class PennyError extends Error {
  constructor(code, message, options) {
    super(message, options);
    this.code = code;
  }
}
Object.defineProperty(PennyError.prototype, 'name', { value: 'PennyError', configurable: true });

/** The PennyError for a number that C gave; `detail` and `task` are added when known. */
export function errorOf(number, detail, task) {
  const known = byNumber.get(number) ?? { code: 'PENNY_EFAIL', sentence: `the task failed with ${number}` };
  const text = detail ? `${detail} (${known.sentence})` : known.sentence;
  const error = new PennyError(known.code, task ? `${task}: ${text}` : text);
  error.number = number;
  if (task) error.task = task;
  return error;
}
