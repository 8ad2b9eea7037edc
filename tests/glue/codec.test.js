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

test('glue_codec_arrays_of_numbers', () => {
  const whole = Array.from({ length: 100 }, (_, n) => (n - 50) * 2 ** 25);
  for (const last of [1, -0, 0.5, NaN, Infinity, 2 ** 31, -(2 ** 31), 2 ** 31 - 1, -(2 ** 53)]) {
    const array = [...whole, last];
    assert.deepStrictEqual(decode(encode(array)), array);
    // Four bytes each when all are whole.
    assert.equal(encode(array).length < 101 * 5, Object.is(last, last | 0), `${last}`);
  }
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

test('glue_codec_long_strings_by_pieces', () => {
  // Characters of two, three and four bytes, at every place where a piece may end; long after short and short after long.
  for (const length of [3000, 8000, 400_000, 20_000])
    for (const character of ['\u00e9', '\u65e5', '\ud83d\ude00', '\u65e5\ud83d\ude00'])
      for (let shift = 0; shift < 7; shift++) {
        const value = 'a'.repeat(shift) + character.repeat(length);
        assert.ok(round([value, shift])[0] === value, `${shift} and ${length} ${character}`);
      }
  const halves = '\ud83d'.repeat(100_000);
  assert.ok(round(halves) === halves);
});

test('glue_codec_arrays_that_call_themselves_otherwise', () => {
  class Vector extends Float32Array {
    get [Symbol.toStringTag]() {
      return 'Vector';
    }
  }
  const copy = round(Vector.of(1.5, 2));
  assert.deepEqual([copy.constructor, ...copy], [Float32Array, 1.5, 2]);
  assert.equal(round(new DataView(new ArrayBuffer(3), 1)).byteLength, 2);
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

test('glue_codec_arrays_are_known_while_another_thread_grows_the_memory', () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true });
  const view = new MemoryView(memory);
  const bytes = encode(new Float64Array(memory.buffer, 64, 3), view).slice();
  // WebKit gives another buffer at each look then.
  view.memory = {
    get buffer() {
      return new SharedArrayBuffer(65536);
    },
  };
  assert.equal(view.owns(decode(bytes, view)), true);
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
  Object.defineProperty(error, 'broken', {
    enumerable: true,
    get() {
      throw new Error('of a getter');
    },
  });
  assert.deepEqual([round(error).message, round(error).broken], ['outer', undefined]);
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

test('glue_codec_names_of_long_lists', () => {
  const named = (length, value) => Object.assign(new Array(length).fill(value), { own: 5 });
  for (const value of ['x', true, 1, null]) {
    assert.deepEqual(round(named(65_536, value)), named(65_536, value));
    const long = round(named(65_537, value));
    assert.deepEqual(long, new Array(65_537).fill(value));
  }
  assert.deepEqual(round(named(65_537, undefined)), named(65_537, undefined));
});

test('glue_codec_errors_are_not_lost_for_their_texts', () => {
  const texts = [Symbol('s'), Object.create(null)];
  for (const text of texts) {
    for (const key of ['message', 'name']) {
      const error = Object.assign(new RangeError('one'), { own: 5 });
      Object.defineProperty(error, key, { value: text });
      const { cause } = round(new Error('outer', { cause: error }));
      assert.ok(cause instanceof RangeError);
      assert.equal(cause.own, 5);
      assert.equal(cause[key], typeof text === 'symbol' ? 'Symbol(s)' : '');
    }
  }
  class Late extends TypeError {
    get message() {
      throw new Error('of a getter');
    }
  }
  assert.ok(round(new Late()) instanceof TypeError);
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

test('glue_codec_refusal_names_the_path', () => {
  const messageOf = (value, options) => {
    try {
      encode(value, undefined, options);
    } catch (error) {
      assert.equal(error.name, 'DataCloneError');
      return error.message;
    }
    assert.fail('not refused');
  };
  const onClick = () => 1;
  const config = { items: [0, 1, 2, { onClick }] };
  const args = { isArguments: true };
  assert.match(
    messageOf([1, { config }], args),
    /^argument 2: \.config\.items\[3\]\.onClick is a function/,
  );
  assert.match(messageOf([onClick], args), /^argument 1 is a function/);
  assert.match(messageOf(onClick), /^the value is a function/);
  const map = { 'two words': new Map([['key', Symbol('s')]]) };
  assert.match(messageOf([map], args), /^argument 1: \[two words\]\[1\] is a symbol/);
  assert.match(messageOf({ a: { b: Promise.resolve() } }), /: \.a\.b is a Promise/);
  assert.match(messageOf({ blob: new Blob(['x']) }), /: \.blob is a Blob, which needs a message/);
  // After a refusal all is as before.
  assert.deepEqual(round([1]), [1]);
});

test('glue_codec_custom_errors_by_name', () => {
  class AppError extends RangeError {
    constructor() {
      throw new Error('no constructor runs');
    }
    get shout() {
      return `${this.message}!`;
    }
  }
  const error = Reflect.construct(RangeError, ['text'], AppError);
  error.details = { at: [1, { deep: error }], skipped: () => 1 };
  const bytes = encode({ error });
  const back = decode(bytes, undefined, { errors: [class Other extends Error {}, AppError] }).error;
  assert.ok(back instanceof AppError);
  assert.equal(back.shout, 'text!');
  assert.equal(back.details.at[1].deep, back);
  // What cannot be sent does not cost the error.
  assert.equal(back.details.skipped, undefined);
  // The nearest class that is known there.
  const plain = decode(bytes).error;
  assert.equal(Object.getPrototypeOf(plain), RangeError.prototype);
  assert.deepEqual(Object.keys(plain), ['details']);
  // A name that only the instance has.
  const named = round(Object.assign(new TypeError('x'), { name: 'Named' }));
  assert.ok(named instanceof TypeError);
  assert.equal(named.name, 'Named');
  class Inherits extends Error {
    get name() {
      return 'FromPrototype';
    }
  }
  assert.equal(round(new Inherits('x')).name, 'FromPrototype');
});

test('glue_codec_errors_of_every_class', () => {
  const classes = [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError];
  for (const Class of classes) {
    const error = new Class('text', { cause: [Class.name] });
    const back = round(error);
    assert.equal(Object.getPrototypeOf(back), Class.prototype);
    assert.equal(Object.prototype.toString.call(back), '[object Error]');
    for (const key of ['name', 'message', 'stack']) assert.equal(back[key], error[key]);
    assert.deepEqual(back.cause, [Class.name]);
    assert.deepEqual(Object.keys(back), []);
  }
  const all = round(new AggregateError([new TypeError('one'), 2], 'many'));
  assert.ok(all instanceof AggregateError);
  assert.ok(all.errors[0] instanceof TypeError);
  assert.equal(all.errors[1], 2);
  const dom = Object.assign(new DOMException('m', 'AbortError'), { own: 1 });
  const back = round(dom);
  assert.equal(back.code, 20);
  assert.equal(back.message, 'm');
  assert.equal(back.own, 1);
  assert.equal(back.stack, dom.stack);
});

test('glue_codec_carries_by_message', () => {
  const { port1, port2 } = new MessageChannel();
  const buffer = new ArrayBuffer(8);
  const foreign = new SharedArrayBuffer(8);
  const blob = new Blob(['x']);
  const value = {
    port: port1,
    again: port1,
    view: new Uint8Array(buffer, 2, 3),
    shared: [new Int32Array(foreign), foreign],
    blob,
  };
  const carry = [];
  const bytes = encode(value, undefined, { transfer: [port1, buffer], carry });
  assert.deepEqual(carry, [port1, buffer, blob, foreign]);
  const carried = structuredClone(carry, { transfer: [port1, buffer] });
  assert.equal(buffer.byteLength, 0);
  const back = decode(bytes, undefined, { carried });
  assert.equal(back.port, carried[0]);
  assert.equal(back.again, carried[0]);
  assert.equal(back.view.buffer, carried[1]);
  assert.equal(`${back.view.byteOffset} ${back.view.length}`, '2 3');
  assert.equal(back.shared[0].buffer, back.shared[1]);
  Atomics.store(new Int32Array(foreign), 0, 7);
  assert.equal(back.shared[0][0], 7);
  assert.equal(back.blob.size, 1);
  // Who has lost the message is told.
  assert.throws(() => decode(bytes), RangeError);
  assert.throws(() => encode(port1, undefined, { transfer: [port1] }), { name: 'DataCloneError' });
  carried[0].close();
  port2.close();
});

test('glue_codec_penny_arrays_keep_their_memory', () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 3, shared: true });
  const view = new MemoryView(memory);
  const old = new Uint16Array(memory.buffer, 8, 4);
  const bytes = encode([old, old, new DataView(memory.buffer, 16, 8), memory.buffer], view);
  // Another worker has grown it since.
  const there = new MemoryView(memory);
  memory.grow(1);
  const [one, two, data, buffer] = decode(bytes, there);
  assert.equal(one, two);
  one[3] = 77;
  assert.equal(old[3], 77);
  assert.equal(`${data.byteOffset} ${data.byteLength}`, '16 8');
  assert.ok(buffer instanceof SharedArrayBuffer);
  const grown = new Uint8Array(memory.buffer, 70_000, 1);
  view.refresh();
  assert.equal(decode(encode(grown, view), there).byteOffset, 70_000);
  const beyond = encode(new Uint8Array(memory.buffer, 131_000, 64), view);
  memory.grow(1);
  // An address outside of the memory of the reader.
  const small = new MemoryView(new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }));
  assert.throws(() => decode(beyond, small), RangeError);
});

