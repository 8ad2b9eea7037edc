// more.js: what a pool can do beyond run and call, loaded when it is first asked for: map, stream,
// parallelFor, reduce, trace. Page only. `inner` is what pool.js hands over (Pool.#more); the tasks that
// are submitted here are those of builtin.js.
//
// A stream of items is cut into batches, each a root whose worker splits it further when others are
// idle. I1: at most two batches a worker are in flight or unread, or `concurrency` items. I2: items
// are taken from the producer only when there is room for them. I3: however it ends, the producer
// is told (return) and what is in flight is cancelled.
import { pack } from './codec.js';
import { PennyError, want, wantRange } from './errors.js';
import { checkTaskOptions, until } from './host.js';
import * as layout from './layout.gen.js';
import { workerBlock } from './start.js';

const FRAME_MS = 16;
const BATCHES_A_WORKER = 2;
// Of a batch, its wait for a worker included: it is to take 1 to 2 ms when it runs.
const QUICK_MS = 2;
const SLOW_MS = 8;
const LARGEST_BATCH = 2 ** 16;
const TURN_BATCHES = 256; // that are sent in one turn
const PARTS = 256; // of a reduction, whatever the number of workers
const LATER_PIECES = 64; // of a loop over an asynchronous task

/** Calls `look` once a frame, or every 16 ms where there are none, until it gives nothing. */
export function everyFrame(look) {
  const next = () => {
    const { document, requestAnimationFrame } = globalThis;
    if (document && !document.hidden && requestAnimationFrame) requestAnimationFrame(tick);
    else setTimeout(tick, FRAME_MS);
  };
  const tick = () => {
    if (look()) next();
  };
  next();
}

/** What is no object would never be done. */
function resultOf(result) {
  want(Object(result) === result, 'an iterator gives objects');
  return result;
}

/** Gives `take(most)`: the next items, at least one unless there are none, without a wait. */
function readerOf(items) {
  const isArray = Array.isArray(items);
  if (isArray || (ArrayBuffer.isView(items) && items.length !== undefined)) {
    let from = 0;
    // (Node's Buffer has its own slice(), which copies nothing: each part would be sent with all of the memory.)
    const { slice } = isArray ? items : Uint8Array.prototype;
    return {
      take(most) {
        from += most;
        return slice.call(items, from - most, from);
      },
    };
  }
  const iterator = items[Symbol.iterator]();
  return {
    iterator,
    take(most) {
      const part = [];
      const end = performance.now() + QUICK_MS;
      do {
        const { done, value } = resultOf(iterator.next());
        if (done) break;
        part.push(value);
      } while (part.length < most && performance.now() < end);
      return part;
    },
  };
}

// The arguments of built-in tasks (builtin.js) that the page gave, from the third on.
const PLACES = ['items', 'args', 'args', 'init'];

/** Submits a built-in task. What cannot be sent is named by its place in what the page gave. */
function submit(inner, name, args, options) {
  try {
    return inner.submit(name, args, options);
  } catch (error) {
    if (error.name !== 'DataCloneError') throw error;
    let text = error.message.replace(/^argument (.)/, (_, number) => PLACES[number - 3]);
    if (name === 'map') text = text.replace(/\d+/, (index) => +index + args[1]); // of this batch
    throw new DOMException(text, error.name);
  }
}

class Batches {
  size = 1; // items of the next batch
  first = 0; // index of the next item
  flying = 0; // batches that have not come back
  held = 0; // items that are in flight or unread
  ended = []; // { from, values } that nobody has read
  waiting = []; // items of a producer that makes us wait, for the next batch
  isOver = false; // the producer has no more
  isAsking = false; // and has not answered yet
  failure; // { error }: the first one
  controller = new AbortController(); // ends what is in flight
  wake = () => {};

