// measure.js: runs one workload against its serial twin: on a pool of one worker in turn with the twin (so that a noisy moment
// meets both), then on the pool of all. Every answer is checked; the figures are medians.
import { release } from './workloads.js';

const ENOUGH_MS = 600;
const MAX_RUNS = 5;

export function median(values) {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** One run of 'serial' or 'penny': { ms, ok }. */
export async function runOnce(pool, workload, state, variant) {
  await workload.reset?.(pool, state);
  const [task, args] = workload[variant](state);
  const start = performance.now();
  const result = await pool.call(task, args);
  const ms = performance.now() - start;
  return { ms, ok: await workload.check(pool, state, result) };
}

export function countSteals(pool) {
  return pool.stats().workers.reduce((sum, { steals }) => sum + steals, 0);
}

/** Browsers compile a function well only after it has run a while: small runs first, not counted. */
async function warm(pool, workload, assets, variants) {
  const state = await workload.setup(pool, workload.sizes.quick, assets);
  try {
    for (let run = 0; run < 3; run++)
      for (const variant of variants) await runOnce(pool, workload, state, variant);
  } finally {
    release(pool, state);
  }
}

/** Alternates the variants until each has been measured long enough; { serial?: [ms], penny: [ms], ok }. */
async function measureOn(pool, workload, state, variants, onRun) {
  const times = Object.fromEntries(variants.map((variant) => [variant, []]));
  let ok = true;
  for (let run = 0, spent = 0; run < MAX_RUNS && (run < 2 || spent < ENOUGH_MS); run++) {
    for (const variant of variants) {
      const end = onRun(variant);
      const outcome = await runOnce(pool, workload, state, variant);
      ok &&= outcome.ok;
      times[variant].push(outcome.ms);
      end(median(times[variant]));
      spent += outcome.ms / variants.length;
    }
  }
  return { ...times, ok };
}

/**
 * @param {object} given
 * @param {object} given.workload one of workloads.js
 * @param {object} given.size one of its sizes
 * @param {Pool} given.onePool @param {Pool} given.allPool
 * @param {object} given.assets of openAssets
 * @param {(bar: 'serial' | 'one' | 'all') => (medianMs: number) => void} given.onRun called as a run begins; what it returns, as it ends
 * @param {(pool, state, run: () => Promise) => Promise} [given.show] gets the all-worker state before measuring, to run it in sight
 * @returns {Promise<{ ok, serialMs, oneMs, allMs, speedup, steals, samples }>}
 */
export async function measure({ workload, size, onePool, allPool, assets, onRun, show }) {
  await warm(onePool, workload, assets, ['serial', 'penny']);
  let state = await workload.setup(onePool, size, assets);
  let first;
  try {
    first = await measureOn(onePool, workload, state, ['serial', 'penny'], (variant) =>
      onRun(variant === 'serial' ? 'serial' : 'one'),
    );
  } finally {
    release(onePool, state);
  }

  state = await workload.setup(allPool, size, assets);
  let second;
  let steals;
  try {
    // In sight first: painting takes time from the workers, so that run is not counted.
    const unseen = () => runOnce(allPool, workload, state, 'penny');
    if (show) await show(allPool, state, unseen);
    else await unseen();
    const before = countSteals(allPool);
    second = await measureOn(allPool, workload, state, ['penny'], () => onRun('all'));
    steals = Math.round((countSteals(allPool) - before) / second.penny.length);
  } finally {
    release(allPool, state);
  }

  const serialMs = median(first.serial);
  const allMs = median(second.penny);
  return {
    ok: first.ok && second.ok,
    serialMs,
    oneMs: median(first.penny),
    allMs,
    speedup: serialMs / allMs,
    steals,
    samples: { serial: first.serial, one: first.penny, all: second.penny },
  };
}
