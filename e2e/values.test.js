// values.test.js: values in real browsers: what only they have, other realms, and the way through a
// pool and back. The rest is in tests/glue/codec*.test.js.
import assert from 'node:assert/strict';
import { browserTests, engine } from './harness.js';

const { inPage, open, test } = browserTests();

// Decodes what comes with the message it needs, and says what it sees.
const worker = `
  import { decode, encode } from '/js-glue/codec.js';
  onmessage = async ({ data: { bytes, carried } }) => {
    try {
      const value = decode(bytes, undefined, { carried });
      const seen = {};
      for (const key of Object.keys(value)) seen[key] = value[key]?.constructor?.name;
      if (value.blob) seen.text = await value.blob.text();
      if (value.stream) seen.chunk = (await value.stream.getReader().read()).value;
      if (value.view) seen.bytes = [...value.view, value.view.buffer.byteLength];
      if (value.shared) Atomics.add(value.shared, 0, 1);
      if (value.pixels) seen.pixel = [...value.pixels.data];
      seen.same = value.port === value.again;
      value.port?.postMessage('through the port');
      postMessage(seen);
    } catch (error) {
      postMessage({ error: String(error) });
    }
  };
`;
const routes = {
  '/values.worker.js': (_request, response) => {
    response.setHeader('Content-Type', 'text/javascript');
    response.end(worker);
  },
};

test('what bytes cannot carry goes by message', async () => {
  const page = await open({ routes });
  const result = await inPage(
    async () => {
      const { encode } = await import('/js-glue/codec.js');
      const { port1, port2 } = new MessageChannel();
      const heard = new Promise((done) => {
        port1.onmessage = ({ data }) => done(data);
      });
      const buffer = new Uint8Array([1, 2, 3, 4]).buffer;
      const shared = new Int32Array(new SharedArrayBuffer(4));
      const canvas = new OffscreenCanvas(2, 2);
      canvas.getContext('2d').fillRect(0, 0, 2, 2);
      const pixels = new ImageData(new Uint8ClampedArray([9, 8, 7, 255]), 1, 1);
      const value = {
        port: port2,
        again: port2,
        view: new Uint8Array(buffer, 1, 2),
        shared,
        pixels,
        blob: new Blob(['a blob']),
        file: new File(['x'], 'name.txt'),
        bitmap: await createImageBitmap(pixels),
        canvas: new OffscreenCanvas(1, 1),
        rect: new DOMRect(1, 2, 3, 4),
      };
      const transfer = [port2, buffer, value.bitmap, value.canvas];
      // Not every engine transfers streams.
      try {
        const stream = new ReadableStream({ start: (to) => to.enqueue('a chunk') });
        value.stream = structuredClone(stream, { transfer: [stream] });
        transfer.push(value.stream);
      } catch {}
      const carry = [];
      const bytes = encode(value, undefined, { transfer, carry });
      const there = new Worker('/values.worker.js', { type: 'module' });
      const answer = new Promise((done) => {
        there.onmessage = ({ data }) => done(data);
      });
      there.postMessage({ bytes, carried: carry }, transfer);
      const seen = await answer;
      const streams = 'stream' in value;
      return { seen, streams, heard: await heard, left: buffer.byteLength, shared: shared[0] };
    },
    undefined,
    { page },
  );
  const { seen } = result;
  assert.equal(seen.error, undefined);
  const classes = { port: 'MessagePort', view: 'Uint8Array', blob: 'Blob', file: 'File' };
  Object.assign(classes, { bitmap: 'ImageBitmap', canvas: 'OffscreenCanvas', rect: 'DOMRect' });
  for (const [key, name] of Object.entries(classes)) assert.equal(seen[key], name, key);
  assert.equal(seen.same, true);
  assert.equal(seen.text, 'a blob');
  assert.deepEqual(seen.bytes, [2, 3, 4]);
  assert.deepEqual(seen.pixel, [9, 8, 7, 255]);
  if (result.streams) assert.equal(seen.chunk, 'a chunk');
  assert.equal(result.heard, 'through the port');
  assert.equal(result.left, 0);
  assert.equal(result.shared, 1);
  await page.close();
});