test('glue_memory_text_that_another_thread_has_grown_the_memory_for', () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 3, shared: true });
  const view = new MemoryView(memory);
  memory.grow(1);
  new Uint8Array(memory.buffer).set(new TextEncoder().encode('why it failed'), 70_000);
  assert.equal(view.text(70_000, 13), 'why it failed');
  assert.equal(new MemoryView(memory).text(70_000), 'why it failed');
  assert.throws(() => view.text(140_000, 1), { code: 'PENNY_ECORRUPT' });
});

test('glue_codec_deep_and_wide', () => {
  let list = null;
  for (let depth = 0; depth < 100_000; depth++) list = { next: list };
  let depth = 0;
  for (let at = round(list); at; at = at.next) depth++;
  assert.equal(depth, 100_000);
  let nested = [];
  for (let level = 0; level < 100_000; level++) nested = [nested];
  assert.equal(round(nested).length, 1);
});

test('glue_codec_getters_run_once_and_may_throw', () => {
  let calls = 0;
  const counted = {
    get value() {
      calls++;
      return { deep: 1 };
    },
  };
  assert.deepEqual(round([counted, counted])[1], { value: { deep: 1 } });
  assert.equal(calls, 1);
  const thrown = new Error('mine');
  const throws = {
    get value() {
      throw thrown;
    },
  };
  assert.throws(() => encode(throws), thrown);
  const sends = {
    get value() {
      return encode(1);
    },
  };
  assert.throws(() => encode(sends), { name: 'DataCloneError', message: /getter/ });
  assert.equal(round(1), 1);
});

