// single_worker.js: what a worker does beside its own part (worker.js) where there is no shared memory:
// the page's. It makes a memory of its own, a second instance on it for what the host does, submits
// what messages bring, and tells what has ended. Loaded by worker.js when the page asks for it; bundled
// whole, so all that it shares with worker.js comes as an argument. The page's end is single.js.
//
// Messages from the page, beside those of worker.js; `id` is the page's ticket of a task:
//   { penny: 'submit', tasks: [task, ...] }, each of them one of
//     { id, target, content | values, urgency, arrays, objects }   a JavaScript task
//     { id, type, words, pointers, urgency, arrays }               a C task
//   { penny: 'drop', id }  it shall end          { penny: 'forget', arrays }  not in use any more
//   { penny: 'shut' }      the pool ends         { penny: 'trace' }
// `arrays`: [{ array, size, whole } | { array, change } | { array }], what the task may reach.
//
// I1  Both instances run on this thread, one after the other: nothing here waits, and nothing is seen half
//     done. What sleeps in the event loop is woken by look(), after each call that may have woken it.
// I2  The page knows which task this thread is inside of: it is told before the task begins, and what ended
//     before is told with it. A task that never ends can be found, and no result is lost with it.
import { errorOf, PennyError } from './errors.js';
import * as layout from './layout.gen.js';
import { difference, patch } from './patch.js';

const AGAIN = 1; // of pn_web_run (src/port_web.c)
const ECANCELLED = 4;
const ENOMEM = -1;
const EFAIL = -9;
const LEAST_PAGES = 512;
const TRACE_EVENTS = 8192;
const SENTENCES = 32; // error numbers that have one, and a few that have none
const TELL_MS = 16; // between two values of progress()
const LARGE_BYTES = 65536; // is moved to the page, not copied
const EXPORT = 'penny_export_';
const PAYLOAD = layout.ROOT_TASK + layout.TASK_PAYLOAD;
// In the order of single.js.
const COUNTERS = [
  layout.WORKER_PUBLISHED_TASKS,
  layout.WORKER_STEALS,
  layout.WORKER_JOINS_HELPED,
  layout.WORKER_PUBLISHES,
  layout.WORKER_PARKS,
  layout.WORKER_ROOTS,
  layout.WORKER_HEAP + layout.HEAP_CONTEXT_LIVE_BYTES,
];

/** All of it at once: growth would detach what the program holds. Untouched pages cost nothing. */
function makeMemory({ pages, isFixed }) {
  for (let initial = pages; ; initial >>= 1) {
    try {
      return new WebAssembly.Memory({ initial, maximum: initial });
    } catch (cause) {
      if (!isFixed && initial > LEAST_PAGES) continue;
      const text = `no room for a memory of ${initial} pages: lower memory.maximumBytes`;
      throw new PennyError('PENNY_ENOMEM', text, { cause });
    }
  }
}

class Side {
  #post;
  #parts;
  #exports; // of the host's instance
  #control;
  #block; // of the one worker
  #woken; // of the sleep in the event loop
  #channel = new MessageChannel();
  #round; // which of the page's workers this is, in turn
  #isInside = false; // of pn_web_run
  #inside = -1; // the page's ticket of what the page was told last that this thread is in
  #roots = new Map(); // by ticket
  #tasks = new Map(); // by root: { id, arrays, objects, toldAt }
  #begun = new Set(); // roots that began and have not ended
  #arrays = new Map(); // by number: { at, bytes, had }

