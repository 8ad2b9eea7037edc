// The README's code, as it is printed there: its commands build the module with the packed package, its JavaScript runs in
// Node and in a page.
import assert from 'node:assert/strict';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { install } from '../scripts/pack.js';
import { root, run } from '../scripts/run.js';
import { browserTests, engine } from './harness.js';

const readme = readFileSync(join(root, 'README.md'), 'utf8');

/** The fenced blocks whose first line says `example: NAME`, by name. */
function examples() {
  const blocks = [...readme.matchAll(/```\w+\n(?:\/\/|#) example: (\S+)\n([\s\S]*?)```/g)];
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
  const folder = await install(`readme-${engine}`);
  // What the README has people install beside the package.
  symlinkSync(join(root, 'node_modules/binaryen'), join(folder, 'node_modules/binaryen'));
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
  const [commands] = readme.match(/^ {4}cmake -B [\s\S]*?^ {4}cmake --build .*$/m);
  const options = { cwd: folder, env: { CMAKE_GENERATOR: 'Ninja' }, timeoutSeconds: 120 };
  const built = await run('sh', ['-ec', commands], options);
  assert.equal(built.code, 0, built.output);
  writeFileSync(join(folder, 'call.js'), code.get('call.js'));
  const called = await run(process.execPath, ['call.js'], { cwd: folder, timeoutSeconds: 20 });
  assert.equal(called.output, '832040n\n');
  // As the README says for Node.
  const inNode = `import { Worker } from 'node:worker_threads';\n${code.get('app.js')}`;
  writeFileSync(join(folder, 'app.js'), inNode);
  writeFileSync(join(folder, 'tasks.worker.js'), code.get('tasks.worker.js'));
  const ran = await run(process.execPath, ['app.js'], { cwd: folder, timeoutSeconds: 20 });
  assert.equal(ran.output, '832040\n');
  const page = await open();
  // Only what a bundler would resolve is changed: the package's names.
  const source = (name) =>
    code
      .get(name)
      .replace("'penny-runtime'", "'/js-glue/index.js'")
      .replace("'penny-runtime/worker'", "'/js-glue/worker.js'");
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
    const pool = await createPool({ wasm: '/build/readme-${engine}/build/kernels.wasm', workers: 2 });
    ${source('arrays.js').replace('pool.free(data);', 'const sum = data.reduce((a, b) => a + b, 0); pool.free(data);')}
    await pool.dispose();
    return sum;
  })()`);
  assert.equal(sum, 3_000_000);
});
