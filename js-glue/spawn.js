// spawn.js: fork-join of JavaScript tasks, on one worker. A spawned task is a handle in an arena of
// this worker's own; only when a thief asks (the core raises the worker's `want` word) are the
// oldest handles encoded and made records of the core's task stack (src/js_tasks.c), which steals,
// joins and fails them. Outside of a pool everything runs serially.
//
// What runs on a worker, and how it ends, is in entries.js.
//
// An open handle is one that has not been joined. A frame is a call of a task, by join() or by an
// entry (a root or a stolen task). Handles are used again, but not before the frame that spawned them has ended:
// a second join() gives the same again. (Fresh ones cost 5 ns a spawn more, most of it for the garbage
// collector's notice of young objects in an old array.)
//
// I1  Every open handle is in arena[0..used), older ones before younger, those of inner frames behind
//     those of outer ones; what is not open in there has its outcome or runs.
//     (One that is UNSEEN has its outcome, too, and may stand behind what is younger.)
// I2  `published` has the open handles that are published or kept, in the order of the arena and of
//     their records, whose end is `cHead`; all private ones of the entry are younger.
// I3  A frame ends with as many open handles as it began with, and gives back what it has used.
import { decode, encode } from './codec.js';
import { isStackOverflow } from './enter.js';
import { Detached } from './entries.js';
import { errorOf, PennyError } from './errors.js';
import * as layout from './layout.gen.js';
import { failure } from './outcome.js';

// States of a handle; private: how many arguments it has.
const LIST = 4; // private: `a` is a list of all arguments
const PUBLISHED = 8; // added to the above
const KEPT = 16; // the same, for what cannot be sent: it runs here
const UNSEEN = 32; // failed when the join of an older one ran it: open until its own join
const DONE = -1;
const FAILED = -2;
const RUNNING = -3;

// In `top`: handles that are used, and above them how many are open. One number, because the fast path has to change both.
const SHIFT = 14;
const OPEN = 1 << SHIFT; // (2 ** SHIFT would be a double to V8)
const USED = OPEN - 1;
// A frame that has used no more is not looked at more closely; the arena never has the last of the USED, so that one more
// open and all others gone does not look the same.
const FEW = 15;

// Kinds of entries.
export const SYNC = 0;
export const ASYNC = 1;

export const EFAIL = -9;
export const ECANCELLED = -4;
const TASK_BYTES = 64;
// How many handles one request publishes at most.
const BATCH = 32;
// How many that are not open may stand between those that are.
const GAPS = 64;
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
export let wanted = new Int32Array(1); // its `want`
export let block = 0;

// What runs now.
const arena = [];
let top = 0;
const published = [];
let cHead = 0;
export let entry; // { kind, root, base, children }, undefined between tasks
const none = new Set();
let lastFn = none; // of `quick`, spawned last (never undefined, which a typing error may give)
let plainTasks = none;
let quick = none; // what may be spawned here without looking further

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
  constructor(index) {
    this.index = index; // in the arena
    this.state = DONE;
    this.fn = undefined;
    this.a = undefined; // its outcome, when it has one
    this.b = undefined;
    this.c = undefined;
  }

  join() {
    // Plain read: a request that is seen late is served at the next spawn or join.
    if (this.state >>> 0 > LIST || wanted[0] !== 0) {
      if (!claim(this)) {
        if (this.state === FAILED) throw this.a;
        return this.a;
      }
    }
    // It runs in this very frame: nesting must not cost more stack than it has to.
    const { fn, state, a } = this;
    top -= OPEN;
    const mark = top;
    let value;
    this.state = RUNNING;
    try {
      if (state === 1) value = fn(a);
      else if (state === 2) value = fn(a, this.b);
      else if (state === 0) value = fn();
      else value = state === LIST ? fn(...a) : fn(a, this.b, this.c);
      if ((top - mark) >>> 0 > FEW) endFrame(mark);
      else top = mark; // as many are open, and it has used a few
      if (typeof value === 'object' || state > 1) finish(this, DONE, checkResult(value));
      else {
        this.a = value;
        this.state = DONE;
      }
    } catch (error) {
      dropRest(mark);
      top = mark;
      finish(this, FAILED, error);
      throw error;
    }
    return value;
  }

  /** `await handle` works for any handle. */
  // biome-ignore lint/suspicious/noThenProperty: handles are awaited.
  then(resolve, reject) {
    return new Promise((done) => done(this.join())).then(resolve, reject);
  }
}

