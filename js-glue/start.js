// start.js: everything before the first task: options, module, memory, workers. Each failure has
// its own error, and none waits longer than startTimeoutMs. Page only.
import { instantiate } from './enter.js';
import { errorFor, errorOf, PennyError, part, want, wantClasses } from './errors.js';
import { checkTaskOptions, isJavaScriptCore } from './host.js';
import {
  CONTROL_WORKER_BASE,
  EVENT_BYTES,
  LAYOUT_HASH,
  MAX_WORKERS,
  VERSION,
  WORKER_BYTES,
  WORKER_STACK,
} from './layout.gen.js';
import { MemoryView } from './memory.js';
import { support } from './web.js';

const PAGE_BYTES = 65536;
const TRACE_EVENTS = 8192; // that each worker keeps, of 24 bytes
const MIB = 2 ** 20;
const MAXIMUM_BYTES = 2 ** 32;
const MAXIMUM_MS = 2 ** 31 - 1;
const MAXIMUM_PAGES = MAXIMUM_BYTES / PAGE_BYTES;

const WORKER = 'worker is a function that gives a new Worker each time';
// No engine says which.
const UNSAID =
  'its file is missing (404), is no JavaScript, lacks the header Cross-Origin-Embedder-Policy, or a policy forbids it';
const given = new WeakSet();

/** The option `name`, a whole number. */
export function whole(options, name, fallback, low, high) {
  const { [name]: value = fallback } = options;
  want(typeof value === 'number', `${name} is a number, not a ${typeof value}`);
  if (Number.isInteger(value) && value >= low && value <= high) return value;
  throw new RangeError(`${name} is a whole number from ${low} to ${high}, not ${value}`);
}

export function checkOptions(options, host) {
  checkTaskOptions(options);
  const { errors = [], memory = {}, tasks, worker } = options;
  want(memory && typeof memory === 'object', 'memory is an object');
  wantClasses(errors);
  const machine = Math.min(host.cores() || 2, MAX_WORKERS);
  const cores = whole(options, 'cores', machine, 1, MAX_WORKERS);
  const workers = whole(options, 'workers', machine, 1, MAX_WORKERS);
  const most = Math.min(2 * workers, MAX_WORKERS);
  const maximumBytes = whole(memory, 'maximumBytes', 512 * MIB, MIB, MAXIMUM_BYTES);
  want(worker === undefined || typeof worker === 'function', WORKER);
  want(!tasks || typeof (tasks.href ?? tasks) === 'string', 'tasks is an address');
  want(!worker || !tasks, 'give worker or tasks, not both');
  return {
    ...options,
    host,
    workers,
    cores,
    maxWorkers: whole(options, 'maxWorkers', most, workers, MAX_WORKERS),
    maximumBytes,
    initialBytes: whole(memory, 'initialBytes', 0, 0, maximumBytes),
    graceMs: whole(options, 'graceMs', 1000, 0, MAXIMUM_MS),
    startTimeoutMs: whole(options, 'startTimeoutMs', 10_000, 1, MAXIMUM_MS),
    // Large enough for 5,000 nested calls with small frames; less where the heap is small.
    stackBytes: Math.max(
      PAGE_BYTES,
      Math.min(MIB, 2 ** Math.floor(Math.log2(maximumBytes / (4 * workers)))),
    ),
  };
}

/** What this platform has not. */
export function missingFor({ worker, host, fallback }) {
  want(!fallback || fallback === 'single', "fallback is 'single'");
  return support(host).missing.filter((name) => name !== 'Worker' || !worker);
}

/* ---- module and memory ---- */

/** A module, with its `bytes` where each worker compiles its own of them (enter.js). */
async function compile({ wasm, host }) {
  wasm ??= await (await part(import('./core.js'))).core();
  if (wasm instanceof WebAssembly.Module) return wasm;
  const isAddress = typeof wasm === 'string' || wasm instanceof URL;
  want(isAddress || Object(wasm) === wasm, 'wasm is an address, bytes or a module');
  try {
    const response = isAddress ? await host.load(new URL(wasm, host.base())) : new Response(wasm);
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    const isTyped = response.headers.get('content-type')?.startsWith('application/wasm');
    if (isTyped && !isJavaScriptCore) return await WebAssembly.compileStreaming(response);
    const bytes = await response.arrayBuffer();
    const module = await WebAssembly.compile(bytes);
    if (isJavaScriptCore) module.bytes = bytes;
    return module;
  } catch (cause) {
    return refuse(`${isAddress ? wasm : 'the wasm bytes'} could not be loaded`, cause);
  }
}

async function refuse(text, cause) {
  const { moduleError } = await part(import('./refusal.js'));
  throw moduleError(text, cause);
}

/**
 * A memory that the module takes, and the page's own instance on it; `limitPages` are for what the
 * module needs beside its data.
 */
async function instantiateOn(module, initialBytes, limitPages) {
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
      view.maximumBytes = maximum * PAGE_BYTES;
      instantiate(module, view);
      return view;
    } catch (error) {
      const text = String(error?.message);
      // Engines do not tell how large the module's own data is: try twice as much.
      const isSmall = !/shared/i.test(text) && /initial|smaller|size|page/i.test(text);
      if (!isSmall || initial >= MAXIMUM_PAGES || !(error instanceof WebAssembly.LinkError))
        return refuse(
          'no Penny module, or one without threads (penny_add_module builds one)',
          error,
        );
      initial = Math.min(initial * 2, MAXIMUM_PAGES);
    }
  }
}

