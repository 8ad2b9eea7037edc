// memory.js: the one file that indexes shared memory. A view of it that follows growth; all addresses are unsigned numbers
// below 2 ** 32. Used on the page and in workers. Whatever is read there may be wrong: `at` and `bytes` are checked, always.
import * as layout from './layout.gen.js';
import { PennyError } from './errors.js';

/** The typed arrays that may live in shared memory; the index is the type's number in encoded values. */
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

  /** Checks that bytes at..at+bytes-1 exist, and sees growth by other threads. Gives the address as an unsigned number. */
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

  // Sequentially consistent: pairs with the exchanges and adds of C on the same words (queue.h, root.c).
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

  /** Text of a given length, or up to a zero byte; at most 64 KiB. The copy is needed: decoders refuse shared views. */
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
    return new Type(this.memory.buffer, at >>> 0, length);
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
      result: this.u8[type + layout.TASK_TYPE_RESULT],
      parameters: Array.from(this.u8.slice(first, first + arity)),
    };
  }

  /** Reads a value of a type code (task_macros.h: kind * 16 + bytes). */
  read(at, code) {
    this.reach(at, 8);
    const { data } = this;
    switch (code) {
      case layout.CODE_VOID:
        return undefined;
      case layout.CODE_SIGNED + 1:
        return data.getInt8(at);
      case layout.CODE_SIGNED + 2:
        return data.getInt16(at, true);
      case layout.CODE_SIGNED + 4:
        return data.getInt32(at, true);
      case layout.CODE_SIGNED + 8:
        return data.getBigInt64(at, true);
      case layout.CODE_UNSIGNED + 1:
        return data.getUint8(at);
      case layout.CODE_UNSIGNED + 2:
        return data.getUint16(at, true);
      case layout.CODE_UNSIGNED + 8:
        return data.getBigUint64(at, true);
      case layout.CODE_FLOAT + 4:
        return data.getFloat32(at, true);
      case layout.CODE_FLOAT + 8:
        return data.getFloat64(at, true);
      case layout.CODE_BOOL + 1:
        return data.getUint8(at) !== 0;
      default:
        return data.getUint32(at, true);
    }
  }
}

/** Writes an argument that was checked already, as the 8 bytes that C expects; smaller integers are cut by their reader. */
export function writeArgument(data, at, code, value) {
  if (typeof value === 'bigint') data.setBigInt64(at, value, true);
  else if (code === layout.CODE_FLOAT + 8) data.setFloat64(at, value, true);
  else if (code === layout.CODE_FLOAT + 4) data.setFloat32(at, value, true);
  else data.setUint32(at, Number(value), true);
}

/** Tells why `value` is no argument of type `code`; pointers give their address, all others themselves. */
export function checkArgument(view, freed, code, value, task, idx) {
  const what = () => `argument ${idx + 1} of ${task}`;
  const kind = code & 0xf0;
  const bits = (code & 15) * 8;
  const wrong = (wanted, hint = '') => {
    const given = value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`;
    throw new TypeError(`${what()} takes ${wanted}, not ${given}${hint}`);
  };
  if (kind === layout.CODE_POINTER) {
    if (value === null || value === 0) return 0;
    if (!view.owns(value)) wrong('an array from pool.array, or null', ArrayBuffer.isView(value) ? ' outside shared memory' : '');
    if (freed.has(value)) throw new TypeError(`${what()}: this array was freed`);
    return value.byteOffset;
  }
  if (kind === layout.CODE_FLOAT) return typeof value === 'number' ? value : wrong('a number');
  if (kind === layout.CODE_BOOL) return typeof value === 'boolean' ? value : wrong('a boolean');
  const isSigned = kind === layout.CODE_SIGNED;
  const name = `${isSigned ? '' : 'u'}int${bits}`;
  if (bits === 64) {
    if (typeof value !== 'bigint') wrong(`a BigInt (${name})`, typeof value === 'number' ? `: write ${Math.trunc(value) || 0}n` : '');
    const cut = isSigned ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value);
    if (cut !== value) throw new RangeError(`${what()}: ${value} is out of range for ${name}`);
    return value;
  }
  if (typeof value !== 'number') wrong(`an integer (${name})`, typeof value === 'bigint' ? ': write it without the n' : '');
  const low = isSigned ? -(2 ** (bits - 1)) : 0;
  if (!Number.isInteger(value) || value < low || value >= low + 2 ** bits) {
    throw new RangeError(`${what()}: ${value} is ${Number.isInteger(value) ? 'out of range' : 'no integer'} for ${name}`);
  }
  return value;
}
