// single_view.js: what stands on the page for a memory that is not shared, and for what C exports, as far as
// pool.js and host.js ask for it: it sends what is submitted, and keeps that until it has come back. Of a
// worker that is lost, what it had not begun goes to the next one. Page only; for single.js.
//
// I1  A task of the page's own ledger (Host.slots) is in `waiting` until it was sent and then in `sent` until
//     it has ended, in the order of the calls.
// I2  An array that tasks in `sent` may reach has a copy in the worker, and `had`, what that copy has as far
//     as this side knows; with the last of these tasks both go (patch.js).
import { errorOf, PennyError } from './errors.js';
import * as layout from './layout.gen.js';
import { difference, patch, wordsOf } from './patch.js';
import { single } from './single_url.js';

const PAGE_BYTES = 65536;
const MIB = 2 ** 20;
const MAXIMUM_PAGES = 65536;
const TRACE_BYTES = 8192 * layout.EVENT_BYTES;
const ECLOSED = -5;
const EWORKER = -8;
const BATCH = 64; // how many calls go by one message, after the first ones
const SINGLE_PARTS = 32; // which go alone
const LOST = 2 ** 20; // the mark of no worker
const NONE = new Set();
const RERUNS = 3; // of a C task, whose worker was lost
const POINTER = 4; // a kind (memory.js)

// No address of the worker's: those of roots are multiples of 64.
const rootOf = (ticket) => 256 * (ticket + 1) + 1;
const ticketOf = (root) => Math.floor((root - 1) / 256) - 1;

export class View {
  buffers = { has: (buffer) => this.#has(buffer) };
  freed;
  arrays; // single.js
  memory;
  host; // of the pool
  exports;
  module;
  data; // the result of a C task that is being read
  u8 = new Uint8Array(0);
  places = []; // [buffer, its address in the worker] of the task whose values are being read
  about; // what the worker has told of the module
  counts = [];
  liveBlocks = 0;
  isClosed = false;
  #workers;
  #known = new WeakMap(); // by buffer: { number, ref, count, had }
  #buffers = new Map(); // by number, while there is a copy
  #numbers = 0;
  #reached = new Set(); // the buffers that were encoded last
  #placed; // bytes
  #waiting = [];
  #sent = new Set();
  #isReady = false;
  #inside = -1; // ticket of what the worker is in
  #tracing; // { asked, resolve, reject }: the promise of a trace
  #batch = []; // what is posted next
  #moved = []; // with it
  #parts = 0; // how many calls there were since this thread began its task

  constructor({ module, least }, options, workers) {
    const { maximumBytes, stackBytes, trace, memory = {} } = options;
    const extra = MIB + layout.WORKER_BYTES + stackBytes + (trace ? TRACE_BYTES : 0);
    const pages = Math.ceil((maximumBytes + extra) / PAGE_BYTES) + least;
    this.module = module;
    this.exports = this.#makeExports();
    // The start message (start.js) has it in the place of a shared one.
    this.memory = {
      buffer: new ArrayBuffer(64), // the stage
      single: single(),
      pages: Math.min(pages, MAXIMUM_PAGES),
      isFixed: memory.maximumBytes !== undefined,
      workers: 1,
      stackBytes,
      isTraced: Boolean(trace),
      round: 0,
    };
    this.#workers = workers;
    Object.assign(workers.on, {
      about: (_, about) => {
        this.about = about;
        for (const [name, signature] of Object.entries(about.signatures))
          this.exports[name] = () => signature;
      },
      done: (_, message) => this.#done(message),
      told: (_, message) => this.#told(...message),
      blocks: (_, count) => {
        this.liveBlocks = count;
      },
      traced: (_, message) => this.#tracing?.resolve(message),
    });
    const { replace } = workers;
    workers.replace = async (...args) => {
      const names = await replace(...args);
      this.start();
      return names;
    };
  }

  /** The worker is ready. */
  start() {
    this.#isReady = true;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const slot of waiting) this.#send(slot);
    if (this.#tracing) this.#post({ penny: 'trace' });
  }

  #makeExports() {
    const nothing = () => 0;
    const names = [
      'control',
      'stage',
      'alloc',
      'free',
      'urge',
      'release',
      'bury',
      'lose',
      'revive',
      'retire',
    ];
    return {
      ...Object.fromEntries([...names, 'progress'].map((name) => [`pn_web_${name}`, nothing])),
      pn_web_strerror: (number) => -number,
      pn_web_kernel: (which) => this.about.kernels[which],
      pn_web_call: (type, ticket, urgency) => this.#submitC(type, ticket, urgency),
      pn_web_call_js: (...task) => this.#submitJs(...task),
      pn_web_cancel: (root) => this.#drop(ticketOf(root)),
      pn_web_is_running: (_, root) => !root && this.#isBetween(),
      pn_web_lose_late: () => {
        this.#lose();
        return LOST;
      },
      pn_web_shutdown: () => {
        this.isClosed = true;
        this.#tracing?.reject(errorOf(this, ECLOSED));
        this.#post({ penny: 'shut' });
      },
      pn_web_destroy: () => this.liveBlocks,
    };
  }

  #post(message) {
    this.#postBatch();
    this.#workers.list[0]?.postMessage(message);
  }

