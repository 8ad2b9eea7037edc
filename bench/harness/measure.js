// measure.js: measures variants of one problem against each other: each is warmed up until its times are steady, then they take
// turns, round by round, in an order that rotates, so that a noisy moment meets all of them. Runs in a page and in Node.
//
// A variant is { variant, workers, input?, metric?, open() }; open resolves to { sample(), close() }; sample checks its answer
// (it throws WrongAnswer) and resolves to { metric: value, ... }. One that fails or hangs is reported as failed and left out of
// the rounds that follow.

export const units = {
  ms: 'ms',
  serial_ms: 'ms',
  stall_ms: 'ms',
  us: 'us',
  ns_per_spawn: 'ns',
  tasks_per_s: '1/s',
  bytes: 'bytes',
  t1_over_ts: 'ratio',
  speedup: 'ratio',
  over_bound: 'ratio',
  tasks: 'count',
  chain: 'count',
  span_ms: 'ms',
  spans_above: 'ratio',
};

export class WrongAnswer extends Error {
  name = 'WrongAnswer';
}

/** Throws WrongAnswer unless the two are the same value. */
export function expect(given, wanted, what) {
  if (!Object.is(given, wanted)) throw new WrongAnswer(`${what} gave ${given}, not ${wanted}`);
}

export function median(values) {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** Rejects after `seconds`: no peer may hang the run. */
export async function within(seconds, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    const end = () => reject(new Error(`${what}: no answer in ${seconds} s`));
    timer = setTimeout(end, seconds * 1000);
  });
  // What loses the race may still reject: nobody else listens.
  promise.catch(() => {});
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** One result as the report has it (../README.md), without the engine. */
export function result({ variant, workers, input }, problem, metric, runs) {
  return {
    problem,
    ...(input && { input }),
    variant,
    workers,
    metric,
    unit: units[metric],
    median: median(runs),
    min: Math.min(...runs),
    max: Math.max(...runs),
    runs,
  };
}

const failed = (given, problem, error) => ({
  ...result(given, problem, given.metric ?? 'ms', []),
  ...{ median: null, min: null, max: null },
  error: `failed: ${error?.message ?? error}`,
  ...(error instanceof WrongAnswer && { isWrong: true }),
});

// Two runs in a row that differ by less than this are steady.
const STEADY = 0.1;

/**
 * A variant's turn: one run, or as many as fit into `turnMs`, of which the one in the middle counts.
 * The first of them comes after a pause, while others had the cores, and may take twice as long as the rest.
 */
async function turn(opened, turnMs) {
  const end = performance.now() + turnMs;
  const runs = [];
  do runs.push(await opened.sample());
  while (performance.now() < end);
  const [metric] = Object.keys(runs[0]);
  return runs.sort((one, other) => one[metric] - other[metric])[runs.length >> 1];
}

/** What runs when: the samples of each variant, by metric, or its error. */
async function collect(variants, { rounds, warmups, seconds, totalSeconds, turnMs = 0, say }) {
  const began = performance.now();
  const isLate = () => performance.now() - began > totalSeconds * 1000;
  const states = variants.map((given) => ({ given, samples: [], error: undefined, spentMs: 0 }));
  // One that is far slower than the others has fewer rounds, so that they have theirs.
  const isDone = ({ samples, spentMs }) =>
    samples.length > 1 && spentMs > (2 * totalSeconds * 1000) / variants.length;
  const live = () => states.filter((state) => !state.error && !isDone(state));
  const attempt = async (state, what, action) => {
    const start = performance.now();
    try {
      return await within(seconds, `${state.given.variant}: ${what}`, action());
    } catch (error) {
      state.error = error;
      say(`${state.given.variant}: ${what} failed: ${error?.message ?? error}`);
      return undefined;
    } finally {
      state.spentMs += performance.now() - start;
    }
  };
  for (const state of states) {
    state.opened = await attempt(state, 'start', () => state.given.open());
    let last;
    for (let count = 0; count < warmups && !state.error; count++) {
      const sample = await attempt(state, 'warm-up', () => turn(state.opened, turnMs));
      if (!sample) break;
      const [value] = Object.values(sample);
      if (last && Math.abs(value - last) < STEADY * last) break;
      last = value;
    }
  }
  for (let round = 0; round < rounds && (round < 1 || !isLate()); round++) {
    const order = live();
    for (let idx = 0; idx < order.length; idx++) {
      const state = order[(idx + round) % order.length];
      const sample = await attempt(state, 'run', () => turn(state.opened, turnMs));
      if (sample) state.samples.push({ round, ...sample });
    }
  }
  for (const state of states) {
    if (!state.opened) continue;
    // A pool that hangs has failed its runs already; its end is not what is measured.
    await within(5, 'close', Promise.resolve(state.opened.close?.())).catch((error) =>
      say(`${state.given.variant}: ${error.message}`),
    );
  }
  return states;
}

/**
 * The results of a problem. `twin` names the variant that speed-ups are against, in the same round;
 * its `ms` become `serial_ms`.
 */
export async function compare(problem, all, options) {
  const { twin, more, only } = options;
  const variants = only ? all.filter(({ variant }) => only.includes(variant)) : all;
  const results = [];
  const states = await collect(variants, options);
  const base = states.find(({ given }) => given.variant === twin);
  for (const { given, samples, error } of states) {
    if (samples.length === 0) {
      results.push(failed(given, problem, error ?? new Error('no run')));
      continue;
    }
    const against = (sample) => base?.samples.find(({ round }) => round === sample.round);
    const rows = samples.map(({ round, ...sample }) => {
      const other = base && against({ round });
      if (given.variant === twin && sample.ms !== undefined) {
        const { ms, ...others } = sample;
        return { serial_ms: ms, ...others };
      }
      const isRatio = other && sample.ms > 0 && other.ms > 0;
      const speedup = isRatio ? { speedup: other.ms / sample.ms } : {};
      return { ...sample, ...speedup, ...(isRatio && more?.(sample, other, given)) };
    });
    for (const metric of new Set(rows.flatMap((row) => Object.keys(row)))) {
      const runs = rows.map((row) => row[metric]).filter((value) => value !== undefined);
      const one = result(given, problem, metric, runs);
      // It began well and failed later: the figures stand, and so does the failure.
      if (error) one.error = `failed: ${error?.message ?? error}`;
      if (error instanceof WrongAnswer) one.isWrong = true;
      results.push(one);
    }
  }
  return results;
}

/** The longest tasks of this thread from now until the function it gives is called. */
export function probeStalls() {
  const channel = new MessageChannel();
  let longest = 0;
  let isOn = true;
  let last = performance.now();
  channel.port1.onmessage = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (isOn) channel.port2.postMessage(0);
  };
  channel.port2.postMessage(0);
  return () => {
    isOn = false;
    // What has lasted since the last message counts, too.
    longest = Math.max(longest, performance.now() - last);
    channel.port1.close();
    return longest;
  };
}

/** A small generator (mulberry32): the same input on every engine. */
export function random(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let z = Math.imul(state ^ (state >>> 15), 1 | state);
    z = (z + Math.imul(z ^ (z >>> 7), 61 | z)) ^ z;
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
}