/** What a joined task gave. */
export function checkResult(value) {
  if (isPromise(value)) throw easync('join() of an async task');
  return value;
}

/** Sets the outcome of a handle; the objects that it held are not kept alive until it is used again. */
function finish(handle, state, value) {
  const { index } = handle;
  handle.a = value;
  handle.b = handle.c = undefined;
  handle.state = state;
  if (arena[index] === handle && typeof value === 'object') arena[index] = new Handle(index);
}

/** The entry's newest open handle in a state below `limit`; what is not open at the end goes, for fresh ones. */
function newest(limit = OPEN) {
  const base = entry?.base ?? 0;
  for (let at = (top & USED) - 1; at >= base; at--) {
    const { state } = arena[at];
    if (state >= 0 && state < limit) return arena[at];
    if (state < 0 && at === (top & USED) - 1) {
      arena[at] = new Handle(at);
      top--;
    }
  }
}

/** What has failed while another was joined stays open: its own join throws the error, or its frame's end. */
function keepUnseen(handle) {
  if (handle.state !== FAILED) return;
  if (arena[handle.index] !== handle) {
    if (!makeRoom()) return;
    handle.index = top & USED;
    arena[handle.index] = handle;
    top++;
  }
  handle.state = UNSEEN;
  top += OPEN;
}

const isPublished = ({ state }) => state >= PUBLISHED && state < KEPT;

/** A handle that was published or kept is private again, to be run or closed at once. */
function takeBack(handle) {
  handle.state %= PUBLISHED;
  while (published.length > 0 && published.at(-1).state < PUBLISHED) published.pop();
}

/** True when the handle is to be run here, and is private then; false when it has its outcome. */
function claim(handle) {
  while (handle.state >= 0) {
    if (handle.index < (entry?.base ?? 0))
      throw new PennyError('PENNY_EINVAL', 'join() of a handle that another task spawned');
    if (wanted[0] !== 0) offer();
    if (handle.state <= LIST) return true;
    if (handle.state === UNSEEN) {
      handle.state = FAILED;
      top -= OPEN;
      break;
    }
    // Records are joined newest first, and a thief is not waited for while there is work.
    const last = isPublished(handle) ? newest(UNSEEN) : handle;
    const isOurs = !isPublished(last) || sync(last);
    if (last.state >= KEPT) takeBack(last);
    if (last === handle) {
      if (isOurs) return true;
      break;
    }
    if (isOurs) runHandle(last);
    keepUnseen(last);
  }
  if (handle.state === RUNNING)
    throw new PennyError('PENNY_EINVAL', 'join() of a task by itself, or by what it called');
  return false;
}

/** Runs a private handle. */
function runHandle(handle) {
  const { fn, state, a, b, c } = handle;
  top -= OPEN;
  const mark = top;
  handle.state = RUNNING;
  try {
    const value = fn(...(state === LIST ? a : [a, b, c].slice(0, state)));
    endFrame(mark);
    finish(handle, DONE, checkResult(value));
  } catch (error) {
    dropRest(mark);
    top = mark;
    finish(handle, FAILED, error);
  }
}

/** Joins what the frame has left open; throws the first error. */
function joinRest(mark) {
  let failed;
  while (top >> SHIFT > mark >> SHIFT) {
    const handle = newest();
    if (!handle) break; // a task that came between has joined it
    if (claim(handle)) runHandle(handle);
    if (handle.state === FAILED) failed = handle;
  }
  if (failed) throw failed.a;
}

/** What the frame has left open is joined, what it has used goes back. */
function endFrame(mark) {
  joinRest(mark);
  // (It is less when what is not open has been taken away meanwhile.)
  if (top > mark) top = mark;
}

/** Runs a loop: what it leaves open when it fails is closed, as at the end of a task. */
export function inFrame(loop) {
  const mark = top;
  try {
    return loop();
  } catch (error) {
    dropRest(mark);
    throw error;
  }
}

