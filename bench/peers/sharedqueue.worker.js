import { onMessage, post } from '../harness/port.js';
import * as tasks from '../harness/tasks.js';
import { taskNames, words } from './sharedqueue.js';

const { ROUND, NEXT, DONE, TOTAL, TASK, FINISHED, WORKERS, STEP } = words;

onMessage(({ control, args, results, data, target }) => {
  const { tiny, burn, sumRange, scaleRange } = tasks;
  const take = () => Atomics.add(control, NEXT, 1);
  // A loop for each task: one call site sees one function, as in a program written for it.
  const loops = {
    tiny(total) {
      for (let idx = take(); idx < total; idx = take()) results[idx] = tiny(args[idx]);
    },
    burn(total) {
      for (let idx = take(); idx < total; idx = take()) results[idx] = burn(args[idx] | 0); // a double slows it in Firefox
    },
    sumStep(total) {
      const step = control[STEP];
      for (let idx = take(); idx < total; idx = take())
        results[idx] = sumRange(idx * step, Math.min((idx + 1) * step, data.length), data);
    },
    scaleStep(total) {
      const step = control[STEP];
      for (let idx = take(); idx < total; idx = take())
        scaleRange(idx * step, Math.min((idx + 1) * step, data.length), data, target);
    },
  };
  let round = 0;
  post('ready');
  for (;;) {
    Atomics.wait(control, ROUND, round);
    round = Atomics.load(control, ROUND);
    loops[taskNames[Atomics.load(control, TASK)]](Atomics.load(control, TOTAL));
    if (Atomics.add(control, DONE, 1) + 1 === Atomics.load(control, WORKERS)) {
      Atomics.add(control, FINISHED, 1);
      Atomics.notify(control, FINISHED);
    }
  }
});