test('glue_codec_writes_where_it_is_told', () => {
  const memory = new Uint8Array(new SharedArrayBuffer(4096));
  const view = { buffers: new Set([memory.buffer]), freed: new Set() };
  view.room = (count) => memory.subarray(64, 64 + count);
  for (const value of [
    [1, 'text'],
    { doubles: new Float64Array(100).fill(1.5) },
    '\u2603'.repeat(9),
  ]) {
    const bytes = encode(value, view, { isPlaced: true });
    assert.equal(bytes.buffer, memory.buffer);
    assert.deepEqual(decode(bytes), value);
    // Where there is no room it makes its own.
    const own = encode(value, { ...view, room: () => undefined }, { isPlaced: true });
    assert.notEqual(own.buffer, memory.buffer);
    assert.deepEqual(own, new Uint8Array(bytes));
    // In place, at any word.
    memory.copyWithin(132, 64, 64 + bytes.length);
    assert.deepEqual(decode(memory.subarray(132, 132 + bytes.length)), value);
  }
});

test('glue_codec_bytes_are_the_callers', () => {
  const first = encode(['first']);
  encode(['other']);
  assert.deepEqual(decode(first), ['first']);
});

// What JSON takes in the same run, on the same machine, is the measure: the codec was JSON before.
test('glue_codec_costs_less_than_json', () => {
  const numbers = Array.from({ length: 1e6 }, (_, idx) => idx * 1.1);
  const time = (action) => {
    let best = Infinity;
    for (let run = 0; run < 5; run++) {
      const start = performance.now();
      action();
      best = Math.min(best, performance.now() - start);
    }
    return best;
  };
  const ours = time(() => round(numbers));
  const json = time(() => JSON.parse(JSON.stringify(numbers)));
  assert.ok(ours < json / 2, `${ours} ms, JSON ${json} ms`);
});