  constructor(inner, items, given = {}) {
    checkTaskOptions(given);
    const { concurrency = Infinity, signal, timeout, onProgress, ...options } = given;
    const isWhole = Math.floor(concurrency) === concurrency; // Infinity, too
    want(isWhole && concurrency > 0, 'concurrency is a whole number above 0');
    const isAsync = items?.[Symbol.asyncIterator];
    want(isAsync || items?.[Symbol.iterator], 'items can be iterated, at once or asynchronously');
    this.inner = inner;
    this.total = items.length ?? items.size;
    this.report = counter(onProgress, this.total);
    this.options = { ...options, signal: this.controller.signal };
    this.concurrency = concurrency;
    const most = BATCHES_A_WORKER * inner.workers;
    this.room = concurrency === Infinity ? most : concurrency;
    this.largest = Math.max(1, Math.min(LARGEST_BATCH, Math.floor(concurrency / most)));
    if (isAsync) this.iterator = items[Symbol.asyncIterator]();
    else Object.assign(this, readerOf(items));
    signal?.throwIfAborted();
    this.close = (error) => this.fail(error);
    inner.closers.add(this.close);
    this.unwatch = until({ signal, ms: timeout, end: this.close });
  }

  fail(error) {
    this.failure ??= { error };
    this.controller.abort(this.failure.error);
    this.wake();
  }

  send(part) {
    const from = this.first;
    const began = performance.now();
    this.first += part.length;
    this.held += part.length;
    this.flying++;
    const onEnd = (values) => {
      this.flying--;
      this.ended.push({ from, values });
      // A part of another size says nothing about this one.
      if (part.length === this.size) this.adapt(performance.now() - began);
      this.wake();
    };
    const { inner, options } = this;
    submit(
      inner,
      'map',
      [inner.target, from, (Array.isArray(part) && pack(part)) || part],
      options,
    ).then(onEnd, (e) => this.fail(e));
  }

  adapt(ms) {
    if (ms < QUICK_MS) this.size = Math.min(this.largest, 2 * this.size);
    else if (ms > SLOW_MS) this.size = Math.max(1, this.size >> 1);
  }

  /** Sends what there is, as far as there is room. */
  fill() {
    // (A failure is seen in a later turn; there may be room for a million until then.)
    for (let count = 0; !this.failure && count < TURN_BATCHES; count++) {
      const most = Math.min(this.size, this.concurrency - this.held);
      if (most < 1 || this.flying + this.ended.length >= this.room) return;
      if (this.take && !this.isOver) {
        const part = this.take(most);
        if (!part.length) this.isOver = true;
        else this.send(part);
        continue;
      }
      // While all workers are busy a batch may grow; an idle one is not to wait for the producer.
      const isFull = this.waiting.length >= most || this.isOver;
      if (!this.waiting.length || !(isFull || this.flying < this.inner.workers)) {
        if (!this.isOver) this.ask();
        return;
      }
      this.send(this.waiting.splice(0, most));
    }
    if (!this.failure) setTimeout(() => this.fillOrFail());
  }

  ask() {
    if (this.isAsking) return;
    this.isAsking = true;
    const onItem = ({ done, value }) => {
      this.isAsking = false;
      if (this.failure) return;
      if (done) this.isOver = true;
      else this.waiting.push(value);
      this.fillOrFail();
      this.wake();
    };
    const onError = (error) => {
      this.isOver = true;
      this.fail(error);
    };
    Promise.resolve(this.iterator.next()).then(resultOf).then(onItem, onError);
  }

  fillOrFail() {
    try {
      this.fill();
    } catch (error) {
      this.fail(error);
    }
  }

  async *[Symbol.asyncIterator]() {
    try {
      for (;;) {
        this.fillOrFail();
        if (this.failure) throw this.failure.error;
        if (this.ended.length) {
          const batch = this.ended[0];
          yield batch;
          this.ended.shift();
          this.held -= batch.values.length;
        } else if (this.isOver && !this.flying && !this.waiting.length) {
          return;
        } else {
          await new Promise((resolve) => {
            this.wake = resolve;
          });
        }
      }
    } finally {
      await this.end();
    }
  }

