// spawn.js: fork-join of JavaScript tasks, on one worker. A spawned task is a handle on a stack of
// this worker's own; only when a thief asks (the core raises the worker's `want` word) are the
// oldest handles encoded and made records of the core's task stack (src/js_tasks.c), which steals,
// joins and fails them. Outside of a pool everything runs serially.
//
// I1  tasks[entryBase..split) are published (or KEPT), tasks[split..head) private: published ones are
//     the oldest, in the order of their records, whose end is `cHead`.
// I2  A handle leaves the stack exactly once, newest first, and has its outcome then.
// I3  An entry (a root or a stolen task) begins with split = head and ends with its handles joined.
import { decode, encode } from './codec.js';
import { errorOf, PennyError } from './errors.js';
import * as layout from './layout.gen.js';
import { failure, outcome } from './outcome.js';

const FREE = 0;
const PUBLISHED = 1;
const KEPT = 2; // cannot be sent: runs here
const DONE = 3;
const FAILED = 4;

const CARRIED = 2 ** 31; // added to a root's target: host.js

const SYNC = 0;
const ASYNC = 1;

const EFAIL = -9;
const ENOMEM = -1;
const ECANCELLED = -4;
const TASK_BYTES = 64;
// How many handles one request publishes at most.
const BATCH = 32;
const PROBE_FRAMES = 200;
// What an entry needs for its own end.
const ENTRY_FRAMES = 500;

const CLOSURE =
  'spawn takes a function of the task module, not a closure: export it, and pass what it needs as arguments';

// The worker: set by attach().
let exports;
let view;
let codecOptions;
let fetch; // asks the page for what it has to carry: fetch(root)
let isDebug = false;
let functions = [];
let names = [];
let targets = new Map();
let workerNumber = 0;
// Its block, as words; outside of a pool nobody ever wants anything.
let words = new Int32Array(8);
let want = 0;
let block = 0;

// What runs now.
const tasks = [];
let head = 0;
let split = 0;
let cHead = 0;
let entry; // { kind, root, base, children }, undefined between tasks
let lastFn; // the last function that was found to be a plain task of this entry
let ready = []; // generators that yielded
const arrived = new Map(); // by root: what messages have carried here
const late = new Set(); // entries whose promise is pending
const detached = []; // by ticket
const freeTickets = [];

const isPromise = (value) => typeof value?.then === 'function';
const easync = (what) =>
  new PennyError('PENNY_EASYNCJOIN', `${what}: write \`await handle\` (or yield it) instead`);
/** For what joins by itself. */
export const checkJoins = (what) => {
  if (view && entry?.kind !== SYNC)
    throw new PennyError(
      'PENNY_EASYNCJOIN',
      `${what}() in an async task: spawn a plain task with it`,
    );
};
const isStackOverflow = (error) =>
  /call stack|too much recursion/i.test(error?.message) || error?.name === 'InternalError';

/* ---- handles ---- */

class Handle {
  constructor(fn, count, a, b, c) {
    this.fn = fn;
    this.count = count; // of arguments, or -1: `a` has them all
    this.a = a;
    this.b = b;
    this.c = c;
    this.state = FREE;
    this.value = undefined;
  }

  join() {
    // Plain read: a request that is seen late is served at the next spawn or join.
    if (head > split && tasks[head - 1] === this && words[want] === 0) head--;
    else if (!claim(this)) {
      if (this.state === FAILED) throw this.value;
      return this.value;
    }
    // It runs in this very frame: nesting must not cost more stack than it has to.
    const base = head;
    const { fn, a } = this;
    let value;
    try {
      switch (this.count) {
        case 0:
          value = fn();
          break;
        case 1:
          value = fn(a);
          break;
        case 2:
          value = fn(a, this.b);
          break;
        case 3:
          value = fn(a, this.b, this.c);
          break;
        default:
          value = fn(...a);
      }
      if (head !== base) joinRest(base);
      if (typeof value === 'object' && isPromise(value)) throw easync('join() of an async task');
    } catch (error) {
      dropRest(base);
      this.state = FAILED;
      this.value = error;
      throw error;
    }
    this.state = DONE;
    this.value = value;
    return value;
  }

