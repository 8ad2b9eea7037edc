// pool.js: the pool that people hold: arguments in, promises out, arrays in shared memory,
// statistics, the end. Page only.
import { encode } from './codec.js';
import { errorOf, PennyError } from './errors.js';
import { Host } from './host.js';
import * as layout from './layout.gen.js';
import { writeArgument } from './memory.js';
import { checkOptions, checkPlatform, createCore, makeWorkers } from './start.js';

const BURY_MS = 2;
const STATES = ['sleeping', 'running', 'blocked', 'joining'];
const EXPORT = 'penny_export_';

/** Rejects with the signal's reason, or after the time for starting; `clean` runs either way. */
function within(promise, { signal, startTimeoutMs }) {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal?.addEventListener('abort', onAbort);
    const late = () =>
      reject(
        new PennyError(
          'PENNY_ESTART',
          `the workers did not answer in ${startTimeoutMs} ms: does the worker's file call serve()?`,
        ),
      );
    const timer = setTimeout(late, startTimeoutMs);
    promise.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    });
  });
}

/** Starts a pool (index.d.ts: createPool). */
export async function createPool(given = {}) {
  const options = checkOptions(given);
  options.signal?.throwIfAborted();
  checkPlatform(options);
  const workers = makeWorkers(options);
  try {
    return await within(
      createCore(options).then(async (core) => {
        const hasBell = !Atomics.waitAsync;
        core.exports.pn_web_set_ring(hasBell ? 1 : 0);
        const names = await workers.attach(core);
        return new Pool(options, core, workers, names, hasBell);
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
  #core;
  #host;
  #workers;
  #names;
  #signatures = new Map();
  #live = new Map();
  #disposal;
  #left = 0;
  #onLeft = () => {};

  constructor(options, core, workers, names, hasBell) {
    super();
    this.#options = options;
    this.#core = core;
    this.#workers = workers;
    this.#names = new Map(names.map((name, index) => [name, index]));
    this.#host = new Host(core.exports, core.view, core.control);
    this.#host.onBroken = () => this.dispose();
    this.#host.listen(hasBell);
    this.#listen(workers);
    /** Each task of pool.run as a function: pool.tasks.fib(30). */
    const get = (_, name) =>
      this.#names.has(name) ? (...args) => this.run(name, args) : undefined;
    this.tasks = new Proxy({}, { get });
  }

  #listen({ on }) {
    on.message = (id, data, worker) => {
      if (data?.penny === 'ring') this.#host.ring();
      else if (data?.penny === 'left') this.#leave();
      else if (data?.penny === 'gone' && worker === this.#workers.list[id])
        this.#lose(id, data.message);
    };
    on.error = (id, event) =>
      this.#tell(id, event.message ?? 'sent what cannot be read', event.error);
  }

  #tell(id, message, cause) {
    const event = new Event('workererror');
    event.worker = id;
    event.error = new PennyError('PENNY_EWORKER', `worker ${id}: ${message}`, { cause });
    this.dispatchEvent(event);
  }

  /**
   * A worker is gone: what it had begun fails, what was only queued there is run by others, and a
   * new one takes its place.
   */
  async #lose(id, message = 'ended itself') {
    if (this.#disposal) return this.#leave();
    this.#workers.list[id].terminate();
    // A second report of the same loss is none.
    this.#workers.list[id] = undefined;
    this.#tell(id, message);
    const { exports } = this.#core;
    // Its stolen tasks still run on others' hands: they end at their next poll, or by themselves.
    while (exports.pn_web_bury(id)) {
      await new Promise((resolve) => setTimeout(resolve, BURY_MS));
      if (this.#disposal) return this.#leave();
    }
    this.#host.lose(id);
    exports.pn_web_revive(id);
    try {
      await within(this.#workers.replace(this.#core, id), this.#options);
      this.dispatchEvent(Object.assign(new Event('workerrestart'), { worker: id }));
    } catch (error) {
      this.#tell(id, error.message, error);
      // Without a replacement the pool would wait for ever with what it has.
      this.#host.rejectAll(
        new PennyError('PENNY_EWORKER', `worker ${id} was lost: ${error.message}`, {
          cause: error,
        }),
      );
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
    if (this.#disposal) throw errorOf(this.#core, -5);
  }

  call(symbol, args = [], options) {
    this.#open();
    const signature = this.#signatures.get(symbol) ?? this.#find(symbol);
    const { parameters, type } = signature;
    if (args.length !== parameters.length) {
      throw new TypeError(`${symbol} takes ${parameters.length} arguments, not ${args.length}`);
    }
    const { view, exports } = this.#core;
    const { stage } = this.#host;
    for (let idx = 0; idx < parameters.length; idx++) {
      writeArgument(view, stage, 8 * idx, parameters[idx], args[idx], symbol);
    }
    return this.#host.add(
      (ticket) => exports.pn_web_call(type, ticket),
      symbol,
      signature.result,
      options,
    );
  }

  #find(symbol) {
    const { exports, view } = this.#core;
    const get = exports[EXPORT + symbol];
    if (!get) {
      const names = Object.keys(exports).filter((name) => name.startsWith(EXPORT));
      const list = names.map((name) => name.slice(EXPORT.length)).join(', ') || 'nothing';
      throw new PennyError(
        'PENNY_ESYMBOL',
        `the module has no task ${String(symbol)}: it exports ${list} (PENNY_EXPORT)`,
      );
    }
    const signature = view.signature(get() >>> 0);
    this.#signatures.set(symbol, signature);
    return signature;
  }

  run(task, args = [], options) {
    this.#open();
    const name = typeof task === 'function' ? this.#nameOf(task) : task;
    const target = this.#names.get(name);
    if (target === undefined) {
      const list = [...this.#names.keys()].join(', ') || 'nothing';
      throw new PennyError(
        'PENNY_ESYMBOL',
        `the workers have no task ${String(name)}: they serve ${list}`,
      );
    }
    const { exports, view } = this.#core;
    const bytes = encode(Array.from(args), view);
    return this.#host.add(
      (ticket) => {
        const at = exports.pn_web_alloc(bytes.length) >>> 0;
        if (!at) return 0;
        view.write(at, bytes);
        const root = exports.pn_web_call_js(target, at, bytes.length, ticket);
        if (!root) exports.pn_web_free(at);
        return root;
      },
      name,
      undefined,
      options,
    );
  }

  #nameOf(task) {
    for (const [name, value] of Object.entries(this.#options.module ?? {}))
      if (value === task) return name;
    throw new TypeError(
      'this function is not in the module that createPool was given: pass its name',
    );
  }

  array(Type, lengthOrValues, { isZeroed = true } = {}) {
    this.#open();
    const { exports, view } = this.#core;
    if (!(Type?.BYTES_PER_ELEMENT > 0))
      throw new TypeError('array takes the constructor of a typed array');
    const isLength = typeof lengthOrValues === 'number';
    const values = isLength
      ? undefined
      : ArrayBuffer.isView(lengthOrValues)
        ? lengthOrValues
        : Array.from(lengthOrValues);
    const length = isLength ? lengthOrValues : values.length;
    if (!Number.isInteger(length) || length < 0 || length * Type.BYTES_PER_ELEMENT >= 2 ** 32) {
      throw new RangeError(`an array cannot have ${length} elements`);
    }
    const at = exports.pn_web_alloc(length * Type.BYTES_PER_ELEMENT) >>> 0;
    if (!at) throw errorOf(this.#core, -1, `no room for ${length} elements of ${Type.name}`);
    const array = view.array(Type, at, length);
    if (values) array.set(values);
    else if (isZeroed)
      array.fill(array instanceof BigInt64Array || array instanceof BigUint64Array ? 0n : 0);
    this.#live.set(at, array);
    return array;
  }

  free(array) {
    this.#open();
    if (this.#core.view.freed.has(array)) throw new TypeError('this array was freed already');
    if (!ArrayBuffer.isView(array) || this.#live.get(array.byteOffset) !== array) {
      throw new TypeError('free takes an array that array() of this pool gave');
    }
    this.#live.delete(array.byteOffset);
    this.#core.view.freed.add(array);
    this.#core.exports.pn_web_free(array.byteOffset);
  }

  stats() {
    const { view, control } = this.#core;
    const base = view.get(control + layout.CONTROL_WORKER_BASE);
    const workers = Array.from({ length: this.size }, (_, id) => {
      const at = base + id * layout.WORKER_BYTES;
      return {
        id,
        state: STATES[view.load(at + layout.WORKER_STATE)] ?? 'unknown',
        steals: view.count(at + layout.WORKER_STEALS),
        joinsHelped: view.count(at + layout.WORKER_JOINS_HELPED),
        publishes: view.count(at + layout.WORKER_PUBLISHES),
        spawns: view.count(at + layout.WORKER_PUBLISHED_TASKS),
        parks: view.count(at + layout.WORKER_PARKS),
        roots: view.count(at + layout.WORKER_ROOTS),
        heapBytes: view.count(at + layout.WORKER_HEAP + layout.HEAP_CONTEXT_LIVE_BYTES),
      };
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
    const { exports } = this.#core;
    this.#host.rejectAll(errorOf(this.#core, -5));
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
