// chaos.js: what chaos.test.js does to a pool: everything at once, from a seed. The tasks
// are in chaos_tasks.js. No imports: it runs in pages and in Node.

/** Mulberry32 (Tommy Ettinger): a generator of 32 bits of state; gives integers below `n`. */
export const randomOf = (seed) => (n) => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) % n;
};

const fib = (n) => (n < 2 ? n : fib(n - 1) + fib(n - 2));
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
/** What a task may fail with when workers are lost around it, or its pool closes. */
const LOST = new Set(['PENNY_EWORKER', 'PENNY_ECLOSED', 'PENNY_ECANCELLED']);

/** What a round may do: each gives the promise of a call, and what its value has to be. */
const calls = {
  fork: (pool, random, options) => {
    const n = 8 + random(10);
    return [pool.run('fib', [n], options), fib(n)];
  },
  tree: (pool, random, options) => {
    const depth = 1 + random(4);
    const width = 1 + random(3);
    const seed = random(1e6);
    const leaves = width ** depth;
    return [pool.run('tree', [depth, width, seed], options), leaves];
  },
  steps: (pool, random, options) => {
    const count = random(30);
    return [pool.run('steps', [count, random(3)], options), count];
  },
  timers: (pool, random, options) => {
    const ms = random(20);
    return [pool.run('later', [ms, 'value'], options), 'value'];
  },
  arrays: (pool, random, options, isHarmed) => {
    const length = 1 + random(2000);
    // Arrays of what is spawned after other awaits go with a lost worker (JS_TASKS.md: I6).
    const how = random(3);
    return [pool.run('sums', [length, isHarmed ? 0 : how], options), length * 3];
  },
  tells: (pool, random, options) => {
    let last = 0;
    const onProgress = (value) => {
      // Whatever comes, it never goes back.
      if (!(value >= last)) throw new Error(`progress went from ${last} to ${value}`);
      last = value;
    };
    const count = 1 + random(20);
    return [pool.run('tells', [count], { ...options, onProgress }), count];
  },
  moves: (pool, random, options) => {
    const { buffer } = new Uint8Array(1 + random(100)).fill(7);
    const bytes = buffer.byteLength;
    return [pool.run('bytes', [buffer], { ...options, transfer: [buffer] }), 7 * bytes];
  },
  fails: (pool, random, options) => {
    const how = random(4);
    const run = pool.run('fails', [how], options).then(
      () => 'no error',
      (error) => {
        if (error.how === undefined) throw error;
        return error.how;
      },
    );
    return [run, how];
  },
  maps: (pool, random, options) => {
    const length = random(40);
    const items = Array.from({ length }, (_, n) => n);
    const { signal, timeout, priority } = options;
    const run = pool.map('next', items, { signal, timeout, priority });
    return [run.then((values) => values.reduce((a, b) => a + b, 0)), (length * (length + 1)) / 2];
  },
  sorts: async (pool, random, options) => {
    const length = random(3000);
    const array = pool.array(
      Int32Array,
      Array.from({ length }, () => random(1e6)),
    );
    const { signal, timeout, priority } = options;
    await pool.sort(array, { signal, timeout, priority });
    for (let n = 1; n < length; n++) if (array[n - 1] > array[n]) throw new Error('not sorted');
    pool.free(array);
    return [];
  },
};
/** Loops, C, what goes by message, what is run again when its worker is lost. */
const others = {
  loops: async (pool, random, options) => {
    const array = pool.array(Int32Array, random(5000));
    const { signal, timeout } = options;
    await pool.parallelFor('adds', 0, array.length, { args: [array, 3], signal, timeout });
    const isRight = array.every((value) => value === 3);
    pool.free(array);
    return [isRight, true];
  },
  sumsUp: (pool, random, options) => {
    const n = random(5000);
    const { signal, timeout } = options;
    const sum = pool.reduce('sumOf', 0, n, { init: 0, combine: 'add', signal, timeout });
    return [sum, (n * (n - 1)) / 2];
  },
  inC: (pool, random, { signal, timeout, priority }) => {
    const n = 5 + random(15);
    return [pool.call('fib', [n], { signal, timeout, priority }), BigInt(fib(n))];
  },
  blobs: (pool, random, options) => {
    const size = random(1000);
    return [pool.run('sizeOf', [new Blob(['x'.repeat(size)])], options), size];
  },
  ports: async (pool, random, options) => {
    const { port1, port2 } = new MessageChannel();
    const n = random(1000);
    port1.onmessage = ({ data }) => port1.postMessage(data + n);
    try {
      return [await pool.run('asks', [port2, 1], { ...options, transfer: [port2] }), n + 1];
    } finally {
      port1.close();
    }
  },
  again: (pool, random, options, isHarmed) => {
    const retry = isHarmed;
    if (random(2))
      return [pool.run('later', [random(30), [1, 'x']], { ...options, retry }).then(String), '1,x'];
    const n = 8 + random(8);
    return [pool.run('fib', [n], { ...options, retry }), fib(n)];
  },
  streams: async (pool, random, options) => {
    const length = random(60);
    const most = random(3) ? length : random(length + 1);
    const { signal, timeout } = options;
    let sum = 0;
    let count = 0;
    const items = (async function* () {
      for (let n = 0; n < length; n++) {
        if (n % 7 === 0) await null;
        yield n;
      }
    })();
    for await (const value of pool.stream('next', items, {
      signal,
      timeout,
      concurrency: 1 + random(8),
    })) {
      if (count === most) break;
      sum += value;
      count++;
    }
    return [most < length ? count : sum, most < length ? most : (length * (length + 1)) / 2];
  },
};