  /** `await handle` works for any handle. */
  // biome-ignore lint/suspicious/noThenProperty: handles are awaited.
  then(resolve, reject) {
    return new Promise((done) => done(this.join())).then(resolve, reject);
  }
}

/** Takes a handle off its stack: true when it is to be run here, false when it has its outcome. */
function claim(handle) {
  while (handle.state < DONE) {
    if (head <= (entry?.base ?? 0))
      throw new PennyError('PENNY_EINVAL', 'join() of a handle that another task spawned');
    const newest = tasks[head - 1];
    const isOurs = take(newest);
    if (!isOurs) continue;
    if (newest === handle) return true;
    runHandle(newest);
  }
  return false;
}

/** Takes the newest handle off the stack: true when it has no outcome yet. */
function take(handle, isDropped = false) {
  let isOurs = 1;
  if (handle.state === PUBLISHED) {
    isOurs = sync(handle, isDropped);
  } else {
    head--;
    if (split > head) split = head;
  }
  if (!isOurs || isDropped || words[want] === 0) return isOurs;
  try {
    offer();
    return true;
  } catch (error) {
    handle.state = FAILED;
    handle.value = error;
    return false;
  }
}

/** Runs a handle that has left the stack. */
function runHandle(handle) {
  const base = head;
  try {
    const { fn, count, a, b, c } = handle;
    const value = count < 0 ? fn(...a) : fn(...[a, b, c].slice(0, count));
    joinRest(base);
    if (isPromise(value)) throw easync('join() of an async task');
    handle.value = value;
    handle.state = DONE;
  } catch (error) {
    dropRest(base);
    handle.value = error;
    handle.state = FAILED;
  }
}

/** Joins what is left above `base`; throws the first error. */
function joinRest(base) {
  let failed;
  while (head > base) {
    const handle = tasks[head - 1];
    if (take(handle)) runHandle(handle);
    if (handle.state === FAILED) failed = handle;
  }
  if (failed) throw failed.value;
}

/** Takes what is left above `base` off the stack: what nobody has begun does not run. */
function dropRest(base) {
  while (head > base) {
    const handle = tasks[head - 1];
    if (!take(handle, true)) continue;
    handle.state = FAILED;
    handle.value = errorOf(view, ECANCELLED);
  }
}

/* ---- records ---- */

/** Calls the core; a throw through its frames becomes an error for the task. */
function core(name, ...args) {
  const pointer = exports.__stack_pointer;
  const saved = pointer.value;
  const depthAt = (block + layout.WORKER_DEPTH) >>> 2;
  const depth = words[depthAt];
  try {
    return exports[name](...args);
  } catch (error) {
    // Near the end of the stack this may be thrown out itself: whoever called this recovers then.
    if (words[depthAt] !== depth) exports.pn_web_recover(depth);
    pointer.value = saved;
    if (error?.name !== 'PennyThrown') throw error;
    const root = words[(block + layout.WORKER_ROOT) >>> 2] >>> 0;
    throw failure(view, root, view.get(root + layout.ROOT_ERROR) | 0 || EFAIL, 'task');
  }
}

/**
 * A thief, a cancel or something more urgent asks. After an await or a yield this worker is not in
 * the core: there is nothing to offer, and it looks by itself before it goes on.
 */
function offer() {
  if (!cHead || !core('pn_web_poll', cHead) || head === split) return;
  for (let count = Math.min((head - split + 1) >> 1, BATCH); count > 0; count--) publish();
  core('pn_web_poll', cHead);
}

/** Makes the oldest private handle a record; one that cannot be sent stays here. */
function publish() {
  probe(PROBE_FRAMES);
  const handle = tasks[split++];
  const { fn, count, a, b, c } = handle;
  handle.state = KEPT;
  let at = 0;
  try {
    const bytes = encode(count < 0 ? a : [a, b, c].slice(0, count), view, codecOptions);
    at = view.place(bytes);
    if (!at) return;
    cHead = core('pn_web_spawn', cHead, targets.get(fn), at, bytes.length) >>> 0;
    handle.state = PUBLISHED;
  } catch {
    if (at) exports.pn_web_free(at);
  }
}

