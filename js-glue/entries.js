// entries.js: what a worker runs: roots and stolen tasks, called by the core; generators; the tasks
// that asynchronous ones detach; and what a task may ask about itself. The stack of handles and the
// entry that runs now are spawn.js's: here they are read, and changed by enter() and inEntry() only.
import { decode, encode, isShared } from './codec.js';
import { bytesOf, errorOf, PennyError, sleep } from './errors.js';
import * as layout from './layout.gen.js';
import { recover } from './ledger.js';
import { failure, outcome } from './outcome.js';
import {
  ASYNC,
  block,
  checkResult,
  codecOptions,
  detach,
  ECANCELLED,
  EFAIL,
  easync,
  enter,
  entry,
  exports,
  fetch,
  functions,
  inEntry,
  isPlain,
  isPromise,
  names,
  offer,
  SYNC,
  used,
  view,
  wanted,
  words,
  workerNumber,
} from './spawn.js';

const ENOMEM = -1;
const GIVE_UP_MS = 1000; // what a failed task waits for its children
const CHILDREN = 16;
const noop = () => {};
const CARRIED = 2 ** 31; // added to a root's target: host.js

let ready = []; // generators that yielded, and roots whose message has come
const arrived = new Map(); // by root: what messages have carried here
const late = new Set(); // entries whose promise is pending
const kept = []; // roots whose arrays may still be in use
const detached = []; // by ticket
const freeTickets = [];

/* ---- detached tasks: what async tasks and generators spawn ---- */

