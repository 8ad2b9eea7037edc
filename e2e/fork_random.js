// fork_random.js: random fork-join programs: what they give follows from their seed alone, on any number of workers and outside of
// a pool. Every kind of handle is in them: joined in any order, twice, never, after an error, with any number of arguments,
// and such as cannot be sent.
import { invoke, parallelFor, reduce, spawn } from '/js-glue/worker.js';

function generator(seed) {
  let state = seed | 1;
  return (count) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % count;
  };
}

/** Fails with its argument, below `depth` more tasks that leave handles behind. */
export function failBelow(number, depth) {
  const left = [spawn(leaf, number), spawn(leaf, number, 1)];
  if (depth === 0) throw Object.assign(new RangeError(`it is ${number}`), { number });
  const value = spawn(failBelow, number, depth - 1).join();
  return value + left.length;
}

export const leaf = (seed, ...rest) => (seed ^ rest.length) & 1023;

const numberOf = (value) => (typeof value === 'number' ? value : value.list[0]);
const extraOf = (extra) => (typeof extra === 'function' ? extra() : (extra?.list.length ?? 1));

function joinOne(handle) {
  try {
    return numberOf(handle.join());
  } catch (error) {
    // Not one of ours: let it be seen.
    if (error.number === undefined) throw error;
    return error.number;
  }
}

/** A tree of tasks below `depth`; half of them give an object. */
export function program(seed, depth, extra, ...rest) {
  const next = generator(seed);
  let sum = extraOf(extra) + rest.length;
  const add = (value) => {
    sum = (Math.imul(sum, 31) + value) | 0;
  };
  const handles = [];
  const joined = [];
  for (let steps = depth > 0 ? 2 + next(7) : 0; steps > 0; steps--) {
    const child = next(2 ** 30);
    const kind = next(11);
    if (kind === 0) add(numberOf(program(child, depth - 1)));
    else if (kind < 3) handles.push(spawn(program, child, depth - 1));
    else if (kind === 3) handles.push(spawn(program, child, depth - 1, { list: [1, 2] }));
    else if (kind === 4) handles.push(spawn(program, child, depth - 1, undefined, 'x', child));
    // A function cannot be sent: it stays.
    else if (kind === 5) handles.push(spawn(program, child, depth - 1, () => 7));
    else if (kind === 6) handles.push(spawn(failBelow, child & 255, next(3)));
    else if (kind === 7) spawn(leaf, child, 1, 2, 3, 4);
    else if (kind === 8) for (let n = next(40); n > 0; n--) add(spawn(leaf, child, n).join());
    else if (handles.length > 0) {
      const at = kind === 9 ? handles.length - 1 : next(handles.length);
      const [handle] = handles.splice(at, 1);
      joined.push(handle);
      add(joinOne(handle));
    } else if (joined.length > 0) add(joinOne(joined[next(joined.length)]));
  }
  while (handles.length > 0) add(joinOne(handles.splice(next(handles.length), 1)[0]));
  for (const handle of joined) add(joinOne(handle));
  return seed & 1 ? { list: [sum] } : sum;
}

export const failPlainly = (number) => {
  throw number;
};
/** Joins all but one, which fails, in any order. */
export function leaveOne(seed) {
  const next = generator(seed);
  const bad = next(5);
  const handles = [];
  for (let n = 0; n < 5; n++) {
    if (n !== bad) handles.push(spawn(row, 50));
    else if (seed & 1) spawn(failPlainly, seed);
    else spawn(failBelow, seed, 0);
  }
  while (handles.length > 0) handles.splice(next(handles.length), 1)[0].join();
}
/** How many of so many tasks did not fail by the handle that they left. */
export function countLost(count) {
  let lost = 0;
  for (let seed = 1; seed <= count; seed++) {
    try {
      spawn(leaveOne, seed).join();
      lost++;
    } catch (error) {
      if ((error.number ?? error) !== seed) throw error;
    }
  }
  return lost;
}

/** More handles open at once than there is room for, joined in both orders. */
export function crowd(count) {
  const handles = Array.from({ length: count }, (_, n) => spawn(leaf, n));
  let sum = 0;
  for (let n = 0; n < count; n += 2) sum += handles[n].join();
  for (let n = count - 1; n >= 0; n--) sum += handles[n].join();
  return sum;
}

/** As many spawns in one frame, each joined at once. */
export function row(count) {
  let sum = 0;
  for (let n = 0; n < count; n++) sum += spawn(leaf, n).join();
  return sum;
}

const failPart = (low) => {
  throw new RangeError(`part ${low}`);
};
export const failingPart = failPart;
export const failingCall = (n) => failPart(n);
export const addUp = (a, b) => a + b;
/** Loops whose error the task catches: it is no failure of the task. */
export function caught() {
  const what = [
    () => parallelFor(failingPart, 0, 4, { grain: 1 }),
    () => reduce(failingPart, 0, 4, { combine: addUp, grain: 1 }),
    () => invoke([failingCall, 1], [failingCall, 2]),
  ];
  return what.map((run) => {
    try {
      return run();
    } catch (error) {
      return error.constructor.name;
    }
  });
}