/** Closes what the frame has left open: what nobody has begun does not run. */
function dropRest(mark) {
  while (top >> SHIFT > mark >> SHIFT) {
    const handle = newest();
    if (!handle) break;
    if (isPublished(handle) && !sync(handle, true)) continue;
    if (handle.state >= KEPT) takeBack(handle);
    top -= OPEN;
    finish(handle, FAILED, errorOf(view, ECANCELLED));
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
  if (!cHead || !core('pn_web_poll', cHead)) return;
  const open = [];
  const first = entry.published < published.length ? published.at(-1).index + 1 : entry.base;
  const end = used();
  for (let at = first; at < end; at++) if (arena[at].state >= 0) open.push(arena[at]);
  if (end - first - open.length > GAPS) closeGaps(first, end, open);
  for (let idx = 0; idx < Math.min((open.length + 1) >> 1, BATCH); idx++) publish(open[idx]);
  if (open.length) core('pn_web_poll', cHead);
}

/** Moves the open ones of arena[first..end) together: the search for them is to be short. */
function closeGaps(first, end, open) {
  open.forEach((handle, idx) => {
    handle.index = first + idx;
    arena[first + idx] = handle;
  });
  for (let at = first + open.length; at < end; at++) arena[at] = new Handle(at);
  top -= end - first - open.length;
}

/** Makes the oldest private handle a record; one that cannot be sent stays here. */
function publish(handle) {
  const { fn, state, a, b, c } = handle;
  if (state === UNSEEN) return;
  probe(PROBE_FRAMES);
  published.push(handle);
  handle.state += KEPT;
  let at = 0;
  try {
    const bytes = encode(state === LIST ? a : [a, b, c].slice(0, state), view, codecOptions);
    at = view.place(bytes);
    if (!at) return;
    cHead = core('pn_web_spawn', cHead, targets.get(fn), at, bytes.length) >>> 0;
    handle.state += PUBLISHED - KEPT;
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
  let error;
  probe(PROBE_FRAMES);
  for (;;) {
    words[at] = 0;
    try {
      isOurs = core('pn_web_sync', cHead);
    } catch (thrown) {
      // Nothing was popped: the core polled, and this task is to end. What is dropped goes anyway.
      if (!words[at]) {
        if (isDropped && thrown instanceof PennyError) continue;
        throw thrown;
      }
      error = thrown;
    }
    break;
  }
  // The record is popped: nothing may throw before the handle is closed, too.
  cHead = words[at] >>> 0;
  takeBack(handle);
  const data = view.get(record + 4);
  if (!isOurs) {
    top -= OPEN;
    let hasFailed = true;
    let value = error;
    handle.state = FAILED;
    if (!error && !isDropped) {
      try {
        value = decode(view.span(data, view.get(record + 8)), view, codecOptions);
        hasFailed = view.get(record) !== 0;
      } catch (thrown) {
        value = thrown;
      }
    }
    finish(handle, hasFailed ? FAILED : DONE, value);
  }
  exports.pn_web_free(data);
  return isOurs;
}

/* ---- spawning ---- */

/** Spawns `fn(...args)` (worker.d.ts). */
export function spawn(fn, a, b, c) {
  // biome-ignore-start lint/complexity/noArguments: rest parameters cost 20 ns a spawn.
  const count = arguments.length - 1;
  const handle = arena[top & USED];
  if (handle === undefined || (fn !== lastFn && !isQuick(fn)) || count > 3)
    return spawnOther.apply(undefined, arguments);
  // biome-ignore-end lint/complexity/noArguments: -
  top += OPEN + 1;
  handle.fn = fn;
  handle.state = count;
  handle.a = a;
  if (count > 1) {
    handle.b = b;
    handle.c = c;
  }
  if (wanted[0] !== 0) offer();
  return handle;
}

function isQuick(fn) {
  if (!quick.has(fn)) return false;
  lastFn = fn;
  return true;
}

function spawnOther(fn, ...args) {
  if (typeof fn !== 'function') throw new TypeError(CLOSURE);
  if (!view || entry?.isSerial) return spawnSerial(fn, args);
  const target = targets.get(fn);
  if (target === undefined) throw new TypeError(CLOSURE);
  // Development mode: a task never shares what it was given, stolen or not.
  if (isDebug) args = decode(encode(args, view), view, codecOptions);
  if (entry?.kind !== SYNC || !isPlain(fn)) return new Detached(fn, target, args);
  if (wanted[0] !== 0) offer();
  const hasRoom = makeRoom();
  const handle = hasRoom ? arena[top & USED] : new Handle(-1);
  handle.fn = fn;
  handle.state = Math.min(args.length, LIST);
  [handle.a, handle.b, handle.c] = args.length < LIST ? args : [args];
  top += OPEN;
  // With so many open ones thieves have enough.
  if (!hasRoom) runHandle(handle);
  else top++;
  return handle;
}

/** Room for one more handle: false when as many are open as there can be. */
function makeRoom() {
  const used = top & USED;
  if (used < arena.length) return true;
  newest();
  // Doubled, unless it was full of what is not open.
  const more =
    (top & USED) >= used / 2 ? Math.min(arena.length + 64, USED - FEW - arena.length) : 0;
  for (let count = more; count > 0; count--) arena.push(new Handle(arena.length));
  return (top & USED) < arena.length;
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
  const handle = new Handle(-1);
  try {
    finish(handle, DONE, fn(...args));
  } catch (error) {
    finish(handle, FAILED, error);
  }
  return handle;
}

/* ---- entries: what runs now ---- */

/** What runs from here on: an entry, or undefined. */
export function enter(other) {
  entry = other;
  lastFn = none;
  quick = entry?.kind === SYNC && !entry.isSerial ? plainTasks : none;
}

/** Where the handles of what begins now will stand. */
export const used = () => top & USED;

/** Saves what runs, begins an entry, runs `body`, and puts everything back. */
export function inEntry(self, head, body) {
  // The first of all begins with an empty stack.
  if (entry) probe(ENTRY_FRAMES);
  const [outerEntry, outerQuick, outerHead, mark] = [entry, quick, cHead, top];
  enter(self);
  self.base = used();
  self.published = published.length;
  cHead = head;
  try {
    const value = body();
    joinRest(mark);
    // What goes on after this may join once more: these handles are not used again.
    if (isPromise(value)) for (let at = self.base; at < used(); at++) arena[at] = new Handle(at);
    return value;
  } catch (error) {
    self.isBroken = true;
    dropRest(mark);
    self.isBroken = false;
    if (!isStackOverflow(error)) throw error;
    throw new PennyError('PENNY_ESTACK', 'the JavaScript stack overflowed', { cause: error });
  } finally {
    // What could not be dropped, for want of stack, goes with the entry: the core unwinds it.
    // (No calls here: they could be thrown out.)
    top = mark;
    words[(block + layout.WORKER_SYNC_HEAD) >>> 2] = 0; // nothing that was popped in here counts outside
    if (published.length > self.published) published.length = self.published;
    cHead = outerHead;
    entry = outerEntry;
    quick = outerQuick;
    lastFn = none;
  }
}

/* ---- for the worker's loop and the built-in tasks ---- */

export function attach(options) {
  ({ exports, view, functions, names, codecOptions, isDebug = false, block, fetch } = options);
  workerNumber = options.id;
  targets = new Map(functions.map((fn, target) => [fn, target]));
  // (What is copied has to look further.)
  plainTasks = new Set(isDebug ? [] : functions.filter(isPlain));
  words = new Int32Array(view.memory.buffer);
  wanted = new Int32Array(view.memory.buffer, block + layout.WORKER_WANT, 1);
}

/** This worker has left: what still goes on here goes on as outside of a pool, for others own that memory now. */
export function detach() {
  view = undefined;
  words = new Int32Array(8);
  wanted = words;
  enter(undefined);
}

/** Does a thief ask for work? */
export const isWanted = () => wanted[0] !== 0;
export const targetOf = (fn) => {
  const target = view ? targets.get(fn) : fn;
  if (typeof fn !== 'function' || target === undefined) throw new TypeError(CLOSURE);
  return target;
};
export const functionOf = (target) => (typeof target === 'function' ? target : functions[target]);
