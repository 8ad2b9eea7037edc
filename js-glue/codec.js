// codec.js: values as bytes, for arguments and results that cross shared memory: all that
// structuredClone takes, and more of errors. Used on the page and in workers. No library: the small
// ones write JSON and lose buffers, the others weigh more than all of Penny.
//
//   i32 words of values, these two too | i32 bytes of text, negative if JSON | values | text | buffers
//
// Text and buffers begin at multiples of eight bytes: engines copy from and to shared memory byte by byte otherwise.
//
// A value is words: a tag and what the tag says. All strings are one text, cut by their lengths: one
// call of the (costly) text coder. An object stands where it is met first; what is in it comes after
// all that was met before it: no recursion, so no depth is too deep. Objects and keys are numbered
// as they come, which is how they are written from the second time on: identity and cycles survive.
//
// Bytes that are read may be wrong in any way: that gives some value or throws a RangeError, in time
// and memory bounded by their number. So nothing but strings and numbers is ever converted, and no
// string can be named twice but as a key.
import { PennyError } from './errors.js';
import { ROOT_DATA, ROOT_DATA_BYTES } from './layout.gen.js';
import { arrayTypes } from './memory.js';

const INT = 4; // value; below are the places in CONSTANTS
const DOUBLE = 5; // two words
const STRING = 6; // length
const BIGINT = 7; // hexadecimal digits, as a string
const SEEN = 8; // number of an object
// What follows is made by MAKERS of the values that come next.
const BOXED = 9; // or a date
const REGEXP = 10;
const BUFFER = 11;
const VIEW = 12;
const MEMORY = 13; // the pool's memory itself
const NUMBERS = 14; // an array of numbers
const CARRIED = 15; // by a message: its place there
// And these are filled later: by a count and values,
const ARRAY = 16;
const SET = 17; // values and zeros in turn
const MAP = 18; // keys and values in turn
// or by a count, and for each property its key and value.
const OBJECT = 19;
const SPARSE = 20;
const ERROR = 21;

const PACK_LENGTH = 8;
const CONSTANTS = [undefined, null, true, false];
const types = [...arrayTypes, DataView, globalThis.Float16Array];
const typeNames = types.map((Type) => Type?.name);
// The type of a typed array, whatever it says of itself; none of others.
const { get: typeOf } = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Int8Array.prototype),
  Symbol.toStringTag,
);
const errors = [PennyError, DOMException, Error, EvalError, RangeError, ReferenceError];
errors.push(SyntaxError, TypeError, URIError, AggregateError);
// What errors have that is not enumerable, message and name aside.
const HIDDEN = ['stack', 'cause', 'errors'];
const encoder = new TextEncoder();
// A byte order mark is a character like others.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const double = new Float64Array(1);
const doubleWords = new Int32Array(double.buffer);
const scratch = new Int32Array(1024);
// What text is written to and read from, by pieces: engines would make room for the worst case and clear it, each time,
// and they refuse shared memory.
let piece = new Uint8Array(2 ** 14);
const PIECE_MAX = 2 ** 20;

const nameOf = (value) => Object.prototype.toString.call(value).slice(8, -1);
const isPlain = (object) => Object.getPrototypeOf(object) === Object.prototype;
export const isShared = (value) => nameOf(value) === 'SharedArrayBuffer';
const isBuffer = (value) => /Buffer$/.test(nameOf(value));
const className = (Class) => (Class === PennyError ? 'PennyError' : Class?.name);

// Of the value that is being written or read.
let words;
let at; // in words
let text;
let parts; // buffers to write
let seen; // objects and keys by number; when writing, their numbers
// What is to be filled. Writing, by fours: what is in an object, the object's tag, its parent's
// place here, its key there. Reading, the object and its tag.
let queue;
let parent; // place in queue of what is being written
let step; // and the key in it
let view;
let options;
let end; // of the words
let textAt;
let bytes; // to read
let partAt;

/** Starts with what `begin` does, then does all that is in the queue; leaves nothing behind. */
function apart(memory, given = {}, begin, each, end) {
  if (queue) throw new DOMException('a getter of what is sent cannot send', 'DataCloneError');
  seen = new Map();
  queue = [];
  view = memory;
  options = given;
  parent = -4;
  at = 2;
  try {
    const value = begin();
    for (parent = 0; parent < queue.length; parent += 4) each(queue[parent], queue[parent + 1]);
    return end(value);
  } finally {
    words = parts = seen = queue = view = options = bytes = undefined;
  }
}

function room(count) {
  if (at + count <= words.length) return;
  const old = words;
  words = new Int32Array(2 * at + count);
  words.set(old);
}

function word(value) {
  if (at === words.length) room(1);
  words[at++] = value;
}

