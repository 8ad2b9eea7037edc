// pool.js: the pool that people hold: arguments in, promises out, arrays in shared memory,
// statistics, the end. Page only.
import { encode } from './codec.js';
import { errorFor, errorOf, PennyError, sleep } from './errors.js';
import { Host, until } from './host.js';
import * as layout from './layout.gen.js';
import { writeArgument } from './memory.js';
import { checkOptions, checkPlatform, createCore, makeWorkers, workerBlock } from './start.js';
import * as web from './web.js';

const BURY_MS = 2;
const ENOMEM = -1;
const ECLOSED = -5;
const STATES = ['sleeping', 'running', 'blocked', 'joining'];
const COUNTERS = {
  steals: layout.WORKER_STEALS,
  joinsHelped: layout.WORKER_JOINS_HELPED,
  publishes: layout.WORKER_PUBLISHES,
  spawns: layout.WORKER_PUBLISHED_TASKS,
  parks: layout.WORKER_PARKS,
  roots: layout.WORKER_ROOTS,
  heapBytes: layout.WORKER_HEAP + layout.HEAP_CONTEXT_LIVE_BYTES,
};
const EXPORT = 'penny_export_';

const unknown = (where, name, known) =>
  new PennyError(
    'PENNY_ESYMBOL',
    `${where} has no task ${String(name)}, only: ${known.join(', ') || 'none'}`,
  );

/** Rejects with the signal's reason, or after the time for starting. */
function within(promise, { signal, startTimeoutMs }) {
  const text = `no answer in ${startTimeoutMs} ms: does the worker's file call serve()?`;
  const late = () => new PennyError('PENNY_ESTART', text);
  return new Promise((resolve, reject) => {
    const stop = until({ signal, ms: startTimeoutMs, late, end: reject });
    promise.then(resolve, reject).finally(stop);
  });
}

/** Starts a pool (index.d.ts: createPool) on a host (web.js). */
export async function createPool(given = {}, host = web) {
  const options = checkOptions(given, host);
  options.signal?.throwIfAborted();
  checkPlatform(options);
  const workers = makeWorkers(options);
  try {
    return await within(
      createCore(options).then(async (view) => {
        view.exports.pn_web_set_ring(Atomics.waitAsync ? 0 : 1);
        return new Pool(options, view, workers, await workers.attach(view));
      }),
      options,
    );
  } catch (error) {
    workers.end();
    throw error;
  }
}

class Pool extends EventTarget {
  #options;
  #view;
  #exports;
  #host;
  #workers;
  #names;
  #signatures = new Map();
  #live = new Map();
  #disposal;
  #left = 0;
  #onLeft = () => {};

  constructor(options, view, workers, names) {
    super();
    this.#options = options;
    this.#view = view;
    this.#exports = view.exports;
    this.#workers = workers;
    this.#names = names;
    this.#host = new Host(view);
    this.#host.onBroken = () => this.dispose();
    this.#host.look();
    Object.assign(workers.on, {
      ring: () => this.#host.ring(),
      left: () => this.#leave(),
      gone: (id, message) => this.#lose(id, message),
      error: (id, message, cause) => this.#tell(id, message, cause),
    });
    /** Each task of pool.run as a function: pool.tasks.fib(30). */
    const get = (_, name) => (names.includes(name) ? (...args) => this.run(name, args) : undefined);
    this.tasks = new Proxy({}, { get });
  }

