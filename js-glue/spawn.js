// spawn.js: fork-join of JavaScript tasks, on one worker. A spawned task is a handle on a stack of
// this worker's own; only when a thief asks (the core raises the worker's `want` word) are the
// oldest handles encoded and made records of the core's task stack (src/js_tasks.c), which steals,
// joins and fails them. Outside of a pool everything runs serially.
//
// What runs on a worker, and how it ends, is in entries.js.
//
// I1  tasks[entryBase..split) are published (or KEPT), tasks[split..head) private: published ones are
//     the oldest, in the order of their records, whose end is `cHead`.
// I2  A handle leaves the stack exactly once, newest first, and has its outcome then.
// I3  An entry (a root or a stolen task) begins with split = head and ends with its handles joined.
import { decode, encode } from './codec.js';
import { isStackOverflow } from './enter.js';
import { Detached } from './entries.js';
import { errorOf, PennyError } from './errors.js';
import * as layout from './layout.gen.js';
import { failure } from './outcome.js';

const FREE = 0;
const PUBLISHED = 1;
const KEPT = 2; // cannot be sent: runs here
const DONE = 3;
const FAILED = 4;

// Kinds of entries.
export const SYNC = 0;
export const ASYNC = 1;

export const EFAIL = -9;
export const ECANCELLED = -4;
const TASK_BYTES = 64;
// How many handles one request publishes at most.
const BATCH = 32;
const PROBE_FRAMES = 200;
// What an entry needs for its own end.
const ENTRY_FRAMES = 500;

const CLOSURE =
  'spawn takes a function of the task module, not a closure: export it, and pass what it needs as arguments';

// The worker: set by attach(), read by entries.js.
export let exports;
export let view;
export let codecOptions;
export let fetch; // asks the page for what it has to carry: fetch(root)
let isDebug = false;
export let functions = [];
export let names = [];
let targets = new Map();
export let workerNumber = 0;
// Its block, as words; outside of a pool nobody ever wants anything.
export let words = new Int32Array(8);
export let want = 0;
export let block = 0;

// What runs now.
const tasks = [];
export let head = 0;
let split = 0;
let cHead = 0;
export let entry; // { kind, root, base, children }, undefined between tasks
let lastFn; // the last function that was found to be a plain task of this entry

export const isPromise = (value) => typeof value?.then === 'function';
export const easync = (what) =>
  new PennyError('PENNY_EASYNCJOIN', `${what}: write \`await handle\` (or yield it) instead`);
/** For what joins by itself. */
export const checkJoins = (what) => {
  if (view && entry?.kind !== SYNC)
    throw new PennyError(
      'PENNY_EASYNCJOIN',
      `${what}() in an async task: spawn a plain task with it`,
    );
};

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
export function offer() {
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
export function isPlain(fn) {
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

/* ---- entries: what runs now ---- */

/** What runs from here on: an entry, or undefined. */
export function enter(other) {
  entry = other;
  lastFn = undefined;
}

/** Saves what runs, begins an entry, runs `body`, and puts everything back. */
export function inEntry(self, head_, body) {
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

/* ---- for the worker's loop and the built-in tasks ---- */

export function attach(options) {
  ({ exports, view, functions, names, codecOptions, isDebug = false, block, fetch } = options);
  workerNumber = options.id;
  targets = new Map(functions.map((fn, target) => [fn, target]));
  words = new Int32Array(view.memory.buffer);
  want = (block + layout.WORKER_WANT) >>> 2;
}

/** Does a thief ask for work? */
export const isWanted = () => words[want] !== 0;
export const targetOf = (fn) => {
  const target = view ? targets.get(fn) : fn;
  if (typeof fn !== 'function' || target === undefined) throw new TypeError(CLOSURE);
  return target;
};
export const functionOf = (target) => (typeof target === 'function' ? target : functions[target]);