  /* ---- as a MemoryView ---- */

  text(number) {
    const { sentences } = this.about;
    return sentences[number] ?? sentences.at(-1);
  }

  atomic() {
    return 0;
  }

  /** Of the words of roots only these two are asked for. */
  get(at) {
    const field = (at - 1) % 256;
    const slot = this.host?.slots[ticketOf(at)];
    if (field === layout.ROOT_ERROR) return this.host.settling.record.error;
    // Not queued: nobody but us submits it anew.
    if (field === layout.ROOT_STATE)
      return slot?.isBegun ? layout.STARTED | (1 << 8) : layout.ENDED;
    return -1;
  }

  reach(at) {
    return at;
  }

  place(bytes) {
    this.#placed = bytes;
    return 1;
  }

  /** `type` is what #submitC gets. */
  signature(signature) {
    return { ...signature, type: signature };
  }

  /* ---- arrays ---- */

  /** One of ours, or a view of the same buffer. */
  owns(array) {
    return ArrayBuffer.isView(array) && this.#known.has(array.buffer);
  }

  /** Makes a buffer one that is copied and written back; `array` is all of it. */
  keep(array) {
    this.#known.set(array.buffer, { number: ++this.#numbers, ref: new WeakRef(array), count: 0 });
    return array;
  }

  /** For an array that is being encoded: what its place in its buffer begins at. */
  base(buffer) {
    const known = this.#known.get(buffer);
    // (Of a call whose arguments are refused nobody takes them.)
    if (known && !this.#reached.size) queueMicrotask(() => this.#reached.clear());
    if (known) this.#reached.add(buffer);
    return known ? known.number * 2 ** 32 : 0;
  }

  #has(buffer) {
    if (buffer === this.memory.buffer || this.#reached.has(buffer)) return true;
    if (!this.#known.has(buffer)) return false;
    const text =
      'the buffer of an array of this pool cannot be sent without isolation: send the array';
    throw new DOMException(text, 'DataCloneError');
  }

  /** An array that a task gives back. */
  array = (Type, at, length) => {
    const bytes = length * (Type.BYTES_PER_ELEMENT ?? 1);
    for (const [buffer, from] of this.places) {
      if (at < from || at + bytes > from + buffer.byteLength) continue;
      const array = new Type(buffer, at - from, length);
      const known = this.#known.get(buffer);
      // One that the task has made.
      if (!known) {
        this.keep(array);
        this.#known.get(buffer).isMade = true;
        return this.onArray(array);
      }
      const owner = known.ref.deref();
      const isOwner =
        owner?.byteOffset === array.byteOffset &&
        owner.length === length &&
        owner.constructor === Type;
      if (isOwner) return owner;
      // The whole may come after a part of it.
      return known.isMade && owner ? this.onArray(array, owner) : array;
    }
    const text = 'a task gave back an array that it was not given: without isolation it is gone';
    throw new PennyError('PENNY_EINVAL', text);
  };

  /** What the worker needs of a buffer that a task may reach. */
  #share(buffer) {
    const known = this.#known.get(buffer);
    const array = known.number;
    const bytes = new Uint8Array(buffer.byteLength && buffer);
    if (known.count++) return { array, change: difference(bytes, known.had) };
    known.had = wordsOf(bytes);
    this.#buffers.set(array, buffer);
    return { array, size: bytes.length, whole: wordsOf(bytes) };
  }

  #leaveArrays(buffers) {
    const arrays = [];
    for (const buffer of buffers) {
      const known = this.#known.get(buffer);
      if (--known.count) continue;
      known.had = undefined;
      this.#buffers.delete(known.number);
      arrays.push(known.number);
    }
    if (arrays.length) this.#post({ penny: 'forget', arrays });
  }

  /* ---- submitting ---- */

