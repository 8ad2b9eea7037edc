// single.js: a pool on one worker without shared memory, by messages: createPool({ fallback: 'single' }) on
// a page that is not isolated. Page only; loaded when it is needed. The worker has a memory of its own,
// where everything runs as ever, and a second instance that does there what the page does elsewhere
// (single_worker.js, which lists the messages). Here are the host and the pool, as far as they differ:
// completions come by message, and arrays are ordinary ones.
import { decode } from './codec.js';
import { bytesOf, contentOf, errorOf, want } from './errors.js';
import { Host } from './host.js';
import { Pool, within } from './pool.js';
import { wantLive } from './shared_arrays.js';
import { View } from './single_view.js';
import { makeWorkers, whole } from './start.js';
import { compile } from './unshare.js';

const ENOMEM = -1;
const ECLOSED = -5;
const EFAIL = -9;
const POISON = 0xa5;
const COUNTERS = ['spawns', 'steals', 'joinsHelped', 'publishes', 'parks', 'roots', 'heapBytes'];

/* ---- the host, whose completions come by message ---- */

class SingleHost extends Host {
  constructor(view, options) {
    super(view, options);
    view.host = this;
  }

  look() {}

  /** Messages do not get lost. */
  attend() {}

  enter(slot, submit) {
    this.entering = slot;
    return super.enter(slot, submit);
  }

  /** Tasks that have ended: [slot, record]. */
  arrive(ended) {
    for (const [slot, record] of ended) {
      slot.record = record;
      this.slots[slot.ticket] = undefined;
      this.ended.unshift(slot);
    }
    if (this.isBusy || this.isClosed || !ended.length) return;
    this.isBusy = true;
    this.slice();
  }

  report(slot) {
    const { told, onProgress } = slot;
    if (told && onProgress) {
      slot.told = undefined;
      this.view.places = slot.toldPlaces ?? slot.record.places;
      const value = decode(told, this.view, this.codecOptions);
      queueMicrotask(() => onProgress(value));
    }
    return true;
  }

  settle(slot) {
    this.settling = slot;
    // Only now: until here the ticket names this task (until.end, in host.js).
    this.free.push(slot.ticket);
    super.settle(slot);
  }

  value({ record, name, result }) {
    const { view } = this;
    const { error, isJs, content, values, payload, detail, failed, places } = record;
    if (error && !(isJs && error === EFAIL && content))
      throw errorOf(view, error, detail, failed ?? name);
    if (!result) {
      view.places = places;
      const value = content ? decode(content, view, this.codecOptions) : values[0];
      if (error) throw value;
      return value;
    }
    view.data = new DataView(payload.buffer);
    return result(0);
  }
}

/* ---- the arrays, which are ordinary ones ---- */

class SingleArrays {
  #view;
  #options;
  #live = new Map(); // bytes of the arrays that can be freed, by weak references to them
  #bytes = 0; // of all these
  #refs = new WeakMap(); // by array: its own
  #registry = new FinalizationRegistry((ref) => this.#drop(ref));

  constructor(view, _, options) {
    this.#view = view;
    this.#options = options;
    view.arrays = this;
    const freed = new WeakSet();
    // All that is in its buffer goes with an array.
    view.freed = {
      add: ({ buffer }) => freed.add(buffer),
      has: (array) => freed.has(array?.buffer),
    };
    view.onArray = (made, owner) => (owner ? this.#join(made, owner) : this.#keep(made));
  }

  get size() {
    return this.#live.size;
  }

  #keep(array) {
    const ref = new WeakRef(array);
    this.#live.set(ref, array.byteLength);
    this.#bytes += array.byteLength;
    this.#refs.set(array, ref);
    this.#registry.register(array, ref, array);
    if (Symbol.dispose)
      Object.defineProperty(array, Symbol.dispose, {
        value: () => void (this.#view.isClosed || this.#view.freed.has(array) || this.free(array)),
      });
    return array;
  }

  /** What frees the one frees the other. */
  #join(array, owner) {
    this.#refs.set(array, this.#refs.get(owner));
    return array;
  }

  #drop(ref) {
    this.#bytes -= this.#live.get(ref) ?? 0;
    this.#live.delete(ref);
  }

  make(Type, lengthOrValues) {
    wantLive(this.#view, lengthOrValues);
    const values = contentOf(lengthOrValues);
    const { length = values } = values;
    const bytes = bytesOf(Type, length);
    try {
      // As much as would fit into the heap, whether or not it is in use there.
      if (this.#bytes + bytes <= this.#options.maximumBytes)
        return this.#keep(this.#view.keep(new Type(values)));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
    throw errorOf(this.#view, ENOMEM, `no room for ${length} elements of ${Type.name}`);
  }

  free(array) {
    wantLive(this.#view, array);
    const ref = this.#refs.get(array);
    want(ref, 'free takes what array() of this pool gave');
    this.#view.freed.add(array);
    this.#drop(ref);
    this.#registry.unregister(array);
    if (this.#options.debug) new Uint8Array(array.buffer).fill(POISON);
  }

  /** The collector frees what nobody refers to. */
  sweep() {}
  end() {}
}

/* ---- the pool ---- */

class SinglePool extends Pool {
  #options;
  #view;
  #names;

  constructor(options, view, workers, names) {
    super(options, view, workers, names);
    this.#options = options;
    this.#view = view;
    this.#names = names;
    view.start();
  }

  #open() {
    if (this.#view.isClosed) throw errorOf(this.#view, ECLOSED);
  }

  /** One worker is all there is. */
  resize(size) {
    this.#open();
    whole({ size }, 'size', undefined, 1, this.#options.maxWorkers);
    return Promise.resolve();
  }

  async trace() {
    this.#open();
    want(this.#options.trace, 'trace() needs createPool({ trace: true })');
    const { trace } = await import('./more.js');
    this.#open();
    return trace(await this.#view.traced(), this.#names, 1);
  }

  stats() {
    const { counts, host, about, arrays } = this.#view;
    const { pending, completed } = host;
    const worker = { id: 0, state: pending ? 'running' : 'sleeping' };
    for (const [idx, name] of COUNTERS.entries()) worker[name] = counts[idx] ?? 0;
    return {
      workers: [worker],
      pending,
      completed,
      memoryBytes: about.size,
      arrays: arrays.size,
    };
  }
}

/** As pool.js's, after its checks. */
export async function createPool(given) {
  given.signal?.throwIfAborted(); // this file was waited for
  const options = { ...given, workers: 1 };
  const workers = makeWorkers(options);
  const start = async () => {
    const view = new View(await compile(options), options, workers);
    view.Host = SingleHost;
    view.Arrays = SingleArrays;
    return new SinglePool(options, view, workers, await workers.attach(view));
  };
  try {
    return await within(start(), options);
  } catch (error) {
    workers.end();
    throw error;
  }
}
