// start.test.js: what can go wrong before the first task: each has its own error, and nothing waits
// for ever.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../scripts/run.js';
import { browserTests, engine, workersOf } from './harness.js';

const { inPage, open, test } = browserTests();

const javascript = (text) => (_request, response) => {
  response.setHeader('Content-Type', 'text/javascript');
  response.end(text);
};

test('a page without isolation is told the two headers', async () => {
  const page = await open({ isolated: false });
  const result = await inPage(
    async () => ({ error: await failure(() => start()), support: penny.isSupported() }),
    undefined,
    { page },
  );
  assert.equal(result.error.code, 'PENNY_ENOISOLATION');
  for (const part of [
    /Cross-Origin-Opener-Policy: same-origin/,
    /Cross-Origin-Embedder-Policy: require-corp/,
    /dist\/coi\.js/,
  ]) {
    assert.match(result.error.message, part);
  }
  assert.equal(result.support.ok, false);
  assert.ok(result.support.missing.length > 0);
  await page.close();
});

test('isSupported says yes here', async () => {
  assert.deepEqual(await inPage(async () => penny.isSupported()), { ok: true, missing: [] });
});

test('counts and sizes outside their range throw', async () => {
  const result = await inPage(async () => {
    const tries = {
      zero: { workers: 0 },
      noCore: { cores: 0 },
      negative: { workers: -1 },
      nan: { workers: Number.NaN },
      fraction: { workers: 1.5 },
      huge: { workers: 257 },
      text: { workers: '2' },
      maximum: { workers: 2, maxWorkers: 1 },
      small: { memory: { maximumBytes: 2 ** 20 - 1 } },
      large: { memory: { maximumBytes: 2 ** 32 + 1 } },
      grace: { graceMs: -1 },
      worker: { worker: 'worker.js' },
      notWorker: { worker: () => ({}) },
    };
    const out = {};
    for (const [name, options] of Object.entries(tries))
      out[name] = await failure(() => start(options));
    const worker = new Worker('/js-glue/worker.entry.js', { type: 'module' });
    const sharing = { worker: () => worker, workers: 1 };
    const first = await start(sharing);
    out.again = await failure(() => start(sharing));
    await first.dispose();
    const pool = await start({ workers: 1, memory: { maximumBytes: 2 ** 20 } });
    out.least = String(await pool.call('fib', [15]));
    await pool.dispose();
    // How many are awake is not how many there are.
    const crowd = await start({ workers: 2, cores: 1 });
    out.crowd = { size: crowd.size, fib: String(await crowd.call('fib', [15])) };
    await crowd.dispose();
    return out;
  });
  for (const key of [
    'zero',
    'noCore',
    'negative',
    'nan',
    'fraction',
    'huge',
    'maximum',
    'small',
    'large',
    'grace',
  ]) {
    assert.equal(result[key].name, 'RangeError', `${key}: ${result[key].message}`);
  }
  for (const key of ['text', 'worker', 'notWorker', 'again'])
    assert.equal(result[key].name, 'TypeError', key);
  assert.equal(result.least, '610');
  assert.deepEqual(result.crowd, { size: workersOf(2), fib: '610' });
});

test('a module that is none is refused', async () => {
  const result = await inPage(async () => {
    const out = {};
    out.missing = await failure(() => start({ wasm: '/no/such.wasm' }));
    out.garbage = await failure(() => start({ wasm: new Uint8Array([1, 2, 3]) }));
    // An empty module; and one that imports a memory which is not shared and exports a function
    // pn_web_create.
    out.empty = await failure(() => start({ wasm: new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]) }));
    const name = [...'pn_web_create'].map((letter) => letter.charCodeAt(0));
    const plain = [
      0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 2, 15, 1, 3, 101, 110, 118, 6, 109, 101, 109,
      111, 114, 121, 2, 0, 1,
    ];
    plain.push(3, 2, 1, 0, 7, 17, 1, name.length, ...name, 0, 0, 10, 4, 1, 2, 0, 11);
    out.threads = await failure(() => start({ wasm: new Uint8Array(plain) }));
    const bytes = await (await fetch(wasm)).arrayBuffer();
    for (const [key, value] of Object.entries({
      bytes,
      view: new Uint8Array(bytes),
      module: await WebAssembly.compile(bytes),
    })) {
      const pool = await start({ wasm: value, workers: 1 });
      out[key] = String(await pool.call('fib', [10]));
      await pool.dispose();
    }
    const core = await penny.createPool({ workers: 1 });
    out.core = await failure(() => core.call('fib', [10]));
    await core.dispose();
    return out;
  });
  for (const key of ['missing', 'garbage', 'empty', 'threads'])
    assert.equal(result[key].code, 'PENNY_EMODULE', `${key}: ${result[key].message}`);
  assert.match(result.missing.message, /404/);
  assert.match(result.empty.message, /penny_add_module/);
  assert.match(result.threads.message, /threads/);
  for (const key of ['bytes', 'view', 'module']) assert.equal(result[key], '55', key);
  assert.equal(result.core.code, 'PENNY_ESYMBOL');
});