/** Loses a worker from within, or the calls of an endless task by its timeout. */
const harms = {
  leave: (pool) => pool.run('leave'),
  spin: (pool, random) => pool.run('endless', [random(3)], { timeout: 1 + random(20) }),
};

function optionsOf(random) {
  const options = {};
  if (random(4) === 0) options.priority = ['user-blocking', 'background'][random(2)];
  if (random(8) === 0) options.timeout = random(30);
  if (random(8) === 0) {
    const controller = new AbortController();
    options.signal = controller.signal;
    setTimeout(() => controller.abort(new Error('chaos aborts')), random(30));
  }
  return options;
}

/**
 * One pool from start to end. `harm`: workers are lost; `isMixed`: with the others, too. Gives what went wrong, as texts, and
 * counts.
 */
export async function chaos(start, seed, { harm, isMixed, tasks: count = 150, limitMs = 20_000 }) {
  const kinds = isMixed ? { ...calls, ...others } : calls;
  const names = Object.keys(kinds);
  const random = randomOf(seed);
  const wrong = [];
  const counts = { settled: 0, cancelled: 0, lost: 0, restarts: 0 };
  const most = 2 + random(3);
  const pool = await start({
    workers: 1 + random(most),
    maxWorkers: most,
    graceMs: harm ? 100 : 10_000,
  });
  pool.addEventListener('workerrestart', () => counts.restarts++);
  const told = (name, error) => {
    const isStopped = error?.name === 'TimeoutError' || error?.message === 'chaos aborts';
    if (isStopped) counts.cancelled++;
    else if (harm && LOST.has(error?.code)) counts.lost++;
    else if (isClosing && error?.code === 'PENNY_ECLOSED') counts.lost++;
    else wrong.push(`${name}: ${error?.code} ${error} ${error?.stack}`);
  };
  let isClosing = false;
  const open = new Map();
  const call = async (id) => {
    const name = names[random(names.length)];
    open.set(id, name);
    try {
      const [promise, expected] = await kinds[name](pool, random, optionsOf(random), harm);
      const value = await promise;
      if (value !== expected) wrong.push(`${name}: ${value} and not ${expected}`);
    } catch (error) {
      told(name, error);
    }
    counts.settled++;
    open.delete(id);
  };
  const resizes = [];
  const all = [];
  for (let id = 0; id < count; id++) {
    all.push(call(id));
    if (harm && random(20) === 0) {
      const how = ['leave', 'spin'][random(2)];
      const name = `${how} ${id}`;
      open.set(name, how);
      const end = () => open.delete(name);
      all.push(harms[how](pool, random).then(end, (error) => end(told(how, error))));
    }
    if (random(25) === 0)
      resizes.push(pool.resize(1 + random(most)).catch((error) => told('resize', error)));
    if (random(5) === 0) await sleep(random(8));
  }
  const isEarly = random(3) === 0;
  isClosing = isEarly;
  let timer;
  const late = new Promise((done) => {
    timer = setTimeout(done, limitMs, 'late');
  });
  const end = isEarly ? sleep(random(50)) : Promise.all([...all, ...resizes]);
  if ((await Promise.race([end, late])) === 'late') {
    const { workers, pending } = pool.stats();
    const states = workers.map(({ state }) => state).join(' ');
    wrong.push(`never settled: ${[...open.values()].join(' ')}; ${pending}, workers ${states}`);
  }
  isClosing = true;
  const disposal = pool.dispose();
  await Promise.race([Promise.all([...all, disposal]), late]);
  const { isClean, liveBlocks } = await disposal;
  clearTimeout(timer);
  if (open.size) wrong.push(`not settled by dispose(): ${[...open.values()].join(' ')}`);
  if (!harm && !isClean) wrong.push('not clean');
  // Workers are lost inside of tasks only: nothing of the core's is in their hands.
  if (isClean && liveBlocks !== 0) wrong.push(`${liveBlocks} blocks left`);
  return { wrong, ...counts, liveBlocks, isClean };
}
