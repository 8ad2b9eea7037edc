// codec.js: values as bytes, for arguments and results that cross shared memory: all that
// structuredClone takes, and more of errors. Used on the page and in workers. No library: the small
// ones write JSON and lose buffers, the others weigh more than all of Penny.
//
//   f64 end of the values | f64 bytes of text, negative if it is JSON | values | text | buffers
//
// A value is a tag and what the tag says. All strings are one text, cut by their lengths: one call
// of the (costly) text coder. An object stands where it is met first; what is in it comes after all
// that was met before it: no recursion, so no depth is too deep. Objects and keys are numbered as
// they come, which is how they are written from the second time on: identity and cycles survive.
//
// Bytes that are read may be wrong in any way: that gives some value or throws a RangeError, in time
// and memory bounded by their number. So nothing but strings and numbers is ever converted, and no
// string can be named twice but as a key.
import { PennyError } from './errors.js';
import { ROOT_DATA, ROOT_DATA_BYTES } from './layout.gen.js';
import { arrayTypes } from './memory.js';

const CONSTANTS = [undefined, null, true, false];
const DOUBLE = 4; // 8 bytes
const STRING = 5; // length
const SEEN = 6; // number of an object
// What follows is made by MAKERS of the values that come next.
const BIGINT = 7;
const DATE = 8;
const BOXED = 9;
const REGEXP = 10;
const BUFFER = 11;
const VIEW = 12;
const MEMORY = 13; // the pool's memory itself
const NUMBERS = 14; // an array of numbers
const CARRIED = 15; // by a message: its place there
// And these are filled later: by a count and values,
const ARRAY = 16;
const SET = 17;
const MAP = 18; // keys and values in turn
// or by a count, and for each property its key and value.
const OBJECT = 19;
const SPARSE = 20;
const ERROR = 21; // twice: what is enumerable and what is not
const SMALL = 22; // from here on: the numbers from 0

const START = 16;
const PACK_LENGTH = 8;
const types = [...arrayTypes, DataView, globalThis.Float16Array];
const { prototype } = Object;
const encoder = new TextEncoder();
// A byte order mark is a character like others.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const double = new Float64Array(1);
const doubleBytes = new Uint8Array(double.buffer);

const nameOf = (value) => prototype.toString.call(value).slice(8, -1);
const isBuffer = (value) => /Buffer$/.test(nameOf(value));
const className = (Class) => (Class === PennyError ? 'PennyError' : Class?.name);

// Of the value that is being written or read.
let bytes = new Uint8Array(4096);
let at;
let text;
let parts; // buffers to write
let seen; // objects and keys by number; when writing, their numbers
// What is to be filled. Writing, by fours: what is in an object, the object's tag, its parent's
// place here, its key there. Reading, by twos: the object and its tag.
let queue;
let parent; // place in queue of what is being written
let step; // and the key in it
let view;
let options;
let end; // of the values to read
let textAt;
let partAt;

function room(count) {
  if (at + count <= bytes.length) return;
  const old = bytes;
  bytes = new Uint8Array(2 * at + count);
  bytes.set(old);
}

function byte(value) {
  if (at === bytes.length) room(1);
  bytes[at++] = value;
}

function putDouble(value) {
  double[0] = value;
  for (const one of doubleBytes) byte(one);
}

function putCount(value) {
  for (; value > 127; value = Math.floor(value / 128)) byte((value % 128) | 128);
  byte(value);
}

function putString(value) {
  putCount(value.length);
  text += value;
}

const remember = (object) => seen.set(object, seen.size);

function putMade(tag, object, ...values) {
  byte(tag);
  for (const value of values) put(value);
  remember(object);
}

function putLater(tag, object, content, ...values) {
  putMade(tag, object, ...values);
  queue.push(content, tag, parent, step);
}

