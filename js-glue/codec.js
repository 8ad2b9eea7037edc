// codec.js: JavaScript values as bytes, for arguments and results that cross shared memory. Used on
// the page and in workers.
//
// A value is a tag byte and its content; numbers are little-endian doubles, lengths are 32 bits,
// text is one byte a character when it can be and two otherwise, so every string survives. Objects
// get numbers in the order they begin, which is how a second reference to one is written: identity
// and cycles survive. What cannot be sent throws DataCloneError at once.
import { PennyError } from './errors.js';
import { arrayTypes } from './memory.js';

const UNDEFINED = 0;
const NULL = 1;
const FALSE = 2;
const TRUE = 3;
const NUMBER = 4;
const BIGINT = 5;
const LATIN1 = 6;
const UTF16 = 7;
const SEEN = 8;
const ARRAY = 9;
const OBJECT = 10;
const BUFFER = 11;
const VIEW = 12; // a copy of an array that is not shared
const SHARED = 13; // an array in Penny's memory, by address
const ERROR = 14;
const DATA_VIEW = 15;

// Error classes that are restored by name. DOMException is apart: its constructor takes the name.
const errorClasses = () => [
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
  PennyError,
];

let scratch = new Uint8Array(4096);
let data = new DataView(scratch.buffer);
let used = 0;

function room(bytes) {
  if (used + bytes > scratch.length) {
    const larger = new Uint8Array(Math.max(scratch.length * 2, used + bytes));
    larger.set(scratch);
    scratch = larger;
    data = new DataView(scratch.buffer);
  }
  const at = used;
  used += bytes;
  return at;
}

const putByte = (value) => {
  scratch[room(1)] = value;
};
const putLength = (value) => data.setUint32(room(4), value, true);

function putBytes(bytes) {
  putLength(bytes.length);
  scratch.set(bytes, room(bytes.length));
}

function putText(text, narrow, wide) {
  const { length } = text;
  const start = used;
  putByte(narrow);
  putLength(length);
  let at = room(length);
  for (let idx = 0; idx < length; idx++) {
    const code = text.charCodeAt(idx);
    if (code < 256) {
      scratch[at++] = code;
      continue;
    }
    used = start;
    putByte(wide);
    putLength(length);
    at = room(length * 2);
    for (let i = 0; i < length; i++) data.setUint16(at + 2 * i, text.charCodeAt(i), true);
    return;
  }
}

function refuse(value, why) {
  const what =
    typeof value === 'object'
      ? Object.prototype.toString.call(value).slice(8, -1)
      : `a ${typeof value}`;
  throw new DOMException(`${what} cannot be sent to a task${why ?? ''}`, 'DataCloneError');
}

