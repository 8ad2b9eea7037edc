// codec.test.js: values survive the way through bytes, and what cannot be sent is refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode, encode } from '../../js-glue/codec.js';
import { PennyError } from '../../js-glue/errors.js';
import { MemoryView } from '../../js-glue/memory.js';

const round = (value, view) => decode(encode(value, view).slice(), view);

test('glue_codec_large_values', () => {
  const doubles = Array.from({ length: 20_000 }, (_, i) => i * 1.1);
  for (const value of [doubles, new Uint8Array(1e6).fill(7), 'x'.repeat(300_000)])
    assert.deepEqual(round(value), value);
});

test('glue_codec_scalars_exact', () => {
  const numbers = [
    0,
    -0,
    1.5,
    Number.NaN,
    Infinity,
    -Infinity,
    2 ** 53 + 2,
    5e-324,
    2 ** 31,
    -(2 ** 31),
  ];
  for (const value of numbers) assert.ok(Object.is(round(value), value), String(value));
  for (const value of [undefined, null, true, false]) assert.equal(round(value), value);
  for (const value of [0n, 1n, -1n, 2n ** 64n, -(3n ** 500n)]) assert.equal(round(value), value);
});

test('glue_codec_strings_exact', () => {
  for (const value of [
    '',
    'plain',
    '\u00ff\u0100',
    '\ud83d\ude00',
    '\ud800',
    'x\0y',
    'long '.repeat(5000),
  ])
    assert.equal(round(value), value);
});

test('glue_codec_structures', () => {
  const value = { list: [1, [2, [3]]], empty: {}, none: undefined, text: 'a', '\u2603': null };
  assert.deepEqual(round(value), value);
  assert.deepEqual(Object.keys(round(value)), Object.keys(value));
  const shared = { one: 1 };
  const twice = round([shared, shared]);
  assert.equal(twice[0], twice[1]);
  const cycle = { inner: {} };
  cycle.inner.outer = cycle;
  const back = round(cycle);
  assert.equal(back.inner.outer, back);
  const key = round(JSON.parse('{"__proto__": {"polluted": 1}}'));
  assert.deepEqual(Object.keys(key), ['__proto__']);
  assert.equal({}.polluted, undefined);
  assert.equal(Object.getPrototypeOf(key), Object.prototype);
});

test('glue_codec_binary_by_copy', () => {
  const source = new Float32Array([1, 2, 3]);
  const copy = round(source.subarray(1));
  assert.deepEqual(copy, new Float32Array([2, 3]));
  assert.notEqual(copy.buffer, source.buffer);
  assert.deepEqual(round(new BigInt64Array([-5n])), new BigInt64Array([-5n]));
  assert.deepEqual(round(new Uint8Array([1, 2]).buffer), new Uint8Array([1, 2]).buffer);
  assert.equal(round(new DataView(new ArrayBuffer(3))).byteLength, 3);
});

test('glue_codec_shared_arrays_by_reference', () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true });
  const view = new MemoryView(memory);
  const array = new Float64Array(memory.buffer, 64, 3);
  array.set([1, 2, 3]);
  const same = round({ array }, view).array;
  same[1] = 7;
  assert.equal(array[1], 7);
  view.freed = new WeakSet([array]);
  assert.throws(() => encode(array, view), { name: 'DataCloneError' });
});

test('glue_codec_errors_keep_class_and_cause', () => {
  const error = new TypeError('outer', { cause: new RangeError('inner') });
  error.code = 'E_X';
  const back = round(error);
  assert.ok(back instanceof TypeError);
  assert.equal(back.message, 'outer');
  assert.equal(back.stack, error.stack);
  assert.equal(back.code, 'E_X');
  assert.ok(back.cause instanceof RangeError);
  const self = new Error('me');
  self.cause = self;
  const again = round(self);
  assert.equal(again.cause, again);
  const own = round(new PennyError('PENNY_ETRAP', 'text'));
  assert.ok(own instanceof PennyError);
  assert.equal(own.code, 'PENNY_ETRAP');
  const dom = round(new DOMException('stopped', 'AbortError'));
  assert.ok(dom instanceof DOMException);
  assert.equal(dom.name, 'AbortError');
});

test('glue_codec_refuses', () => {
  for (const value of [
    () => 1,
    Symbol('s'),
    new WeakMap(),
    Promise.resolve(),
    { deep: [() => 1] },
  ]) {
    assert.throws(() => encode(value), { name: 'DataCloneError' });
  }
});

test('fuzz_codec_broken_bytes_throw_or_give_a_value', () => {
  let seed = 12345;
  const random = (below) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % below;
  };
  const good = encode({ list: [1, 'two', 3n, new Uint8Array(5)], error: new Error('x') }).slice();
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const view = new MemoryView(memory);
  for (let round = 0; round < 20_000; round++) {
    const bytes = good.slice(0, 1 + random(good.length));
    for (let change = random(4); change >= 0; change--) bytes[random(bytes.length)] = random(256);
    try {
      decode(bytes, view);
    } catch (error) {
      assert.ok(error instanceof Error, `round ${round}`);
    }
  }
});
