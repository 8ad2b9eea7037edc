// model.js: a deterministic simulation of the scheduler's rules (src/TASK_STACK.md, src/PARKING.md) for more workers than a machine
// has: lazy publication on request, steals of the oldest public task, victims at random after the last one that had work, joins
// that steal back from their thief and then from anybody, sleep after a while, wake-ups one at a time. Time is simulated, in
// nanoseconds; a run depends on nothing but its arguments. Owners rest between requests while nobody sleeps, as they do there.
//
// Assumptions, most of which flatter the real thing: every worker has a core of its own; memory is equally near to all; a line that
// several workers write costs `contended` more for each of them that wrote it within `window`; there is one root.

/** Measured at 2 workers (README.md), in nanoseconds. */
export const costs = {
  spawn: 1, // a spawn and its sync that nobody disturbs, above the call
  slow: 60, // a spawn or sync that serves a request or takes back what was public
  steal: 400, // from the look at a victim to the first instruction of the task, and its end
  probe: 15, // a look at a victim that has nothing
  contended: 60, // for each other worker that has just written the same word
  window: 100,
  wake: 6000, // from the wake-up to the first look for work
  spins: 200, // rounds without work before sleep
  asking: 1000, // between two requests of one worker that looks for work
  soon: 4000, // after a publication an owner rests when it has taken the last public task back
};

const CHUNK_TASKS = 510;

/** Steps of simulated time in a nanosecond: some costs are less than one. */
const TICKS = 16;

/** A heap of numbers: time in ticks * 2^9 + worker. */
class Events {
  #keys = [];
  get length() {
    return this.#keys.length;
  }
  push(key) {
    const keys = this.#keys;
    let at = keys.length;
    for (; at > 0; at = (at - 1) >> 1) {
      const parent = keys[(at - 1) >> 1];
      if (parent <= key) break;
      keys[at] = parent;
    }
    keys[at] = key;
  }
  pop() {
    const keys = this.#keys;
    const first = keys[0];
    const last = keys.pop();
    if (keys.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= keys.length) break;
      if (child + 1 < keys.length && keys[child + 1] < keys[child]) child++;
      if (keys[child] >= last) break;
      keys[at] = keys[child];
      at = child;
    }
    keys[at] = last;
    return first;
  }
}

class Worker {
  frames = []; // { node, children, next, task }: next child to sync; task: the stolen one that ends with this frame
  tasks = []; // the stack of spawned tasks: { node, isDone, thief }
  top = 0;
  split = 0;
  isWanted = false;
  isAsleep = false;
  publishedAt = -1e9;
  asksAt = 0;
  spins = 0;
  deepest = 0;
  lastWrite = -1e9;
  writers = 0;
  constructor(id) {
    this.id = id;
    this.lastVictim = id;
    this.random = (id + 1) * 2654435761;
  }
  /** The scheduler's xorshift. */
  below(count) {
    let x = this.random | 0;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.random = x;
    return (x >>> 0) % count;
  }
  get hasPublic() {
    return this.split > this.top;
  }
}

/**
 * @param graph { root, work(node) in ns, children(node) } a task does its work, spawns all children but the first, calls that one,
 *   and syncs the others, newest first
 * @returns { ns, workNs, spanNs, speedup, steals, probes, lost, publishes, sleeps, chunks }
 */
export function simulate(graph, workerCount, cost = costs) {
  const run = new Run(graph, workerCount, cost);
  return run.go();
}

class Run {
  counts = { steals: 0, probes: 0, lost: 0, publishes: 0, sleeps: 0 };
  events = new Events();
  isEnded = false;
  constructor(graph, workerCount, cost) {
    this.graph = graph;
    this.cost = cost;
    this.workers = Array.from({ length: workerCount }, (_, id) => new Worker(id));
    for (const worker of this.workers) worker.isWanted = workerCount > 1;
  }

  go() {
    const { graph, workers, events } = this;
    workers[0].frames.push(this.#frame(graph.root, null));
    for (const { id } of workers) events.push(id);
    let now = 0;
    while (!this.isEnded && events.length > 0) {
      const key = events.pop();
      const id = key % 512;
      const ticks = (key - id) / 512;
      now = ticks / TICKS;
      const spent = this.#step(workers[id], now);
      if (spent >= 0) events.push((ticks + Math.max(1, Math.round(spent * TICKS))) * 512 + id);
    }
    if (!this.isEnded) throw new Error('the simulated pool sleeps with work left');
    const { workNs, spanNs, spawns } = measureGraph(graph);
    const serialNs = workNs + spawns * this.cost.spawn;
    const chunks = workers.reduce(
      (sum, { deepest }) => sum + 1 + Math.floor(deepest / CHUNK_TASKS),
      0,
    );
    return { ns: now, workNs, spanNs, speedup: serialNs / now, ...this.counts, chunks };
  }

  #frame(node, task) {
    return { node, children: null, next: 0, task };
  }

