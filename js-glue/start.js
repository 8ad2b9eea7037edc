// start.js: everything before the first task: options, module, memory, workers. Each failure has
// its own error, and none waits longer than startTimeoutMs. Page only.
import { instantiate } from './enter.js';
import { errorOf, PennyError } from './errors.js';
import {
  CONTROL_WORKER_BASE,
  LAYOUT_HASH,
  MAX_WORKERS,
  VERSION,
  WORKER_BYTES,
  WORKER_STACK,
} from './layout.gen.js';
import { MemoryView } from './memory.js';

const PAGE_BYTES = 65536;
const MIB = 2 ** 20;
const MAXIMUM_BYTES = 2 ** 32;
const MAXIMUM_PAGES = MAXIMUM_BYTES / PAGE_BYTES;

const ISOLATION =
  'the page is not cross-origin isolated: serve it with the headers "Cross-Origin-Opener-Policy: same-origin" and ' +
  '"Cross-Origin-Embedder-Policy: require-corp", or, where headers cannot be set, add dist/coi.js';

/** Whether pools can run here; `missing` names what is not there. */
export function isSupported() {
  const missing = [];
  if (typeof WebAssembly === 'undefined') missing.push('WebAssembly');
  if (typeof Worker === 'undefined') missing.push('Worker');
  if (globalThis.crossOriginIsolated === false) missing.push('crossOriginIsolated');
  else if (typeof SharedArrayBuffer === 'undefined') missing.push('SharedArrayBuffer');
  return { ok: missing.length === 0, missing };
}

function whole(value, fallback, low, high, what) {
  if (value === undefined) return fallback;
  if (typeof value !== 'number') throw new TypeError(`${what} is a number, not a ${typeof value}`);
  if (Number.isInteger(value) && value >= low && value <= high) return value;
  throw new RangeError(`${what} is a whole number from ${low} to ${high}, not ${value}`);
}

export function checkOptions(options) {
  if (typeof options !== 'object' || options === null)
    throw new TypeError('createPool takes an object of options');
  const { memory = {} } = options;
  const cores = Math.min(globalThis.navigator?.hardwareConcurrency || 2, MAX_WORKERS);
  const workers = whole(options.workers, cores, 1, MAX_WORKERS, 'workers');
  const maxWorkers = whole(
    options.maxWorkers,
    Math.min(2 * workers, MAX_WORKERS),
    workers,
    MAX_WORKERS,
    'maxWorkers',
  );
  const maximumBytes = whole(
    memory.maximumBytes,
    512 * MIB,
    MIB,
    MAXIMUM_BYTES,
    'memory.maximumBytes',
  );
  const initialBytes = whole(memory.initialBytes, 0, 0, maximumBytes, 'memory.initialBytes');
  if (options.worker !== undefined && typeof options.worker !== 'function') {
    throw new TypeError('worker is a function that gives a Worker');
  }
  if (options.worker && options.tasks) throw new TypeError('give worker or tasks, not both');
  return {
    ...options,
    workers,
    maxWorkers,
    maximumBytes,
    initialBytes,
    graceMs: whole(options.graceMs, 1000, 0, 2 ** 31 - 1, 'graceMs'),
    startTimeoutMs: whole(options.startTimeoutMs, 10_000, 1, 2 ** 31 - 1, 'startTimeoutMs'),
    // Large enough for 5,000 nested calls with small frames; less where the heap is small.
    stackBytes: Math.max(
      PAGE_BYTES,
      Math.min(MIB, 2 ** Math.floor(Math.log2(maximumBytes / (4 * workers)))),
    ),
  };
}

export function checkPlatform({ worker }) {
  const missing = isSupported().missing.filter((name) => name !== 'Worker' || !worker);
  if (!missing.length) return;
  if (missing.includes('WebAssembly') || missing.includes('Worker')) {
    throw new PennyError('PENNY_EPLATFORM', `this platform has no ${missing.join(', ')}`);
  }
  throw new PennyError('PENNY_ENOISOLATION', ISOLATION);
}

// What addresses are relative to.
const base = () => globalThis.document?.baseURI ?? import.meta.url;

/* ---- module and memory ---- */

function moduleError(text, cause) {
  const message = String(cause?.message ?? cause);
  const isPolicy = /security policy|unsafe-eval|csp/i.test(message);
  const hint = isPolicy
    ? " (the page's Content-Security-Policy needs 'wasm-unsafe-eval' in script-src)"
    : '';
  return new PennyError('PENNY_EMODULE', `${text}: ${message}${hint}`, { cause });
}

async function compile(wasm = new URL('./core.wasm', import.meta.url)) {
  if (wasm instanceof WebAssembly.Module) return wasm;
  const isAddress = typeof wasm === 'string' || wasm instanceof URL;
  try {
    if (!isAddress) return await WebAssembly.compile(wasm);
    const response = await fetch(new URL(wasm, base()));
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    const isTyped = response.headers.get('content-type')?.startsWith('application/wasm');
    if (isTyped) return await WebAssembly.compileStreaming(response);
    return await WebAssembly.compile(await response.arrayBuffer());
  } catch (cause) {
    throw moduleError(`${isAddress ? wasm : 'the wasm bytes'} could not be loaded`, cause);
  }
}

/**
 * A memory that the module takes, and the page's own instance on it; `limitPages` are for what the
 * module needs beside its data.
 */