function putString(value) {
  word(value.length);
  text += value;
}

/** Makes the piece as long as that, if it may be. */
function stretch(length) {
  const most = Math.min(length, PIECE_MAX);
  if (most > piece.length) piece = new Uint8Array(most);
}

const remember = (object) => seen.set(object, seen.size);

function putMade(tag, object, values = [], content = object) {
  word(tag);
  for (const value of values) put(value);
  remember(object);
  if (tag >= ARRAY) queue.push(content, tag, parent, step);
}

/** Throws; but inside of an error, which is worth more than its properties, writes undefined. */
function refuse(what) {
  let path = '';
  let where = 'the value';
  for (let idx = parent, key = step; idx >= 0; key = queue[idx + 3], idx = queue[idx + 2]) {
    if (queue[idx + 1] === ERROR) return word(0);
    if (!idx && options.isArguments) where = `argument ${+key + 1}`;
    else path = (/^[a-z_$][\w$]*$/i.test(key) ? `.${key}` : `[${key}]`) + path;
  }
  if (path) where += ': ';
  throw new DOMException(`${where}${path} is ${what}: it cannot be sent`, 'DataCloneError');
}

function put(value) {
  const type = typeof value;
  if (type === 'number') {
    if (Object.is(value, value | 0)) {
      word(INT);
      return word(value);
    }
    double[0] = value;
    word(DOUBLE);
    word(doubleWords[0]);
    word(doubleWords[1]);
  } else if (type === 'string') {
    word(STRING);
    putString(value);
  } else if (value && type === 'object') putObject(value);
  else if (type === 'bigint') {
    word(BIGINT);
    putString(value.toString(16));
  } else {
    const place = CONSTANTS.indexOf(value);
    if (place < 0) refuse(`a ${type}`);
    else word(place);
  }
}

function putObject(object) {
  const known = seen.get(object);
  if (known !== undefined) {
    word(SEEN);
    return word(known);
  }
  if (options.transfer?.includes(object)) return carry(object);
  if (Array.isArray(object)) return putArray(object);
  if (isPlain(object)) return putMade(OBJECT, object);
  const name = nameOf(object);
  if (/^(Error|DOMException)$/.test(name) || object instanceof Error) return putError(object);
  if (name === 'Object') return putMade(OBJECT, object);
  // First: it may be an ArrayBuffer (single.js).
  if (view?.buffers.has(object)) return putMade(MEMORY, object);
  if (name === 'ArrayBuffer' || ArrayBuffer.isView(object)) return putBinary(object);
  if (name === 'RegExp') return putMade(REGEXP, object, [object.source, object.flags]);
  putWrapped(object, name);
}

function carry(object) {
  const count = options.carry?.push(object);
  if (count) putMade(CARRIED, object, [count - 1]);
  else refuse(`a ${nameOf(object)}, which needs a message`);
}

function putWrapped(object, name) {
  try {
    // These throw for objects that only say what they are.
    if (/^(Map|Set)$/.test(name)) {
      const list = [];
      const isMap = name === 'Map';
      const add = (value, key) => list.push(key, isMap ? value : 0);
      globalThis[name].prototype.forEach.call(object, add);
      return putMade(isMap ? MAP : SET, object, [], list);
    }
    if (/^(Date|Number|String|Boolean|BigInt)$/.test(name)) {
      const value = globalThis[name].prototype.valueOf.call(object);
      return putMade(BOXED, object, [value, name === 'Date']);
    }
  } catch {}
  let copy;
  try {
    // The engine knows whether it is plain, the platform's, or cannot be sent.
    copy = structuredClone(object);
  } catch {
    return refuse(`a ${name}`);
  }
  if (isPlain(copy)) putMade(OBJECT, object);
  else carry(object);
}

function putArray(array) {
  const { length } = array;
  const packed = length >= PACK_LENGTH && pack(array);
  // To look for named properties of a long array would take longer than all the rest. (So do the texts of all indices, which
  // Object.keys gives.) Dense is what has no hole, nor undefined.
  const isDense = packed || (length >= PACK_LENGTH && ![].includes.call(array));
  if (isDense && (length > 2 ** 16 || Object.values(array).length === length)) {
    if (!packed) return putMade(ARRAY, array);
    parts.push(packed);
    return putMade(NUMBERS, array, [packed.byteLength, packed.BYTES_PER_ELEMENT]);
  }
  const keys = Object.keys(array);
  // Indices come first.
  if (keys.length === length && keys[length - 1] === `${length - 1}`) putMade(ARRAY, array);
  else putMade(SPARSE, array, [length]);
}