/** Overflows here, where nothing has been changed yet, if there is little left of the stack. */
const probe = (frames) => frames && probe(frames - 1) + 1;

/** Pops the newest handle, whose record it is: true when it is to be run here. */
function sync(handle, isDropped) {
  const record = cHead - TASK_BYTES + layout.TASK_PAYLOAD;
  const at = (block + layout.WORKER_SYNC_HEAD) >>> 2;
  let isOurs = 0;
  let failed;
  probe(PROBE_FRAMES);
  for (;;) {
    words[at] = 0;
    try {
      isOurs = core('pn_web_sync', cHead);
    } catch (error) {
      // Nothing was popped: the core polled, and this task is to end. What is dropped goes anyway.
      if (!words[at]) {
        if (isDropped && error instanceof PennyError) continue;
        throw error;
      }
      failed = error;
    }
    break;
  }
  // The record is popped: nothing may throw before the handle is, too.
  cHead = words[at] >>> 0;
  head--;
  if (split > head) split = head;
  handle.state = isOurs ? FREE : FAILED;
  handle.value = failed;
  const data = view.get(record + 4);
  if (!isOurs && !failed && !isDropped) {
    try {
      handle.value = decode(view.copy(data, view.get(record + 8)), view, codecOptions);
      if (!view.get(record)) handle.state = DONE;
    } catch (error) {
      handle.value = error;
    }
  }
  exports.pn_web_free(data);
  return isOurs;
}

/* ---- spawning ---- */

/** Spawns `fn(...args)` (worker.d.ts). */
export function spawn(fn, a, b, c) {
  // biome-ignore-start lint/complexity/noArguments: rest parameters cost 20 ns a spawn.
  const count = arguments.length - 1;
  if (fn !== lastFn || count > 3) return spawnOther.apply(undefined, arguments);
  // biome-ignore-end lint/complexity/noArguments: -
  const handle = new Handle(fn, count, a, b, c);
  tasks[head++] = handle;
  if (words[want] !== 0) offer();
  return handle;
}

function spawnOther(fn, ...args) {
  if (typeof fn !== 'function') throw new TypeError(CLOSURE);
  if (!view || entry?.isSerial) return spawnSerial(fn, args);
  const target = targets.get(fn);
  if (target === undefined) throw new TypeError(CLOSURE);
  // Development mode: a task never shares what it was given, stolen or not.
  if (isDebug) args = decode(encode(args, view, codecOptions), view, codecOptions);
  if (entry?.kind !== SYNC || !isPlain(fn)) return new Detached(fn, target, args);
  if (!isDebug) lastFn = fn;
  const handle =
    args.length > 3
      ? new Handle(fn, -1, args)
      : new Handle(fn, args.length, args[0], args[1], args[2]);
  tasks[head++] = handle;
  if (words[want] !== 0) offer();
  return handle;
}

const kinds = new WeakMap();
/** Neither async nor a generator. */
function isPlain(fn) {
  let kind = kinds.get(fn);
  if (kind === undefined) {
    kind = Object.prototype.toString.call(fn) === '[object Function]';
    kinds.set(fn, kind);
  }
  return kind;
}

/** At once, and nobody else sees it. */
function spawnSerial(fn, args) {
  if (!isPlain(fn)) return new Detached(fn, -1, args);
  const handle = new Handle(fn, -1, args);
  try {
    handle.value = fn(...args);
    handle.state = DONE;
  } catch (error) {
    handle.value = error;
    handle.state = FAILED;
  }
  return handle;
}

/* ---- detached tasks: what async tasks and generators spawn ---- */

class Detached {
  #promise;
  // An await calls then() when its task has given way already.
  #owner = entry;

