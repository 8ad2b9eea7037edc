// arrays.test.js: pool.sort, scan, sum, min and max against the engine's own sort, loops and
// bigints; what they refuse.
import assert from 'node:assert/strict';
import { browserTests, isSingle } from './harness.js';

const { inPage, test } = browserTests();

test('arrays are sorted, scanned and folded as JavaScript would', async () => {
  const wrong = await inPage(async () => {
    const pool = await start({ memory: { maximumBytes: 2 ** 27 } });
    const wrong = [];
    const types = [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array];
    types.push(Uint32Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array);
    const same = (a, b) => a.length === b.length && a.every((x, idx) => Object.is(x, b[idx]));
    let seed = 1;
    const random = () => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return seed;
    };
    const isReal = (Type) => Type === Float32Array || Type === Float64Array;
    const hard = [0, -0, Number.NaN, Infinity, -Infinity, 1, -1, 1e-40, 5];
    const fillers = {
      bits: (plain) => {
        const words = new Uint32Array(plain.buffer);
        for (let idx = 0; idx < words.length; idx++) words[idx] = random();
      },
      hard: (plain, Type) => {
        for (let idx = 0; idx < plain.length; idx++) {
          const big = BigInt(random() % 9) - 4n;
          plain[idx] = isReal(Type)
            ? hard[random() % 9]
            : typeof plain[0] === 'bigint'
              ? big
              : Number(big);
        }
      },
    };
    for (const Type of types) {
      for (const length of [0, 1, 2, 100, 5000, 70_000]) {
        for (const [filler, fill] of Object.entries(fillers)) {
          const check = (what, isGood) => {
            if (!isGood) wrong.push(`${Type.name} ${length} ${filler} ${what}`);
          };
          const bytes = Math.ceil((length * Type.BYTES_PER_ELEMENT) / 4) * 4;
          const plain = new Type(new ArrayBuffer(bytes), 0, length);
          fill(plain, Type);
          // Its first and last elements are not to be touched.
          const whole = pool.array(Type, length + 2);
          const array = whole.subarray(1, length + 1);
          array.set(plain);
          const isBig = typeof whole[0] === 'bigint';

          const total = [...plain].reduce((sum, x) => sum + x, isBig ? 0n : 0);
          const sum = await pool.sum(array);
          const scale = Math.abs(Number([...plain].reduce((s, x) => s + Math.abs(Number(x)), 0)));
          const isSum = isReal(Type)
            ? Object.is(sum, total) || Math.abs(sum - total) <= scale * 1e-11
            : sum === total;
          check(`sum ${sum} not ${total}`, isSum || (!Number.isFinite(total) && filler === 'bits'));

          const ordered = isBig ? plain.slice().sort() : undefined;
          const least = isBig
            ? ordered[0]
            : length
              ? plain.reduce((a, b) => Math.min(a, b))
              : undefined;
          const most = isBig
            ? ordered.at(-1)
            : length
              ? plain.reduce((a, b) => Math.max(a, b))
              : undefined;
          check('min', Object.is(await pool.min(array), least));
          check('max', Object.is(await pool.max(array), most));

          check('sort gives the array', (await pool.sort(array)) === array);
          check('sort', same(array, plain.slice().sort()));
          array.set(plain);
          await pool.sort(array, { descending: true });
          check('descending', same(array, plain.slice().sort().reverse()));

          for (const exclusive of [false, true]) {
            if (isReal(Type) && filler === 'bits') continue;
            array.set(plain);
            await pool.scan(array, { exclusive });
            const want = plain.slice();
            // Kept in the element's own type, which is what wrapping means; floats in doubles.
            const running = isReal(Type) ? new Float64Array(1) : new Type(1);
            for (let idx = 0; idx < length; idx++) {
              if (exclusive) want[idx] = running[0];
              running[0] += plain[idx];
              if (!exclusive) want[idx] = running[0];
            }
            const isClose = isReal(Type)
              ? array.every((x, idx) => Object.is(x, want[idx]) || Math.abs(x - want[idx]) < 1e-6)
              : same(array, want);
            check(`scan ${exclusive}`, isClose);
          }
          check('outside', Number(whole[0]) === 0 && Number(whole[length + 1]) === 0);
          pool.free(whole);
        }
      }
    }
    const { liveBlocks } = await pool.dispose();
    return [...wrong, ...(liveBlocks ? [`${liveBlocks} blocks are left`] : [])];
  });
  assert.deepEqual(wrong, []);
});

test('integer sums are exact, float sums the same on any number of workers', async () => {
  const result = await inPage(async () => {
    const one = await start({ workers: 1, memory: { maximumBytes: 2 ** 27 } });
    const two = await start({ workers: 2, memory: { maximumBytes: 2 ** 27 } });
    const length = 300_000;
    const sumOf = async (Type, value) => {
      const array = two.array(Type, length).fill(value);
      const sum = await two.sum(array);
      two.free(array);
      return `${typeof sum} ${sum}`;
    };
    const exact = [
      await sumOf(BigInt64Array, -(2n ** 63n)),
      await sumOf(BigInt64Array, 2n ** 63n - 1n),
      await sumOf(BigUint64Array, 2n ** 64n - 1n),
      await sumOf(Int32Array, -(2 ** 31)),
      await sumOf(Float64Array, 0.1),
    ];
    // 2 ** 53 - 1, 2 ** 53 and one more, of which only the last is no number.
    const small = two.array(Uint32Array, 2 ** 21 + 2).fill(2 ** 32 - 1);
    small[2 ** 21] = 2 ** 21 - 1;
    for (const last of [0, 1, 2]) {
      small[2 ** 21 + 1] = last;
      const sum = await two.sum(small);
      exact.push(`${typeof sum} ${sum}`);
    }
    const values = Float64Array.from({ length }, (_, idx) => Math.sin(idx) * 2 ** (idx % 90));
    const same = [];
    for (const Type of [Float32Array, Float64Array]) {
      const [a, b] = [one, two].map((pool) => pool.array(Type, values));
      same.push(Object.is(await one.sum(a), await two.sum(b)));
      await one.scan(a);
      await two.scan(b);
      same.push(a.every((x, idx) => Object.is(x, b[idx])));
    }
    await one.dispose();
    await two.dispose();
    return { exact, same };
  });
  assert.deepEqual(result.exact, [
    `bigint ${-(2n ** 63n) * 300_000n}`,
    `bigint ${(2n ** 63n - 1n) * 300_000n}`,
    `bigint ${(2n ** 64n - 1n) * 300_000n}`,
    `number ${-(2 ** 31) * 300_000}`,
    'number 30000',
    `number ${2 ** 53 - 1}`,
    `number ${2 ** 53}`,
    `bigint ${2n ** 53n + 1n}`,
  ]);
  assert.deepEqual(result.same, [true, true, true, true]);
});

