// pool.js: the pool that people hold: arguments in, promises out, arrays in shared memory,
// statistics, the end. Page only.
import { decode, encode, isShared } from './codec.js';
import { errorFor, errorOf, PennyError, part, want } from './errors.js';
import { canWait, checkTaskOptions, Host, until } from './host.js';
import * as layout from './layout.gen.js';
import { readResult, writeArgument } from './memory.js';
import { SharedArrays, wantLive } from './shared_arrays.js';
import { checkOptions, createCore, makeWorkers, missingFor, whole, workerBlock } from './start.js';
import { web } from './web.js';

const CARRIED = 2 ** 31; // host.js
const ECLOSED = -5;
const BUILT_IN = 'penny:'; // begins the names of the tasks in builtin.js
// Loaded when they are first asked for, and kept: an engine takes 0.1 ms to find that it has a module.
let more;
let arrays;

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
export function within(promise, { signal, startTimeoutMs, worker }) {
  const hint = worker ? "does the worker's file call serve()?" : 'raise startTimeoutMs';
  const text = `no answer in ${startTimeoutMs} ms: ${hint}`;
  const late = () => new PennyError('PENNY_ESTART', text);
  return new Promise((resolve, reject) => {
    const end = (reason) => {
      stop(); // the promise may never be settled
      reject(reason);
    };
    const stop = until({ signal, ms: startTimeoutMs, late, end });
    if (signal?.aborted) end(signal.reason); // by what made the workers
    promise.then(resolve, reject).finally(stop);
  });
}

/** Starts a pool (index.d.ts: createPool) on a host (web.js). */
export async function createPool(given = {}, host = web) {
  const options = checkOptions(given, host);
  options.signal?.throwIfAborted();
  const missing = missingFor(options);
  if (missing.length) {
    const { single } = await part(import('./refusal.js'));
    return (await single(missing, options.fallback)).createPool(options);
  }
  const workers = makeWorkers(options);
  try {
    return await within(
      createCore(options).then(async (view) => {
        view.exports.pn_web_set_ring(canWait ? 0 : 1);
        return new Pool(options, view, workers, await workers.attach(view));
      }),
      options,
    );
  } catch (error) {
    workers.end();
    throw error;
  }
}

/** At most six, all numbers. */
function isFew(args) {
  let count = 0;
  while (count < 7 && typeof args[count] === 'number') count++;
  return count < 7 && count === args.length;
}

export class Pool extends EventTarget {
  #options;
  #view;
  #exports;
  #host;
  #workers;
  #names; // of the tasks that run() takes
  #all; // and those of builtin.js after them: the index is the target
  #signatures = new Map();
  #shared; // the arrays (shared_arrays.js)
  #inner; // of this, for faults.js and resize.js
  #disposal;
  #size; // that was last asked for
  #resized = Promise.resolve();
  #crew = { present: 0, starting: new Set(), vacant: new Map(), leaving: new Map() }; // of resize.js
  #nudged = []; // by worker's id: who has to answer yet
  #steals = 0; // of all workers, when they were counted last
  #left = 0;
  #isTorn = false;
  #onLeft = () => {};

