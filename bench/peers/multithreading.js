// multithreading sends a task as source text, once to each worker; the tasks use nothing outside of themselves.
import { initRuntime, move, shutdown, spawn } from 'multithreading';
import * as exported from '../harness/tasks.js';

const tasks = { ...exported };

export async function start({ workers }) {
  initRuntime({ maxWorkers: workers });
  const known = new Map();
  const once = async (name, args) => {
    const outcome = await spawn(move(...args), tasks[name]).join();
    if (!outcome.ok) throw outcome.error;
    return outcome.value;
  };
  return {
    // A second task of the same function fails ("Function ID 0 not found") when it reaches a worker that is still loading
    // the text: so the first run of each goes to every worker and is awaited. `move` takes buffers away: copies go there.
    async run(name, args) {
      if (!known.has(name)) {
        const first = Array.from({ length: workers }, () => once(name, structuredClone(args)));
        known.set(name, Promise.all(first));
      }
      if (known.get(name) !== true) {
        await known.get(name);
        known.set(name, true);
      }
      return once(name, args);
    },
    end: () => shutdown(),
  };
}
