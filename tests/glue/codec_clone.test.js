// codec_clone.test.js: what comes out of the codec is what structuredClone gives, for random values;
// and random bytes do no harm. `PENNY_SEED=n` repeats a run.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decode, encode } from '../../js-glue/codec.js';
import { MemoryView } from '../../js-glue/memory.js';

const seed = Number(process.env.PENNY_SEED ?? Date.now() % 2 ** 31);
const RUNS = process.env.PENNY_LONG === '1' ? 20_000 : 1_500;
console.log(`# seed ${seed}`);

const round = (value) => decode(encode(value));

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  // Code units, surrogates without their other half among them.
  fc
    .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 6 })
    .map((units) => String.fromCharCode(...units)),
  fc.constantFrom('', '\ufeffmark', '__proto__', 'constructor', 'toString', 'length', '0', '-1'),
);
const number = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.constantFrom(0, -0, NaN, Infinity, -Infinity, 255, 256, 2 ** 31, -(2 ** 31), 2 ** 53),
);
const bigint = fc.oneof(
  fc.bigInt(),
  fc.bigInt({ min: -5n, max: 5n }),
  fc
    .tuple(fc.bigInt({ min: 2n ** 63n, max: 2n ** 64n }), fc.integer({ min: 0, max: 3000 }))
    .map(([value, bits]) => -(value << BigInt(bits))),
);
const primitive = fc.oneof(text, number, bigint, fc.boolean(), fc.constantFrom(null, undefined));

const VIEWS = [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array];
VIEWS.push(Uint32Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array, DataView);

