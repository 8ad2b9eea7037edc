// codec.js: JavaScript values as bytes, for arguments and results that cross shared memory. Used on
// the page and in workers.
//
// The bytes are JSON text, a zero, and the contents of buffers one after another. In the text,
// objects and what JSON lacks are arrays that start with a tag. Objects get numbers in the order
// they begin, which is how a second reference to one is written: identity and cycles survive. What
// cannot be sent throws DataCloneError at once.
import { PennyError } from './errors.js';
import { ROOT_DATA, ROOT_DATA_BYTES } from './layout.gen.js';
import { arrayTypes } from './memory.js';

const UNDEFINED = 0;
const NUMBER = 1; // one that JSON lacks
const BIGINT = 2;
const SEEN = 3;
const ARRAY = 4;
const OBJECT = 5;
const ERROR = 6;
const SHARED = 7; // an array in Penny's memory, by address
const BYTES = 8; // a copy of any other array or buffer

// Classes that are restored by their place in a list; of the errors, the last that fits.
const copied = [...arrayTypes, DataView, ArrayBuffer];
const errors = [
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
  PennyError,
  DOMException,
];

const nameOf = (value) => Object.prototype.toString.call(value).slice(8, -1);

function refuse(value, why = '') {
  throw new DOMException(`${nameOf(value)} cannot be sent to a task${why}`, 'DataCloneError');
}

/** The value as bytes; `view` (a MemoryView) tells which arrays go by reference. */
export function encode(value, view) {
  const seen = new Map();
  const parts = [];

  const putObject = (object) => {
    if (seen.has(object)) return [SEEN, seen.get(object)];
    seen.set(object, seen.size);
    if (Array.isArray(object)) return [ARRAY, Array.from(object, put)];
    const type = copied.indexOf(object.constructor);
    if (ArrayBuffer.isView(object) || object instanceof ArrayBuffer) {
      if (type < 0) refuse(object);
      if (arrayTypes[type] && view?.owns(object)) {
        if (view.freed.has(object)) refuse(object, ': it was freed');
        return [SHARED, type, object.byteOffset, object.length];
      }
      const { byteLength } = object;
      parts.push(new Uint8Array(object.buffer ?? object, object.byteOffset, byteLength));
      return [BYTES, type, byteLength];
    }
    const error = errors.findLastIndex((Class) => object instanceof Class);
    if (error < 0 && nameOf(object) !== 'Object') refuse(object);
    const keys = Object.keys(object);
    const isHidden = error >= 0 && 'cause' in object && !keys.includes('cause');
    if (isHidden) keys.push('cause');
    const values = keys.map((key) => put(object[key]));
    if (error < 0) return [OBJECT, keys, values];
    const { name, message, stack } = object;
    return [ERROR, keys, values, error, ...[name, message, stack].map((text) => `${text ?? ''}`)];
  };

  const put = (value) => {
    switch (typeof value) {
      case 'undefined':
        return [UNDEFINED];
      case 'number':
        if (Object.is(value, -0)) return [NUMBER, '-0'];
        return Number.isFinite(value) ? value : [NUMBER, `${value}`];
      case 'bigint':
        return [BIGINT, `${value}`];
      case 'boolean':
      case 'string':
        return value;
      case 'object':
        return value && putObject(value);
    }
    return refuse(value);
  };

  parts.unshift(new TextEncoder().encode(`${JSON.stringify(put(value))}\0`));
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** The value of bytes that encode made; `view` (a MemoryView) is where arrays by reference are. */
export function decode(bytes, view) {
  const seen = [];
  let at = bytes.indexOf(0) + 1;

  const keep = (value) => {
    seen.push(value);
    return value;
  };
  // Never an assignment: a key may be __proto__.
  const define = (object, key, value, enumerable) =>
    Object.defineProperty(object, key, { value, writable: true, enumerable, configurable: true });
  const fill = (object, keys, values) => {
    keys.forEach((key, idx) => {
      define(object, key, get(values[idx]), !(key === 'cause' && object instanceof Error));
    });
    return object;
  };

  const get = (node) => {
    if (!Array.isArray(node)) return node;
    const [tag, first, second, third, name, message, stack] = node;
    switch (tag) {
      case UNDEFINED:
        return undefined;
      case NUMBER:
        return Number(first);
      case BIGINT:
        return BigInt(first);
      case SEEN:
        return seen[first];
      case ARRAY: {
        const array = keep([]);
        for (const item of first) array.push(get(item));
        return array;
      }
      case OBJECT:
        return fill(keep({}), first, second);
      case ERROR: {
        const Class = errors[third];
        const error = keep(
          Class === PennyError ? new Class('', message) : new Class(message, name),
        );
        for (const [key, own] of Object.entries({ stack, name }))
          if (own && error[key] !== own) define(error, key, own, false);
        return fill(error, first, second);
      }
      case SHARED:
        return keep(view.array(arrayTypes[first], second, third));
      case BYTES: {
        const Type = copied[first];
        const from = at;
        at += second;
        const { buffer } = bytes.slice(from, at);
        if (buffer.byteLength !== second) break;
        return keep(Type === ArrayBuffer ? buffer : new Type(buffer));
      }
    }
    throw new RangeError('not an encoded value');
  };

  return get(JSON.parse(new TextDecoder().decode(bytes.subarray(0, at - 1))));
}

/** The arguments of a root, or what its task gave. */
export const decodeData = (view, root) =>
  decode(view.copy(view.get(root + ROOT_DATA), view.get(root + ROOT_DATA_BYTES)), view);