/** Throws; but inside of an error, which is worth more than its properties, writes undefined. */
function refuse(what) {
  let path = '';
  let where = 'the value';
  for (let idx = parent, key = step; idx >= 0; key = queue[idx + 3], idx = queue[idx + 2]) {
    const tag = queue[idx + 1];
    if (tag === ERROR) return byte(0);
    if (!idx && options.isArguments) where = `argument ${key + 1}`;
    else if (tag === MAP) path = `[entry ${key >> 1}]${path}`;
    else path = (/^[a-z_$][\w$]*$/i.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`) + path;
  }
  if (path) where += `: ${path}`;
  throw new DOMException(`${where} is ${what}; it cannot be sent to a task`, 'DataCloneError');
}

function put(value) {
  const type = typeof value;
  const place = CONSTANTS.indexOf(value);
  if (type === 'number') {
    if (value < 256 - SMALL && Object.is(value, value & 255)) return byte(SMALL + value);
    byte(DOUBLE);
    putDouble(value);
  } else if (type === 'string') {
    byte(STRING);
    putString(value);
  } else if (place >= 0) byte(place);
  else if (type === 'object') putObject(value);
  else if (type === 'bigint') putMade(BIGINT, value, value.toString(16));
  else refuse(`a ${type}`);
}

function putObject(object) {
  const known = seen.get(object);
  if (known !== undefined) {
    byte(SEEN);
    return putCount(known);
  }
  if (options.transfer?.includes(object)) return carry(object);
  if (Array.isArray(object)) return putArray(object);
  const isPlain = Object.getPrototypeOf(object) === prototype;
  if (isPlain) return putLater(OBJECT, object, object);
  if (ArrayBuffer.isView(object)) return putView(object);
  const name = nameOf(object);
  if (name === 'Error' || object instanceof Error) return putError(object);
  if (name === 'Object') return putLater(OBJECT, object, object);
  if (name === 'ArrayBuffer') return putBuffer(object);
  if (view?.buffers.has(object)) return putMade(MEMORY, object);
  if (name === 'RegExp') return putMade(REGEXP, object, object.source, object.flags);
  putWrapped(object, name);
}

function carry(object) {
  const { carry } = options;
  if (carry) putMade(CARRIED, object, carry.push(object) - 1);
  else refuse(`a ${nameOf(object)}, which needs a message`);
}

function putWrapped(object, name) {
  const list = [];
  try {
    // All these throw for objects that only say what they are.
    if (name === 'Map') {
      Map.prototype.forEach.call(object, (value, key) => list.push(key, value));
      return putLater(MAP, object, list);
    }
    if (name === 'Set') {
      Set.prototype.forEach.call(object, (value) => list.push(value));
      return putLater(SET, object, list);
    }
    if (/^(Date|Number|String|Boolean|BigInt)$/.test(name)) {
      const value = globalThis[name].prototype.valueOf.call(object);
      return putMade(name === 'Date' ? DATE : BOXED, object, value);
    }
  } catch {}
  // The engine knows whether it is plain, the platform's, or cannot be sent.
  let copy;
  try {
    copy = structuredClone(object);
  } catch {
    return refuse(`a ${name}`);
  }
  if (Object.getPrototypeOf(copy) === prototype) putLater(OBJECT, object, object);
  else carry(object);
}

function putArray(array) {
  const { length } = array;
  if (length >= PACK_LENGTH) {
    const packed = pack(array, Int32Array) ?? pack(array, Float64Array);
    if (packed) {
      parts.push(packed);
      return putMade(NUMBERS, array, types.indexOf(packed.constructor), packed.byteLength);
    }
  }
  const keys = Object.keys(array);
  // Indices come first.
  if (keys.length === length && (!length || keys[length - 1] === `${length - 1}`)) {
    putLater(ARRAY, array, array);
  } else putLater(SPARSE, array, array, length);
}

/** The array's numbers, if it has nothing else and all of them fit. */
function pack(array, Type) {
  const { length } = array;
  if (typeof array[0] !== 'number') return;
  const packed = new Type(length);
  for (let idx = 0; idx < length; idx++) {
    const value = array[idx];
    if (typeof value !== 'number') return;
    packed[idx] = value;
    if (!Object.is(packed[idx], value)) return;
  }
  // To look for named properties of a long array would take longer than all the rest.
  if (length > 2 ** 16 || Object.values(array).length === length) return packed;
}

function putView(object) {
  const { buffer } = object;
  let offset;
  let length;
  try {
    // All three throw when the buffer is detached, or became too short.
    object.at?.(0);
    offset = object.byteOffset;
    length = object.length ?? object.byteLength;
  } catch {
    return refuse('detached');
  }
  if (view?.freed.has(object)) return refuse('a freed array');
  // One that reaches the end of a buffer that can grow is taken for one that follows it.
  const canGrow = buffer.resizable || buffer.growable;
  if (canGrow && offset + object.byteLength === buffer.byteLength) length = undefined;
  const type = types.findIndex((Type) => Type && object instanceof Type);
  putMade(VIEW, object, type, buffer, offset, length);
}

function putBuffer(buffer) {
  let part;
  try {
    part = new Uint8Array(buffer);
  } catch {
    return refuse('detached');
  }
  parts.push(part);
  putMade(BUFFER, buffer, part.length, buffer.resizable ? buffer.maxByteLength : undefined);
}

function putError(error) {
  const classes = [];
  for (let at = Object.getPrototypeOf(error); at; at = Object.getPrototypeOf(at))
    classes.push(className(at.constructor));
  putLater(ERROR, error, error, `${classes}`, `${error.message}`, `${error.name}`);
}

function putProperties(object, keys) {
  putCount(keys.length);
  for (const key of keys) {
    const known = seen.get(key);
    putCount(known === undefined ? 0 : known + 1);
    if (known === undefined) {
      remember(key);
      putString(key);
    }
    step = key;
    put(object[key]);
  }
}

function putContent(content, tag) {
  if (tag < OBJECT) {
    putCount(content.length);
    for (step = 0; step < content.length; step++) put(content[step]);
    return;
  }
  const keys = Object.keys(content);
  putProperties(content, keys);
  if (tag !== ERROR) return;
  const names = new Set([...Object.getOwnPropertyNames(content), 'stack']);
  for (const key of keys) names.delete(key);
  putProperties(content, [...names]);
}

/** Puts together what was written. */
function gather() {
  const valuesEnd = at;
  // A lone surrogate has no bytes: JSON escapes it.
  const isJson = /\p{Cs}/u.test(text);
  if (isJson) text = JSON.stringify(text);
  room(3 * text.length);
  const { written } = encoder.encodeInto(text, bytes.subarray(at));
  at = 0;
  putDouble(valuesEnd);
  putDouble(isJson ? -written : written);
  at = valuesEnd + written;
  const head = bytes.subarray(0, at);
  let total = at;
  for (const part of parts) total += part.byteLength;
  const all = options.into ? options.into(total) : new Uint8Array(total);
  if (!all) return;
  all.set(head);
  for (const { buffer } of parts) {
    all.set(new Uint8Array(buffer), at);
    at += buffer.byteLength;
  }
  return all;
}

/**
 * The value as bytes. Throws a DataCloneError that names the path to what cannot be sent.
 *
 * `memory` (a MemoryView) tells which arrays go by reference. Options: `isArguments`: the value is
 * an array of arguments, errors say which; `transfer`: what is moved, not copied; `carry`: an array
 * that takes what a message has to carry (of `transfer`, and blobs and the like): decode wants it
 * back as `carried`; `into(count)`: gives the bytes to write into, or nothing, and so does encode.
 */
export function encode(value, memory, given = {}) {
  // A getter may come here while its object is being written.
  const outer = [bytes, at, text, parts, seen, queue, parent, step, view, options];
  if (queue) bytes = new Uint8Array(64);
  [at, text, parts, seen, queue, parent, view, options] = [
    START,
    '',
    [],
    new Map(),
    [],
    -4,
    memory,
    given,
  ];
  try {
    const { transfer } = given;
    if (new Set(transfer).size < transfer?.length) refuse('twice in transfer');
    put(value);
    for (parent = 0; parent < queue.length; parent += 4)
      putContent(queue[parent], queue[parent + 1]);
    return gather();
  } finally {
    [bytes, at, text, parts, seen, queue, parent, step, view, options] = outer;
  }
}

function fail() {
  throw new RangeError('out of range');
}

function next() {
  if (at >= end) fail();
  return bytes[at++];
}

function getDouble() {
  for (let idx = 0; idx < 8; idx++) doubleBytes[idx] = next();
  return double[0];
}

function getCount() {
  let value = 0;
  for (let factor = 1; ; factor *= 128) {
    const one = next();
    value += (one & 127) * factor;
    if (one < 128) return value;
  }
}

function getString() {
  const from = textAt;
  textAt += getCount();
  return text.slice(from, textAt);
}

/** The next buffer. */
function take(length) {
  const from = partAt;
  partAt += length;
  if (!(partAt <= bytes.length)) fail();
  return bytes.slice(from, partAt).buffer;
}

function keep(object) {
  seen.push(object);
  return object;
}

function get() {
  const tag = next();
  if (tag >= SMALL) return tag - SMALL;
  if (tag < DOUBLE) return CONSTANTS[tag];
  if (tag === DOUBLE) return getDouble();
  if (tag === STRING) return getString();
  if (tag === SEEN) {
    const known = seen[getCount()];
    if (typeof known !== 'object') fail();
    return known;
  }
  const made = tag === OBJECT ? {} : tag === ARRAY ? [] : make(MAKERS[tag - BIGINT]);
  if (tag >= ARRAY) queue.push(made, tag);
  return keep(made);
}

function make(maker) {
  const values = [];
  while (values.length < maker.length) {
    const value = get();
    if (typeof value === 'object' && !isBuffer(value)) fail();
    values.push(value);
  }
  return maker(...values);
}

const MAKERS = [
  (digits) => (digits[0] === '-' ? -BigInt(`0x${digits.slice(1)}`) : BigInt(`0x${digits}`)),
  (time) => new Date(time),
  (value) => Object(value),
  (source, flags) => new RegExp(source, flags),
  (length, maxByteLength) => {
    const buffer = take(length);
    if (maxByteLength === undefined) return buffer;
    const resizable = new ArrayBuffer(length, { maxByteLength });
    new Uint8Array(resizable).set(new Uint8Array(buffer));
    return resizable;
  },
  (type, buffer, offset, length) => {
    // Null if it could not be sent (refuse).
    if (!isBuffer(buffer)) return null;
    const Type = types[type];
    if (!view?.buffers.has(buffer)) return new Type(buffer, offset, length);
    view.reach(offset, length * (Type.BYTES_PER_ELEMENT ?? 1));
    // The buffer that reach() knows: another worker may have grown the memory since.
    return new Type(view.u8.buffer, offset, length);
  },
  () => view.memory.buffer,
  (type, length) => {
    const packed = new types[type](take(length));
    const array = new Array(packed.length);
    for (let idx = 0; idx < packed.length; idx++) array[idx] = packed[idx];
    return array;
  },
  (place) => {
    if (!(place in options.carried)) fail();
    return options.carried[place];
  },
  () => [],
  () => new Set(),
  () => new Map(),
  () => ({}),
  (length) => {
    // A far index first: engines would reserve the room for a length alone.
    const array = [];
    array[2 ** 32 - 2] = 0;
    array.length = length;
    return array;
  },
  makeError,
];

/** An error of the first class that is known here; no constructor of the program's own runs. */
function makeError(classes, message, name) {
  const names = classes.split(',');
  let Class;
  for (const one of names) Class ??= classOf(one);
  const isDom = names.includes('DOMException');
  const values = isDom ? [message, name] : message ? [message] : [];
  const error = Reflect.construct(isDom ? DOMException : Error, values, Class ?? Error);
  if (error.name !== name) define(error, 'name', name, false);
  return error;
}

function classOf(name) {
  const known = [...(options.errors ?? []), PennyError].find((Class) => className(Class) === name);
  if (known || !/(Error|Exception)$/.test(name)) return known;
  const Class = globalThis[name] ?? WebAssembly[name];
  return Class === Error || Class?.prototype instanceof Error ? Class : undefined;
}

const define = (object, key, value, enumerable) =>
  Object.defineProperty(object, key, { value, writable: true, enumerable, configurable: true });

function getProperties(object, isHidden) {
  for (let left = getCount(); left > 0; left--) {
    const number = getCount();
    const key = number ? seen[number - 1] : keep(getString());
    if (typeof key !== 'string') fail();
    const value = get();
    // Never an assignment where there is something: the key may be __proto__.
    if (!(key in object)) object[key] = value;
    else if (!isHidden || object[key] !== value) define(object, key, value, !isHidden);
  }
}

function fill(object, tag) {
  if (tag >= OBJECT) {
    getProperties(object);
    if (tag === ERROR) getProperties(object, true);
    return;
  }
  for (let left = getCount(); left > 0; left--) {
    const value = get();
    if (tag === ARRAY) object.push(value);
    else if (tag === SET) object.add(value);
    else {
      object.set(value, get());
      left--;
    }
  }
}

/**
 * The value of bytes that encode made; `memory` (a MemoryView) is where arrays by reference are.
 * Options: `errors`: custom error classes to restore; `carried`: what encode put into `carry`.
 */
export function decode(from, memory, given = {}) {
  const outer = [bytes, text, seen, queue, view, options];
  [bytes, at, textAt, seen, queue, view, options] = [from, 0, 0, [], [], memory, given];
  try {
    end = bytes.length;
    const valuesEnd = getDouble();
    const textBytes = getDouble();
    partAt = valuesEnd + Math.abs(textBytes);
    text = decoder.decode(bytes.slice(valuesEnd, partAt));
    if (textBytes < 0) text = `${JSON.parse(text)}`;
    end = Math.min(valuesEnd, end);
    const value = get();
    for (let idx = 0; idx < queue.length; idx += 2) fill(queue[idx], queue[idx + 1]);
    return value;
  } catch (cause) {
    throw new RangeError(`no encoded value: ${cause.message}`, { cause });
  } finally {
    [bytes, text, seen, queue, view, options] = outer;
  }
}

/** The arguments of a root, or what its task gave: read in place. */
export function decodeData(memory, root, given) {
  const length = memory.get(root + ROOT_DATA_BYTES);
  const from = memory.reach(memory.get(root + ROOT_DATA), length);
  return decode(memory.u8.subarray(from, from + length), memory, given);
}