// A value as a list of nodes that name each other by number: cycles and shared references arise.
const node = fc.oneof(
  fc.record({ kind: fc.constant('array'), of: fc.array(fc.nat(), { maxLength: 12 }) }),
  fc.record({ kind: fc.constant('numbers'), of: fc.array(number, { maxLength: 20 }) }),
  fc.record({
    kind: fc.constant('sparse'),
    length: fc.constantFrom(0, 3, 5000, 50_000_000, 2 ** 32 - 1),
    of: fc.array(fc.tuple(fc.oneof(fc.nat(5000), text), fc.nat()), { maxLength: 4 }),
  }),
  fc.record({
    kind: fc.constantFrom('object', 'instance', 'null', 'getters', 'map'),
    of: fc.array(fc.tuple(text, fc.nat()), { maxLength: 6 }),
  }),
  fc.record({ kind: fc.constant('set'), of: fc.array(fc.nat(), { maxLength: 5 }) }),
  fc.record({ kind: fc.constant('boxed'), of: fc.oneof(text, number, bigint, fc.boolean()) }),
  fc.record({ kind: fc.constant('date'), of: fc.date({ noInvalidDate: false }) }),
  fc.record({ kind: fc.constant('regexp'), of: fc.constantFrom(/a/, /[/]\n/giu, /(?:)/y, /\//s) }),
  fc.record({ kind: fc.constant('buffer'), of: fc.uint8Array({ maxLength: 40 }), room: fc.nat(2) }),
  fc.record({
    kind: fc.constant('view'),
    type: fc.nat(VIEWS.length - 1),
    on: fc.nat(),
    part: fc.nat(),
  }),
  fc.record({ kind: fc.constant('primitive'), of: primitive }),
);

class Instance {
  method() {}
  get inherited() {
    throw new Error('not an own property');
  }
}

const EMPTY = {
  array: () => [],
  numbers: ({ of }) => [...of],
  sparse: () => [],
  object: () => ({}),
  getters: () => ({}),
  instance: () => new Instance(),
  null: () => Object.create(null),
  map: () => new Map(),
  set: () => new Set(),
  boxed: ({ of }) => Object(of),
  date: ({ of }) => new Date(of),
  regexp: ({ of }) => Object.assign(new RegExp(of), { lastIndex: 1, own: 1 }),
  primitive: ({ of }) => of,
  buffer({ of, room }) {
    const options = room ? { maxByteLength: of.length + room } : undefined;
    const buffer = new ArrayBuffer(of.length, options);
    new Uint8Array(buffer).set(of);
    return buffer;
  },
};

function viewOf({ type, part }, buffer) {
  const Type = VIEWS[type];
  const size = Type.BYTES_PER_ELEMENT ?? 1;
  const room = Math.floor(buffer.byteLength / size);
  const from = part % (room + 1);
  // Of buffers that can grow, views that are surely not at the end: the codec takes those for
  // views that follow the buffer.
  const length = Math.max(0, (room - from) >> 1);
  return new Type(buffer, from * size, length);
}

function build(nodes) {
  const made = nodes.map((given) => EMPTY[given.kind]?.(given));
  const buffers = made.filter((value) => value instanceof ArrayBuffer);
  nodes.forEach((given, idx) => {
    if (given.kind !== 'view') return;
    made[idx] = viewOf(given, buffers[given.on % buffers.length] ?? new ArrayBuffer(24));
  });
  const at = (idx) => made[idx % made.length];
  nodes.forEach(({ kind, of, length }, idx) => {
    const value = made[idx];
    const set = (key, to) => {
      const get = () => at(to);
      const how = kind === 'getters' ? { get } : { value: at(to), writable: true };
      Object.defineProperty(value, key, { ...how, enumerable: true, configurable: true });
    };
    if (kind === 'array') value.push(...of.map(at));
    if (kind === 'set') for (const to of of) value.add(at(to));
    if (kind === 'map') for (const [key, to] of of) value.set(key, at(to)).set(at(to), key);
    if (['object', 'instance', 'null', 'getters'].includes(kind))
      for (const [key, to] of of) set(key, to);
    if (kind === 'sparse') {
      for (const [key, to] of of) if (key !== 'length') set(key, to);
      value.length = Math.max(value.length, length);
    }
  });
  return made[0];
}

const value = fc.array(node, { minLength: 1, maxLength: 14 }).map(build);

/** The same in all that a program can see, and in which places hold the same object. */
function assertSame(left, right) {
  const pairs = new Map();
  const todo = [[left, right, '']];
  for (const [one, other, path] of todo) {
    if (typeof one !== 'object' || one === null) {
      assert.ok(Object.is(one, other), `${path}: ${String(one)} is ${String(other)}`);
      continue;
    }
    if (pairs.has(one)) {
      assert.equal(pairs.get(one), other, `${path}: identity`);
      continue;
    }
    assert.ok(
      typeof other === 'object' && ![...pairs.values()].includes(other),
      `${path}: identity`,
    );
    pairs.set(one, other);
    const tag = (object) => Object.prototype.toString.call(object);
    assert.equal(tag(other), tag(one), path);
    assert.equal(Object.getPrototypeOf(other), Object.getPrototypeOf(one), path);
    const names = ArrayBuffer.isView(one) ? [] : Object.getOwnPropertyNames(one);
    if (names.length) assert.deepEqual(Object.getOwnPropertyNames(other), names, path);
    for (const name of names) {
      const [mine, its] = [one, other].map((object) =>
        Object.getOwnPropertyDescriptor(object, name),
      );
      assert.deepEqual({ ...its, value: 0 }, { ...mine, value: 0 }, `${path}.${name}`);
      todo.push([mine.value, its.value, `${path}.${name}`]);
    }
    if (one instanceof Map) todo.push([[...one], [...other], `${path} (map)`]);
    if (one instanceof Set) todo.push([[...one], [...other], `${path} (set)`]);
    if (/Date|Number|String|Boolean|BigInt/.test(tag(one)) && !ArrayBuffer.isView(one))
      todo.push([one.valueOf(), other.valueOf(), path]);
    if (one instanceof RegExp)
      assert.equal(`${other} ${other.lastIndex}`, `${one} ${one.lastIndex}`);
    if (ArrayBuffer.isView(one)) {
      for (const key of ['byteOffset', 'byteLength', 'length'])
        assert.equal(other[key], one[key], key);
      todo.push([one.buffer, other.buffer, `${path}.buffer`]);
    }
    if (one instanceof ArrayBuffer) {
      assert.deepEqual(new Uint8Array(other), new Uint8Array(one), path);
      for (const key of ['resizable', 'maxByteLength'])
        assert.equal(other[key], one[key], path + key);
    }
  }
}

test('diff_codec_random_values_as_structuredClone', () => {
  const property = fc.property(value, (input) => assertSame(structuredClone(input), round(input)));
  fc.assert(property, { seed, numRuns: RUNS });
});

test('diff_codec_refuses_what_structuredClone_refuses', () => {
  const detached = new ArrayBuffer(8);
  const view = new Uint8Array(detached);
  const data = new DataView(detached);
  structuredClone(detached, { transfer: [detached] });
  const short = new ArrayBuffer(8, { maxByteLength: 16 });
  const outside = new Uint32Array(short, 4, 1);
  const outsideData = new DataView(short, 4, 4);
  short.resize(2);
  const strange = [() => 1, Symbol('s'), Object(Symbol('s')), new WeakMap(), new WeakSet()];
  strange.push(Promise.resolve(), new WeakRef({}), (function* () {})(), [].values());
  strange.push(detached, view, data, outside, outsideData, class {});
  for (const bad of strange) {
    for (const given of [bad, [bad], { a: { b: bad } }, new Map([[1, bad]]), new Set([bad])]) {
      assert.throws(() => structuredClone(given), { name: 'DataCloneError' });
      assert.throws(() => encode(given), { name: 'DataCloneError' }, nameOf(bad));
    }
  }
});
const nameOf = (bad) => Object.prototype.toString.call(bad);

test('diff_codec_takes_what_only_says_that_it_is_something_else', () => {
  const fake = (name) => ({
    __proto__: {
      get [Symbol.toStringTag]() {
        return name;
      },
    },
    own: [1],
  });
  for (const name of ['Map', 'Set', 'Date', 'Number', 'BigInt', 'Blob', 'Foo', 'Arguments'])
    assertSame(structuredClone(fake(name)), round(fake(name)));
});

test('fuzz_codec_hostile_bytes', () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const view = new MemoryView(memory);
  const options = { errors: [class Own extends Error {}], carried: [new Blob(['x'])] };
  const before = Reflect.ownKeys(Object.prototype).length + Reflect.ownKeys(Array.prototype).length;
  const word = fc.oneof(
    fc.integer({ min: -1, max: 40 }),
    fc.integer(),
    fc.constantFrom(2 ** 31 - 1),
  );
  const error = new AggregateError([new TypeError('x')], 'y', { cause: new RangeError('z') });
  const samples = [{ error, big: 3n ** 99n, list: [1, 'two', undefined, 3], date: new Date(0) }];
  samples.push([new Map([[{}, new Set('abc')]]), /a/g, new Uint16Array(8), Object('s')]);
  samples.push([new Float32Array(memory.buffer, 8, 2), [1, 2, 3, 4, 5, 6, 7, 8.5], '\ud800']);
  const mutated = fc
    .tuple(fc.nat(2), fc.array(fc.tuple(fc.nat(), word), { maxLength: 4 }), fc.nat())
    .map(([which, changes, cut]) => {
      const bytes = encode(samples[which], view);
      const words = new Int32Array(bytes.buffer, 0, bytes.length >> 2);
      for (const [at, to] of changes) words[at % words.length] = to;
      return cut & 1 ? bytes.subarray(0, cut % bytes.length) : bytes;
    });
  const random = fc
    .tuple(fc.array(word, { maxLength: 60 }), fc.uint8Array({ maxLength: 40 }))
    .map(([words, rest]) => {
      const head = new Int32Array([words.length + 2, rest.length, ...words]);
      return new Uint8Array([...new Uint8Array(head.buffer), ...rest]);
    });
  const bytes = fc.oneof(mutated, random, fc.uint8Array({ maxLength: 64 }));
  const property = fc.property(bytes, (input) => {
    const start = performance.now();
    try {
      decode(input, view, options);
    } catch (thrown) {
      assert.equal(thrown.constructor, RangeError);
    }
    assert.ok(performance.now() - start < 2000, 'took long');
  });
  fc.assert(property, { seed, numRuns: 20 * RUNS });
  const after = Reflect.ownKeys(Object.prototype).length + Reflect.ownKeys(Array.prototype).length;
  assert.equal(after, before);
});

test('fuzz_codec_lengths_allocate_nothing', () => {
  // A thousand arrays that say 30 million elements each, and every count of good bytes made huge.
  const long = () => {
    const array = [];
    // Not by its length, which would reserve the room.
    array[29_999_999] = 1;
    return array;
  };
  const sparse = encode(Array.from({ length: 1000 }, long));
  const before = process.memoryUsage().rss;
  const arrays = decode(sparse);
  assert.equal(arrays[999].length, 30_000_000);
  const good = encode([
    new Uint8Array(8),
    [1, 2, 3, 4, 5, 6, 7, 8],
    'text',
    new Map([[1, {}]]),
    [undefined],
  ]);
  for (let at = 0; at < good.length >> 2; at++) {
    for (const huge of [2 ** 31 - 1, 2 ** 28, -1]) {
      const bytes = good.slice();
      new Int32Array(bytes.buffer, 0, good.length >> 2)[at] = huge;
      try {
        decode(bytes);
      } catch (error) {
        assert.equal(error.constructor, RangeError);
      }
    }
  }
  const grown = process.memoryUsage().rss - before;
  assert.ok(grown < 100 * 2 ** 20, `${grown} bytes`);
});
