// memory.js: the one file that indexes shared memory. A view of it that follows growth; all
// addresses are unsigned numbers below 2 ** 32. Used on the page and in workers. Whatever is read
// there may be wrong: `at` and `bytes` are checked, always.

import { PennyError } from './errors.js';
import * as layout from './layout.gen.js';

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

  refresh() {
    const { buffer } = this.memory;
    this.buffers.add(buffer);
    this.bytes = buffer.byteLength;
    this.u8 = new Uint8Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.data = new DataView(buffer);
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
    throw new PennyError('PENNY_ECORRUPT', `shared memory names an address outside of it: ${at}`);
  }

  // Below, the address is reached before a view is named: reaching may replace the views.

  get(at) {
    const word = this.reach(at, 4) >>> 2;
    return this.u32[word];
  }

  // Sequentially consistent: pairs with the exchanges and adds of C on the same words (queue.h,
  // root.c).
  load(at) {
    const word = this.reach(at, 4) >>> 2;
    return Atomics.load(this.u32, word);
  }

  /** As pn_queue_take, newest first: sequentially consistent, the list is ours alone from here. */
  exchange(at, value) {
    const word = this.reach(at, 4) >>> 2;
    return Atomics.exchange(this.u32, word, value);
  }

  /** A promise or an outcome, as Atomics.waitAsync; the word must still hold `value`. */
  waitAsync(at, value) {
    const word = this.reach(at, 4) >>> 2;
    return Atomics.waitAsync(new Int32Array(this.u32.buffer), word, value | 0);
  }

  notify(at) {
    const word = this.reach(at, 4) >>> 2;
    Atomics.notify(new Int32Array(this.u32.buffer), word);
  }

  count(at) {
    const from = this.reach(at, 8);
    return Number(this.data.getBigInt64(from, true));
  }

  copy(at, bytes) {
    const from = this.reach(at, bytes);
    return this.u8.slice(from, from + bytes);
  }

  write(at, bytes) {
    const to = this.reach(at, bytes.length);
    this.u8.set(bytes, to);
  }

  /**
   * Text of a given length, or up to a zero byte; at most 64 KiB. The copy is needed: decoders
   * refuse shared views.
   */
  text(at, bytes = 65536) {
    at >>>= 0;
    const end = Math.min(at + bytes, this.bytes);
    const part = this.u8.slice(at, end);
    const zero = part.indexOf(0);
    return new TextDecoder().decode(zero < 0 ? part : part.subarray(0, zero));
  }

  /** A typed array over shared memory. */
  array(Type, at, length) {
    this.reach(at, length * Type.BYTES_PER_ELEMENT);
    // On the buffer that reach() knows: another worker may have grown the memory since.
    return new Type(this.u8.buffer, at >>> 0, length);
  }

  owns(array) {
    return ArrayBuffer.isView(array) && this.buffers.has(array.buffer);
  }

  signature(type) {
    this.reach(type, layout.TASK_TYPE_PARAMETERS + 8);
    const arity = Math.min(this.u8[type + layout.TASK_TYPE_ARITY], 8);
    const first = type + layout.TASK_TYPE_PARAMETERS;
    return {
      type,
      name: this.text(this.get(type + layout.TASK_TYPE_NAME), 256),
      result: typeOf(this.u8[type + layout.TASK_TYPE_RESULT]),
      parameters: Array.from(this.u8.slice(first, first + arity), typeOf),
    };
  }
}

// By the kind in a type code (task_macros.h: kind * 16 + bytes): how a DataView calls it.
const ACCESSORS = ['', 'Int', 'Uint', 'Float', 'Uint', 'Uint'];
const FLOAT = 3;
const POINTER = 4;
const BOOL = 5;

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

/** Checks argument `idx` of a C task and writes it for C. Throws TypeError or RangeError. */
export function writeArgument(view, to, at, { kind, js, name, get, set }, value, task) {
  if (typeof value === js && kind !== POINTER) {
    to[set](at, kind === BOOL ? +value : value, true);
    // What does not come back as it was is out of range, or no integer.
    if (kind >= FLOAT || to[get](at, true) === value) return;
    throw new RangeError(`${task}, argument ${at / 8 + 1}: ${value} is no ${name}`);
  }
  const isArray = kind === POINTER && view.owns(value);
  if (isArray && !view.freed.has(value)) return to.setUint32(at, value.byteOffset, true);
  if (kind === POINTER && value === null) return to.setUint32(at, 0, true);
  const wanted = kind === POINTER ? 'an array of this pool or null' : `a ${js} (${name})`;
  const given = isArray ? 'one that was freed' : value === null ? 'null' : `a ${typeof value}`;
  const hint = js === 'bigint' && Number.isInteger(value) ? `: write ${value}n` : '';
  throw new TypeError(`${task}, argument ${at / 8 + 1}: takes ${wanted}, not ${given}${hint}`);
}
