// worker.js: the worker's side: attaches to the memory that the page sends once, then runs tasks
// for ever. Importing it outside of a pool does nothing but let `spawn` and the others run serially.
import * as loops from './builtin.js';
import { decode } from './codec.js';
import { instantiate } from './enter.js';
import * as entries from './entries.js';
import { errorFor, errorOf, PennyError, sleep, wantClasses } from './errors.js';
import { LAYOUT_HASH, SLEEPING, WORKER_STATE } from './layout.gen.js';
import { MemoryView } from './memory.js';
import { openPort } from './port.js';
import * as core from './spawn.js';

// What pn_web_run gives (src/port_web.c).
const LEFT = 0;
const ASLEEP = 2;
const LEAVING = 4;
const ENOMEM = -1;
const TURN_MS = 4;
// Where a turn was shorter than this, the next has up to ROW tasks: a turn costs 0.3 us, most of it for the clock.
const SHORT_MS = 0.05;
const ROW = 4;

// One runtime a worker, even when this file is loaded twice: the first copy's.
globalThis[Symbol.for('penny.worker')] ??= {
  ...{ serve: serveTasks, tasks: {}, errors: [] },
  ...{ invoke: loops.invoke, parallelFor: loops.parallelFor, reduce: loops.reduce },
  ...{
    spawn: core.spawn,
    workerId: entries.workerId,
    array: entries.array,
    progress: entries.progress,
  },
  ...{ currentTask: entries.currentTask, isCancelled: entries.isCancelled },
  throwIfCancelled: entries.throwIfCancelled,
};
const shared = globalThis[Symbol.for('penny.worker')];
export const { serve, spawn, workerId, array, progress, currentTask, isCancelled } = shared;
export const { throwIfCancelled, invoke, parallelFor, reduce } = shared;

/**
 * Makes the functions of `tasks` callable by pool.run, and starts this worker. Call it once, at the
 * top level of the worker's file.
 */
function serveTasks(tasks = {}, { errors = [] } = {}) {
  wantClasses(errors);
  Object.assign(shared.tasks, tasks);
  shared.errors.push(...errors);
  if (shared.port) return;
  const port = openPort();
  if (!port) return;
  shared.port = port;
  // Held until this worker ends, however it ends: whoever asks for it next is told so.
  const lock = `penny-${Math.random()}`;
  const isHeld = new Promise((resolve) => {
    const hold = () => {
      resolve();
      return new Promise(() => {});
    };
    // Without locks nothing is held.
    globalThis.navigator?.locks?.request(lock, hold).catch(resolve) ?? resolve();
  });
  let isStarted;
  // It stays: without a listener a thread of Node ends when it sleeps in its event loop.
  port.addEventListener('message', ({ data }) => {
    if (!data?.penny) return;
    shared.wake?.();
    if (data.penny === 'ping') port.postMessage({ penny: 'pong' });
    else if (data.penny === 'lost') entries.lost(data.message);
    else if (data.penny === 'carry') entries.carry(data.message, data.objects);
    else if (!isStarted) {
      isStarted = true;
      start(data, lock, isHeld).catch((error) => tell('failed', error));
    }
  });
  // A file that awaits before it serves has missed what was sent meanwhile. (What waits in the port comes before this.)
  setTimeout(() => isStarted || port.postMessage({ penny: 'here' }));
}

