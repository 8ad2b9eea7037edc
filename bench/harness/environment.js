// environment.js: what the problems get: how to make each kind of pool, and how long to measure. `platform` is the page's or Node's.
import { start as startPenny } from '../peers/penny.js';
import { start as startPostMessage } from '../peers/postmessage.js';
import { start as startSharedQueue } from '../peers/sharedqueue.js';
import { problems } from './problems.js';

const methods = {
  full: { rounds: 7, warmups: 6, seconds: 60, totalSeconds: 90, turnMs: 50 },
  quick: { rounds: 3, warmups: 2, seconds: 10, totalSeconds: 10 },
};

/** `variants` names the only ones to measure, where not all are wanted. */
export function environment(platform, { workers, isQuick, variants }) {
  const base = { ...platform, workers };
  return {
    workers,
    isQuick,
    assets: platform.assets,
    makeWorker: platform.makeWorker,
    // By their package's names; what a page would do without a package is one of them.
    peers: [...Object.keys(platform.loaders), 'postmessage'],
    penny: (given) => startPenny({ ...base, ...given }),
    sharedQueue: (given) => startSharedQueue({ ...base, ...given }),
    async peer(name, given) {
      const load = platform.loaders[name];
      const start = load ? (await load()).start : startPostMessage;
      return start({ ...base, ...given });
    },
    method: { ...methods[isQuick ? 'quick' : 'full'], say: platform.say, only: variants },
  };
}

export const names = [...new Set(problems.map(({ name }) => name))];

/** Runs every problem of that name: the results. */
export async function runProblem(platform, name, options) {
  const results = [];
  for (const problem of problems) {
    if (problem.name === name) results.push(...(await problem.run(environment(platform, options))));
  }
  return results;
}