  async end() {
    this.unwatch();
    this.inner.closers.delete(this.close);
    const hasFailed = this.failure;
    this.fail(new PennyError('PENNY_ECANCELLED', 'nobody reads the rest'));
    if (this.isOver) return;
    this.isOver = true;
    // A producer that we still wait for may never answer, and after a failure nobody wants to hear of another one.
    const told = (async () => this.iterator?.return?.())();
    if (this.isAsking || hasFailed) told.catch(() => {});
    else await told;
  }
}

/** Calls onProgress(done, total), at most once a frame, and at the end. */
function counter(onProgress, total) {
  let last = -Infinity;
  return (done, isEnd) => {
    const now = performance.now();
    if (!onProgress || (!isEnd && now - last < FRAME_MS)) return;
    last = now;
    onProgress(done, total);
  };
}

export async function map(...given) {
  const batches = new Batches(...given);
  const results = new Array(batches.total >>> 0); // it may be no count
  let done = 0;
  for await (const { from, values } of batches) {
    for (let idx = 0; idx < values.length; idx++) results[from + idx] = values[idx];
    done += values.length;
    batches.report(done);
  }
  results.length = done;
  batches.report(done, true);
  return results;
}

export async function* stream(...given) {
  const batches = new Batches(...given);
  let done = 0;
  for await (const { values } of batches) {
    done += values.length;
    batches.report(done);
    // (yield* would hand a throw() to the list, which has none.)
    for (const value of values) yield value;
  }
  batches.report(done, true);
}

function checkRange(begin, end, options) {
  checkTaskOptions(options);
  wantRange(begin, end, options);
}

/**
 * Runs an async task or a generator for each piece of a range, as tasks of their own; calls onEnd(low, high) for each that
 * has ended. The promise of their results.
 */
async function eachPiece(
  inner,
  begin,
  end,
  { args = [], grain },
  { signal, timeout, ...rest },
  onEnd,
) {
  const step = grain ?? Math.ceil((end - begin) / LATER_PIECES);
  const controller = new AbortController();
  const abort = (reason) => controller.abort(reason);
  const fail = (error) => {
    abort(error);
    throw error;
  };
  signal?.throwIfAborted();
  const stop = until({ signal, ms: timeout, end: abort });
  const options = { ...rest, signal: controller.signal };
  const results = [];
  try {
    for (let low = begin; low < end; low += step) {
      const high = Math.min(end, low + step);
      const piece = inner.run(inner.target, [low, high, ...args], options);
      const tell = (value) => {
        onEnd?.(low, high);
        return value;
      };
      results.push(piece.then(tell, fail));
    }
    return await Promise.all(results);
  } finally {
    stop();
  }
}

/** Gives the options of one of several calls in a row, which have one timeout together. */
function timeLeft(options) {
  const end = performance.now() + options.timeout;
  return () => ({
    ...options,
    timeout: options.timeout && Math.max(0, end - performance.now()),
  });
}

export async function parallelFor(inner, begin, end, options = {}) {
  checkRange(begin, end, options);
  const { args = [], grain, onProgress, ...rest } = options;
  if (begin >= end) return;
  const left = timeLeft(rest);
  const later = (onPiece) =>
    eachPiece(inner, begin, end, options, left(), (low, high) => onPiece?.(high - low)).then(
      () => {},
    );
  if (!onProgress)
    return (await submit(inner, 'for', [inner.target, begin, end, args, grain], rest)) && later();
  // Each piece of the range adds its length here when it has ended.
  const ended = inner.array(BigInt64Array, 1);
  let isOver = false;
  const report = () => {
    onProgress(Number(Atomics.load(ended, 0)), end - begin);
    return true;
  };
  everyFrame(() => !isOver && report());
  try {
    const isLater = await submit(
      inner,
      'for',
      [inner.target, begin, end, args, grain, ended],
      rest,
    );
    if (isLater) await later((count) => Atomics.add(ended, 0, BigInt(count)));
    report();
  } finally {
    // The memory goes when nothing refers to it any more: a cancelled loop still counts.
    isOver = true;
  }
}

