// host.js: the page's end of the queues: a ledger of what was submitted, and the settling of what
// has ended. Page only; never blocks. The C side is src/port_web.c and src/root.c (pn_root_end).
//
// What cannot be in shared memory (`transfer`, blobs) goes by message, to whichever worker takes the
// root, whose target then has CARRIED added: { penny: 'fetch', message: root } from the worker,
// { penny: 'carry', message: root, objects } with their transfer from here. It is cut loose from the program
// at the call, and gone with its worker: such a task is not run again.
import { decode } from './codec.js';
import { errorOf, PennyError, want } from './errors.js';
import * as layout from './layout.gen.js';
import { outcome } from './outcome.js';

// What one task of ours may take, the reactions of the program's own code to settled promises
// included as far as they can be seen; the next slice follows by a message, so that frames, input
// and timers come in between.
const SLICE_MS = 2;
const URGE_MS = 1;
// While so many are pending, and twice as many as end in that time, results are not worth a wake-up each.
const MANY = 16;
const REST_MS = 1;
// So long without a result, and wake-ups are looked after.
const QUIET_MS = 25;
const RETRIES = 3;
const ECANCELLED = 4;
const EWORKER = -8;
const LONGEST_MS = 2 ** 31 - 1; // of a timer
const PRIORITIES = ['user-blocking', 'user-visible', 'background']; // layout.h: PN_URGENT and so on

// Its errors have lines.
export const isJavaScriptCore = 'line' in new Error();

// There the page hears of a notify later than of a message, and now and then not at all.
export const canWait = Atomics.waitAsync && !isJavaScriptCore;

/** Before anything is sent or moved. */
export function checkTaskOptions(options) {
  want(options && typeof options === 'object', 'options is an object');
  const { signal, timeout = 0, onProgress, transfer, priority = PRIORITIES[1] } = options;
  want(!signal || signal.throwIfAborted, 'signal is an AbortSignal');
  want(typeof timeout === 'number' && timeout >= 0, 'timeout is a number of milliseconds');
  want(!transfer || Array.isArray(transfer), 'transfer is an array');
  want(!onProgress || typeof onProgress === 'function', 'onProgress is a function');
  want(PRIORITIES.includes(priority), `priority is one of ${PRIORITIES.join(', ')}`);
}

const watched = new WeakMap(); // by signal: what its abort ends

/**
 * Calls `end` with its reason when the signal aborts or, with what late() gives, after `ms`; gives the undoing. `name` is
 * what takes so long.
 */
export function until({ signal, ms, name = 'it', end, late }) {
  late ??= () => new DOMException(`${name} took longer than ${ms} ms`, 'TimeoutError');
  // One listener for all, for engines look through those of a signal at each change.
  let ends = watched.get(signal);
  if (signal && !ends?.size) {
    ends = new Set();
    watched.set(signal, ends);
    ends.handleEvent = () => {
      for (const each of ends) each(signal.reason);
    };
    signal.addEventListener('abort', ends);
  }
  ends?.add(end);
  // A longer time would end at once.
  const timer = ms <= LONGEST_MS && setTimeout(() => end(late()), ms);
  return () => {
    clearTimeout(timer);
    if (ends?.delete(end) && !ends.size) signal.removeEventListener('abort', ends);
  };
}

/** Without keeping a program of Node running. */
const later = (ms, action) => void setTimeout(action, ms).unref?.();

export class Host {
  constructor(view, { graceMs, errors }) {
    this.graceMs = graceMs;
    this.codecOptions = { errors };
    this.exports = view.exports;
    this.view = view;
    this.control = view.exports.pn_web_control() >>> 0;
    this.stage = new DataView(view.memory.buffer, view.exports.pn_web_stage() >>> 0, 64);
    this.slots = []; // by ticket: what was submitted and has not come back, or undefined
    this.free = [];
    this.late = new Map(); // by slot: tasks that were given up and have not ended, numbered in turn
    this.gaveUp = 0; // so many, ever
    this.newest = undefined; // of the late ones, as long as it is one of them
    this.pending = 0; // promises that are not settled
    this.completed = 0;
    this.since = 0; // when they were `counted` last, for the `rate`: how many end in a millisecond
    this.chain = 0; // completions that were taken and not yet looked at: newest first, linked
    this.ended = []; // and looked at: newest first, so the oldest is the last
    this.batch = 32; // how many fit a slice: adapted
    this.ending = 0; // the root whose result is being read
    this.restsUntil = 0; // whatever rings
    this.isBusy = false;
    this.isClosed = false;
    this.closed = undefined; // why nothing is taken any more
    this.channel = new MessageChannel();
    this.channel.port1.onmessage = () => this.slice();
    this.keep('unref');
  }

  /** A program in Node, Deno or Bun ends when nothing is pending; browsers have nothing to keep. */
  keep(how) {
    this.channel.port1[how]?.();
  }

