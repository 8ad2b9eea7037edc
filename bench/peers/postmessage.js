// postmessage.js: what one writes by hand: workers that get { id, name, args } and answer { id, value }.

/** `inFlight` is how many tasks a worker holds at once: without a limit, tasks go round in turn. */
export async function start({ workers, makeWorker, inFlight = Infinity, warm = true }) {
  const open = new Map();
  const queue = [];
  let nextId = 0;
  let turn = 0;
  const send = (member, { id, name, args, transfer }) => {
    member.count++;
    member.worker.post({ id, name, args, isTransfer: Boolean(transfer) }, transfer);
  };
  const members = Array.from({ length: workers }, () => {
    const member = { worker: makeWorker('postmessage'), count: 0 };
    member.worker.onMessage(({ id, value, error }) => {
      const { resolve, reject } = open.get(id);
      open.delete(id);
      member.count--;
      if (queue.length) send(member, queue.shift());
      if (error) reject(new Error(error));
      else resolve(value);
    });
    return member;
  });
  const pool = {
    run: (name, args, transfer) =>
      new Promise((resolve, reject) => {
        const task = { id: nextId++, name, args, transfer };
        open.set(task.id, { resolve, reject });
        const member = members[turn++ % workers];
        if (inFlight === Infinity) return send(member, task);
        const free = members.find(({ count }) => count < inFlight);
        if (free) send(free, task);
        else queue.push(task);
      }),
    async end() {
      for (const { worker } of members) await worker.end();
    },
  };
  if (warm) await Promise.all(members.map(() => pool.run('tiny', [1])));
  return pool;
}