export async function reduce(inner, begin, end, options = {}) {
  checkRange(begin, end, options);
  const { args = [], combine, init, grain, ...rest } = options;
  want(combine !== undefined, 'combine names the task that puts two results together');
  const other = inner.find(combine);
  if (begin >= end) return init;
  const part = grain ?? Math.max(1, Math.ceil((end - begin) / PARTS));
  const values = [inner.target, other, begin, end, args, init, part];
  const left = timeLeft(rest);
  const found = await submit(inner, 'reduce', values, rest);
  if (found) return found[0];
  let value = init;
  for (const piece of await eachPiece(inner, begin, end, options, left()))
    value = value === undefined ? piece : await inner.run(other, [value, piece], left());
  return value;
}

/* ---- trace ---- */

// The kinds of src/trace.h.
const START = 0;
const TASK = 2;
const END = 3;
const PUBLISH = 4;
const PARK = 5;
const JAVASCRIPT = 'JavaScript task'; // js_tasks.c: its number is the value

/** What worker `id` has noted, oldest first: { ms, kind, value, name }. */
function eventsOf(view, id) {
  const at = workerBlock(view, id);
  const capacity = view.get(view.exports.pn_web_control() + layout.CONTROL_TRACE_EVENTS);
  const end = view.get(at + layout.WORKER_TRACED);
  const bytes = view
    .span(view.get(at + layout.WORKER_TRACE), capacity * layout.EVENT_BYTES)
    .slice();
  // What it has overwritten meanwhile, or is about to, does not count.
  const from = Math.max(0, view.get(at + layout.WORKER_TRACED) - capacity + 1);
  const data = new DataView(bytes.buffer);
  const events = [];
  for (let idx = from; idx < end; idx++) {
    const event = (idx % capacity) * layout.EVENT_BYTES;
    events.push({
      ms: data.getFloat64(event, true),
      kind: data.getUint32(event + layout.EVENT_KIND, true),
      value: data.getUint32(event + layout.EVENT_VALUE, true),
      name: data.getUint32(event + layout.EVENT_NAME, true),
    });
  }
  return events;
}

/** The Chrome trace of all workers; `names` are those of the JavaScript tasks, by number. */
export function trace(view, names, workers) {
  // Read once, as in enter.js.
  const { timeOrigin } = performance;
  const texts = new Map();
  const nameOf = ({ name, value }) => {
    if (name && !texts.has(name)) texts.set(name, view.text(name));
    const text = texts.get(name) ?? JAVASCRIPT;
    return text === JAVASCRIPT ? (names[value] ?? text) : text;
  };
  const traceEvents = [];
  for (let id = 0; id < workers; id++) {
    const thread = { pid: 1, tid: id };
    const named = { ...thread, ph: 'M', name: 'thread_name', args: { name: `worker ${id}` } };
    traceEvents.push(named);
    const open = [];
    let last = 0;
    const close = () => {
      const event = open.pop();
      traceEvents.push({ ...event, dur: last - event.ts });
    };
    for (const event of eventsOf(view, id)) {
      const { kind, value } = event;
      const ts = (event.ms - timeOrigin) * 1000;
      last = ts;
      if (kind === START) while (open.length) close();
      else if (kind === PUBLISH)
        traceEvents.push({
          ...thread,
          ph: 'i',
          s: 't',
          ts,
          name: 'publish',
          args: { tasks: value },
        });
      else if (kind === PARK)
        open.push({ ...thread, ph: 'X', ts, cat: 'park', name: value ? 'wait in join' : 'sleep' });
      else if (kind <= TASK)
        open.push({
          ...thread,
          ph: 'X',
          ts,
          cat: kind < TASK ? 'root' : 'stolen',
          name: nameOf(event),
        });
      // Its beginning may have been overwritten.
      else if (open.length && (open.at(-1).cat === 'park') !== (kind === END)) close();
    }
    while (open.length) close();
  }
  return { traceEvents, displayTimeUnit: 'ms' };
}