test('a worker file that does not load, does not serve or is stale is told', async () => {
  const page = await open({
    routes: {
      '/silent.js': javascript('// a worker that serves nothing'),
      '/broken.js': javascript('this is no JavaScript'),
      '/throws.js': javascript('throw new Error("as it was written");'),
    },
  });
  // A stale worker file is what a page sees when the version in its own message is not the
  // worker's.
  const result = await inPage(
    async () => {
      const at = (path) => () => new Worker(path, { type: 'module' });
      const out = {};
      const began = performance.now();
      for (const name of ['missing', 'broken', 'throws']) {
        out[name] = await failure(() => start({ worker: at(`/${name}.js`), startTimeoutMs: 5000 }));
      }
      out.took = performance.now() - began;
      out.silent = await failure(() => start({ worker: at('/silent.js'), startTimeoutMs: 300 }));
      out.stale = await failure(() =>
        start({
          worker() {
            const worker = at('/js-glue/worker.entry.js')();
            const post = worker.postMessage.bind(worker);
            worker.postMessage = (data) => post({ ...data, hash: data.hash ^ 1 });
            return worker;
          },
        }),
      );
      out.tasks = await failure(() => start({ tasks: '/no/tasks.js' }));
      out.refused = await failure(() =>
        start({
          worker() {
            throw new DOMException('not here', 'SecurityError');
          },
        }),
      );
      out.aborted = await failure(() =>
        start({ signal: AbortSignal.abort(new Error('never mind')) }),
      );
      const controller = new AbortController();
      setTimeout(() => controller.abort(new Error('changed my mind')), 50);
      out.late = await failure(() =>
        start({ worker: at('/silent.js'), signal: controller.signal }),
      );
      const inside = new AbortController();
      out.inside = await failure(() =>
        start({
          signal: inside.signal,
          worker() {
            inside.abort(new Error('in the middle'));
            return at('/js-glue/worker.entry.js')();
          },
        }),
      );
      const pool = await start();
      out.next = String(await pool.call('fib', [10]));
      await pool.dispose();
      return out;
    },
    undefined,
    { page },
  );
  for (const key of ['missing', 'broken', 'throws', 'silent', 'tasks', 'refused']) {
    assert.equal(result[key].code, 'PENNY_ESTART', `${key}: ${result[key].message}`);
  }
  assert.ok(result.took < 5000, `worker files that cannot load took ${result.took} ms`);
  assert.match(result.silent.message, /300 ms.*serve/);
  assert.equal(result.stale.code, 'PENNY_EVERSION');
  assert.equal(result.aborted.message, 'never mind');
  assert.equal(result.late.message, 'changed my mind');
  assert.equal(result.inside.message, 'in the middle');
  assert.equal(result.next, '55');
  await page.close();
});

test('a worker file may await before it serves', async () => {
  const page = await open({
    routes: {
      '/awaits.js': javascript(`import { serve } from '/js-glue/worker.js';
        await new Promise((done) => setTimeout(done, 400));
        serve({ six: () => 6, close: () => close() });`),
    },
  });
  const result = await inPage(
    async () => {
      const worker = () => new Worker('/awaits.js', { type: 'module' });
      const pool = await start({ worker, startTimeoutMs: 5000 });
      const lost = await failure(() => pool.run('close'));
      const out = [await pool.run('six'), lost.code];
      await pool.dispose();
      return out;
    },
    undefined,
    { page },
  );
  assert.deepEqual(result, [6, 'PENNY_EWORKER']);
  await page.close();
});

test('a worker file may define a document before it serves', async () => {
  // As many do for libraries that look for one.
  const javascript = (_request, response) => {
    response.setHeader('Content-Type', 'text/javascript');
    response.end(`self.window = self; self.document = { createElement: () => ({}) };
      const { serve } = await import('/js-glue/worker.js'); serve({ six: () => 6 });`);
  };
  const page = await open({ routes: { '/shim.js': javascript } });
  const result = await inPage(
    async () => {
      const worker = () => new Worker('/shim.js', { type: 'module' });
      const pool = await start({ worker, startTimeoutMs: 5000 });
      const six = await pool.run('six');
      await pool.dispose();
      return six;
    },
    undefined,
    { page },
  );
  assert.equal(result, 6);
  await page.close();
});

