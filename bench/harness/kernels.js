// kernels.js: the C problems (web/workloads.js, ../problems.js) on pools of 1, 2, 4 and 8 workers against their serial twins.
import { release, workloads } from '../../web/workloads.js';
import { problems } from '../problems.js';
import { compare, WrongAnswer } from './measure.js';

// What a loop's grain is chosen from, where it is tuned by hand.
const GRAINS = [64, 256, 1024, 4096, 16384, 65536];

const once = (pool, workload, state, form, grain) => together(pool, workload, [state], form, grain);

/** Runs once on each of the states, side by side: the milliseconds of all. */
async function together(pool, workload, states, form, grain) {
  for (const state of states) await workload.reset?.(pool, state);
  const calls = states.map((state) => workload[form](state, grain));
  const began = performance.now();
  const values = await Promise.all(calls.map(([task, args]) => pool.call(task, args)));
  const ms = performance.now() - began;
  for (let idx = 0; idx < states.length; idx++) {
    if (!(await workload.check(pool, states[idx], values[idx])))
      throw new WrongAnswer(`${workload.name}, ${form}: wrong answer`);
  }
  return ms;
}

/** Variants share a pool where they have the same number of workers: the last to close ends it. */
function shared(env, workload, size, workers) {
  let users = 0;
  let opened;
  return {
    open() {
      users++;
      opened ??= (async () => {
        const { pool, end } = await env.penny({ workers });
        return { pool, end, state: await workload.setup(pool, size, await env.assets()) };
      })();
      return opened;
    },
    async close() {
      if (--users > 0) return;
      const { pool, end, state } = await opened;
      release(pool, state);
      await end();
    },
  };
}

/** The grain whose better run of two is the fastest. */
async function tune(pool, workload, state) {
  let best = { ms: Infinity };
  for (const grain of GRAINS) {
    for (let run = 0; run < 2; run++) {
      const ms = await once(pool, workload, state, 'grain', grain);
      if (ms < best.ms) best = { ms, grain };
    }
  }
  return best.grain;
}

function kernel(workload) {
  return async (env) => {
    const size = workload.sizes[env.isQuick ? 'quick' : 'full'];
    const counts = [...new Set(env.isQuick ? [1, env.workers] : [1, env.workers, 2, 4, 8])];
    const sources = new Map(counts.map((count) => [count, shared(env, workload, size, count)]));
    const variantOf = (variant, workers, forms) => ({
      variant,
      workers,
      input: size.input,
      async open() {
        const source = sources.get(workers);
        const { pool, state } = await source.open();
        const grain = forms[0] === 'grain' ? await tune(pool, workload, state) : undefined;
        return {
          async sample() {
            const times = [];
            for (const form of forms) times.push(await once(pool, workload, state, form, grain));
            return { ms: Math.min(...times) };
          },
          close: source.close,
        };
      },
    });
    const twins = workload.plain ? ['serial', 'plain'] : ['serial'];
    // What the machine has for this problem: the twin on every worker at once, each on an input of its own; the time by
    // the number of them. Its speed-up is a scheduler's that costs nothing, where sharing an input saves no memory traffic.
    const copies = {
      variant: 'serial-copies',
      workers: env.workers,
      input: size.input,
      async open() {
        const { pool, end } = await env.penny({ workers: env.workers });
        const states = [];
        try {
          for (let idx = 0; idx < env.workers; idx++)
            states.push(await workload.setup(pool, size, await env.assets()));
        } catch (error) {
          await end();
          throw error;
        }
        return {
          async sample() {
            const times = [];
            for (const form of twins) times.push(await together(pool, workload, states, form));
            return { ms: Math.min(...times) / states.length };
          },
          close: end,
        };
      },
    };
    const variants = [
      // The faster of the twin's forms, where it has two.
      variantOf('serial', 1, twins),
      ...(env.workers > 1 ? [copies] : []),
      ...counts.map((count) => variantOf('penny-c', count, ['penny'])),
      ...(workload.grain ? [variantOf('penny-c-grain', env.workers, ['grain'])] : []),
    ];
    const more = (sample, twin, { workers }) =>
      workers === 1 && {
        t1_over_ts: sample.ms / twin.ms,
        ...(size.spawns && { ns_per_spawn: ((sample.ms - twin.ms) * 1e6) / size.spawns }),
      };
    return compare(workload.name, variants, { ...env.method, twin: 'serial', more });
  };
}

export const kernels = [...workloads, ...problems].map((workload) => ({
  name: workload.name,
  run: kernel(workload),
}));