  constructor(message, port, parts) {
    const { pages, isFixed, workers, stackBytes, isTraced, round } = message.memory;
    const { instantiate, MemoryView } = parts;
    const memory = makeMemory({ pages, isFixed });
    const view = new MemoryView(memory);
    this.view = view;
    this.#parts = parts;
    this.#round = round;
    this.#post = (data, transfer) => port.postMessage(data, transfer);
    let exports;
    try {
      exports = instantiate(message.module, view);
    } catch (cause) {
      const text = `no Penny module: ${cause?.message ?? cause}`;
      throw new PennyError('PENNY_EMODULE', text, { cause });
    }
    if (exports.pn_web_layout_hash() >>> 0 !== layout.LAYOUT_HASH) {
      const text = 'the wasm module is of another version of Penny than the page: rebuild it';
      throw new PennyError('PENNY_EVERSION', text);
    }
    let error = exports.pn_web_create(memory.buffer.byteLength, workers, workers, 1, 0, stackBytes);
    if (!error && isTraced) error = exports.pn_web_trace(TRACE_EVENTS);
    if (error) throw errorOf(view, error);
    exports.pn_web_set_ring(1);
    this.#exports = exports;
    this.#control = exports.pn_web_control() >>> 0;
    this.#block = view.get(this.#control + layout.CONTROL_WORKER_BASE);
    const bottom = view.get(this.#block + layout.WORKER_STACK);
    Object.assign(message, { memory, block: this.#block, id: 0 });
    message.stack = { top: bottom + stackBytes, bottom };
    const actions = new Map([
      ['submit', ({ tasks }) => tasks.map((task) => this.submit(task))],
      ['drop', (data) => this.drop(data)],
      ['forget', (data) => this.forget(data)],
      ['shut', () => exports.pn_web_shutdown()],
      ['trace', () => this.trace()],
    ]);
    port.addEventListener('message', ({ data }) => {
      actions.get(data?.penny)?.(data);
      this.look();
    });
  }

  /** What the page has to know of the module. */
  about() {
    const { view } = this;
    const exports = this.#exports;
    const sentence = (_, idx) => view.text(exports.pn_web_strerror(-idx));
    const signatures = {};
    for (const name of Object.keys(exports))
      if (name.startsWith(EXPORT)) signatures[name] = view.signature(exports[name]());
    const kernels = [0, 1, 2].map((which) => exports.pn_web_kernel?.(which) >>> 0);
    const sentences = Array.from({ length: SENTENCES }, sentence);
    const size = view.memory.buffer.byteLength;
    this.#post({ penny: 'about', message: { sentences, signatures, kernels, size } });
  }

  /* ---- the worker's own instance ---- */

  /** Its exports, with what this thread has to see of what is called. */
  wrap(exports, view) {
    const wrapped = { ...exports };
    for (const name of ['wake', 'detach', 'restart', 'result', 'cancel'])
      wrapped[`pn_web_${name}`] = (...args) => {
        const value = exports[`pn_web_${name}`](...args);
        this.look();
        return value;
      };
    wrapped.pn_web_run = (_, isBusy) => {
      this.#isInside = true;
      let outcome;
      try {
        outcome = exports.pn_web_run(2, isBusy);
      } finally {
        this.#isInside = false;
      }
      // What only waits for the next task to begin is told with that.
      if (outcome !== AGAIN || this.#begun.size || this.#parts.countReady())
        this.flush(this.#inside);
      return outcome;
    };
    wrapped.pn_web_progress = (root, value) => {
      const old = exports.pn_web_progress(root, value) >>> 0;
      const task = this.#tasks.get(root);
      if (!task || performance.now() - task.toldAt < TELL_MS) return old;
      task.toldAt = performance.now();
      this.#post({
        penny: 'told',
        message: [this.#round, task.id, this.#told(root), this.#places(task)],
      });
      return old;
    };
    const plain = view.array.bind(view);
    // An array of the page's: its number and the place in it.
    view.array = (Type, at, length) => {
      const array = this.#arrays.get(Math.floor(at / 2 ** 32));
      return plain(Type, array ? array.at + (at % 2 ** 32) : at, length);
    };
    return wrapped;
  }

  /** Lets events happen: sleeps until there is something to do, or with `isTurn` for a turn only. */
  nap(isTurn) {
    this.flush(-1);
    return new Promise((resolve) => {
      if (isTurn) return this.#soon(resolve);
      this.#woken = resolve;
      this.look();
    });
  }

  /** After the events that are here already. In WebKit a message waits for the page, which may be busy. */
  #soon(action) {
    this.#channel.port1.onmessage = action;
    this.#channel.port2.postMessage(0);
    setTimeout(action);
  }

  /** Ends that sleep if it is over, after the messages that are here already: urgent ones go first. */
  look() {
    if (!this.#woken || this.view.get(this.#block + layout.WORKER_STATE) === layout.SLEEPING)
      return;
    this.#soon(this.#woken);
    this.#woken = undefined;
  }

  /** A root or something else begins. */
  enter(root) {
    const task = this.#tasks.get(root);
    if (!task) return;
    this.#begun.add(root);
    this.flush(task.id);
  }

  /** Something has ended. */
  ring() {
    if (!this.#isInside) queueMicrotask(() => this.flush(this.#inside));
  }

  /** The task that began needs what its message has brought. */
  fetch(root) {
    this.#parts.carry(root, this.#tasks.get(root)?.objects ?? []);
  }

  /* ---- from the page ---- */

  submit({ id, target, content, values, type, words, pointers, urgency, arrays, objects }) {
    const { view } = this;
    const exports = this.#exports;
    const stage = exports.pn_web_stage() >>> 0;
    let root = 0;
    if (arrays.map((array) => this.#receive(array)).every(Boolean)) {
      if (type) {
        view.span(stage, words.length).set(words);
        for (const [idx, array, offset] of pointers)
          view.set(stage + 8 * idx, this.#arrays.get(array).at + offset);
        root = exports.pn_web_call(type, id, urgency);
      } else if (content) {
        const at = view.place(content);
        root = at && exports.pn_web_call_js(target, at, content.length, id, urgency);
        if (!root) exports.pn_web_free(at);
      } else {
        view.span(stage, values.byteLength).set(new Uint8Array(values.buffer));
        root = exports.pn_web_call_js(target, 0, values.length, id, urgency);
      }
    }
    root >>>= 0;
    if (root) {
      const numbers = arrays.map(({ array }) => array);
      this.#roots.set(id, root);
      this.#tasks.set(root, { id, arrays: numbers, objects, toldAt: -Infinity });
    } else {
      this.#tell([{ id, error: ENOMEM }], [], this.#inside);
    }
  }

  /** An array of the page's, or what has changed in it: false when there is no room for it. */
  #receive({ array, size, whole, change }) {
    if (whole) {
      const at = this.#exports.pn_web_alloc(size) >>> 0;
      const bytes = at ? this.view.array(Uint8Array, at, size) : undefined;
      bytes?.set(new Uint8Array(whole.buffer, 0, size));
      this.#arrays.set(array, { at, bytes, had: whole });
    }
    const { bytes, had } = this.#arrays.get(array);
    if (bytes && change) patch(bytes, change, had);
    return bytes !== undefined;
  }

  forget({ arrays }) {
    for (const array of arrays) {
      this.#exports.pn_web_free(this.#arrays.get(array).at);
      this.#arrays.delete(array);
    }
  }

  drop({ id }) {
    const root = this.#roots.get(id);
    if (root) this.#exports.pn_web_cancel(root, ECANCELLED);
  }

  /** The worker's loop has ended: what is still in memory was never given back. */
  leave() {
    const exports = this.#exports;
    this.flush(-1);
    for (const root of this.#roots.values()) exports.pn_web_release(root);
    for (const { at } of this.#arrays.values()) exports.pn_web_free(at);
    this.#channel.port1.close();
    this.#post({ penny: 'blocks', message: exports.pn_web_destroy() });
  }

  /** What more.js looks at: parts of memory by their address, and texts by theirs. */
  trace() {
    const { view } = this;
    const events = view.get(this.#block + layout.WORKER_TRACE);
    const eventBytes = view.get(this.#control + layout.CONTROL_TRACE_EVENTS) * layout.EVENT_BYTES;
    const parts = [
      [this.#control, layout.CONTROL_BYTES],
      [this.#block, layout.WORKER_BYTES],
      [events, eventBytes],
    ].map(([at, bytes]) => [at, view.span(at, bytes).slice()]);
    const texts = new Map();
    for (let at = events; at < events + eventBytes; at += layout.EVENT_BYTES) {
      const name = view.get(at + layout.EVENT_NAME);
      if (name && !texts.has(name)) texts.set(name, view.text(name));
    }
    this.#post({ penny: 'traced', message: { control: this.#control, parts, texts } });
  }

  /* ---- to the page ---- */

  /** Tells what has ended; from here on this thread is inside of task `id`, or of none. */
  flush(id) {
    const { view } = this;
    const done = [];
    // As in host.js: newest first.
    let root = view.atomic('exchange', this.#control + layout.CONTROL_COMPLETIONS, 0) >>> 0;
    for (; root; root = view.get(root + layout.ROOT_LINK)) done.unshift(root);
    if (!done.length && id === this.#inside) return;
    const arrays = new Set();
    for (const root of done) for (const array of this.#tasks.get(root).arrays) arrays.add(array);
    const changes = [];
    for (const array of arrays) {
      const { bytes, had } = this.#arrays.get(array);
      const change = difference(bytes, had);
      if (change) changes.push({ array, change });
    }
    this.#tell(
      done.map((root) => this.#record(root)),
      changes,
      id,
    );
  }

  #tell(done, changes, id) {
    this.#inside = id;
    const { view } = this;
    const isIdle = id < 0;
    const counts = isIdle ? COUNTERS.map((offset) => view.count(this.#block + offset)) : undefined;
    const buffers = changes.map(({ change }) => change.now.buffer);
    for (const { content, made = [] } of done) {
      if (content?.length > LARGE_BYTES) buffers.push(content.buffer);
      for (const [, buffer] of made) buffers.push(buffer);
    }
    this.#post(
      { penny: 'done', message: { round: this.#round, inside: id, done, changes, counts } },
      buffers,
    );
  }

  /** How a root has ended, which is released. */
  #record(root) {
    const { view } = this;
    const exports = this.#exports;
    const task = this.#tasks.get(root);
    const error = view.get(root + layout.ROOT_ERROR) | 0;
    const isJs = view.get(root + layout.ROOT_KIND) === layout.KIND_JS;
    const record = { id: task.id, error, isJs, told: this.#told(root), places: this.#places(task) };
    const data = view.get(root + layout.ROOT_DATA);
    const count = view.get(root + layout.ROOT_DATA_BYTES);
    const message = view.get(root + layout.ROOT_MESSAGE);
    if (!isJs) record.payload = view.span(root + PAYLOAD, 48).slice();
    else if (!data) record.values = view.numbers(root, count);
    else if (!error || error === EFAIL) {
      record.content = view.span(data, count).slice();
      if (view.get(root + layout.ROOT_ARRAYS)) record.made = this.#made(root, record.content);
    }
    if (error && message)
      record.detail = view.text(message, view.get(root + layout.ROOT_MESSAGE_BYTES));
    const name = error && view.get(root + layout.ROOT_FAILED_NAME);
    if (name) record.failed = view.text(name);
    this.#tasks.delete(root);
    this.#roots.delete(task.id);
    this.#begun.delete(root);
    exports.pn_web_release(root);
    return record;
  }

  /** Where the page's arrays are here. */
  #places({ arrays }) {
    return arrays.map((array) => [array, this.#arrays.get(array).at]);
  }

  /** The newest value of progress() that the page has not got. */
  #told(root) {
    const at = this.#exports.pn_web_progress(root, 0) >>> 0;
    if (!at) return undefined;
    const content = this.view.span(at + 4, this.view.get(at)).slice();
    this.#exports.pn_web_free(at);
    return content;
  }

  /** The arrays that a task has made and gives back: [where each was, its content]. */
  #made(root, content) {
    const { view } = this;
    const { memory, buffers } = view;
    const ends = new Map(); // of the blocks that they are in
    const isThePages = (at) =>
      [...this.#arrays.values()].some(
        ({ at: from, bytes }) => at >= from && at < from + bytes?.length,
      );
    const array = (Type, at, length) => {
      if (isThePages(at)) return {};
      const block = this.#exports.pn_web_adopt(root, at) >>> 0;
      if (block) ends.set(block, block);
      // Or one that another part of it has shown, or none of this task's.
      const from = Math.max(-1, ...[...ends.keys()].filter((one) => one <= at));
      const end = at + length * (Type.BYTES_PER_ELEMENT ?? 1);
      if (from >= 0) ends.set(from, Math.max(ends.get(from), end));
      return {};
    };
    this.#parts.decode(content, { memory, buffers, array }, {});
    return [...ends].map(([at, end]) => {
      const { buffer } = view.span(at, end - at).slice();
      this.#exports.pn_web_free(at);
      return [at, buffer];
    });
  }
}

globalThis[Symbol.for('penny.single')] = (message, hooks, shared, ...given) => {
  const [instantiate, MemoryView, decode, carry, countReady] = given;
  const parts = { instantiate, MemoryView, decode, carry, countReady };
  const { port } = shared;
  const side = new Side(message, port, parts);
  hooks.ring = () => side.ring();
  hooks.enter = (root) => side.enter(root);
  hooks.nap = (isTurn) => side.nap(isTurn);
  // As ever: the task goes on until it ends, and the thread ends then. The page is told at once.
  const { close } = globalThis;
  if (close)
    hooks.close = () => {
      port.postMessage({ penny: 'gone' });
      close.call(globalThis);
    };
  shared.port = {
    postMessage(data) {
      if (data.penny === 'fetch') return side.fetch(data.message);
      if (data.penny === 'left') side.leave();
      port.postMessage(data);
    },
  };
  return (module, view, ...rest) => {
    const exports = instantiate(module, view, ...rest);
    side.about();
    return side.wrap(exports, view);
  };
};
