// worker.js: the worker's side: attaches to the memory that the page sends once, then runs tasks
// for ever. Importing it outside of a pool does nothing.
import { builtin } from './builtin.js';
import { decodeData, encode } from './codec.js';
import { instantiate } from './enter.js';
import { errorFor, errorOf, PennyError, sleep } from './errors.js';
import { LAYOUT_HASH, ROOT_TARGET, SLEEPING, VERSION, WORKER_STATE } from './layout.gen.js';
import { MemoryView } from './memory.js';
import { openPort } from './port.js';

// What pn_web_run gives (src/port_web.c).
const LEFT = 0;
const ASLEEP = 2;
const EFAIL = -9;
const ENOMEM = -1;
const TURN_MS = 4;

// One runtime a worker, even when this file is loaded twice.
const key = Symbol.for('penny.worker');
globalThis[key] ??= { tasks: {}, isServing: false };
const runtime = globalThis[key];

/**
 * Makes the functions of `tasks` callable by pool.run, and starts this worker. Call it once, at the
 * top level of the worker's file.
 */
export function serve(tasks = {}) {
  Object.assign(runtime.tasks, tasks);
  if (runtime.isServing) return;
  const port = openPort();
  if (!port) return;
  runtime.isServing = true;
  runtime.port = port;
  let isStarted = false;
  // It stays: without a listener a thread of Node ends when it sleeps in its event loop.
  port.addEventListener('message', ({ data }) => {
    if (data?.penny === 'ping') port.postMessage({ penny: 'pong' });
    if (isStarted || !data?.penny) return;
    isStarted = true;
    start(data).catch((error) => tell('failed', error));
  });
}

// Plain values only: the page's file may be of another version.
const tell = (penny, error) =>
  runtime.port.postMessage({
    penny,
    code: error.code,
    message: String(error?.message ?? error),
    cause: error?.cause,
  });

async function load(tasks) {
  try {
    return await import(/* @vite-ignore */ /* webpackIgnore: true */ tasks);
  } catch (cause) {
    throw errorFor('ESTART', `${tasks} could not be imported`, cause);
  }
}

async function start(message) {
  if (message.penny !== VERSION || message.hash !== LAYOUT_HASH) {
    throw new PennyError(
      'PENNY_EVERSION',
      `the worker's file is of another version of Penny than the page's: reload`,
    );
  }
  if (message.tasks) Object.assign(runtime.tasks, await load(message.tasks));
  const names = Object.keys(runtime.tasks)
    .filter((name) => typeof runtime.tasks[name] === 'function')
    .sort();
  const functions = names.map((name) => runtime.tasks[name]);
  for (const [name, task] of Object.entries(builtin)) {
    names.push(name);
    functions.push((...args) => task(functions, ...args));
  }
  const view = new MemoryView(message.memory);
  const hooks = {
    run: (root) => run(view, functions, root),
    ring: () => runtime.port.postMessage({ penny: 'ring' }),
  };
  const exports = instantiate(message.module, view, hooks, message.stack);
  if (exports.pn_web_attach(message.id)) throw errorOf(view, ENOMEM);
  // A task that ends its worker: the page has to know, and this thread may touch nothing any more.
  globalThis.close = () => {
    runtime.port.postMessage({ penny: 'gone' });
    const word = new Int32Array(new SharedArrayBuffer(4));
    for (;;) Atomics.wait(word, 0, 0);
  };
  // Held until this worker ends, however it ends: whoever asks for it next is told so.
  const lock = `penny-${Math.random()}`;
  await new Promise((resolve) => {
    const hold = () => {
      resolve();
      return new Promise(() => {});
    };
    // Without locks nothing is held.
    globalThis.navigator?.locks?.request(lock, hold).catch(resolve) ?? resolve();
  });
  runtime.port.postMessage({ penny: 'ready', names, lock });
  loop(exports, view, message.block).then(
    () => runtime.port.postMessage({ penny: 'left' }),
    (error) => tell('gone', error),
  );
}

/** Runs a JavaScript task: 0 when it has ended, 1 when it goes on after this. */
function run(view, functions, root) {
  let isLate = 0;
  const finish = (error, value) => {
    let bytes;
    try {
      bytes = encode(value, view);
    } catch (reason) {
      error = EFAIL;
      bytes = encode(reason, view);
    }
    const at = view.place(bytes);
    view.exports.pn_web_result(root, at ? error : ENOMEM, at, at ? bytes.length : 0, isLate);
  };
  const succeed = (value) => finish(0, value);
  const fail = (reason) => finish(EFAIL, reason);
  try {
    const task = functions[view.get(root + ROOT_TARGET)];
    const value = task(...decodeData(view, root));
    if (typeof value?.then === 'function') {
      isLate = 1;
      value.then(succeed, fail);
    } else succeed(value);
  } catch (reason) {
    isLate = 0;
    fail(reason);
  }
  return isLate;
}

/**
 * Runs what there is; between JavaScript tasks promises get their turn, and every few milliseconds
 * timers and messages do.
 */
async function loop(exports, view, block) {
  const channel = new MessageChannel();
  // In WebKit messages between ports wait for the page, which may be busy.
  const word = new Int32Array(new SharedArrayBuffer(4));
  const turn = () => {
    if (Atomics.waitAsync) {
      const { value } = Atomics.waitAsync(word, 0, 0);
      Atomics.notify(word, 0);
      return value;
    }
    return new Promise((resolve) => {
      channel.port1.onmessage = resolve;
      channel.port2.postMessage(0);
    });
  };
  let hasEvents = 0;
  let last = performance.now();
  for (;;) {
    const outcome = exports.pn_web_run(hasEvents);
    if (outcome === LEFT) break;
    hasEvents = 1;
    if (outcome !== ASLEEP && performance.now() - last < TURN_MS) {
      await null;
      continue;
    }
    if (outcome === ASLEEP) await awake(view, block + WORKER_STATE);
    else await turn();
    last = performance.now();
  }
  channel.port1.close();
}

/**
 * Until the state word is no longer PN_SLEEPING (park.c: end_sleep), without blocking this thread's
 * events.
 */
async function awake(view, at) {
  while (view.get(at) === SLEEPING) {
    if (Atomics.waitAsync) await view.atomic('waitAsync', at, SLEEPING).value;
    // Nobody can tell us: look now and then.
    else await sleep(TURN_MS);
  }
}
