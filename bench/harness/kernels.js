// kernels.js: the C workloads (web/workloads.js) on pools of 1, 2, 4 and 8 workers against their serial twins.
import { release, workloads } from '../../web/workloads.js';
import { compare, WrongAnswer } from './measure.js';

async function once(pool, workload, state, form) {
  await workload.reset?.(pool, state);
  const [task, args] = workload[form](state);
  const began = performance.now();
  const value = await pool.call(task, args);
  const ms = performance.now() - began;
  if (!(await workload.check(pool, state, value)))
    throw new WrongAnswer(`${workload.name}, ${form}: wrong answer`);
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
        return {
          async sample() {
            const times = [];
            for (const form of forms) times.push(await once(pool, workload, state, form));
            return { ms: Math.min(...times) };
          },
          close: source.close,
        };
      },
    });
    const variants = [
      // The faster of the twin's forms, where it has two.
      variantOf('serial', 1, workload.plain ? ['serial', 'plain'] : ['serial']),
      ...counts.map((count) => variantOf('penny-c', count, ['penny'])),
    ];
    const more = (sample, twin, { workers }) =>
      workers === 1 && {
        t1_over_ts: sample.ms / twin.ms,
        ...(size.spawns && { ns_per_spawn: ((sample.ms - twin.ms) * 1e6) / size.spawns }),
      };
    return compare(workload.name, variants, { ...env.method, twin: 'serial', more });
  };
}

export const kernels = workloads.map((workload) => ({
  name: workload.name,
  run: kernel(workload),
}));
