// The README's code, as it is printed there: its C and CMake build a module by find_package, its JavaScript runs in a page.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from '../scripts/run.js';
import { browserTests, engine } from './harness.js';

const folder = join(root, 'build', `readme-${engine}`);

/** The fenced blocks whose first line says `example: NAME`, by name. */
function examples() {
  const text = readFileSync(join(root, 'README.md'), 'utf8');
  const blocks = [...text.matchAll(/```\w+\n(?:\/\/|#) example: (\S+)\n([\s\S]*?)```/g)];
  return new Map(blocks.map(([, name, code]) => [name, code]));
}

const { open, test } = browserTests();

test('glue_readme_examples', async () => {
  const code = examples();
  const names = [
    'CMakeLists.txt',
    'app.js',
    'arrays.js',
    'call.js',
    'kernels.c',
    'tasks.worker.js',
  ];
  assert.deepEqual([...code.keys()].sort(), names);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'CMakeLists.txt'), code.get('CMakeLists.txt'));
  const scale = `
static void scale_part(PENNY_CONTEXT, int64_t begin, int64_t end, void *context) {
  double *data = *(double **)context;
  for (int64_t i = begin; i < end; i++) data[i] *= 3;
}
PENNY_TASK(void, scale, (double *, data), (int32_t, count), (double, by)) {
  (void)by;
  penny_for(0, count, scale_part, &data);
}
PENNY_EXPORT(scale)
`; // the README's array example calls it; its text shows the JavaScript only
  writeFileSync(join(folder, 'kernels.c'), code.get('kernels.c') + scale);
  const steps = [
    [
      '-S',
      folder,
      '-B',
      join(folder, 'build'),
      '-G',
      'Ninja',
      `-DCMAKE_TOOLCHAIN_FILE=${join(root, 'cmake/toolchain-web.cmake')}`,
      `-DCMAKE_PREFIX_PATH=${root}`,
    ],
    ['--build', join(folder, 'build')],
  ];
  for (const step of steps) {
    const { code: status, output } = await run('cmake', step, { timeoutSeconds: 120 });
    assert.equal(status, 0, output);
  }
  const page = await open();
  const wasm = `/build/readme-${engine}/build/kernels.wasm`;
  // Only what a bundler would resolve is changed: the package's names and the module's place.
  const source = (name) =>
    code
      .get(name)
      .replace("'penny-runtime'", "'/js-glue/index.js'")
      .replace("'penny-runtime/worker'", "'/js-glue/worker.js'")
      .replace("'./kernels.wasm'", `'${wasm}'`);
  for (const name of ['app.js', 'call.js', 'tasks.worker.js'])
    writeFileSync(join(folder, name), source(name));
  const printed = await page.evaluate(`(async () => {
    const lines = [];
    const log = console.log;
    console.log = (...all) => lines.push(...all.map((value) => typeof value + ' ' + value));
    try {
      for (const name of ['app', 'call']) await import('/build/readme-${engine}/' + name + '.js');
    } finally { console.log = log; }
    return lines;
  })()`);
  assert.deepEqual(printed, ['number 832040', 'bigint 832040']);
  const sum = await page.evaluate(`(async () => {
    const { createPool } = await import('/js-glue/index.js');
    const pool = await createPool({ wasm: '${wasm}', workers: 2 });
    ${source('arrays.js').replace('pool.free(data);', 'const sum = data.reduce((a, b) => a + b, 0); pool.free(data);')}
    await pool.dispose();
    return sum;
  })()`);
  assert.equal(sum, 3_000_000);
});
