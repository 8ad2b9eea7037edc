// memory.js: the one file that indexes shared memory. A view of it that follows growth; all
// addresses are unsigned numbers below 2 ** 32. Used on the page and in workers. Whatever is read
// there may be wrong: `at` and `bytes` are checked, always.

import { PennyError } from './errors.js';
import * as layout from './layout.gen.js';

// Kinds in a type code.
const FLOAT = 3;
const POINTER = 4;
const BOOL = 5;
const PAYLOAD = layout.ROOT_TASK + layout.TASK_PAYLOAD;

/**
 * The typed arrays that may live in shared memory; the index is the type's number in encoded
 * values.
 */
export const arrayTypes = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
];

export class MemoryView {
  constructor(memory) {
    this.memory = memory;
    this.buffers = new WeakSet();
    this.freed = new WeakSet();
    this.refresh();
  }

  /** Gives the buffer that the views are on now. */
  refresh() {
    const { buffer } = this.memory;
    this.buffers.add(buffer);
    this.bytes = buffer.byteLength;
    this.u8 = new Uint8Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.data = new DataView(buffer);
    return buffer;
  }

  /**
   * Checks that bytes at..at+bytes-1 exist, and sees growth by other threads. Gives the address as
   * an unsigned number.
   */
  reach(at, bytes) {
    at >>>= 0;
    if (at + bytes <= this.bytes) return at;
    // Growing by nothing makes an engine notice what another thread has grown.
    this.memory.grow(0);
    this.refresh();
    if (at + bytes <= this.bytes) return at;
    throw new PennyError('PENNY_ECORRUPT', `an address outside of shared memory: ${at}`);
  }

  // Below, the address is reached before a view is named: reaching may replace the views.

  /** Any of Atomics' functions on a word. */
  atomic(name, at, ...values) {
    const word = this.reach(at, 4) >>> 2;
    // Sequentially consistent, each: pairs with the exchanges and adds of C on the same words
    // (queue.h, root.c).
    return Atomics[name](this.i32, word, ...values);
  }

  get(at) {
    const word = this.reach(at, 4) >>> 2;
    // Sequentially consistent: as above; for plain words it is more than is needed, and cheap.
    return Atomics.load(this.i32, word) >>> 0;
  }

  count(at) {
    const from = this.reach(at, 8);
    return Number(this.data.getBigInt64(from, true));
  }

  set(at, value) {
    const word = this.reach(at, 4) >>> 2;
    // Sequentially consistent: as above.
    Atomics.store(this.i32, word, value);
  }

  /** One of the numbers that a root has in its payload instead of data (port_web.c: pn_web_call_js). */
  number(root, idx) {
    const at = this.reach(root + PAYLOAD + 8 * idx, 8);
    const value = this.data.getFloat64(at, true);
    return Object.is(value, value | 0) ? value | 0 : value; // as in codec.js: pack
  }

  numbers(root, count) {
    const values = new Array(Math.min(count, 6));
    for (let idx = values.length; idx--; ) values[idx] = this.number(root, idx);
    return values;
  }

  setNumber(root, value) {
    const to = this.reach(root + PAYLOAD, 8);
    this.data.setFloat64(to, value, true);
  }

  /** The bytes themselves. */
  span(at, bytes) {
    const from = this.reach(at, bytes);
    return this.u8.subarray(from, from + bytes);
  }

  /** Room for so many bytes in a heap block of their own, if there is any. */
  room(bytes) {
    const at = this.exports.pn_web_alloc(bytes) >>> 0;
    if (at) return this.span(at, bytes);
  }

  /** Bytes in a heap block of their own, perhaps room() already: its address, or 0 when there is no room. */
  place(bytes) {
    if (this.buffers.has(bytes.buffer)) return bytes.byteOffset;
    const room = this.room(bytes.length);
    room?.set(bytes);
    return room?.byteOffset ?? 0;
  }

  /** Text of a given length, or a module's own up to its zero. The copy is needed: decoders refuse shared views. */
  text(at, bytes) {
    at = this.reach(at, bytes ?? 1);
    return new TextDecoder().decode(this.u8.slice(at, at + (bytes ?? 256))).split('\0')[0];
  }

  /** A typed array over shared memory. */
  array(Type, at, length) {
    const from = this.reach(at, length * (Type.BYTES_PER_ELEMENT ?? 1));
    // On the buffer that reach() knows: another worker may have grown the memory since.
    return new Type(this.u8.buffer, from, length);
  }

  owns(array) {
    return ArrayBuffer.isView(array) && this.buffers.has(array.buffer);
  }

  signature(type) {
    const [arity, result, ...parameters] = this.span(type + layout.TASK_TYPE_ARITY, 10);
    return {
      type,
      name: this.text(this.get(type + layout.TASK_TYPE_NAME)),
      result: typeOf(result),
      parameters: parameters.slice(0, arity).map(typeOf),
    };
  }
}

// By the kind in a type code (task_macros.h: kind * 16 + bytes): how a DataView calls it.
const ACCESSORS = ['', 'Int', 'Uint', 'Float', 'Uint', 'Uint'];

/**
 * What there is to know of a parameter or result: its kind, its typeof in JavaScript, its names in
 * a DataView.
 */
function typeOf(code) {
  const kind = code >> 4;
  const bits = (code & 15) * 8;
  const isBig = bits === 64 && kind < FLOAT;
  const name = `${isBig ? 'Big' : ''}${ACCESSORS[kind]}${bits}`;
  const js = kind === BOOL ? 'boolean' : isBig ? 'bigint' : 'number';
  return { kind, js, name, get: `get${name}`, set: `set${name}` };
}

/** Reads the result of a C task. */
export function readResult(view, at, { kind, get }) {
  if (!kind) return undefined;
  view.reach(at, 8);
  const value = view.data[get](at, true);
  return kind === BOOL ? value !== 0 : value;
}

/** Checks an argument of a C task and writes it for C. Throws TypeError or RangeError. */
export function writeArgument(view, to, at, { kind, js, name, get, set }, value, task) {
  const isPointer = kind === POINTER;
  const isArray = isPointer && view.owns(value);
  const where = `${task}, argument ${at / 8 + 1}: `;
  const isFreed = isArray && view.freed.has(value);
  if (isPointer ? value === null || (isArray && !isFreed) : typeof value === js) {
    to[set](at, isArray ? value.byteOffset : kind < FLOAT ? value : +value, true);
    // What does not come back as it was is out of range, or no integer.
    if (kind >= FLOAT || to[get](at, true) === value) return;
    throw new RangeError(`${where}${value} is no ${name}`);
  }
  const wanted = isPointer ? 'an array of this pool or null' : `a ${js} (${name})`;
  const given = isFreed ? 'one that was freed' : value === null ? 'null' : `a ${typeof value}`;
  const hint = js === 'bigint' && Number.isInteger(value) ? `: write ${value}n` : '';
  throw new TypeError(`${where}takes ${wanted}, not ${given}${hint}`);
}