test('what cannot be sent is named, as structuredClone refuses it', async () => {
  const result = await inPage(async () => {
    const { encode } = await import('/js-glue/codec.js');
    const shut = new ArrayBuffer(4);
    structuredClone(shut, { transfer: [shut] });
    const { port1 } = new MessageChannel();
    const bad = { element: document.body, window, event: new Event('x'), shut };
    Object.assign(bad, { port: port1, promise: Promise.resolve(), weak: new WeakMap(), log() {} });
    const out = {};
    for (const [key, value] of Object.entries(bad)) {
      const isRefused = (action) => {
        try {
          action();
          return 'taken';
        } catch (error) {
          return `${error.name}: ${error.message}`;
        }
      };
      const given = [{ [key]: [value] }];
      const ours = isRefused(() => encode(given, undefined, { isArguments: true, carry: [] }));
      out[key] = [isRefused(() => structuredClone(given)), ours];
    }
    return out;
  });
  assert.equal(Object.keys(result).length, 8);
  // WebKit takes a detached buffer for an empty one, and its error for a port has no such name.
  const isNative = (key) => engine !== 'webkit' || !['shut', 'port'].includes(key);
  for (const [key, [native, ours]] of Object.entries(result)) {
    if (isNative(key)) assert.match(native, /^DataCloneError/, key);
    assert.ok(
      ours.startsWith(`DataCloneError: argument 1: .${key}[0] is a `),
      `${native}; ${ours}`,
    );
  }
});

test('values of another realm are what they are', async () => {
  const result = await inPage(async () => {
    const { decode, encode } = await import('/js-glue/codec.js');
    const frame = document.createElement('iframe');
    document.body.append(frame);
    const value = frame.contentWindow.eval(`({
      map: new Map([[1, new Set([2])]]), date: new Date(5), regexp: /x/g, list: [1, , 3],
      error: new TypeError('theirs', { cause: 1 }), bytes: new Uint8Array([1, 2]), boxed: Object(3n),
      dom: new DOMException('d', 'AbortError'), object: Object.create(null),
    })`);
    const back = decode(encode(value));
    frame.remove();
    const names = Object.entries(back).map(([key, own]) => `${key} ${own.constructor?.name}`);
    const { map, date, list, error, boxed, dom } = back;
    const isHere = back instanceof Object && map instanceof Map && error instanceof TypeError;
    const rest = [map.get(1).has(2), +date, list.length, 1 in list, error.cause, String(boxed)];
    return { names, isHere, rest: [...rest, dom.name, dom.code] };
  });
  assert.equal(result.isHere, true);
  assert.deepEqual(result.names, [
    'map Map',
    'date Date',
    'regexp RegExp',
    'list Array',
    'error TypeError',
    'bytes Uint8Array',
    'boxed BigInt',
    'dom DOMException',
    'object Object',
  ]);
  assert.deepEqual(result.rest, [true, 5, 3, false, 1, '3', 'AbortError', 20]);
});

test('values go through a pool and back', async () => {
  const result = await inPage(async () => {
    const pool = await start({ tasks: '/e2e/tasks.js' });
    const buffer = new ArrayBuffer(16);
    const shared = pool.array(Float64Array, [1, 2, 3]);
    const given = {
      map: new Map([['key', { deep: [1n, -0, Number.NaN, 'text \u2603 \ud800'] }]]),
      views: [new Uint8Array(buffer, 4, 2), new Float32Array(buffer)],
      numbers: Array.from({ length: 1000 }, (_, idx) => idx / 7),
      error: Object.assign(new RangeError('r', { cause: new DOMException('d', 'DataError') }), {
        own: [1],
      }),
      shared,
    };
    given.self = given;
    const back = await pool.run('echo', [given]);
    const own = pool.run('echo', [[1, { numbers: [1, 2, 3, 4, 5, 6, 7, 8], f: undefined }]]);
    const { deep } = back.map.get('key');
    back.shared[1] = 7;
    const out = {
      cycle: back.self === back,
      deep: deep.map((value) => (Object.is(value, -0) ? '-0' : `${value}`)),
      text: deep[3] === given.map.get('key').deep[3],
      views: [back.views[0].byteOffset, back.views[0].buffer === back.views[1].buffer],
      numbers: back.numbers.every((value, idx) => value === idx / 7),
      error: [back.error instanceof RangeError, back.error.cause.name, back.error.own[0]],
      stack: back.error.stack === given.error.stack,
      shared: shared[1],
      own: JSON.stringify(await own),
      refused: await failure(() => pool.run('echo', [1, { config: [{ onClick() {} }] }])),
    };
    await pool.dispose();
    return out;
  });
  assert.match(result.refused.message, /^argument 2: \.config\[0\]\.onClick is a function/);
  assert.equal(result.refused.name, 'DataCloneError');
  delete result.refused;
  assert.deepEqual(result.deep.slice(0, 3), ['1', '-0', 'NaN']);
  delete result.deep;
  assert.deepEqual(result, {
    cycle: true,
    text: true,
    views: [4, true],
    numbers: true,
    error: [true, 'DataError', 1],
    stack: true,
    shared: 7,
    own: '[1,{"numbers":[1,2,3,4,5,6,7,8]}]',
  });
});