  /**
   * Submits: `submit(ticket, priority)` gives the address of the root or 0, and may be called again then. The promise of its result. `held`
   * is kept alive until then: arrays among the arguments are.
   */
  add(submit, name, result, options = {}, held = undefined, carried = undefined) {
    const { signal, timeout, retry, onProgress, priority = PRIORITIES[1] } = options;
    const level = PRIORITIES.indexOf(priority);
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.closed) return Promise.reject(this.closed);
    const retries = retry && !result && !carried ? RETRIES : 0;
    // With all its fields: such as come later cost an object more. And with no more than it needs: what many keep alive for
    // a while is most of the collector's work.
    const again = retries && submit;
    const slot = { again, level, name, result, held, retries, carried, ticket: 0, root: 0 };
    slot.resolve = slot.stop = undefined;
    if (!this.enter(slot, submit)) return Promise.reject(errorOf(this.view, -1, '', name));
    if (!this.pending++) this.keep('ref');
    if (!this.isWatched) this.attend();
    if (!level) this.urge(slot);
    return new Promise((resolve) => {
      slot.resolve = resolve;
      if (onProgress) this.observe(slot, onProgress);
      if (signal || timeout !== undefined) this.watch(slot, signal, timeout);
    });
  }

  /** The worker that was woken for an urgent task may be held up by its events. */
  urge(slot) {
    later(URGE_MS, () => this.slots[slot.ticket] === slot && this.exports.pn_web_urge(slot.root));
  }

  /** A notify may get lost in WebKit, for a worker or for the page. */
  attend() {
    const { completed } = this;
    this.isWatched = this.pending > 0;
    if (!this.isWatched) return;
    later(QUIET_MS, () => {
      if (completed === this.completed && this.pending) {
        if (this.view.get(this.control + layout.CONTROL_COMPLETIONS)) this.ring();
        this.onQuiet?.();
      }
      this.attend();
    });
  }

  /** What a worker wants that has begun `root`, once: [objects, transfer]. */
  carry(root) {
    const slot = this.slots[this.view.get(root + layout.ROOT_TICKET)];
    const carried = slot?.root === root && slot.carried;
    if (!(carried?.length > 1)) return [[]];
    slot.carried = [carried[0]]; // shared memory among them may be in the result
    return carried;
  }

  /** Gives the slot a ticket and a root: false when there is no memory for one, even after free memory was put together. */
  enter(slot, submit) {
    const ticket = this.free.pop() ?? this.slots.length;
    slot.ticket = ticket;
    slot.root = submit(ticket, slot.level) >>> 0;
    if (!slot.root && this.exports.pn_web_collect?.()) slot.root = submit(ticket, slot.level) >>> 0;
    this.slots[ticket] = slot.root ? slot : undefined;
    if (!slot.root) this.free.push(ticket);
    return slot.root > 0;
  }

  /** Ends the task when the signal or the clock says so; its promise is rejected at once. */
  watch(slot, signal, timeout) {
    const end = (reason) => {
      if (!slot.resolve) return;
      this.exports.pn_web_cancel(slot.root, ECANCELLED);
      this.newest = slot;
      this.late.set(slot, ++this.gaveUp);
      this.finish(slot, reason, true);
      this.expect(slot);
    };
    slot.stop = until({ signal, ms: timeout, name: slot.name, end });
  }

  /** A task that was cancelled ends soon, or onOverdue(root) is told, again and again. */
  expect(slot) {
    later(this.graceMs, () => {
      if (this.isClosed || this.slots[slot.ticket] !== slot) return;
      this.onOverdue?.(slot);
      this.expect(slot);
    });
  }

  async observe(slot, onProgress) {
    slot.onProgress = onProgress;
    const more = await import('./more.js').catch(() => {}); // without it the last is told at the end
    more?.everyFrame(() => slot.resolve && this.report(slot));
  }

  /** Tells what the task said last, if it is new. Gives true. */
  report({ root, onProgress }) {
    const { exports, view } = this;
    const at = onProgress ? exports.pn_web_progress(root, 0) >>> 0 : 0;
    if (at) {
      const value = decode(view.span(at + 4, view.get(at)), view, this.codecOptions);
      exports.pn_web_free(at);
      // What it throws is the program's own, and comes before the promise is settled.
      queueMicrotask(() => onProgress(value));
    }
    return true;
  }

  /** Settles the promise, unless it is. */
  finish(slot, value, isFailed) {
    const settle = slot.resolve;
    if (!settle) return;
    slot.resolve = undefined;
    slot.stop?.();
    if (!--this.pending) this.keep('unref');
    this.completed++;
    // (A function less to keep alive.)
    settle(isFailed ? Promise.reject(value) : value);
  }

  /** Where the page cannot wait, each call of this stands for a wake-up; while it rests there are none. */
  ring() {
    if (!this.isBusy && performance.now() >= this.restsUntil) this.look();
  }

  look() {
    if (this.isClosed) return;
    const { view, control } = this;
    for (;;) {
      // The signal is read before the list is taken: a batch that comes later changes it, and the
      // wait ends at once.
      const seen = view.get(control + layout.CONTROL_SIGNAL);
      if (this.take()) {
        this.isBusy = true;
        return this.slice();
      }
      if (!canWait) return;
      const wait = view.atomic('waitAsync', control + layout.CONTROL_SIGNAL, seen);
      if (wait.async) return void wait.value.then(() => this.ring());
    }
  }

  /** What has ended since, newest first (as pn_queue_take): the list is ours alone from here. */
  take() {
    const at = this.control + layout.CONTROL_COMPLETIONS;
    this.chain = this.view.atomic('exchange', at, 0) >>> 0;
    return this.chain;
  }

  /** One task of at most SLICE_MS: follows the chain, then settles from its old end. */
  slice() {
    try {
      if (!this.isClosed) this.work();
    } catch (error) {
      // What is in shared memory cannot be trusted any more: nothing that is out will come back.
      this.isClosed = true;
      this.rejectAll(error);
      this.onBroken?.(error);
    }
  }

  work() {
    const start = performance.now();
    const ms = start - this.since;
    if (ms > REST_MS) {
      this.rate = (this.completed - this.counted) / ms;
      this.since = start;
      this.counted = this.completed;
    }
    while (this.chain) {
      for (let count = 0; this.chain && count < 256; count++) this.follow();
      if (this.chain && performance.now() - start > SLICE_MS) return this.again();
    }
    for (let count = this.batch; count > 0 && this.ended.length; count--) {
      this.settle(this.ended.pop());
      if ((count & 31) === 0 && performance.now() - start > SLICE_MS) break;
    }
    this.onSettled?.();
    // Runs after the first reactions to what was settled: what they took counts, too.
    queueMicrotask(() => {
      const took = performance.now() - start;
      if (took > SLICE_MS) this.batch = Math.max(8, this.batch >> 1);
      else if (took < SLICE_MS / 4) this.batch = Math.min(1024, this.batch * 2);
    });
    if (this.ended.length) return this.again();
    this.isBusy = false;
    if (!this.pending) this.counted = Number.NaN; // nobody knows how many will end
    const isLasting = this.pending > MANY && this.pending > 2 * this.rate;
    if (!isLasting || !Atomics.waitAsync) return this.look();
    // The page's thread would take the cores that the workers need. (A timer takes 4 ms at least.
    // Nobody changes this word.)
    const { view, control } = this;
    this.restsUntil = performance.now() + REST_MS;
    const wait = view.atomic('waitAsync', control, view.get(control), REST_MS);
    wait.value?.then(() => {
      this.restsUntil = 0;
      this.ring();
    });
  }

  again() {
    this.channel.port2.postMessage(0);
  }

  /** The next link of the chain: only an address that was submitted and is still out counts. */
  follow() {
    const root = this.chain;
    const ticket = this.view.get(root + layout.ROOT_TICKET);
    const slot = this.slots[ticket];
    if (slot?.root !== root) {
      this.chain = 0;
      throw new PennyError('PENNY_ECORRUPT', 'the list of ended tasks is broken');
    }
    this.ended.push(this.drop(slot));
    this.chain = this.view.get(root + layout.ROOT_LINK);
  }

  /** It has ended: its ticket is free. */
  drop(slot) {
    this.slots[slot.ticket] = undefined;
    this.free.push(slot.ticket);
    return slot;
  }

  settle(slot) {
    const { root } = slot;
    if (slot.resolve) {
      try {
        this.report(slot);
        const error = this.view.get(root + layout.ROOT_ERROR) | 0;
        const isAgain = error === EWORKER && slot.retries-- > 0 && this.enter(slot, slot.again);
        this.ending = root;
        if (!isAgain) this.finish(slot, this.value(slot));
      } catch (error) {
        // It failed, or its result could not be read.
        this.finish(slot, error, true);
      }
      this.ending = 0;
    }
    this.exports.pn_web_release(root);
    this.late.delete(slot);
  }

  /**
   * Its result, or throws what it failed with. `result` reads what C gave; none for encoded data.
   */
  value({ root, name, result, carried }) {
    const { view, codecOptions } = this;
    const options = carried ? { ...codecOptions, carried: carried[0] } : codecOptions;
    return outcome(view, root, name, options, result);
  }

  /** Rejects every promise that is out; their roots stay until release(). */
  rejectAll(error) {
    this.closed = error; // of what a getter of its own arguments closes, too
    for (const slot of [...this.slots, ...this.ended]) if (slot) this.finish(slot, error, true);
  }

  /**
   * At the end of the pool. Once every worker has left, what is out was taken here, or has ended and is taken now, each
   * link checked; or it lies in a queue: pn_web_destroy ends that and gives it back, which nobody else may do before. Gives
   * whether it may look there.
   */
  release(isClean) {
    try {
      if (isClean && !this.isClosed) {
        while (this.chain || this.take()) this.follow();
        for (const { root } of this.ended) this.exports.pn_web_release(root);
      }
    } catch {
      isClean = false;
    }
    this.take(); // what cannot be trusted (slice), and left alone
    this.isClosed = true;
    this.channel.port1.close();
    this.slots = [];
    this.ended = [];
    this.view.atomic('notify', this.control + layout.CONTROL_SIGNAL);
    return isClean;
  }
}
