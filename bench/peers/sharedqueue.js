// sharedqueue.js: the floor: workers that take the next index by Atomics.add and are told, and tell, by wait and notify. No
// message, no encoding, one function at a time: what a program loses that has a pool instead of a loop written for it.

// Words of the control array.
export const words = {
  ROUND: 0,
  NEXT: 1,
  DONE: 2,
  TOTAL: 3,
  TASK: 4,
  FINISHED: 5,
  WORKERS: 6,
  STEP: 7,
};
export const taskNames = ['tiny', 'burn', 'sumStep', 'scaleStep', 'end'];

/** `length` is the room for arguments and results, `data` what sumStep and scaleStep work on. */
export async function start({ workers, makeWorker, length = 16, data, target }) {
  const control = new Int32Array(new SharedArrayBuffer(256));
  const args = new Float64Array(new SharedArrayBuffer(8 * length));
  const results = new Float64Array(new SharedArrayBuffer(8 * length));
  const { ROUND, NEXT, DONE, TOTAL, TASK, FINISHED, WORKERS, STEP } = words;
  control[WORKERS] = workers;
  const list = Array.from({ length: workers }, () => makeWorker('sharedqueue'));
  const ready = list.map(
    (worker) =>
      new Promise((resolve) => {
        worker.onMessage(resolve);
        worker.post({ control, args, results, data, target });
      }),
  );
  await Promise.all(ready);
  const pool = {
    args,
    results,
    /** Runs the task for 0..total-1; `step` is how many elements an index stands for. */
    async run(name, total, step = 1) {
      const seen = Atomics.load(control, FINISHED);
      Atomics.store(control, NEXT, 0);
      Atomics.store(control, DONE, 0);
      Atomics.store(control, TOTAL, total);
      Atomics.store(control, STEP, step);
      Atomics.store(control, TASK, taskNames.indexOf(name));
      Atomics.add(control, ROUND, 1);
      Atomics.notify(control, ROUND);
      // A wake-up for no reason means nothing: the word decides.
      while (Atomics.load(control, FINISHED) === seen)
        await Atomics.waitAsync(control, FINISHED, seen).value;
    },
    async end() {
      for (const worker of list) await worker.end();
    },
  };
  return pool;
}
