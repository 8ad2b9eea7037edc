// arrays.js: pool.sort, scan, sum, min and max: C tasks on arrays in shared memory (src/kernels.c),
// loaded when the first of them is called. Page only.
import { PennyError, want } from './errors.js';
import { arrayTypes } from './memory.js';

// Of pn_web_kernel.
const SORT = 0;
const SCAN = 1;
const FOLD = 2;
// Of enum pn_fold.
const SUM = 0;
const MIN = 1;
const MAX = 2;

const isBig = (array) => array instanceof BigInt64Array || array instanceof BigUint64Array;
const isReal = (array) => array instanceof Float32Array || array instanceof Float64Array;

/** The number of the array's type, when a kernel may work on it. */
function kindOf({ view }, name, array) {
  const kind = arrayTypes.findIndex((Type) => array instanceof Type);
  const isOurs = kind >= 0 && view.owns(array);
  want(isOurs, `${name} takes a typed array that array() of this pool gave, or a part of it`);
  want(!view.freed.has(array), `${name}: this array was freed already`);
  return kind;
}

/** The option `key` as 0 or 1. */
function flag(name, key, { [key]: value = false }) {
  want(typeof value === 'boolean', `${name}: ${key} is true or false, not ${value}`);
  return +value;
}

/** Submits kernel `which`; `read(at)` makes its result of the two words at `at`. */
function submit(host, which, name, array, kind, detail, read, options) {
  const { exports, stage } = host;
  const type = exports.pn_web_kernel?.(which);
  if (!type) {
    const text = `${name}: this module has no kernels: link it by penny_add_module without NO_KERNELS`;
    throw new PennyError('PENNY_ESYMBOL', text);
  }
  [array.byteOffset, array.length, kind, detail].forEach((value, idx) => {
    stage.setBigUint64(8 * idx, BigInt(value), true);
  });
  return host.add((...rest) => exports.pn_web_call(type, ...rest), name, read, options, [array]);
}

async function inPlace(host, which, name, key, array, options, byComparator) {
  const kind = kindOf(host, name, array);
  const detail = flag(name, key, options);
  if (which === SORT && options.comparator !== undefined) await byComparator(!!detail, array);
  else if (array.length) await submit(host, which, name, array, kind, detail, () => {}, options);
  return array;
}

export const sort = (host, ...given) => inPlace(host, SORT, 'sort', 'descending', ...given);
export const scan = (host, ...given) => inPlace(host, SCAN, 'scan', 'exclusive', ...given);

const fold = (host, name, which, array, read, options) =>
  submit(host, FOLD, name, array, kindOf(host, name, array), which, read, options);

export function sum(host, array, options) {
  const { view } = host;
  return fold(
    host,
    'sum',
    SUM,
    array,
    (at) => {
      const from = view.reach(at, 16);
      const { data } = view;
      if (isReal(array)) {
        const plain = data.getFloat64(from, true);
        const exact = plain + data.getFloat64(from + 8, true);
        // Infinite sums have no correction.
        return Number.isNaN(exact) ? plain : exact;
      }
      const whole = (data.getBigInt64(from + 8, true) << 32n) + data.getBigInt64(from, true);
      const number = Number(whole);
      return isBig(array) || Math.abs(number) > 2 ** 53 || BigInt(number) !== whole
        ? whole
        : number;
    },
    options,
  );
}

function extreme(host, name, which, array, options) {
  const { view } = host;
  const read = (at) => {
    const from = view.reach(at, 8);
    const { data } = view;
    if (isReal(array)) return data.getFloat64(from, true);
    if (array instanceof BigUint64Array) return data.getBigUint64(from, true);
    const whole = data.getBigInt64(from, true);
    return isBig(array) ? whole : Number(whole);
  };
  const result = fold(host, name, which, array, read, options);
  return array.length ? result : result.then(() => undefined);
}

export const min = (host, ...given) => extreme(host, 'min', MIN, ...given);
export const max = (host, ...given) => extreme(host, 'max', MAX, ...given);