// Plain values only: the page's file may be of another version.
const tell = (penny, error) =>
  shared.port.postMessage({
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

async function start(message, lock, isHeld) {
  if (message.hash !== LAYOUT_HASH) {
    throw new PennyError(
      'PENNY_EVERSION',
      `the worker's file is of another version of Penny than the page's: reload`,
    );
  }
  if (message.tasks) Object.assign(shared.tasks, await load(message.tasks));
  const names = Object.keys(shared.tasks)
    .filter((name) => typeof shared.tasks[name] === 'function' && !name.startsWith('penny:'))
    .sort();
  const functions = names.map((name) => shared.tasks[name]);
  names.push(...Object.keys(loops.builtins));
  functions.push(...Object.values(loops.builtins), ...loops.helpers);
  const hooks = {
    run: entries.runRoot,
    runStolen: entries.runStolen,
    ring: () => shared.port.postMessage({ penny: 'ring' }),
  };
  const { single } = message.memory;
  let begin = instantiate;
  if (single) {
    // Without shared memory this completes the message and the hooks.
    const key = Symbol.for('penny.single');
    if (!globalThis[key]) await load(single);
    const parts = [instantiate, MemoryView, decode];
    parts.push(entries.carry, entries.countReady);
    begin = globalThis[key](message, hooks, shared, ...parts);
  }
  const view = new MemoryView(message.memory);
  const exports = begin(message.module, view, hooks, message.stack);
  // In V8 a thread that starts while another one grows the memory is not told of that: its atomics would trap above the size
  // that it knows, until the next growth. Its own growth, by nothing, makes it look.
  if (!single) view.memory.grow(0);
  if (exports.pn_web_attach(message.id)) throw errorOf(view, ENOMEM);
  const codecOptions = { errors: shared.errors, isPlaced: true };
  core.attach({
    ...message,
    isDebug: message.debug,
    fetch: (root) => shared.port.postMessage({ penny: 'fetch', message: root }),
    exports,
    view,
    functions,
    names,
    codecOptions,
  });
  // A task that ends its worker: the page has to know, and this thread may touch nothing any more.
  globalThis.close =
    hooks.close ??
    (() => {
      shared.port.postMessage({ penny: 'gone' });
      const word = new Int32Array(new SharedArrayBuffer(4));
      for (;;) Atomics.wait(word, 0, 0);
    });
  await isHeld;
  shared.port.postMessage({ penny: 'ready', names, lock });
  // In Node what tasks have printed may still be on its way, and would end with this thread.
  let looks = 200;
  const leave = () => {
    if (globalThis.process?.stdout?.writableLength && looks--) setTimeout(leave, 1);
    else shared.port.postMessage({ penny: 'left' });
  };
  loop(exports, view, message.block, hooks).then(leave, (error) => tell('gone', error));
}

/**
 * Runs what there is; between JavaScript tasks, or rows of ROW where the last turn was short and nothing is pending, promises
 * and generators get their turn, and every few milliseconds timers and messages do.
 */
async function loop(exports, view, block, { nap }) {
  const channel = new MessageChannel();
  // In WebKit messages between ports wait for the page, which may be busy.
  const word = !nap && new Int32Array(new SharedArrayBuffer(4));
  let turns = 0;
  let timer;
  const turn = () => {
    if (nap) return nap(true);
    // In Firefox and WebKit such turns come before all timers: one in eight waits for a timer, which
    // was set at the first of them and has fired where it could. And for nothing else: in WebKit timers
    // come after all messages, which would never end if each of them began a turn.
    if (++turns % 8 === 0) return timer;
    if (turns % 8 === 1) timer = sleep(0);
    if (Atomics.waitAsync) {
      const { value } = Atomics.waitAsync(word, 0, 0);
      Atomics.notify(word, 0);
      return orMessage(value);
    }
    return new Promise((resolve) => {
      channel.port1.onmessage = resolve;
      channel.port2.postMessage(0);
    });
  };
  let hasEvents = 0;
  let last = performance.now();
  let began = last;
  let row = 1;
  for (;;) {
    const outcome = exports.pn_web_run(hasEvents, entries.countReady(), row);
    if (outcome === LEFT) break;
    hasEvents = 1;
    entries.settleEnded();
    entries.runReady();
    const waits = outcome === ASLEEP || outcome === LEAVING;
    const now = performance.now();
    row = now - began < SHORT_MS ? ROW : 1;
    began = now;
    if (!waits && now - last < TURN_MS) {
      await null;
      continue;
    }
    if (outcome === ASLEEP) await (nap?.() ?? awake(view, block + WORKER_STATE));
    // Its promises are pending; nobody wakes it.
    else if (outcome === LEAVING) await sleep(TURN_MS);
    else await turn();
    last = performance.now();
  }
  entries.leave();
  channel.port1.close();
}

/** A notify may get lost in WebKit: any message from the page makes the worker look again. */
const orMessage = (promise) =>
  new Promise((resolve) => {
    shared.wake = resolve;
    Promise.resolve(promise).then(resolve);
  });

/**
 * Until the state word is no longer PN_SLEEPING (park.c: end_sleep), without blocking this thread's
 * events.
 */
async function awake(view, at) {
  while (view.get(at) === SLEEPING) {
    if (Atomics.waitAsync) await orMessage(view.atomic('waitAsync', at, SLEEPING).value);
    // Nobody can tell us: look now and then.
    else await sleep(TURN_MS);
  }
}