/**
 * The array's elements, if all are numbers; in four bytes each if all are whole: Firefox runs code that gets whole
 * numbers as doubles at a third of its speed.
 */
export function pack(array) {
  let Type = Int32Array;
  for (let idx = 0; idx < array.length; idx++) {
    const value = array[idx];
    if (typeof value !== 'number') return;
    if (!Object.is(value, value | 0)) Type = Float64Array;
  }
  return new Type(array);
}

function putBinary(object) {
  const buffer = object.buffer ?? object;
  let part;
  let offset;
  let length;
  try {
    // Some of these throw when the buffer is detached, or became too short.
    part = new Uint8Array(buffer);
    object.at?.(0);
    offset = object.byteOffset + (view?.base?.(buffer) ?? 0);
    length = object.length ?? object.byteLength;
  } catch {
    return refuse('a detached buffer');
  }
  if (view?.freed.has(object)) return refuse('a freed array');
  if (view?.buffers.has(buffer)) options.held?.push(object);
  const { resizable, growable, maxByteLength } = buffer;
  if (object === buffer) {
    parts.push(part);
    return putMade(BUFFER, object, [length, resizable ? maxByteLength : undefined]);
  }
  // One that reaches the end of a buffer that can grow is taken for one that follows it.
  if ((resizable || growable) && offset + object.byteLength === part.length) length = undefined;
  putMade(VIEW, object, [
    typeNames.indexOf(typeOf.call(object) ?? 'DataView'),
    buffer,
    offset,
    length,
  ]);
}

function putError(error) {
  const classes = [];
  for (let at = Object.getPrototypeOf(error); at; at = Object.getPrototypeOf(at))
    classes.push(className(at.constructor));
  putMade(ERROR, error, [`${classes}`, textOf(error, 'message'), textOf(error, 'name')]);
}

function putFilling(content, tag) {
  if (tag < OBJECT) {
    word(content.length);
    for (step = 0; step < content.length; step++) put(content[step]);
    return;
  }
  const keys = Object.keys(content);
  if (tag === ERROR) {
    for (const key of HIDDEN) if (key in content && !keys.includes(key)) keys.push(key);
  }
  word(keys.length);
  for (step of keys) {
    const known = seen.get(step);
    word(known === undefined ? 0 : known + 1);
    if (known === undefined) {
      remember(step);
      putString(step);
    }
    put(tag === ERROR ? read(content, step) : content[step]);
  }
}

/** A property of an error; what its getter throws is worth less than the error. */
function read(error, key) {
  try {
    return error[key];
  } catch {}
}

/** The same for what is a text, or has none. */
function textOf(error, key) {
  try {
    return String(error[key]);
  } catch {
    return '';
  }
}

