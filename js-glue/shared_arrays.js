// shared_arrays.js: the typed arrays of a pool, in shared memory: who keeps a block alive, and when it is freed. Page
// only; for pool.js.
//
// I1  A block is freed once, when the program says so or nobody refers to its array or to a part of it any more.
// I2  What the program has freed stays while a task that was given up, and may write to it, has not ended.
import { bytesOf, contentOf, errorOf, want } from './errors.js';
import { MemoryView } from './memory.js';

const POISON = 0xa5;
const ENOMEM = -1;

/** Of an array of the pool, whatever the call. */
export function wantLive({ freed }, array) {
  want(!freed.has(array), 'this array was freed already');
}

export class SharedArrays {
  isClosed = false; // nothing is freed after that but by end()
  #view;
  #exports;
  #host;
  #isDebug;
  #live = new Map(); // by address: { ref (weak), bytes, born, isMade (by a task) } of each array
  #kept = new Set(); // of these addresses: freed, and perhaps in use by tasks that were given up
  #owners = new WeakMap(); // by part: the array that it is a part of, which lives as long
  #blocks = new WeakMap(); // by array: its address in #live
  #registry = new FinalizationRegistry((at) => this.#live.get(at)?.ref.deref() ?? this.#drop(at));

  constructor(view, host, { debug }) {
    this.#view = view;
    this.#exports = view.exports;
    this.#host = host;
    this.#isDebug = debug;
    host.onSettled = () => this.sweep();
    view.array = (Type, at, length) => this.#known(Type, at, length);
    const freed = new WeakSet();
    // A part goes with its array.
    view.freed = {
      add: (array) => freed.add(array),
      has: (array) => freed.has(this.#owners.get(array) ?? array),
    };
  }

  get size() {
    return this.#live.size;
  }

  make(Type, lengthOrValues, isZeroed) {
    wantLive(this.#view, lengthOrValues);
    const values = contentOf(lengthOrValues);
    const { length = values } = values;
    const bytes = bytesOf(Type, length);
    const alloc = () => this.#exports.pn_web_alloc(bytes) >>> 0;
    const at = alloc() || (this.#exports.pn_web_collect?.() && alloc());
    if (!at) throw errorOf(this.#view, ENOMEM, `no room for ${length} elements of ${Type.name}`);
    const array = this.#keep(this.#at(Type, at, length), at, bytes);
    try {
      if (values !== length) array.set(values);
      else if (isZeroed) this.#fill(at, bytes, 0);
    } catch (error) {
      this.free(array); // they were of another type
      throw error;
    }
    return array;
  }

  /** The array is ours from here, and so is the block of so many bytes that begins at `at`. */
  #keep(array, at, bytes, isMade) {
    this.#live.set(at, { ref: new WeakRef(array), bytes, born: this.#host.gaveUp, isMade });
    this.#blocks.set(array, at);
    this.#registry.register(array, at, array);
    const end = () => this.isClosed || this.#view.freed.has(array) || this.free(array);
    if (Symbol.dispose) this.#define(array, Symbol.dispose, () => void end());
    return this.#share(array, array);
  }

  #at(Type, at, length) {
    return MemoryView.prototype.array.call(this.#view, Type, at, length);
  }

  #define(array, key, value) {
    Object.defineProperty(array, key, { value, configurable: true, writable: true });
  }

  /** Keeps `owner` alive as long as `part`, and the parts of that. */
  #share(part, owner) {
    this.#owners.set(part, owner);
    const { subarray } = part;
    this.#define(part, 'subarray', (...range) => this.#share(subarray.apply(part, range), owner));
    return part;
  }

  /** An array that a task gives back: ours, when it is one of ours or a part of one. */
  #known(Type, at, length) {
    const array = this.#at(Type, at, length);
    const exact = this.#live.get(at);
    // One that the task has made: before the search, which takes the longer the more arrays there are.
    const { ending } = this.#host;
    const block = !exact && ending && this.#exports.pn_web_adopt(ending, at) >>> 0;
    // (Others may follow that have more of it, or other parts.)
    if (block) return this.#keep(array, block, this.#exports.pn_web_usable(block), true);
    for (const [from, { ref, bytes, isMade }] of exact ? [[at, exact]] : this.#live) {
      const owner = at >= from && at + array.byteLength <= from + bytes && ref.deref();
      if (!owner) continue;
      const isSame = at === from && owner.length === length && owner.constructor === Type;
      if (isSame) return owner;
      // The whole may come after a part of it.
      if (isMade) this.#blocks.set(array, from);
      return this.#share(array, owner);
    }
    return array;
  }

  free(array) {
    wantLive(this.#view, array);
    const at = this.#blocks.get(array);
    want(at !== undefined, 'free takes what array() of this pool gave');
    const owner = this.#owners.get(array);
    this.#view.freed.add(owner);
    this.#kept.add(at);
    this.sweep([at]);
    // What is kept goes by the registry, too, when no task can have it.
    if (!this.#kept.has(at)) this.#registry.unregister(owner);
  }

  /** Ends what was freed, but for what is older than the giving up of a task that has not ended and may write to it. */
  sweep(list = this.#kept) {
    if (!this.#kept.size) return;
    const host = this.#host;
    const { late } = host;
    // (A page that has given up thousands frees thousands, too.)
    if (!late.has(host.newest)) host.newest = [...late.keys()].at(-1);
    const last = late.get(host.newest) ?? 0;
    for (const at of list) if (this.#live.get(at).born >= last) this.#drop(at);
  }

  #fill(at, bytes, value) {
    this.#at(Uint8Array, at, bytes).fill(value);
  }

  #drop(at) {
    const entry = this.#live.get(at);
    this.#kept.delete(at);
    if (!entry || this.isClosed) return;
    this.#live.delete(at);
    if (this.#isDebug) this.#fill(at, entry.bytes, POISON);
    this.#exports.pn_web_free(at);
  }

  /** The pool is over, and nobody uses its memory. */
  end() {
    for (const at of this.#live.keys()) this.#exports.pn_web_free(at);
    this.#live.clear();
  }
}
