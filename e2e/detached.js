// detached.js: the JavaScript tasks of detached.test.js: async tasks that spawn others.
import {
  array,
  currentTask,
  progress,
  spawn,
  throwIfCancelled,
  workerId,
} from '../js-glue/worker.js';

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const spin = (ms) => {
  for (const end = performance.now() + ms; performance.now() < end; );
};
export const later = async (ms, value) => {
  await sleep(ms);
  return value;
};
export const makes = (length, value) => array(Float64Array, length).fill(value);
/** Two arrays of children; `ms`: spawned after an await that says nothing of who spawns. */
export const makesInChildren = async (length, ms) => {
  if (ms) await sleep(ms);
  const one = await spawn(makes, length, 7);
  const two = await spawn(makes, length, 9);
  return { sum: one[0] + one[length - 1] + two[0] + two[length - 1], one: ms ? undefined : one };
};
export const awaitsLater = async (ms) => spawn(later, ms);
export const tells = () => progress('from below');
export const childTells = async () => {
  await spawn(tells);
  await sleep(40);
};

/** Polls, or not, until its end is wanted; says so in `flag`. */
export const goesOn = (flag, polls) => {
  Atomics.store(flag, 0, 1);
  try {
    for (;;) polls && throwIfCancelled();
  } finally {
    Atomics.store(flag, 0, 2);
  }
};
const below = async (flag, polls, depth) =>
  depth ? spawn(nests, flag, polls, depth - 1) : spawn(goesOn, flag, polls);
export async function nests(flag, polls, depth) {
  return await below(flag, polls, depth);
}

export const counts = (ended, ms) => {
  spin(ms);
  throwIfCancelled();
  return Atomics.add(ended, 0, 1);
};
export const give = (value) => [value];
/**
 * Spawns `count` tasks, tells its worker in words[0] and waits, with its whole worker, until words[1]
 * is set; then awaits them all.
 */
export const spawnsAndBlocks = async (words, count) => {
  const handles = Array.from({ length: count }, (_, n) => spawn(give, n));
  Atomics.store(words, 0, workerId() + 1);
  while (!Atomics.load(words, 1)) spin(0.1);
  const ends = [];
  for (const handle of handles) {
    ends.push(
      await handle.then(
        ([value]) => value,
        (error) => error.code,
      ),
    );
  }
  return ends;
};
/** Keeps its worker busy, and tells which in words[1 + its number]. */
export const holds = (words) => {
  Atomics.store(words, 2, workerId() + 1);
  while (!Atomics.load(words, 1)) spin(0.1);
};
/** Its children wait behind others; it is told in words[0] on which worker it is. */
export const spawnsMany = async (words, ended, count, ms) => {
  const handles = Array.from({ length: count }, () => spawn(counts, ended, ms));
  Atomics.store(words, 0, workerId() + 1);
  for (const handle of handles) await handle;
};
/** Waits for a child that waits on another worker than its own. */
export const waitsElsewhere = async (words) => {
  Atomics.store(words, 0, workerId() + 1);
  const child = spawn(tellsAndWaits, words);
  while (!Atomics.load(words, 2)) spin(0.1); // the other worker takes it
  return child.then(
    () => 'never',
    (error) => error.code,
  );
};
export const tellsAndWaits = async (words) => {
  Atomics.store(words, 2, workerId() + 1);
  await sleep(20_000);
};
export const stamp = (clock) => Atomics.load(clock, 0);
/** What a child that is spawned after an await sees of a clock that other tasks advance. */
export const spawnsAfterAwait = async (clock) => {
  await spawn(stamp, clock);
  const before = Atomics.load(clock, 0);
  return (await spawn(stamp, clock)) - before;
};
export const advances = (clock) => {
  spin(1);
  Atomics.add(clock, 0, 1);
};

const channel = new MessageChannel();
const waiting = [];
channel.port1.onmessage = () => waiting.shift()();
const message = () =>
  new Promise((done) => {
    waiting.push(done);
    channel.port2.postMessage(0);
  });
/** Comes back with every message, for ever, and uses the pool then, each in its own way. */
export const uses = async (how) => {
  const task = currentTask();
  for (let turn = 0; ; turn++) {
    await message();
    if (how === 'progress') task.progress({ turn });
    else if (how === 'spawn') spawn(later, 0).then(null, () => {});
    else if (how === 'array' && turn < 1000) task.array(Int32Array, 100);
    else if (how === 'poll') task.throwIfCancelled();
  }
};
/** Keeps its task; later ones try to use it. */
let kept;
export const keepsTask = (flag) => {
  kept = currentTask();
  if (flag) Atomics.store(flag, 0, workerId() + 1);
};
export const usesKept = () => {
  if (!kept) return 'none';
  kept.progress(1);
  try {
    kept.array(Int32Array, 1);
  } catch ({ code }) {
    return `${code} ${kept.isCancelled()}`;
  }
};
/** Spawns that, and joins it when another worker has taken it. */
export const keepsStolen = (flag) => {
  const handle = spawn(keepsTask, flag);
  while (!Atomics.load(flag, 0)) spawn(nothing).join();
  handle.join();
};
export const nothing = () => {};

const inner = async (n, counter) => {
  await spawn(later, 5);
  for (let at = 0; at < n; at++) spawn(addsOne, counter);
  return await spawn(fib, n);
};
export const addsOne = (counter) => {
  Atomics.add(counter, 0, 1);
};
export function fib(n) {
  if (n < 2) return n;
  const right = spawn(fib, n - 2);
  return fib(n - 1) + right.join();
}
/** Async, but it does not look so, as where `async` was compiled down. */
export const looksPlain = (n, counter) => inner(n, counter);

/** Goes on for a while, and says that it has begun, and ended, whoever waits. */
export const writes = async (flag, ms) => {
  Atomics.store(flag, 0, 2);
  for (const end = performance.now() + ms; performance.now() < end; ) await sleep(1);
  Atomics.store(flag, 0, 1);
};
const failed = () => {
  throw new RangeError('the parent fails');
};
export const failsAbove = async (flag, ms) => {
  spawn(writes, flag, ms);
  if (ms > 50) await sleep(1);
  failed();
};
export const failsPlainlyAbove = (flag, ms) => {
  spawn(writes, flag, ms);
  failed();
};

const refused = {
  get x() {
    throw { f() {} };
  },
};
export const givesWhatThrows = async () => refused;
export const failsBy = (name, message) => {
  class InternalError extends Error {}
  throw Object.assign(new InternalError(message), { name, status: 500 });
};

/** Ends its worker while another one runs what it has spawned. */
export const losesStolen = (flag) => {
  spawn(givesText, flag);
  while (!Atomics.load(flag, 0)) spawn(nothing).join();
  close();
};
export const givesText = (flag) => {
  Atomics.store(flag, 0, 1);
  for (const end = performance.now() + 30; performance.now() < end; );
  return 'text '.repeat(10_000);
};

export function* catches() {
  const thenable = {};
  // biome-ignore lint/suspicious/noThenProperty: that is what it is about.
  thenable.then = () => {
    throw new RangeError('then() threw');
  };
  try {
    yield thenable;
  } catch ({ message }) {
    return message;
  }
}