function instantiateOn(module, initialBytes, limitPages) {
  let initial = Math.ceil(Math.max(initialBytes, 4 * PAGE_BYTES) / PAGE_BYTES);
  for (;;) {
    const maximum = Math.min(Math.max(limitPages, initial + limitPages - 4), MAXIMUM_PAGES);
    let memory;
    try {
      memory = new WebAssembly.Memory({ initial, maximum, shared: true });
    } catch (cause) {
      const text = `no room for a shared memory of ${maximum} pages: lower memory.maximumBytes`;
      throw new PennyError('PENNY_ENOMEM', text, { cause });
    }
    try {
      const view = new MemoryView(memory);
      return { view, exports: instantiate(module, view), bytes: maximum * PAGE_BYTES };
    } catch (error) {
      const text = String(error?.message);
      // Engines do not tell how large the module's own data is: try twice as much.
      const isSmall = !/shared/i.test(text) && /initial|smaller|size|page/i.test(text);
      if (!isSmall || initial >= MAXIMUM_PAGES || !(error instanceof WebAssembly.LinkError)) {
        throw moduleError(
          'this is no Penny module, or one without threads (penny_add_module builds one)',
          error,
        );
      }
      initial = Math.min(initial * 2, MAXIMUM_PAGES);
    }
  }
}

export async function createCore(options) {
  const module = await compile(options.wasm);
  if (!WebAssembly.Module.exports(module).some(({ name }) => name === 'pn_web_create')) {
    throw new PennyError('PENNY_EMODULE', 'this is no Penny module: penny_add_module builds one');
  }
  const { workers, maxWorkers, stackBytes, testIndexBase = 0 } = options;
  // The heap's maximum is what the caller meant: the module's data, the worker blocks and the C
  // stacks come on top.
  const extra = MIB + maxWorkers * WORKER_BYTES + workers * stackBytes;
  const limit = Math.min(MAXIMUM_BYTES, options.maximumBytes + extra);
  const limitPages = Math.floor(limit / PAGE_BYTES);
  const { view, exports, bytes } = instantiateOn(module, options.initialBytes, limitPages);
  if (exports.pn_web_version() !== VERSION || exports.pn_web_layout_hash() >>> 0 !== LAYOUT_HASH) {
    throw new PennyError(
      'PENNY_EVERSION',
      'the wasm module is of another version of Penny than its loader: rebuild the module',
    );
  }
  const error = exports.pn_web_create(bytes, workers, maxWorkers, testIndexBase, stackBytes);
  if (error) throw errorOf({ exports, view }, error);
  const control = exports.pn_web_control() >>> 0;
  return { module, view, exports, control };
}

/* ---- workers ---- */

function makeWorker({ worker, name }, id) {
  const made = worker
    ? worker(id)
    : // The address stands inside the call so that bundlers find the file.
      new Worker(new URL('./worker.entry.js', import.meta.url), {
        type: 'module',
        name: name ?? `penny-${id}`,
      });
  if (typeof made?.postMessage !== 'function')
    throw new TypeError('the worker function gave no Worker');
  return made;
}

/**
 * Makes the workers at once, before anything else is loaded: they take longest. `attach(core)`
 * sends each what it needs and waits for all; afterwards `on.message(id, data)` and `on.error(id,
 * event)` get what they say.
 */
export function makeWorkers(options) {
  const list = [];
  const answers = [];
  const on = { message() {}, error() {} };
  const watching = new AbortController();
  const end = () => {
    watching.abort();
    for (const worker of list) worker?.terminate();
  };

  const make = (id) => {
    const worker = makeWorker(options, id);
    list[id] = worker;
    const answer = new Promise((resolve, reject) => {
      const fail = (why, cause) =>
        reject(new PennyError('PENNY_ESTART', `worker ${id} ${why}`, { cause }));
      worker.onmessage = ({ data }) => {
        if (data?.penny === 'ready') {
          const signal = watching.signal;
          const onEnd = () => on.message(id, { penny: 'gone', message: 'was ended' }, worker);
          globalThis.navigator?.locks?.request(data.lock, { signal }, onEnd).catch(() => {});
          resolve(data.names);
        } else if (data?.penny === 'failed') {
          reject(new PennyError(data.code ?? 'PENNY_ESTART', `worker ${id}: ${data.message}`));
        } else on.message(id, data, worker);
      };
      worker.onerror = (event) => {
        event.preventDefault?.();
        const why = event.message
          ? `${event.message} (${event.filename}:${event.lineno})`
          : '404, a syntax error or a policy?';
        fail(`could not load its file: ${why}`, event.error);
        on.error(id, event);
      };
      worker.onmessageerror = (event) => {
        fail('sent what cannot be read');
        on.error(id, event);
      };
    });
    // Whoever attaches sees it.
    answer.catch(() => {});
    answers[id] = answer;
  };

  /** Sends a worker all it needs, once; resolves with the names of its tasks. */
  const send = ({ module, view, control }, id) => {
    const block = view.get(control + CONTROL_WORKER_BASE) + id * WORKER_BYTES;
    const bottom = view.get(block + WORKER_STACK);
    list[id].postMessage({
      penny: VERSION,
      hash: LAYOUT_HASH,
      module,
      memory: view.memory,
      id,
      block,
      stack: { top: bottom + options.stackBytes, bottom },
      tasks: options.tasks && String(new URL(options.tasks, base())),
    });
    return answers[id];
  };

  try {
    for (let id = 0; id < options.workers; id++) make(id);
  } catch (cause) {
    end();
    if (cause instanceof TypeError) throw cause;
    throw new PennyError('PENNY_ESTART', `a worker could not be made: ${cause?.message ?? cause}`, {
      cause,
    });
  }
  return {
    list,
    on,
    end,
    async attach(core) {
      const names = await Promise.all(list.map((_, id) => send(core, id)));
      if (names.every((other) => String(other) === String(names[0]))) return names[0];
      throw new PennyError(
        'PENNY_EVERSION',
        'the workers have different tasks: reload, one of their files is stale',
      );
    },
    replace(core, id) {
      make(id);
      return send(core, id);
    },
  };
}