/** The memory as a MemoryView, with `exports` of the page's instance and the `module`. */
export async function createCore(options) {
  const module = await compile(options);
  const { workers, maxWorkers, cores, stackBytes, testIndexBase = 0 } = options;
  // The heap's maximum is what the caller meant: the module's data, the worker blocks and the C
  // stacks come on top.
  const traceBytes = options.trace ? TRACE_EVENTS * EVENT_BYTES : 0;
  const extra = MIB + maxWorkers * (WORKER_BYTES + stackBytes + traceBytes);
  const limit = Math.min(MAXIMUM_BYTES, options.maximumBytes + extra);
  const limitPages = Math.floor(limit / PAGE_BYTES);
  const view = await instantiateOn(module, options.initialBytes, limitPages);
  const { exports } = view;
  if (exports.pn_web_layout_hash() >>> 0 !== LAYOUT_HASH) {
    throw new PennyError(
      'PENNY_EVERSION',
      'the wasm module is of another version of Penny than the page: rebuild it',
    );
  }
  const { maximumBytes } = view;
  const error =
    exports.pn_web_create(maximumBytes, workers, maxWorkers, cores, testIndexBase, stackBytes) ||
    (traceBytes && exports.pn_web_trace(TRACE_EVENTS));
  if (error) throw errorOf(view, error);
  view.module = module.bytes ?? module;
  return view;
}

/* ---- workers ---- */

export const workerBlock = (view, id) =>
  view.get(view.exports.pn_web_control() + CONTROL_WORKER_BASE) + id * WORKER_BYTES;

function makeWorker({ worker, name, host }, id) {
  let made;
  try {
    made = worker ? worker(id) : host.makeWorker(name ?? `penny-${id}`);
  } catch (cause) {
    throw errorFor('ESTART', 'a worker could not be made', cause);
  }
  want(typeof made?.postMessage === 'function' && !given.has(made), WORKER);
  given.add(made);
  return host.face(made);
}

/**
 * Makes the workers at once, before anything else is loaded: they take longest. `attach(core)`
 * sends each what it needs, again when its file says that it listens only now, and waits for all;
 * afterwards `on` may have ring(), left(), gone(id, message) and error(id, message, cause) for what
 * they say.
 */
export function makeWorkers(options) {
  const list = [];
  const answers = [];
  let lost; // who was ready and has ended before there was a pool
  const on = {
    gone(id) {
      lost = id;
    },
  };
  const watching = new AbortController();
  const end = () => {
    watching.abort();
    for (const worker of list) worker?.terminate();
  };

  const make = (id) => {
    const worker = makeWorker(options, id);
    list[id] = worker;
    const answer = new Promise((resolve, reject) => {
      const fail = (text, cause) => {
        reject(new PennyError('PENNY_ESTART', `worker ${id}: ${text}`, { cause }));
        on.error?.(id, text, cause);
      };
      const { signal } = watching;
      const onEnd = () => {
        if (signal.aborted || list[id] !== worker) return;
        reject(new PennyError('PENNY_ESTART', `worker ${id} ended itself`));
        on.gone?.(id, 'was ended');
      };
      worker.onexit = onEnd;
      worker.onmessage = ({ data }) => {
        const { penny, names, lock, code, message, cause } = data ?? {};
        if (penny === 'ready') {
          options.host.watch(worker, lock, signal, onEnd);
          resolve(names);
        } else if (penny === 'failed') {
          reject(new PennyError(code ?? 'PENNY_ESTART', `worker ${id}: ${message}`, { cause }));
        } else if (penny !== 'gone' || list[id] === worker) on[penny]?.(id, message);
      };
      worker.onerror = (event) => {
        const { message, filename, lineno, error } = event;
        event.preventDefault?.();
        const where = filename ? ` (${filename}:${lineno})` : '';
        const why = message ? message + where : UNSAID;
        fail(`could not load or failed: ${why}`, error);
      };
      worker.onmessageerror = () => fail('sent what cannot be read');
    });
    // Whoever attaches sees it.
    answer.catch(() => {});
    answers[id] = answer;
  };

  /** Sends a worker all it needs; resolves with the names of its tasks. */
  const send = (view, id) => {
    const block = workerBlock(view, id);
    const bottom = view.get(block + WORKER_STACK);
    list[id]?.postMessage({
      penny: VERSION,
      hash: LAYOUT_HASH,
      module: view.module,
      memory: view.memory,
      id,
      debug: options.debug,
      block,
      stack: { top: bottom + options.stackBytes, bottom },
      tasks: options.tasks && String(new URL(options.tasks, options.host.base())),
    });
    return answers[id];
  };

  try {
    for (let id = 0; id < options.workers; id++) make(id);
  } catch (error) {
    end();
    throw error;
  }
  return {
    list,
    on,
    end,
    async attach(core) {
      on.here = (id) => send(core, id);
      const names = await Promise.all(list.map((_, id) => send(core, id)));
      if (lost >= 0) throw new PennyError('PENNY_ESTART', `worker ${lost} ended itself`);
      if (names.every((other) => String(other) === String(names[0]))) return names[0];
      throw new PennyError(
        'PENNY_EVERSION',
        'the workers have different tasks: reload, one file is stale',
      );
    },
    replace(core, id) {
      make(id);
      return send(core, id);
    },
  };
}