test('a security policy that forbids workers or wasm is told', async () => {
  const none = await open({ csp: "worker-src 'none'" });
  const workers = await inPage(
    async () => failure(() => start({ startTimeoutMs: 5000 })),
    undefined,
    { page: none },
  );
  assert.equal(workers.code, 'PENNY_ESTART', workers.message);
  await none.close();
  const page = await open({ csp: "script-src 'self'" });
  const wasm = await inPage(async () => failure(() => start({ startTimeoutMs: 5000 })), undefined, {
    page,
  });
  assert.equal(wasm.code, 'PENNY_EMODULE', wasm.message);
  assert.match(wasm.message, /wasm-unsafe-eval/);
  await page.close();
});

test('a part of the package that cannot be loaded is told, and costs only what needs it', async () => {
  const routes = {};
  for (const name of ['more', 'resize', 'arrays', 'refusal']) {
    routes[`/js-glue/${name}.js`] = (_request, response) => response.writeHead(404).end();
  }
  const page = await open({ routes });
  const result = await inPage(
    async () => {
      const tasks = '/e2e/page_tasks.js';
      const told = [];
      addEventListener('unhandledrejection', ({ reason }) => told.push(String(reason)));
      const pool = await start({ tasks, workers: 1 });
      const array = pool.array(Int32Array, 4);
      const out = {
        map: await failure(() => pool.map('next', [1])),
        resize: await failure(() => pool.resize(2)),
        sum: await failure(() => pool.sum(array)),
        wasm: await failure(() => start({ wasm: '/no/such.wasm' })),
      };
      const options = { onProgress: () => {} };
      const next = [await pool.run('next', [1], options), await pool.run('next', [2])];
      return { out, next, told, end: await pool.dispose() };
    },
    undefined,
    { page },
  );
  for (const { code, message } of Object.values(result.out)) {
    assert.equal(code, 'PENNY_ESTART', message);
    assert.match(message, /reload/);
  }
  assert.deepEqual(result.next, [2, 3]);
  assert.deepEqual(result.told, []);
  assert.deepEqual(result.end, { isClean: true, liveBlocks: 0 });
  await page.close();
});

test('a lost worker is replaced when the server no longer has what that takes', async () => {
  let isGone = false;
  const js = (name) => `/js-glue/${name}.js`;
  const routes = {
    '/away': (_request, response) => {
      isGone = true;
      response.end();
    },
    [js('faults')]: async (_request, response) => {
      if (isGone) return response.writeHead(404).end();
      response.setHeader('Content-Type', 'text/javascript');
      response.end(await readFile(join(root, js('faults'))));
    },
  };
  const page = await open({ routes });
  const result = await inPage(
    async () => {
      const pool = await start({ tasks: '/e2e/page_tasks.js', workers: 1 });
      await sleep(300);
      await fetch('/away');
      const lost = await failure(() => pool.run('leave'));
      return { lost: lost.code, next: await pool.run('next', [1]), end: await pool.dispose() };
    },
    undefined,
    { page },
  );
  assert.deepEqual(result, {
    lost: 'PENNY_EWORKER',
    next: 2,
    end: { isClean: true, liveBlocks: 0 },
  });
  await page.close();
});

test('importing touches no global', async () => {
  const result = await inPage(async () => {
    const before = Object.getOwnPropertyNames(globalThis).length;
    await import('/js-glue/index.js?again');
    return Object.getOwnPropertyNames(globalThis).length - before;
  });
  assert.equal(result, 0);
});

// Threads that share a module end the process there when they compile its SIMD functions (js-glue/enter.js).
test('in WebKit each worker compiles a module of its own', async () => {
  const result = await inPage(async () => {
    const kinds = new Map(); // by worker, which may be sent the same twice
    const { postMessage } = Worker.prototype;
    Worker.prototype.postMessage = function (data, ...rest) {
      if (data.module) kinds.set(this, data.module.constructor.name);
      return postMessage.call(this, data, ...rest);
    };
    const bytes = new Uint8Array(await (await fetch(wasm)).arrayBuffer());
    const padded = new Uint8Array(bytes.length + 2000);
    padded.set(bytes, 1000);
    const sums = [];
    const given = [wasm, new URL(wasm, location), padded.subarray(1000, -1000)];
    for (const wasm of [...given, await WebAssembly.compile(bytes)]) {
      const pool = await start({ wasm });
      sums.push(await pool.sum(pool.array(Float64Array, 10_000).fill(0.5)));
      await pool.dispose();
    }
    Worker.prototype.postMessage = postMessage;
    return { kinds: [...kinds.values()], sums };
  });
  const kind = engine === 'webkit' ? 'ArrayBuffer' : 'Module';
  assert.deepEqual(result.kinds, [...new Array(6).fill(kind), 'Module', 'Module']);
  assert.deepEqual(result.sums, new Array(4).fill(5000));
});
