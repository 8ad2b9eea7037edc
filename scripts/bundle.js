// Writes dist/: the page's and the worker's side as one small file each, and the core module, as
// the package ships them; and says what they weigh. `node scripts/bundle.js --check` fails when
// they weigh more than they may. Build the wasm preset first.
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { root } from './run.js';

const glue = join(root, 'js-glue');
const dist = join(root, 'dist');
// For the glue 6,000 are to be reached; what has been reached must not be lost.
const limits = { 'core.wasm': 12_000, glue: 9_100 };

// Names of properties that only the glue itself sees: the bundles have short ones. Nothing that a
// page, an engine or the other side's file may see is among them, nor what is reached by a string.
const internal = [
  ...['reach', 'refresh', 'buffers', 'freed', 'bytes', 'u8', 'i32', 'atomic', 'count', 'copy'],
  ...['place', 'owns', 'signature', 'kind', 'js', 'parameters', 'slots', 'chain', 'ended'],
  ...['batch', 'isBusy', 'isClosed', 'channel', 'root', 'stage', 'control', 'view', 'rejectAll'],
  ...['lose', 'release', 'follow', 'settle', 'again', 'onBroken', 'watch', 'look', 'finish'],
  ...['attach', 'stackBytes', 'late', 'ms', 'out', 'failure', 'work'],
];

const options = {
  bundle: true,
  mangleProps: new RegExp(`^(${internal.join('|')})$`),
  minify: true,
  format: 'esm',
  target: 'es2022',
  legalComments: 'none',
};
const entries = ['index', 'worker', 'worker.entry'].map((name) => join(glue, `${name}.js`));
await build({ ...options, entryPoints: entries, outdir: dist });
cpSync(join(glue, 'core.wasm'), join(dist, 'core.wasm'));

// Both sides in one file, what they share once: this is how the single-file build has them, and
// what the limit means.
const both = await build({
  ...options,
  stdin: {
    contents: "export * from './index.js'; export { serve } from './worker.js';",
    resolveDir: glue,
  },
  write: false,
});
const weights = {
  'core.wasm': gzipSync(readFileSync(join(dist, 'core.wasm')), { level: 9 }).length,
  'index.js': gzipSync(readFileSync(join(dist, 'index.js')), { level: 9 }).length,
  'worker.entry.js': gzipSync(readFileSync(join(dist, 'worker.entry.js')), { level: 9 }).length,
  glue: gzipSync(both.outputFiles[0].contents, { level: 9 }).length,
};
let isGood = true;
for (const [name, bytes] of Object.entries(weights)) {
  const limit = limits[name];
  const isOver = limit !== undefined && bytes > limit;
  console.log(`${name}: ${bytes} bytes gzipped${limit ? ` (at most ${limit})` : ''}`);
  if (limit !== undefined) console.log(`${isOver ? 'not ok' : 'ok'} size of ${name}`);
  if (isOver) isGood = false;
}
if (process.argv.includes('--check') && !isGood) process.exitCode = 1;