test('shared memory is shared, and may be in a result of its task', async () => {
  const result = await inPage(async () => {
    const pool = await start({ tasks: '/e2e/tasks.js' });
    const shared = new SharedArrayBuffer(8);
    const words = new Int32Array(shared);
    const blob = new Blob(['a blob']);
    await pool.run('fillShared', [words, 5]);
    const filled = [...words];
    words.fill(0);
    const back = await pool.run('echo', [{ shared, words }]);
    const [[later], mapped] = await Promise.all([
      pool.run('later', [5, [shared]]),
      pool.map('echo', [1, shared]),
    ]);
    [back.shared, back.words.buffer, later, mapped[1]].forEach((buffer, idx) => {
      new Int32Array(buffer)[0] += 10 ** idx;
    });
    const out = { filled, seen: words[0], isOne: back.words.buffer === back.shared };
    out.refused = await failure(() => pool.run('echo', [{ blob, shared }]));
    await pool.dispose();
    return out;
  });
  assert.deepEqual(result.filled, [5, 5]);
  assert.deepEqual([result.seen, result.isOne], [1111, true]);
  assert.match(result.refused.message, /blob is a Blob/);
});

test('what was written into shared memory for a call is given back, however it ends', async () => {
  const result = await inPage(async () => {
    const pool = await start({ tasks: '/e2e/tasks.js', memory: { maximumBytes: 2 ** 24 } });
    const text = 'x'.repeat(100_000);
    const buffer = new Uint8Array(50_000).fill(7);
    const echoes = [];
    for (const options of [{}, { retry: true }, { transfer: [buffer.slice().buffer] }])
      echoes.push(await pool.run('echo', [{ text, buffer, list: [1, 2] }], options));
    const transfer = [buffer.slice().buffer];
    const moved = await pool.run('echo', [[text, new Uint8Array(transfer[0])]], { transfer });
    const signal = AbortSignal.abort(new RangeError('before'));
    const failures = [
      await failure(() => pool.run('echo', [{ text, deep: [() => 1] }])),
      await failure(() => pool.run('echo', [{ text, buffer }], { signal })),
      await failure(() => pool.run('echo', [{ text, moved: transfer[0] }])),
      await failure(() => pool.run('echo', [{ text, moved: transfer[0] }], { transfer })),
      await failure(() => pool.run('echo', [new Uint8Array(2 ** 25)])),
      await failure(() => pool.run('failLater', [{ text }])),
    ];
    const after = await pool.run('echo', [[text, buffer]]);
    return {
      right: [...echoes, { text: after[0], buffer: after[1] }, { text: moved[0], buffer: moved[1] }]
        .map((value) => value.text === text && value.buffer.every((byte) => byte === 7))
        .join(),
      failures: failures.map(({ name, code, isPenny }) => (isPenny ? code : name)),
      end: await pool.dispose(),
    };
  });
  assert.equal(result.right, 'true,true,true,true,true');
  assert.deepEqual(result.failures, [
    'DataCloneError',
    'RangeError',
    'DataCloneError',
    'DataCloneError',
    'PENNY_ENOMEM',
    'RangeError',
  ]);
  assert.deepEqual(result.end, { isClean: true, liveBlocks: 0 });
});