export class Detached {
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
    keepChild(entry, this);
    this.#promise
      .catch((error) => {
        // (A task that was given up, or has failed, takes its own with it, and so does the pool.)
        const isEnd = /ECANCELLED|ECLOSED/.test(error?.code);
        if (this.isOrphan && !this.isHeld && !isEnd) report(error);
      })
      .then(() => {
        this.isEnded = true;
      });
    const bytes = target < 0 ? undefined : this.#encode(args);
    const ticket = freeTickets.pop() ?? detached.length;
    const at = bytes ? view.place(bytes) : 0;
    const self = asking();
    const parent = self && !self.isOver ? self.root : 0;
    if (at) this.root = exports.pn_web_detach(target, at, bytes.length, ticket, parent) >>> 0;
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
    } catch {
      // It stays here. (In debug mode spawn has refused it.)
    }
  }

  /** Resolves when it has ended, however. */
  ended() {
    return this.#promise.then(noop, noop);
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

/** Those that have ended and gave their outcome to somebody go now and then. */
function keepChild({ children } = {}, child) {
  if (!children) return;
  if (children.length >= CHILDREN && (children.length & (children.length - 1)) === 0) {
    const open = children.filter(({ isEnded, isHeld }) => !isEnded || !isHeld);
    children.splice(0, children.length, ...open);
  }
  children.push(child);
}

const within = (self, action) => (value) => {
  if (!self || entry) return action(value);
  queueMicrotask(() => {
    if (!self.isOver) enter(self);
  });
  try {
    return action(value);
  } finally {
    queueMicrotask(() => enter(undefined));
  }
};

/** A call outside of the core: what it spawns runs at once. */
function runHere(fn, args) {
  const outer = entry;
  enter({ kind: SYNC, isSerial: true, children: [], base: used() });
  try {
    return begin(fn, args, entry);
  } finally {
    enter(outer);
  }
}

/** Settles what has ended elsewhere. (The search for what a lost worker held may end after this one has left.) */
export function settleEnded() {
  for (let root = view && exports.pn_web_ended() >>> 0; root; ) {
    const next = view.get(root + layout.ROOT_LINK);
    settle(root);
    root = next;
  }
}

function settle(root) {
  const ticket = view.get(root + layout.ROOT_TICKET);
  const task = detached[ticket];
  // Otherwise a worker that is gone has detached it.
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
  // It has arrays of its own when nobody knows who waits for it: one of the late ones.
  if (late.size && view.get(root + layout.ROOT_ARRAYS)) kept.push(root);
  else exports.pn_web_release(root);
}

const releaseKept = () => {
  while (kept.length) exports.pn_web_release(kept.pop());
};

/** The page has buried the worker with this mark. (Who is only starting has detached nothing.) */
export const lost = (mark) =>
  view &&
  recover(view, mark, {
    out: () => detached.filter((task) => task?.root),
    isAllTold: () => !settleEnded(),
    settle: ({ root }) => settle(root),
  });

/* ---- entries ---- */

/** Calls a task; generators run on by themselves. */
export function begin(fn, args, self) {
  const value = fn(...args);
  return isPlain(fn) || typeof value?.next !== 'function' ? value : drive(value, self);
}

/** Runs a generator to its end: every yield lets others run and is a cancel point. */
function drive(iterator, self) {
  return new Promise((resolve, reject) => {
    const take = ({ done, value }) => {
      if (done) resolve(value);
      else if (isPromise(value)) waitFor(value);
      else if (view) goOnLater(() => next(value));
      else setTimeout(next, 0, value);
    };
    const fail = (error) => step('throw', error);
    const waitFor = (value) => {
      try {
        value.then(next, fail);
      } catch (error) {
        fail(error);
      }
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

// (When it has ended its root may be another's.)
const isOver = (self) =>
  Boolean(self?.root && (self.isOver || exports.pn_web_is_cancelled(self.root)));

/**
 * An encoded outcome in a heap block: [error, address, bytes]. What is shared and came by the message `objects` is named by its
 * place there.
 */
function pack(error, value, objects) {
  let bytes;
  const push = (object) => isShared(object) && objects.indexOf(object) + 1;
  try {
    bytes = encode(value, view, { ...codecOptions, carry: objects && { push } });
  } catch (reason) {
    error = EFAIL;
    try {
      bytes = encode(reason, view, codecOptions);
    } catch (why) {
      bytes = encode(new DOMException(`${why?.message}`, 'DataCloneError'), view, codecOptions);
    }
  }
  const at = view.place(bytes);
  return at ? [error, at, bytes.length] : [ENOMEM, 0, 0];
}

/** Runs a root: 0 when it has ended, 1 when it goes on after this. Called by the core. */
export function runRoot(root, head) {
  const target = view.get(root + layout.ROOT_TARGET);
  if (target >= CARRIED && !arrived.has(root)) {
    fetch(root);
    return 1;
  }
  const fn = functions[target % CARRIED];
  const objects = arrived.get(root);
  const self = { kind: isPlain(fn) ? SYNC : ASYNC, root, children: [] };
  let isLate = 0;
  const finish = (error, value) => {
    self.isOver = true;
    // The pool may have closed meanwhile.
    if (!late.delete(self) && isLate) return;
    if (!late.size) releaseKept();
    if (!error && typeof value === 'number') {
      view.setNumber(root, value);
      exports.pn_web_result(root, 0, 0, 1, isLate);
    } else if (!error && value === undefined) exports.pn_web_result(root, 0, 0, 0, isLate);
    else exports.pn_web_result(root, ...pack(error, value, objects), isLate);
  };
  try {
    const value = inEntry(self, head, () => begin(fn, decodeArguments(root), self));
    if (isPromise(value) || self.children.length)
      isLate = goOn(self, Promise.resolve(value), finish);
    else finish(0, value);
  } catch (error) {
    if (self.isBroken) {
      self.isOver = true;
      throw error;
    }
    if (self.children.length) isLate = goOn(self, Promise.reject(error), finish);
    else finish(EFAIL, error);
  }
  return isLate;
}

/** The root ends when this promise and all that its task detached have ended. */
function goOn(self, promise, finish) {
  self.kind = ASYNC; // what it spawns from here on is not joined by this call of it
  late.add(self);
  promise
    .then((result) => joinChildren(self).then(() => result))
    .then(
      (result) => finish(0, result),
      (error) => giveUpChildren(self).then(() => finish(EFAIL, error)),
    );
  return 1;
}

function decodeArguments(root) {
  const at = view.get(root + layout.ROOT_DATA);
  const count = view.get(root + layout.ROOT_DATA_BYTES);
  if (!at) return view.numbers(root, count);
  return decode(view.span(at, count), view, { ...codecOptions, carried: arrived.get(root) });
}

/** A message has brought what the arguments of `root` need: it begins anew. */
export function carry(root, objects) {
  if (!view) return;
  arrived.set(root, objects);
  goOnLater(() => {
    exports.pn_web_restart(root);
    arrived.delete(root);
  });
}

/** Waits for what an async task detached; the first error of one that nobody held is thrown. */
async function joinChildren(self) {
  while (self.children.length) {
    const child = self.children.shift();
    if (child.isHeld) await child.ended();
    else await child;
  }
}

/** It has failed: what it detached is cancelled, and ends before it does, unless it takes long. */
async function giveUpChildren({ root, children }) {
  if (!children.length || !view) return;
  exports.pn_web_cancel(root, -ECANCELLED);
  await Promise.race([Promise.all(children.map((child) => child.ended())), sleep(GIVE_UP_MS)]);
}

/** Runs a stolen task; its outcome goes where its arguments were. Called by the core. */
export function runStolen(head, record) {
  const root = words[(block + layout.WORKER_ROOT) >>> 2] >>> 0;
  const self = { kind: SYNC, root, children: [] };
  let packed;
  try {
    const target = view.get(record);
    const data = view.get(record + 4);
    const args = decode(view.span(data, view.get(record + 8)), view, codecOptions);
    view.set(record + 4, 0);
    exports.pn_web_free(data);
    packed = pack(
      0,
      inEntry(self, head, () => checkResult(functions[target](...args))),
    );
  } catch (error) {
    packed = self.isBroken ? undefined : pack(EFAIL, error);
    // Its records are still there: the core's trampoline ends it.
    if (!packed) throw error;
  } finally {
    self.isOver = true; // its root may end before what it leaves behind
  }
  for (const child of self.children) child.isOrphan = true;
  view.set(record + 4, packed[1]);
  view.set(record + 8, packed[2]);
  view.set(record, packed[0]);
}

/* ---- what goes on later ---- */

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

/* ---- for tasks ---- */

/** The task that asks, as far as that can be known after an await. */
const asking = () => entry ?? (late.size === 1 ? late.values().next().value : undefined);

function current(what) {
  const self = asking();
  if (self || !late.size) return self;
  throw new PennyError(
    'PENNY_EINVAL',
    `${what} after an await cannot tell which of ${late.size} async tasks asks: ` +
      'take `const task = currentTask()` before the first await',
  );
}

/**
 * Whether there is an array at `at` that goes with `root`, unless the page gets it with its result (pn_web_root_alloc: any
 * worker adds to the front of that list, filled before it is published, and nothing leaves it before the root has ended).
 */
function isMade(root, at) {
  let made = view.get(view.get(root + layout.ROOT_TOP) + layout.ROOT_ARRAYS);
  while (made && (at - view.get(made + 4)) >>> 0 >= (view.get(made + 8) || 1))
    made = view.get(made);
  return made > 0;
}

class Task {
  #self;
  constructor(self) {
    this.#self = self;
  }
  progress(value) {
    const root = this.#self?.root;
    if (!root || this.#self.isOver) return;
    const held = [];
    const bytes = encode(value, view, { held });
    if (held.some((array) => isMade(root, array.byteOffset)))
      throw new DOMException('an array that a task made is sent as its result', 'DataCloneError');
    const room = view.room(bytes.length + 4);
    if (!room) throw errorOf(view, ENOMEM);
    view.set(room.byteOffset, bytes.length);
    room.set(bytes, 4);
    exports.pn_web_free(exports.pn_web_progress(root, room.byteOffset));
  }
  isCancelled() {
    if (this.#self === entry && wanted[0] !== 0) {
      try {
        offer();
      } catch (error) {
        if (error instanceof PennyError) return true;
        throw error;
      }
    }
    return isOver(this.#self);
  }
  throwIfCancelled() {
    if (this.#self === entry && wanted[0] !== 0) offer();
    if (!isOver(this.#self)) return;
    throw this.#self.isOver
      ? errorOf(view, ECANCELLED)
      : failure(view, this.#self.root, ECANCELLED, 'task');
  }
  array(Type, length) {
    const bytes = bytesOf(Type, length);
    const root = this.#self?.root;
    if (!view) return new Type(length);
    if (!root || this.#self.isOver)
      throw new PennyError('PENNY_EINVAL', 'array() needs a task that runs: call it inside one');
    const at = exports.pn_web_root_alloc(root, bytes) >>> 0;
    if (!at) throw errorOf(view, ENOMEM, `no room for ${length} elements of ${Type.name}`);
    return view.array(Type, at, length).fill(Type.name.startsWith('Big') ? 0n : 0);
  }
}

export const currentTask = () => new Task(current('currentTask()'));
export const progress = (value) => new Task(current('progress()')).progress(value);
// A poll that cannot tell who asks must not end a task that is to go on.
const canTell = () => entry || late.size < 2;
export const isCancelled = () =>
  canTell() ? new Task(asking()).isCancelled() : [...late].every(isOver);
export const throwIfCancelled = () => {
  if (canTell()) new Task(asking()).throwIfCancelled();
  else if (isCancelled()) throw errorOf(view, ECANCELLED);
};
export const array = (Type, length) => new Task(current('array()')).array(Type, length);
export const workerId = () => workerNumber;
/** This worker has left: what was pending here has ended, and may touch nothing of the pool's any more. */
export function leave() {
  for (const self of late) self.isOver = true;
  late.clear();
  detached.length = 0;
  releaseKept();
  detach();
}