  #submitC(type, ticket, urgency) {
    const slot = this.host.entering;
    const isCall = typeof type === 'object';
    const places = isCall
      ? type.parameters.flatMap(({ kind }, idx) => (kind === POINTER ? [idx] : []))
      : [0];
    const pointers = places
      .map((idx) => [idx, slot.held[idx]])
      .filter(([, array]) => array)
      .map(([idx, { buffer, byteOffset }]) => [idx, this.#known.get(buffer).number, byteOffset]);
    slot.buffers ??= new Set(places.flatMap((idx) => slot.held[idx]?.buffer ?? []));
    const words = new Uint8Array(this.memory.buffer.slice(0));
    return this.#submit(slot, {
      id: ticket,
      type: isCall ? type.type : type,
      words,
      pointers,
      urgency,
    });
  }

  #submitJs(target, at, count, ticket, urgency) {
    const slot = this.host.entering;
    slot.buffers ??= at && this.#reached.size ? new Set(this.#reached) : NONE;
    this.#reached.clear();
    const content = at ? this.#placed : undefined;
    const values = at ? undefined : new Float64Array(this.memory.buffer.slice(0, 8 * count));
    return this.#submit(slot, { id: ticket, target, content, values, urgency });
  }

  #submit(slot, task) {
    slot.task = task;
    slot.reruns = RERUNS;
    this.#send(slot);
    return rootOf(task.id);
  }

  #send(slot) {
    slot.isBegun = false;
    if (!this.#isReady || !this.#workers.list[0]) return this.#waiting.push(slot);
    this.#sent.add(slot);
    const arrays = Array.from(slot.buffers, (buffer) => this.#share(buffer));
    const [objects, transfer] = slot.carried ?? [];
    slot.isGone = objects !== undefined;
    const moved = arrays.flatMap(({ whole, change }) => (whole ?? change?.now)?.buffer ?? []);
    this.#batch.push({ ...slot.task, arrays, objects });
    this.#moved.push(...moved, ...(transfer ?? []));
    // Many calls in a row go in parts; the first ones at once, as this thread may be busy for long.
    if (this.#parts++ < SINGLE_PARTS || this.#batch.length === BATCH) this.#postBatch();
    if (this.#parts === 1) queueMicrotask(() => this.#endBatches());
  }

  #postBatch() {
    const tasks = this.#batch;
    if (!tasks.length) return;
    const moved = this.#moved;
    this.#batch = [];
    this.#moved = [];
    this.#workers.list[0]?.postMessage({ penny: 'submit', tasks }, moved);
  }

  #endBatches() {
    this.#parts = 0;
    this.#postBatch();
  }

  /** A task shall end: the page has given it up. */
  #drop(ticket) {
    const slot = this.host.slots[ticket];
    if (this.#sent.has(slot)) return this.#post({ penny: 'drop', id: ticket });
    if (!this.#waiting.includes(slot)) return;
    this.#waiting = this.#waiting.filter((other) => other !== slot);
    // Its promise has its own error by then.
    queueMicrotask(() => this.host.arrive([[slot, { error: EWORKER }]]));
  }

  /* ---- what the worker tells ---- */

  #done({ round, inside, done, changes, counts }) {
    if (round !== this.memory.round || !this.#workers.list[0] || this.host.isClosed) return;
    if (counts) this.counts = counts;
    this.#inside = inside;
    const { slots } = this.host;
    if (slots[inside]) slots[inside].isBegun = true;
    for (const { array, change } of changes) {
      const buffer = this.#buffers.get(array);
      // (The program may have detached it.)
      if (buffer.byteLength) patch(new Uint8Array(buffer), change, this.#known.get(buffer).had);
    }
    const ended = done.map((record) => [slots[record.id], record]);
    for (const [slot, record] of ended) {
      record.places = this.#placesOf(record.places).concat(
        (record.made ?? []).map(([at, buffer]) => [buffer, at]),
      );
      if (record.told) slot.told = record.told;
      this.#sent.delete(slot);
      this.#leaveArrays(slot.buffers);
    }
    this.host.arrive(ended);
  }

  #placesOf(places = []) {
    return places.map(([array, at]) => [this.#buffers.get(array), at]);
  }

  #told(round, id, content, places) {
    const slot = round === this.memory.round && this.host.slots[id];
    if (!slot) return;
    slot.told = content;
    slot.toldPlaces = this.#placesOf(places);
  }

  /* ---- faults ---- */

  /** The worker does not say what it does: between tasks, or in one that nobody waits for? */
  #isBetween() {
    const slot = this.host.slots[this.#inside];
    return !slot?.resolve;
  }

  /** The worker is gone, with what it had begun. */
  #lose() {
    this.#isReady = false;
    this.memory.round++;
    this.#inside = -1;
    this.#batch = [];
    this.#moved = [];
    for (const buffer of this.#buffers.values()) this.#known.get(buffer).count = 0;
    this.#buffers.clear();
    const failed = [];
    const again = [];
    for (const slot of this.#sent) {
      const canRun = slot.result ? !slot.isBegun || slot.reruns-- > 0 : !slot.isBegun;
      if (slot.resolve && canRun && !slot.isGone) again.push(slot);
      else failed.push([slot, { error: EWORKER }]);
    }
    this.#sent.clear();
    this.#waiting = again.concat(this.#waiting);
    this.host.arrive(failed);
  }

  /** A view of what more.js looks at. */
  async traced() {
    const ask = (resolve, reject) => {
      this.#tracing = { resolve, reject };
      this.#post({ penny: 'trace' });
    };
    // It may have closed since the call.
    if (this.isClosed) throw errorOf(this, ECLOSED);
    const asked = this.#tracing?.asked ?? new Promise(ask);
    this.#tracing.asked = asked;
    const { control, parts, texts } = await asked;
    this.#tracing = undefined;
    const span = (at, bytes) => {
      const [from, part] = parts.find(([start, all]) => at >= start && at < start + all.length);
      return part.slice(at - from, at - from + bytes);
    };
    return {
      span,
      get: (at) => new Uint32Array(span(at, 4).buffer)[0],
      text: (at) => texts.get(at),
      exports: { pn_web_control: () => control },
    };
  }
}
