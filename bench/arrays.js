// arrays.js: pool.sort, scan, sum, min and max on 2 workers against the engine's own sort and plain loops on the page's
// thread, in turn, in one page: `node bench/arrays.js [chromium|firefox|webkit]` prints a table of medians in milliseconds.
// The wasm preset must have been built.
import { launch } from '../e2e/browser.js';
import { serve } from '../scripts/serve.js';

const engine = process.argv[2] ?? 'chromium';
const server = await serve();
const browser = await launch(engine);

async function measure() {
  const { createPool } = await import('/js-glue/index.js');
  const pool = await createPool({
    workers: 2,
    tasks: '/e2e/tasks.js',
    memory: { maximumBytes: 2 ** 29 },
  });
  const rounds = 7;
  const median = (times) => times.sort((a, b) => a - b)[times.length >> 1];
  const rows = [];
  const timed = async (action) => {
    const began = performance.now();
    await action();
    return performance.now() - began;
  };
  /** Both in turn on the same input, set anew before each. */
  async function compare(what, Type, length, ours, plain) {
    const value = Type === Float64Array ? Math.random : () => (Math.random() * 2 ** 31) | 0;
    const source = Type.from({ length }, value);
    const array = pool.array(Type, length);
    const own = new Type(length);
    const times = [[], []];
    for (let round = 0; round < rounds; round++) {
      array.set(source);
      own.set(source);
      times[0].push(await timed(() => ours(array)));
      times[1].push(await timed(() => plain(own)));
    }
    pool.free(array);
    const [penny, other] = times.map(median);
    rows.push({ what: `${what} ${Type.name}`, length, penny, plain: other, ratio: other / penny });
  }
  const add = (array) => {
    let sum = 0;
    for (let idx = 0; idx < array.length; idx++) sum += array[idx];
    return sum;
  };
  const least = (array) => {
    let best = Infinity;
    for (let idx = 0; idx < array.length; idx++) best = Math.min(best, array[idx]);
    return best;
  };
  const prefix = (array) => {
    for (let idx = 1; idx < array.length; idx++) array[idx] += array[idx - 1];
  };
  for (const Type of [Float64Array, Float32Array, Int32Array, Uint16Array, Uint8Array]) {
    const sortOurs = (array) => pool.sort(array);
    await compare('sort', Type, 4_000_000, sortOurs, (array) => array.sort());
  }
  const byLastDigit = (a, b) => (a % 10) - (b % 10);
  const ordered = (array) => pool.sort(array, { comparator: 'byLastDigit' });
  await compare('comparator', Float64Array, 300_000, ordered, (array) => array.sort(byLastDigit));
  for (const Type of [Float64Array, Float32Array, Int32Array, Uint8Array]) {
    const length = 2 ** 23 / Type.BYTES_PER_ELEMENT; // 8 MiB
    await compare('sum', Type, length, (array) => pool.sum(array), add);
    await compare('min', Type, length, (array) => pool.min(array), least);
    await compare('scan', Type, length, (array) => pool.scan(array), prefix);
  }
  await pool.dispose();
  return rows;
}

try {
  const page = await browser.newPage(`${server.url}e2e/page.html`);
  const rows = await page.evaluate(measure, undefined, 300);
  console.log(`${browser.engine} ${browser.version}, 2 workers, medians in ms`);
  for (const { what, length, penny, plain, ratio } of rows) {
    const cells = [penny.toFixed(2), plain.toFixed(2), `${ratio.toFixed(2)} times`];
    console.log(
      what.padEnd(26),
      `${length}`.padStart(9),
      ...cells.map((cell) => cell.padStart(12)),
    );
  }
} finally {
  await browser.close();
  await server.close();
}