  constructor(fn, target, args) {
    this.isHeld = false;
    this.isOrphan = !entry; // nobody joins it
    this.root = 0;
    this.#promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    entry?.children.push(this);
    this.#promise.catch((error) => {
      if (this.isOrphan && !this.isHeld) report(error);
    });
    const bytes = target < 0 ? undefined : this.#encode(args);
    const ticket = freeTickets.pop() ?? detached.length;
    const at = bytes ? view.place(bytes) : 0;
    if (at) this.root = exports.pn_web_detach(target, at, bytes.length, ticket) >>> 0;
    if (this.root) {
      detached[ticket] = this;
      this.name = names[target];
      return;
    }
    if (at) exports.pn_web_free(at);
    freeTickets.push(ticket);
    // Cannot be sent: runs here.
    Promise.resolve()
      .then(() => runHere(fn, args))
      .then(this.resolve, this.reject);
  }

  #encode(args) {
    try {
      return encode(args, view, codecOptions);
    } catch (error) {
      if (isDebug) throw error;
    }
  }

  join() {
    throw easync('join() in an async task or of one');
  }

  // biome-ignore lint/suspicious/noThenProperty: handles are awaited.
  then(resolve, reject) {
    this.isHeld = true;
    // What follows runs for the task that waits, as far as that can be known.
    const self = this.#owner;
    return this.#promise.then(resolve && within(self, resolve), reject && within(self, reject));
  }
}

// As an exception that nobody catches.
const report = (error) =>
  setTimeout(() => {
    throw error;
  });

const within = (self, action) => (value) => {
  if (!self || entry) return action(value);
  queueMicrotask(() => {
    if (!self.isOver) enter(self);
  });
  action(value);
  queueMicrotask(() => enter(undefined));
};

function enter(other) {
  entry = other;
  lastFn = undefined;
}

/** A call outside of the core: what it spawns runs at once. */
function runHere(fn, args) {
  const outer = entry;
  enter({ kind: SYNC, isSerial: true, children: [], base: head });
  try {
    return begin(fn, args, entry);
  } finally {
    enter(outer);
  }
}

/** Settles what has ended elsewhere. */
export function settleEnded() {
  for (let root = exports.pn_web_ended() >>> 0; root; ) {
    const next = view.get(root + layout.ROOT_LINK);
    const ticket = view.get(root + layout.ROOT_TICKET);
    const task = detached[ticket];
    if (task?.root === root) {
      detached[ticket] = undefined;
      freeTickets.push(ticket);
      task.root = 0;
      try {
        task.resolve(outcome(view, root, task.name, codecOptions));
      } catch (error) {
        task.reject(error);
      }
    }
    exports.pn_web_release(root);
    root = next;
  }
}

/* ---- entries ---- */

/** Calls a task; generators run on by themselves. */
function begin(fn, args, self) {
  const value = fn(...args);
  return isPlain(fn) || typeof value?.next !== 'function' ? value : drive(value, self);
}

/** Runs a generator to its end: every yield lets others run and is a cancel point. */
function drive(iterator, self) {
  return new Promise((resolve, reject) => {
    const take = ({ done, value }) => {
      if (done) resolve(value);
      else if (isPromise(value)) value.then(next, (error) => step('throw', error));
      else if (view) goOnLater(() => next(value));
      else setTimeout(next, 0, value);
    };
    const step = (method, value) => {
      const outer = entry;
      enter(self);
      try {
        const result = iterator[method](value);
        if (isPromise(result)) result.then(take, reject);
        else take(result);
      } catch (error) {
        reject(error);
      } finally {
        enter(outer);
      }
    };
    const next = (value) =>
      isOver(self) ? step('throw', errorOf(view, ECANCELLED)) : step('next', value);
    next();
  });
}

const isOver = (self) => Boolean(self?.root && exports.pn_web_is_cancelled(self.root));