function putObject(value, view, seen) {
  const number = seen.get(value);
  if (number !== undefined) {
    putByte(SEEN);
    return putLength(number);
  }
  seen.set(value, seen.size);
  if (Array.isArray(value)) {
    putByte(ARRAY);
    putLength(value.length);
    for (let idx = 0; idx < value.length; idx++) put(value[idx], view, seen);
    return;
  }
  if (ArrayBuffer.isView(value)) {
    const type = arrayTypes.indexOf(value.constructor);
    if (type >= 0 && view?.owns(value)) {
      if (view.freed?.has(value)) refuse(value, ': it was freed');
      putByte(SHARED);
      putByte(type);
      putLength(value.byteOffset);
      return putLength(value.length);
    }
    if (type < 0 && !(value instanceof DataView)) refuse(value);
    putByte(type < 0 ? DATA_VIEW : VIEW);
    putByte(type);
    return putBytes(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  }
  if (value instanceof ArrayBuffer) {
    putByte(BUFFER);
    return putBytes(new Uint8Array(value));
  }
  const isError = value instanceof Error || value instanceof DOMException;
  if (!isError && Object.prototype.toString.call(value) !== '[object Object]') refuse(value);
  const keys = Object.keys(value);
  if (isError) {
    putByte(ERROR);
    const type = errorClasses().findLastIndex((Class) => value instanceof Class);
    putByte(value instanceof DOMException ? 255 : type);
    for (const part of [value.name, value.message, value.stack])
      put(String(part ?? ''), view, seen);
    if ('cause' in value && !keys.includes('cause')) keys.push('cause');
  } else {
    putByte(OBJECT);
  }
  putLength(keys.length);
  for (const key of keys) {
    putText(key, LATIN1, UTF16);
    put(value[key], view, seen);
  }
}

function put(value, view, seen) {
  switch (typeof value) {
    case 'undefined':
      return putByte(UNDEFINED);
    case 'boolean':
      return putByte(value ? TRUE : FALSE);
    case 'number':
      putByte(NUMBER);
      return data.setFloat64(room(8), value, true);
    case 'string':
      return putText(value, LATIN1, UTF16);
    case 'bigint':
      putByte(BIGINT);
      return putText(value.toString(16), LATIN1, UTF16);
    case 'object':
      return value === null ? putByte(NULL) : putObject(value, view, seen);
    default:
      return refuse(value);
  }
}

/**
 * The value as bytes, valid until the next call. `view` (a MemoryView) tells which arrays go by
 * reference.
 */
export function encode(value, view) {
  used = 0;
  put(value, view, new Map());
  return scratch.subarray(0, used);
}

/** The value of bytes that encode made; `view` (a MemoryView) is where arrays by reference are. */
export function decode(bytes, view) {
  const from = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const seen = [];
  let at = 0;
  const byte = () => bytes[at++];
  const length = () => {
    at += 4;
    return from.getUint32(at - 4, true);
  };
  const part = () => {
    const count = length();
    if (at + count > bytes.length) throw new RangeError('encoded value is cut off');
    at += count;
    return bytes.slice(at - count, at);
  };
  const keep = (value) => {
    seen.push(value);
    return value;
  };
  const text = (tag) => {
    const count = length();
    const width = tag === UTF16 ? 2 : 1;
    if (at + count * width > bytes.length) throw new RangeError('encoded value is cut off');
    let result = '';
    for (let idx = 0; idx < count; idx++, at += width) {
      result += String.fromCharCode(width === 2 ? from.getUint16(at, true) : bytes[at]);
    }
    return result;
  };
  const fill = (object) => {
    for (let count = length(); count > 0; count--) {
      const key = text(byte());
      const value = get();
      // Never an assignment: a key may be __proto__.
      const isHidden = key === 'cause' && object instanceof Error;
      Object.defineProperty(object, key, {
        value,
        writable: true,
        enumerable: !isHidden,
        configurable: true,
      });
    }
    return object;
  };
  const error = () => {
    const type = byte();
    // The object is numbered before its parts; its class is known, its message only after them.
    const place = seen.push(undefined) - 1;
    const [name, message, stack] = [get(), get(), get()];
    const Class = errorClasses()[type] ?? Error;
    const value =
      type === 255
        ? new DOMException(message, name)
        : Class === PennyError
          ? new Class('', message)
          : new Class(message);
    seen[place] = value;
    for (const [key, own] of [
      ['stack', stack],
      ['name', name],
    ]) {
      if (own && value[key] !== own)
        Object.defineProperty(value, key, { value: own, writable: true, configurable: true });
    }
    return fill(value);
  };
  const get = () => {
    const tag = byte();
    switch (tag) {
      case UNDEFINED:
        return undefined;
      case NULL:
        return null;
      case FALSE:
        return false;
      case TRUE:
        return true;
      case NUMBER:
        at += 8;
        return from.getFloat64(at - 8, true);
      case LATIN1:
      case UTF16:
        return text(tag);
      case BIGINT: {
        const digits = text(byte());
        return digits[0] === '-' ? -BigInt(`0x${digits.slice(1)}`) : BigInt(`0x${digits}`);
      }
      case SEEN:
        return seen[length()];
      case ARRAY: {
        const count = length();
        const array = keep([]);
        for (let idx = 0; idx < count; idx++) array.push(get());
        return array;
      }
      case OBJECT:
        return fill(keep({}));
      case BUFFER:
        return keep(part().buffer);
      case VIEW:
      case DATA_VIEW: {
        // A DataView's number is none of the list's.
        const Type = arrayTypes[byte()] ?? DataView;
        return keep(new Type(part().buffer));
      }
      case SHARED: {
        const Type = arrayTypes[byte()];
        const address = length();
        return keep(view.array(Type, address, length()));
      }
      case ERROR:
        return error();
      default:
        throw new RangeError('not an encoded value');
    }
  };
  return get();
}
