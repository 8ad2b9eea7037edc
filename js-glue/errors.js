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

/** What `import` of one of our own files gives. */
export const part = (loading) =>
  loading.catch((cause) => {
    throw errorFor('ESTART', 'offline, or another version is deployed: reload', cause);
  });

/**
 * For an error number of C; its sentence is in the module, as long as this worker has one. `detail` and `task` are added
 * when known.
 */
export function errorOf(view, number, detail, task) {
  const known = ERROR_NAMES.split(' ')[-1 - number];
  const found = view?.text(view.exports.pn_web_strerror(number)) ?? 'the pool has closed';
  const sentence = found + (known ? '' : `: ${number}`);
  const text = detail ? `${detail} (${sentence})` : sentence;
  return Object.assign(
    new PennyError(`PENNY_${known ?? 'EFAIL'}`, task ? `${task}: ${text}` : text),
    { number, ...(task && { task }) },
  );
}

export const want = (isRight, what) => {
  if (!isRight) throw new TypeError(what);
};

/** Of a loop; `Wrong` is what a grain below 1 throws. */
export function wantRange(begin, end, { args = [], grain = 1 }, Wrong = TypeError) {
  const { isSafeInteger } = Number;
  const isRange = isSafeInteger(begin) && isSafeInteger(end);
  want(isRange, `a range goes from one whole number to another, not from ${begin} to ${end}`);
  want(Array.isArray(args), 'args is an array');
  if (isSafeInteger(grain) && grain > 0) return;
  throw new Wrong(`grain is a whole number above 0, not ${grain}`);
}

export const wantClasses = (errors) =>
  want(
    Array.isArray(errors) && errors.every((Class) => typeof Class === 'function'),
    'errors is an array of classes',
  );

/** What array() makes one of: a length, or a list of values. */
export function contentOf(given) {
  if (typeof given === 'number') return given;
  want(given?.[Symbol.iterator], 'array takes a length or an iterable');
  return ArrayBuffer.isView(given) ? given : Array.from(given);
}

/** The bytes of an array, if there can be such a one. */
export function bytesOf(Type, length) {
  want(Type?.prototype?.BYTES_PER_ELEMENT, 'array takes the constructor of a typed array');
  const bytes = Number.isInteger(length) ? length * Type.BYTES_PER_ELEMENT : -1;
  if (bytes >= 0 && bytes < 2 ** 32) return bytes;
  throw new RangeError(`an array cannot have ${length} elements`);
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