/** Saves what runs, begins an entry, runs `body`, and puts everything back. */
function inEntry(self, head_, body) {
  probe(ENTRY_FRAMES);
  const [outerEntry, outerSplit, outerHead, base] = [entry, split, cHead, head];
  enter(self);
  self.base = split = head;
  cHead = head_;
  try {
    const value = body();
    joinRest(base);
    return value;
  } catch (error) {
    self.isBroken = true;
    dropRest(base);
    self.isBroken = false;
    if (!isStackOverflow(error)) throw error;
    throw new PennyError('PENNY_ESTACK', 'the JavaScript stack overflowed', { cause: error });
  } finally {
    // What could not be dropped, for want of stack, goes with the entry: the core unwinds it.
    // (No calls here: they could be thrown out.)
    head = base;
    split = outerSplit;
    cHead = outerHead;
    entry = outerEntry;
    lastFn = undefined;
  }
}

/** An encoded outcome in a heap block: [error, address, bytes]. */
function pack(error, value) {
  let bytes;
  try {
    bytes = encode(value, view, codecOptions);
  } catch (reason) {
    error = EFAIL;
    bytes = encode(reason, view, codecOptions);
  }
  const at = view.place(bytes);
  return at ? [error, at, bytes.length] : [ENOMEM, 0, 0];
}

/** Runs a root: 0 when it has ended, 1 when it goes on after this. Called by the core. */
export function runRoot(root, head_) {
  const target = view.get(root + layout.ROOT_TARGET);
  if (target >= CARRIED && !arrived.has(root)) {
    fetch(root);
    return 1;
  }
  const fn = functions[target % CARRIED];
  const self = { kind: isPlain(fn) ? SYNC : ASYNC, root, children: [] };
  let isLate = 0;
  const finish = (error, value) => {
    self.isOver = true;
    late.delete(self);
    if (!error && typeof value === 'number') {
      view.setNumber(root, value);
      exports.pn_web_result(root, 0, 0, 1, isLate);
    } else if (!error && value === undefined) exports.pn_web_result(root, 0, 0, 0, isLate);
    else exports.pn_web_result(root, ...pack(error, value), isLate);
  };
  try {
    const value = inEntry(self, head_, () => begin(fn, decodeArguments(root), self));
    if (isPromise(value) || self.children.length) {
      isLate = 1;
      late.add(self);
      Promise.resolve(value)
        .then((result) => joinChildren(self).then(() => result))
        .then(
          (result) => finish(0, result),
          (error) => {
            dropChildren(self);
            finish(EFAIL, error);
          },
        );
    } else finish(0, value);
  } catch (error) {
    dropChildren(self);
    if (self.isBroken) throw error;
    finish(EFAIL, error);
  }
  return isLate;
}

function decodeArguments(root) {
  const at = view.get(root + layout.ROOT_DATA);
  const count = view.get(root + layout.ROOT_DATA_BYTES);
  if (!at) return view.numbers(root, count);
  return decode(view.copy(at, count), view, { ...codecOptions, carried: arrived.get(root) });
}

/** A message has brought what the arguments of `root` need: it begins anew. */
export function carry(root, objects) {
  arrived.set(root, objects);
  goOnLater(() => {
    exports.pn_web_restart(root);
    arrived.delete(root);
  });
}

/** Waits for what an async task detached; the first error of one that nobody held is thrown. */
async function joinChildren(self) {
  for (const child of self.children) {
    if (child.isHeld) await new Promise((resolve) => child.then(resolve, resolve));
    else await child;
  }
}

function dropChildren(self) {
  for (const child of self.children) {
    if (child.root) exports.pn_web_cancel(child.root, 4);
  }
}

/** Runs a stolen task; its outcome goes where its arguments were. Called by the core. */
export function runStolen(head_, record) {
  const root = words[(block + layout.WORKER_ROOT) >>> 2] >>> 0;
  const self = { kind: SYNC, root, children: [] };
  let packed;
  try {
    const target = view.get(record);
    const data = view.get(record + 4);
    const args = decode(view.copy(data, view.get(record + 8)), view, codecOptions);
    view.set(record + 4, 0);
    exports.pn_web_free(data);
    packed = pack(
      0,
      inEntry(self, head_, () => {
        const value = functions[target](...args);
        if (isPromise(value)) throw easync('join() of an async task');
        return value;
      }),
    );
  } catch (error) {
    // Its records are still there: the core's trampoline ends it.
    if (self.isBroken) throw error;
    packed = pack(EFAIL, error);
  }
  for (const child of self.children) child.isOrphan = true;
  view.set(record + 4, packed[1]);
  view.set(record + 8, packed[2]);
  view.set(record, packed[0]);
}