  #tell(id, message, cause) {
    const error = new PennyError('PENNY_EWORKER', `worker ${id}: ${message}`, { cause });
    this.dispatchEvent(Object.assign(new Event('workererror'), { worker: id, error }));
  }

  /**
   * A worker is gone: what it had begun fails, what was only queued there is run by others, and a
   * new one takes its place.
   */
  async #lose(id, message = 'ended itself') {
    if (this.#disposal) return this.#leave();
    const { list } = this.#workers;
    const worker = list[id];
    // A second report of the same loss is none; terminate() may report it at once.
    list[id] = undefined;
    worker.terminate();
    this.#tell(id, message);
    // Its stolen tasks still run on others' hands: they end at their next poll, or by themselves.
    while (this.#exports.pn_web_bury(id)) {
      await sleep(BURY_MS);
      if (this.#disposal) return this.#leave();
    }
    this.#host.lose(id);
    this.#exports.pn_web_revive(id);
    try {
      await within(this.#workers.replace(this.#view, id), this.#options);
      this.dispatchEvent(Object.assign(new Event('workerrestart'), { worker: id }));
    } catch (error) {
      this.#tell(id, error.message, error);
      // Without a replacement the pool would wait for ever with what it has.
      this.#host.rejectAll(errorFor('EWORKER', `worker ${id} was lost`, error));
      this.#leave();
      this.dispose();
    }
  }

  #leave() {
    this.#left++;
    this.#onLeft();
  }

  get size() {
    return this.#workers.list.length;
  }

  #open() {
    if (this.#disposal) throw errorOf(this.#view, ECLOSED);
  }

  call(symbol, args = [], options) {
    this.#open();
    const { parameters, type, result } = this.#signatures.get(symbol) ?? this.#find(symbol);
    if (args.length !== parameters.length) {
      throw new TypeError(`${symbol} takes ${parameters.length} arguments, not ${args.length}`);
    }
    const { stage } = this.#host;
    for (let idx = 0; idx < parameters.length; idx++) {
      writeArgument(this.#view, stage, 8 * idx, parameters[idx], args[idx], symbol);
    }
    const submit = (ticket) => this.#exports.pn_web_call(type, ticket);
    return this.#host.add(submit, symbol, result, options);
  }

  #find(symbol) {
    const get = this.#exports[EXPORT + symbol];
    if (!get) {
      const names = Object.keys(this.#exports).filter((name) => name.startsWith(EXPORT));
      const list = names.map((name) => name.slice(EXPORT.length));
      throw unknown('the module (PENNY_EXPORT)', symbol, list);
    }
    const signature = this.#view.signature(get());
    this.#signatures.set(symbol, signature);
    return signature;
  }

  run(task, args = [], options) {
    this.#open();
    const name = typeof task === 'function' ? this.#nameOf(task) : task;
    const target = this.#names.indexOf(name);
    if (target < 0) throw unknown('the worker', name, this.#names);
    const bytes = encode(Array.from(args), this.#view);
    const submit = (ticket) => {
      const at = this.#view.place(bytes);
      const root = at && this.#exports.pn_web_call_js(target, at, bytes.length, ticket);
      if (!root) this.#exports.pn_web_free(at);
      return root;
    };
    return this.#host.add(submit, name, undefined, options);
  }

  #nameOf(task) {
    for (const [name, value] of Object.entries(this.#options.module ?? {}))
      if (value === task) return name;
    throw new TypeError('no function of the module that createPool was given: pass its name');
  }

  array(Type, lengthOrValues, { isZeroed = true } = {}) {
    this.#open();
    if (!(Type?.BYTES_PER_ELEMENT > 0))
      throw new TypeError('array takes the constructor of a typed array');
    const isLength = typeof lengthOrValues === 'number';
    const values =
      isLength || ArrayBuffer.isView(lengthOrValues) ? lengthOrValues : Array.from(lengthOrValues);
    const length = isLength ? values : values.length;
    const bytes = length * Type.BYTES_PER_ELEMENT;
    if (!Number.isInteger(length) || length < 0 || bytes >= 2 ** 32) {
      throw new RangeError(`an array cannot have ${length} elements`);
    }
    const at = this.#exports.pn_web_alloc(bytes) >>> 0;
    if (!at) throw errorOf(this.#view, ENOMEM, `no room for ${length} elements of ${Type.name}`);
    const array = this.#view.array(Type, at, length);
    if (!isLength) array.set(values);
    else if (isZeroed) this.#view.array(Uint8Array, at, bytes).fill(0);
    this.#live.set(at, array);
    return array;
  }

  free(array) {
    this.#open();
    const { freed } = this.#view;
    if (freed.has(array)) throw new TypeError('this array was freed already');
    if (!ArrayBuffer.isView(array) || this.#live.get(array.byteOffset) !== array) {
      throw new TypeError('free takes what array() of this pool gave');
    }
    this.#live.delete(array.byteOffset);
    freed.add(array);
    this.#exports.pn_web_free(array.byteOffset);
  }

  stats() {
    const view = this.#view;
    const workers = Array.from({ length: this.size }, (_, id) => {
      const at = workerBlock(view, id);
      const stats = { id, state: STATES[view.get(at + layout.WORKER_STATE)] ?? 'unknown' };
      for (const name in COUNTERS) stats[name] = view.count(at + COUNTERS[name]);
      return stats;
    });
    const { pending, completed } = this.#host;
    return {
      workers,
      pending,
      completed,
      memoryBytes: view.memory.buffer.byteLength,
      arrays: this.#live.size,
    };
  }

  dispose() {
    this.#disposal ??= this.#dispose();
    return this.#disposal;
  }

  async #dispose() {
    const exports = this.#exports;
    this.#host.rejectAll(errorOf(this.#view, ECLOSED));
    exports.pn_web_shutdown();
    const isClean = await this.#allLeft();
    this.#workers.end();
    this.#host.release();
    for (const at of this.#live.keys()) exports.pn_web_free(at);
    this.#live.clear();
    const liveBlocks = exports.pn_web_destroy();
    return { isClean, liveBlocks };
  }

  #allLeft() {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), this.#options.graceMs);
      this.#onLeft = () => {
        if (this.#left < this.size) return;
        clearTimeout(timer);
        resolve(true);
      };
      this.#onLeft();
    });
  }
}
if (Symbol.asyncDispose) Pool.prototype[Symbol.asyncDispose] = Pool.prototype.dispose;