  /** One action of a worker: what it takes, or -1 when it has gone to sleep. */
  #step(worker, now) {
    const frame = worker.frames.at(-1);
    if (!frame) return this.#idle(worker, now, false);
    if (!frame.children) return this.#enter(worker, frame, now);
    if (frame.next < frame.children.length) return this.#sync(worker, frame, now);
    worker.frames.pop();
    if (frame.task) {
      frame.task.isDone = true;
      return this.cost.steal / 2;
    }
    if (worker.frames.length === 0 && worker.id === 0) this.isEnded = true;
    return 0;
  }

  #enter(worker, frame, now) {
    const { graph, cost } = this;
    let ns = graph.work(frame.node);
    frame.children = graph.children(frame.node);
    const { children } = frame;
    frame.next = 1;
    for (let idx = children.length - 1; idx > 0; idx--) {
      worker.tasks.push({ node: children[idx], isDone: false, thief: null });
      ns += cost.spawn;
      if (worker.isWanted) ns += this.#serve(worker, now, worker.tasks.length);
    }
    worker.deepest = Math.max(worker.deepest, worker.tasks.length);
    if (children.length > 0) worker.frames.push(this.#frame(children[0], null));
    return ns;
  }

  /** Publishes half of what is private below `end`, at least one. */
  #serve(worker, now, end) {
    const isPublic = worker.hasPublic;
    const privateTasks = end - worker.split;
    if (!isPublic && privateTasks > 0) {
      worker.split += (privateTasks + 1) >> 1;
      worker.publishedAt = now;
      this.counts.publishes++;
      this.#wakeOne(now);
    }
    if (isPublic || privateTasks > 0) worker.isWanted = false;
    return this.cost.slow;
  }

  /** Those who are awake ask (#ask). */
  #mayRest(worker, now) {
    const isSoon = now - worker.publishedAt < this.cost.soon;
    return isSoon && !this.workers.some(({ isAsleep }) => isAsleep);
  }

  /** A worker that looks for work asks a busy one that offers nothing. */
  #ask(worker, victim, now) {
    if (victim.isWanted || victim.frames.length === 0 || now < worker.asksAt) return;
    worker.asksAt = now + this.cost.asking;
    victim.isWanted = true;
  }

  #wakeOne(now) {
    const sleeper = this.workers.find((worker) => worker.isAsleep);
    if (!sleeper) return;
    sleeper.isAsleep = false;
    sleeper.spins = 0;
    this.events.push(Math.round((now + this.cost.wake) * TICKS) * 512 + sleeper.id);
  }

  #sync(worker, frame, now) {
    const index = worker.tasks.length - 1;
    const task = worker.tasks[index];
    let ns = 0;
    if (index >= worker.split) {
      if (worker.isWanted) ns += this.#serve(worker, now, index);
    } else if (index >= worker.top) {
      worker.split = worker.top + ((index - worker.top) >> 1);
      if (!worker.hasPublic)
        worker.isWanted ||= this.workers.length > 1 && !this.#mayRest(worker, now);
      ns += this.cost.slow;
    } else if (!task.isDone) {
      return this.#idle(worker, now, true, task.thief);
    } else {
      worker.tasks.pop();
      worker.top = worker.split = index;
      worker.isWanted = true;
      frame.next++;
      return this.cost.slow;
    }
    worker.tasks.pop();
    frame.next++;
    worker.frames.push(this.#frame(task.node, null));
    return ns;
  }

  /** Looks for work: its thief's, the last victim's, then everybody's from a random one on. */
  #idle(worker, now, isJoining, thief = null) {
    const { workers, cost } = this;
    const order = [thief, workers[worker.lastVictim]];
    const start = worker.below(workers.length);
    let ns = 0;
    for (let idx = 0; idx < workers.length + 2; idx++) {
      const victim = idx < 2 ? order[idx] : workers[(start + idx - 2) % workers.length];
      if (!victim || victim === worker) continue;
      ns += cost.probe;
      if (!victim.hasPublic) {
        this.counts.probes++;
        if (idx >= 2) this.#ask(worker, victim, now + ns);
        continue;
      }
      const taken = this.#steal(worker, victim, now + ns);
      ns += taken.ns;
      if (taken.isWon) return ns;
    }
    // A joiner sleeps, too; it is woken for work of its root and by its thief, which polling every `wake` stands for.
    if (++worker.spins < cost.spins) return Math.max(ns, cost.probe);
    worker.spins = 0;
    // Whoever goes to sleep asks all others.
    for (const other of workers) if (other !== worker) other.isWanted = true;
    if (isJoining) return cost.wake;
    this.counts.sleeps++;
    worker.isAsleep = true;
    return -1;
  }

  #steal(worker, victim, now) {
    const { cost } = this;
    if (now - victim.lastWrite < cost.window) victim.writers++;
    else victim.writers = 0;
    victim.lastWrite = now;
    const late = victim.writers * cost.contended;
    // Of those that come within one window, every second one finds that another was faster.
    if (victim.writers % 2 === 1) {
      this.counts.lost++;
      return { isWon: false, ns: late };
    }
    const task = victim.tasks[victim.top++];
    if (!victim.hasPublic) victim.isWanted = true;
    else this.#wakeOne(now);
    task.thief = worker;
    worker.lastVictim = victim.id;
    worker.spins = 0;
    worker.frames.push(this.#frame(task.node, task));
    this.counts.steals++;
    return { isWon: true, ns: late + cost.steal / 2 };
  }
}

/** Work, span (both without the scheduler's own costs) and number of spawns of a graph. */
export function measureGraph(graph) {
  let workNs = 0;
  let spawns = 0;
  const spanOf = (node) => {
    const own = graph.work(node);
    const children = graph.children(node);
    workNs += own;
    spawns += Math.max(0, children.length - 1);
    let deepest = 0;
    for (const child of children) deepest = Math.max(deepest, spanOf(child));
    return own + deepest;
  };
  const spanNs = spanOf(graph.root);
  return { workNs, spanNs, spawns };
}