/* ---- for the worker's loop and the built-in tasks ---- */

export function attach(options) {
  ({ exports, view, functions, names, codecOptions, isDebug = false, block, fetch } = options);
  workerNumber = options.id;
  targets = new Map(functions.map((fn, target) => [fn, target]));
  words = new Int32Array(view.memory.buffer);
  want = (block + layout.WORKER_WANT) >>> 2;
}

function goOnLater(job) {
  ready.push(job);
  // In case this worker sleeps in its event loop.
  exports.pn_web_wake();
}

/** Lets the generators that yielded go on, each once. */
export function runReady() {
  const jobs = ready;
  ready = [];
  for (const job of jobs) job();
}

export const countReady = () => ready.length;

/** Does a thief ask for work? */
export const isWanted = () => words[want] !== 0;
export const targetOf = (fn) => {
  const target = view ? targets.get(fn) : fn;
  if (typeof fn !== 'function' || target === undefined) throw new TypeError(CLOSURE);
  return target;
};
export const functionOf = (target) => (typeof target === 'function' ? target : functions[target]);

/** The task that asks, as far as that can be known after an await. */
function current(what) {
  if (entry || late.size === 0) return entry;
  if (late.size === 1) return late.values().next().value;
  throw new PennyError(
    'PENNY_EINVAL',
    `${what} after an await cannot tell which of ${late.size} async tasks asks: ` +
      'use a generator task, or take `const task = currentTask()` before the first await',
  );
}

class Task {
  #self;
  constructor(self) {
    this.#self = self;
  }
  progress(value) {
    const root = this.#self?.root;
    if (!root || this.#self.isOver) return;
    const bytes = encode(value, view, codecOptions);
    const at = exports.pn_web_alloc(bytes.length + 4) >>> 0;
    if (!at) throw errorOf(view, ENOMEM);
    view.set(at, bytes.length);
    view.write(at + 4, bytes);
    exports.pn_web_free(exports.pn_web_progress(root, at));
  }
  isCancelled() {
    if (this.#self === entry && words[want] !== 0) {
      try {
        offer();
      } catch {
        return true;
      }
    }
    return isOver(this.#self);
  }
  throwIfCancelled() {
    if (this.#self === entry && words[want] !== 0) offer();
    if (isOver(this.#self)) throw failure(view, this.#self.root, ECANCELLED, 'task');
  }
  array(Type, length) {
    const root = this.#self?.root;
    if (!view) return new Type(length);
    if (!root) throw new PennyError('PENNY_EINVAL', 'array() needs a task: call it inside one');
    const bytes = length * Type.BYTES_PER_ELEMENT;
    const at = bytes < 2 ** 32 ? exports.pn_web_root_alloc(root, bytes) >>> 0 : 0;
    if (!at) throw errorOf(view, ENOMEM, `no room for ${length} elements of ${Type.name}`);
    return view.array(Type, at, length).fill(Type.name.startsWith('Big') ? 0n : 0);
  }
}

export const currentTask = () => new Task(current('currentTask()'));
export const progress = (value) => new Task(current('progress()')).progress(value);
export const isCancelled = () => new Task(current('isCancelled()')).isCancelled();
export const throwIfCancelled = () => new Task(current('throwIfCancelled()')).throwIfCancelled();
export const array = (Type, length) => new Task(current('array()')).array(Type, length);
export const workerId = () => workerNumber;
/** The page has given up `root`: what it detached and waits for is given up, too. */
export function cancelLate(root) {
  for (const self of late) if (self.root === root) dropChildren(self);
}