/** Puts together what was written. */
function gather() {
  // A lone surrogate has no bytes: JSON escapes it.
  const isJson = !(text.isWellFormed?.() ?? !/\p{Cs}/u.test(text));
  if (isJson) text = JSON.stringify(text);
  room(1);
  at += at & 1;
  const head = new Uint8Array(words.buffer, 0, 4 * at);
  const texts = [];
  let written = 0;
  stretch(3 * text.length);
  for (let from = 0, to; from < text.length; from = to) {
    to = from + Math.floor(piece.length / 3);
    if ((text.charCodeAt(to - 1) & 0xfc00) === 0xd800) to--; // half of a character
    const coded = piece.subarray(0, encoder.encodeInto(text.slice(from, to), piece).written);
    texts.push(to < text.length ? coded.slice() : coded);
    written += coded.length;
  }
  words[0] = at;
  words[1] = isJson ? -written : written;
  let total = head.length + written;
  for (const { byteLength } of parts) total += (-total & 7) + byteLength;
  const all = (options.isPlaced && view.room?.(total)) || new Uint8Array(total);
  at = 0;
  for (const part of [head, ...texts]) {
    all.set(part, at);
    at += part.length;
  }
  for (const { buffer } of parts) {
    at += -at & 7;
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
 * back as `carried`; `held`: an array that takes the pool's arrays among them; `isPlaced`: the bytes
 * are to be where memory.place() would put them, if there is room.
 */
export function encode(value, memory, given) {
  const begin = () => {
    words = scratch;
    text = '';
    parts = [];
    put(value);
  };
  return apart(memory, given, begin, putFilling, gather);
}

function fail() {
  throw new RangeError('out of range');
}

function next() {
  if (at >= end) fail();
  return words[at++];
}

function getText(from, to) {
  let text = '';
  stretch(to - from);
  for (let until; from < to; from = until) {
    until = Math.min(from + piece.length, to);
    // No character is cut: the later bytes of one begin with the bits 10.
    for (let left = 3; left && until < to && bytes[until] >> 6 === 2; left--) until--;
    piece.set(bytes.subarray(from, until));
    text += decoder.decode(piece.subarray(0, until - from));
  }
  return text;
}

function getString() {
  const from = textAt;
  textAt += next() >>> 0;
  return text.slice(from, textAt);
}

/** The next buffer. */
function take(length) {
  const from = partAt + (-partAt & 7);
  partAt = from + length;
  if (!(from <= partAt && partAt <= bytes.length)) fail();
  return bytes.slice(from, partAt).buffer;
}

function keep(object) {
  seen.push(object);
  return object;
}

function get() {
  const tag = next();
  if (tag < INT) return CONSTANTS[tag];
  if (tag === INT) return next();
  if (tag === DOUBLE) {
    doubleWords[0] = next();
    doubleWords[1] = next();
    return double[0];
  }
  if (tag === STRING) return getString();
  if (tag === BIGINT) {
    const digits = getString();
    return digits[0] === '-' ? -BigInt(`0x${digits.slice(1)}`) : BigInt(`0x${digits}`);
  }
  if (tag === SEEN) {
    const known = seen[next()];
    if (typeof known !== 'object') fail();
    return known;
  }
  const made = tag === OBJECT ? {} : tag === ARRAY ? [] : make(MAKERS[tag - BOXED]);
  if (tag >= ARRAY) queue.push(made, tag, 0, 0);
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
  (value, isDate) => (isDate ? new Date(value) : Object(value)),
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
    const isOurs = view?.buffers.has(buffer);
    return isOurs ? view.array(Type, offset, length) : new Type(buffer, offset, length);
  },
  () => {
    // Another thread may have grown the memory: then there is a new buffer, and while it does WebKit gives another
    // each time. What is given here is known, or the array on it would be sent as a copy of all the memory.
    const { buffer } = view.memory;
    return view.buffers.has(buffer) ? buffer : view.refresh();
  },
  (length, size) => {
    const packed = new (size > 4 ? Float64Array : Int32Array)(take(length));
    const array = new Array(packed.length);
    for (let idx = 0; idx < packed.length; idx++) array[idx] = packed[idx];
    return array;
  },
  (place) => {
    if (!Object.hasOwn(options.carried, place)) fail();
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
    delete array[2 ** 32 - 2];
    array.length = length;
    return array;
  },
  makeError,
];

/** An error of the first class that is known here; no constructor of the program's own runs. */
function makeError(classes, message, name) {
  const known = [...(options.errors ?? []), ...errors];
  let Class;
  for (const one of classes.split(',')) Class ??= known.find((each) => className(each) === one);
  const Base = /\bDOMException\b/.test(classes) ? DOMException : Error;
  const error = Reflect.construct(Base, [message, name], Class ?? Base);
  if (error.name !== name) define(error, 'name', name, false);
  return error;
}

const define = (object, key, value, enumerable) =>
  Object.defineProperty(object, key, { value, writable: true, enumerable, configurable: true });

function fill(object, tag) {
  for (let left = next(); left > 0; left--) {
    if (tag >= OBJECT) {
      const number = next();
      const key = number ? seen[number - 1] : keep(getString());
      if (typeof key !== 'string') fail();
      const value = get();
      // Never an assignment where there is something: the key may be __proto__.
      if (tag === ERROR) define(object, key, value, !HIDDEN.includes(key));
      else if (key in object) define(object, key, value, true);
      else object[key] = value;
    } else if (tag === ARRAY) object.push(get());
    else {
      object[tag === MAP ? 'set' : 'add'](get(), get());
      left--;
    }
  }
}

/**
 * The value of bytes that encode made, which begin at a multiple of four; `memory` (a MemoryView) is where
 * arrays by reference are. Options: `errors`: custom error classes to restore; `carried`: what encode put into `carry`.
 */
export function decode(from, memory, given) {
  const begin = () => {
    bytes = from;
    words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
    end = Math.min(words[0] >>> 0, words.length);
    partAt = 4 * end + Math.abs(words[1]);
    text = getText(4 * end, Math.min(partAt, bytes.length));
    if (words[1] < 0) text = `${JSON.parse(text)}`;
    textAt = 0;
    seen = [];
    return get();
  };
  try {
    return apart(memory, given, begin, fill, (value) => value);
  } catch (cause) {
    throw new RangeError(`no encoded value: ${cause.message}`, { cause });
  }
}

/** What the task of a root gave: read in place. */
export function decodeData(memory, root, given) {
  const length = memory.get(root + ROOT_DATA_BYTES);
  const data = memory.get(root + ROOT_DATA);
  if (!data) return length ? memory.number(root, 0) : undefined;
  return decode(memory.span(data, length), memory, given);
}
