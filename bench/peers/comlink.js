// comlink has no pool: as with the hand-written workers, tasks go round in turn, or to the next worker that is free.
import * as comlink from 'comlink';

export async function start({ workers, workerUrl, inFlight = Infinity }) {
  const queue = [];
  let turn = 0;
  const members = Array.from({ length: workers }, () => {
    const worker = new Worker(workerUrl('comlink'), { type: 'module' });
    return { worker, api: comlink.wrap(worker), count: 0 };
  });
  const send = async (member, { name, args, transfer, resolve, reject }) => {
    member.count++;
    try {
      const given = transfer ? args.map((value) => comlink.transfer(value, transfer)) : args;
      resolve(await member.api[name](...given));
    } catch (error) {
      reject(error);
    }
    member.count--;
    if (queue.length) send(member, queue.shift());
  };
  return {
    run: (name, args, transfer) =>
      new Promise((resolve, reject) => {
        const task = { name, args, transfer, resolve, reject };
        const member = members[turn++ % workers];
        if (inFlight === Infinity) return void send(member, task);
        const free = members.find(({ count }) => count < inFlight);
        if (free) send(free, task);
        else queue.push(task);
      }),
    end() {
      for (const { worker } of members) worker.terminate();
    },
  };
}