  constructor(options, view, workers, names) {
    super();
    this.#options = options;
    this.#view = view;
    this.#exports = view.exports;
    this.#workers = workers;
    this.#size = this.#crew.present = options.workers;
    this.#all = names;
    this.#names = names.filter((name) => !name.startsWith(BUILT_IN));
    this.#host = new (view.Host ?? Host)(view, options);
    this.#host.onBroken = () => this.dispose();
    this.#host.onOverdue = async (slot) => (await this.#faults())?.stop(this.#inner, slot);
    this.#host.onQuiet = () => this.#nudge();
    this.#shared = new (view.Arrays ?? SharedArrays)(view, this.#host, options);
    this.#host.look();
    this.#inner = {
      host: this.#host,
      view,
      workers,
      crew: this.#crew,
      closers: new Set(), // of what waits for no task: told of the end of the pool
      whys: new WeakMap(), // by worker: why we ended it
      pongs: [], // by worker's id: another object after each answer
      within: (promise) => within(promise, { ...options, signal: undefined }),
      tell: (...error) => this.#tell(...error),
      fail: (...error) => this.#fail(...error),
      leave: (id) => this.#leave(id),
      restarted: (worker) => {
        this.#shared.sweep();
        this.dispatchEvent(Object.assign(new Event('workerrestart'), { worker }));
      },
      isClosed: () => this.#disposal,
      check: () => this.#open(),
    };
    Object.assign(workers.on, {
      ring: () => this.#host.ring(),
      left: (id) => this.#leave(id),
      gone: (id, message) => this.#lose(id, message),
      error: (id, message, cause) => this.#tell(id, message, cause),
      fetch: (id, root) => {
        const [objects, transfer] = this.#host.carry(root);
        workers.list[id]?.postMessage({ penny: 'carry', message: root, objects }, transfer);
      },
      pong: (id) => {
        this.#inner.pongs[id] = {};
        this.#nudged[id] = undefined;
      },
    });
    /** Each task of pool.run as a function: pool.tasks.fib(30). */
    const get = (_, name) =>
      this.#names.includes(name) ? (...args) => this.run(name, args) : undefined;
    this.tasks = new Proxy({}, { get });
    // By the time of a fault the server may not answer.
    import('./faults.js').catch(() => {});
  }

  /** A worker that was woken and has not heard of it looks when it gets a message. */
  #nudge() {
    this.#workers.list.forEach((worker, id) => {
      const state = this.#view.get(workerBlock(this.#view, id) + layout.WORKER_STATE);
      if (!worker || state === layout.SLEEPING || this.#nudged[id] === worker) return;
      this.#nudged[id] = worker;
      worker.postMessage({ penny: 'ping' });
    });
    // What is spawned may wait for what nobody has begun, where not all may be awake (PARKING.md: Limits).
    this.#steals = this.#exports.pn_web_rouse(this.#steals);
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
    if (this.#crew.starting.has(id)) return;
    const { list } = this.#workers;
    const worker = list[id];
    // A second report of the same loss is none; terminate() may report it at once.
    list[id] = undefined;
    worker.terminate();
    this.#tell(id, this.#inner.whys.get(worker) ?? message);
    await (await this.#faults())?.replace(this.#inner, id);
  }

  /** faults.js; where it cannot be loaded, the pool would wait for ever with what it has. */
  #faults() {
    return import('./faults.js').catch((error) => this.#fail('the pool has closed', error));
  }

  #fail(text, cause) {
    this.#host.rejectAll(errorFor('EWORKER', text, cause));
    this.#leave();
    this.dispose();
  }

  #leave(id) {
    if (!this.#disposal && this.#crew.leaving.has(id)) return this.#crew.leaving.get(id).resolve();
    // One that was lost meanwhile has things in its hands.
    this.#isTorn ||= id === undefined;
    this.#left++;
    this.#onLeft();
  }

  get size() {
    return this.#size;
  }

  resize(size) {
    this.#open();
    whole({ size }, 'size', undefined, 1, this.#options.maxWorkers);
    this.#size = size;
    const done = this.#resized.then(async () => {
      const { resize } = await part(import('./resize.js'));
      this.#open();
      return resize(this.#inner, size);
    });
    this.#resized = done.catch(() => {
      if (this.#size === size) this.#size = this.#workers.list.length;
    });
    return done;
  }

  async trace() {
    this.#open();
    want(this.#options.trace, 'trace() needs createPool({ trace: true })');
    const { trace } = await part(import('./more.js'));
    this.#open();
    return trace(this.#view, this.#all, this.#workers.list.length);
  }

  #open() {
    if (this.#disposal) throw errorOf(this.#view, ECLOSED);
  }

  call(symbol, args = [], options = {}) {
    this.#open();
    checkTaskOptions(options);
    want(args?.length >= 0, 'args is an array');
    const { parameters, type, result } = this.#signatures.get(symbol) ?? this.#find(symbol);
    if (args.length !== parameters.length) {
      throw new TypeError(`${symbol} takes ${parameters.length} arguments, not ${args.length}`);
    }
    const { stage } = this.#host;
    for (let idx = 0; idx < parameters.length; idx++) {
      writeArgument(this.#view, stage, 8 * idx, parameters[idx], args[idx], symbol);
    }
    const submit = (...rest) => this.#exports.pn_web_call(type, ...rest);
    return this.#host.add(submit, symbol, result, options, Array.from(args));
  }

  #find(symbol) {
    const get = this.#exports[EXPORT + symbol];
    if (!get) {
      const names = Object.keys(this.#exports).filter((name) => name.startsWith(EXPORT));
      const list = names.map((name) => name.slice(EXPORT.length));
      throw unknown('the module (PENNY_EXPORT)', symbol, list);
    }
    const signature = this.#view.signature(get());
    const { result } = signature;
    signature.result = (at) => readResult(this.#view, at, result);
    this.#signatures.set(symbol, signature);
    return signature;
  }

  run(task, args = [], options) {
    const target = this.#target(task);
    want(Array.isArray(args), 'args is an array');
    return this.#submit(target, args, options);
  }

  /** The index of a task that is given by name or, with `module`, itself. */
  #target(task) {
    this.#open();
    const name = typeof task === 'function' ? this.#nameOf(task) : task;
    const target = this.#names.indexOf(name);
    if (target < 0) throw unknown('the worker', name, this.#names);
    return target;
  }

  #submit(target, args, options = {}, name = this.#names[target]) {
    // What more.js and arrays.js submit may come after the end of the pool.
    this.#open();
    checkTaskOptions(options);
    const { retry, signal, transfer } = options;
    if (!transfer && isFew(args)) {
      return this.#host.add(this.#byStage(target, args.slice()), name, undefined, options);
    }
    // Nothing is placed or moved for what will not run.
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (transfer?.some((object) => this.#view.buffers.has(object)))
      throw new DOMException('memory of the pool cannot be transferred', 'DataCloneError');
    const carry = [];
    const held = []; // arrays of the pool, whatever becomes of the arguments
    // (What may fail yet, or be sent again, keeps its bytes.)
    const isPlaced = !retry && !transfer;
    const how = { isArguments: true, isPlaced, transfer, carry, held };
    let bytes = encode(args, this.#view, how);
    let carried;
    if (transfer?.length || carry.length) {
      // WebKit's structuredClone copies shared memory; messages do not.
      const others = carry.map((object) => !isShared(object) && object);
      carried = structuredClone([others, transfer], { transfer });
      carried[0] = carried[0].map((object, idx) => object || carry[idx]);
      if (carry.length) target += CARRIED;
    }
    const submit = (...rest) => {
      const at = this.#view.place(bytes);
      const root = at && this.#exports.pn_web_call_js(target, at, bytes.length, ...rest);
      if (!root && at) {
        bytes = bytes.slice(); // they may be in that block
        this.#exports.pn_web_free(at);
      }
      return root;
    };
    return this.#host.add(submit, name, undefined, options, held, carried);
  }

  /** Nothing is encoded or allocated for a few numbers: the root has room for them. */
  #byStage(target, numbers) {
    return (ticket, level) => {
      const { stage } = this.#host;
      for (let idx = 0; idx < numbers.length; idx++) stage.setFloat64(8 * idx, numbers[idx], true);
      return this.#exports.pn_web_call_js(target, 0, numbers.length, ticket, level);
    };
  }

  #nameOf(task) {
    for (const [name, value] of Object.entries(this.#options.module ?? {}))
      if (value === task) return name;
    throw new TypeError('no function of the module that createPool was given: pass its name');
  }

  /** What more.js does for this pool; it is loaded when it is first asked for. */
  #more(what, task, ...rest) {
    const target = this.#target(task);
    const inner = {
      target,
      workers: this.size,
      find: (other) => this.#target(other),
      run: (other, args, options) => this.#submit(other, args, options),
      closers: this.#inner.closers,
      array: (...args) => this.array(...args),
      submit: (name, args, options) =>
        this.#submit(this.#all.indexOf(BUILT_IN + name), args, options, this.#names[target]),
    };
    return (async () => {
      wantLive(this.#view, rest[0]); // the items, of map and stream
      more = await (more ?? part(import('./more.js'))); // never in the turn of the call
      return more[what](inner, ...rest);
    })();
  }

  map(...args) {
    return this.#more('map', ...args);
  }

  stream(...args) {
    const stream = this.#more('stream', ...args);
    stream.catch(() => {}); // told to whoever iterates
    return (async function* () {
      yield* await stream;
    })();
  }

  parallelFor(task, begin, end, options) {
    return this.#more('parallelFor', task, begin, end, this.#asNow(options));
  }

  reduce(task, begin, end, options) {
    return this.#more('reduce', task, begin, end, this.#asNow(options));
  }

  /** These options, whatever the program changes before more.js is there. What cannot be sent is refused there. */
  #asNow(options) {
    if (!options || typeof options !== 'object') return options;
    const copy = { ...options };
    const copyOf = (value) => {
      const bytes = encode(value, this.#view);
      return decode(bytes, this.#view, this.#host.codecOptions);
    };
    try {
      // (Without shared memory arrays of the pool would be copied, too.)
      const isDeep = !this.#view.Host;
      if (Array.isArray(copy.args))
        copy.args = isDeep && !isFew(copy.args) ? copyOf(copy.args) : copy.args.slice();
      if (isDeep && copy.init instanceof Object) copy.init = copyOf(copy.init);
    } catch {}
    return copy;
  }

  array(Type, lengthOrValues, { isZeroed = true } = {}) {
    this.#open();
    return this.#shared.make(Type, lengthOrValues, isZeroed);
  }

  free(array) {
    this.#open();
    this.#shared.free(array);
  }

  async #arrays(name, array, options = {}) {
    this.#open();
    checkTaskOptions(options);
    const { comparator } = options;
    const target = comparator === undefined || this.#target(comparator);
    const byComparator = (...args) =>
      this.#submit(this.#all.indexOf(`${BUILT_IN}sort`), [target, ...args], options, name);
    arrays ??= await part(import('./arrays.js'));
    this.#open();
    return arrays[name](this.#host, array, options, byComparator);
  }
  sort(...given) {
    return this.#arrays('sort', ...given);
  }
  scan(...given) {
    return this.#arrays('scan', ...given);
  }
  sum(...given) {
    return this.#arrays('sum', ...given);
  }
  min(...given) {
    return this.#arrays('min', ...given);
  }
  max(...given) {
    return this.#arrays('max', ...given);
  }

  stats() {
    const view = this.#view;
    const workers = [];
    for (const id of this.#workers.list.keys()) {
      const at = workerBlock(view, id);
      const state = view.get(at + layout.WORKER_STATE);
      if (state === layout.LEFT) continue;
      const stats = { id, state: STATES[state] };
      for (const name of Object.keys(COUNTERS)) stats[name] = view.count(at + COUNTERS[name]);
      workers.push(stats);
    }
    const { pending, completed } = this.#host;
    return {
      workers,
      pending,
      completed,
      memoryBytes: view.memory.buffer.byteLength,
      arrays: this.#shared.size,
    };
  }

  dispose() {
    this.#disposal ??= this.#dispose();
    return this.#disposal;
  }

  [Symbol.asyncDispose ?? 'asyncDispose']() {
    return this.dispose();
  }

  async #dispose() {
    const exports = this.#exports;
    const closed = errorOf(this.#view, ECLOSED);
    this.#shared.isClosed = true;
    this.#host.rejectAll(closed);
    for (const { reject } of this.#crew.leaving.values()) reject(closed);
    for (const close of this.#inner.closers) close(closed);
    exports.pn_web_shutdown();
    let isClean = await this.#allLeft();
    this.#workers.end();
    isClean = this.#host.release(isClean);
    // What had to be ended may go on for a moment, in the middle of anything: nothing is touched.
    if (!isClean) return { isClean, liveBlocks: Number.NaN };
    this.#shared.end();
    const liveBlocks = exports.pn_web_destroy();
    return { isClean, liveBlocks };
  }

  #allLeft() {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), this.#options.graceMs);
      this.#onLeft = () => {
        if (this.#left < this.#crew.present) return;
        clearTimeout(timer);
        resolve(!this.#isTorn);
      };
      this.#onLeft();
    });
  }
}
