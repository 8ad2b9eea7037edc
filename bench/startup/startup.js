// startup.js: from nothing to a pool that has answered on every worker, against bare workers that only say that they are there.
import { compare } from '../harness/measure.js';

export function startup(env) {
  const { workers } = env;
  const variantOf = (variant, open) => ({
    variant,
    workers,
    open: async () => ({
      async sample() {
        const began = performance.now();
        const { end, ready } = await open();
        await ready?.();
        const ms = performance.now() - began;
        await end();
        return { ms };
      },
    }),
  });
  // A pool that starts its workers late has them only after each had a task.
  const ready = (run) => () => Promise.all(Array.from({ length: workers }, () => run('tiny', [1])));
  const variants = [
    variantOf('bare-workers', async () => {
      const list = Array.from({ length: workers }, () => env.makeWorker('bare'));
      await Promise.all(list.map((worker) => new Promise((done) => worker.onMessage(done))));
      return { end: () => Promise.all(list.map((worker) => worker.end())) };
    }),
    // Without C tasks of one's own, as the JavaScript pools are without any: with the module that Penny has inside.
    variantOf('penny-js', () => env.penny({ wasm: null })),
    ...env.peers.map((name) =>
      variantOf(name, async () => {
        const peer = await env.peer(name, { warm: false });
        return { end: peer.end, ready: ready(peer.run) };
      }),
    ),
  ];
  return compare('startup', variants, { ...env.method, rounds: env.isQuick ? 3 : 11 });
}