test('a comparator sorts stably, in any type and size', async () => {
  const result = await inPage(async () => {
    const pool = await start({ tasks: '/e2e/tasks.js' });
    const compare = (a, b) => (Number(a) % 10) - (Number(b) % 10);
    const wrong = [];
    for (const Type of [Uint8Array, Int32Array, Float64Array, BigInt64Array]) {
      for (const length of [0, 1, 2, 1024, 1025, 20_000]) {
        for (const descending of [false, true]) {
          const values = Array.from({ length }, (_, idx) => Math.imul(idx, 2654435761) >>> 8);
          const plain = Type.from(values, Type === BigInt64Array ? BigInt : Number);
          const array = pool.array(Type, plain);
          const same = await pool.sort(array, { comparator: 'byLastDigit', descending });
          const want = plain.sort(descending ? (a, b) => compare(b, a) : compare);
          if (same !== array || !array.every((value, idx) => value === want[idx]))
            wrong.push(`${Type.name} ${length} ${descending}`);
          pool.free(array);
        }
      }
    }
    const array = pool.array(Int8Array, [3, 1, 2]);
    const out = {
      wrong,
      fails: await failure(() => pool.sort(array, { comparator: 'byNothing' })),
      unknown: await failure(() => pool.sort(array, { comparator: 'nosuch' })),
      values: [...array],
    };
    const steals = pool.stats().workers.reduce((sum, worker) => sum + worker.steals, 0);
    const { liveBlocks } = await pool.dispose();
    return { ...out, liveBlocks, isShared: steals > 0 };
  });
  assert.deepEqual(result.wrong, []);
  assert.equal(result.fails.name, 'RangeError');
  assert.equal(result.unknown.code, 'PENNY_ESYMBOL');
  assert.deepEqual(result.values, [3, 1, 2]);
  assert.equal(result.liveBlocks, 0);
  assert.equal(result.isShared, !isSingle);
});

test('what cannot be sorted is refused, and nothing is harmed', async () => {
  const result = await inPage(async () => {
    const pool = await start({ memory: { maximumBytes: 2 ** 20 } });
    const array = pool.array(Float64Array, 70_000).fill(1);
    array[0] = 2;
    // Until there is no room for a second one of that size.
    const others = [];
    const full = await failure(() => {
      for (;;) others.push(pool.array(Uint8Array, 100_000));
    });
    pool.free(others.pop());
    const gone = pool.array(Int8Array, 4);
    pool.free(gone);
    const out = {
      plain: await failure(() => pool.sort(new Float64Array(4))),
      list: await failure(() => pool.sum([1, 2])),
      freed: await failure(() => pool.min(gone)),
      option: await failure(() => pool.sort(array, { descending: 'yes' })),
      exclusive: await failure(() => pool.scan(array, { exclusive: 1 })),
      signal: await failure(() => pool.sort(array, { signal: 'now' })),
      priority: await failure(() => pool.sum(array, { priority: 'high' })),
      aborted: await failure(() =>
        pool.sort(array, { signal: AbortSignal.abort(new Error('no')) }),
      ),
      memory: await failure(() => pool.sort(array)),
    };
    out.first = [array[0], array[1], await pool.sum(array)];
    out.late = await failure(() => pool.scan(array, { timeout: 0 }));
    const { liveBlocks } = await pool.dispose();
    out.closed = await failure(() => pool.max(array));
    const bare = await start({ wasm: '/build/wasm/js-glue/core_alone.wasm' });
    out.bare = await failure(() => bare.sum(bare.array(Float32Array, 1)));
    await bare.dispose();
    return { ...out, full, liveBlocks };
  });
  for (const key of ['plain', 'list', 'freed', 'option', 'exclusive', 'signal', 'priority'])
    assert.equal(result[key].name, 'TypeError', key);
  assert.match(result.freed.message, /freed/);
  assert.match(result.option.message, /descending is true or false, not yes/);
  assert.equal(result.aborted.message, 'no');
  assert.equal(result.full.code, 'PENNY_ENOMEM');
  assert.equal(result.memory.code, 'PENNY_ENOMEM');
  assert.deepEqual(result.first, [2, 1, 70_001]);
  assert.ok(result.late.name === 'TimeoutError' || result.late.value, JSON.stringify(result.late));
  assert.equal(result.closed.code, 'PENNY_ECLOSED');
  assert.equal(result.bare.code, 'PENNY_ESYMBOL');
  assert.match(result.bare.message, /NO_KERNELS/);
  assert.equal(result.liveBlocks, 0);
});
