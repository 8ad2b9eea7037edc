// Writes dist/, which is what the package ships as JavaScript: the page's and the worker's side as
// ES modules, one file for script tags, the helper for static sites, and the types; and says what
// they weigh. `node scripts/bundle.js --check` fails when they weigh more than they did. Build the
// wasm preset first: the core module is inside.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { minify } from 'terser';
import { embedCore, withCore } from './embed.js';
import { root } from './run.js';

const glue = join(root, 'js-glue');
const dist = join(root, 'dist');
const at = (name) => join(glue, name);

// Gzipped bytes. `target` is what is wanted; `reached` is what there was at last, and a little: what
// weighs more fails, so lower it when something became smaller. (Names of files have hashes in them: some bytes come and go.)
const limits = {
  // What a page and a worker load before the first task, the wasm not counted,
  initial: { target: 10_000, reached: 21_121 },
  // and with everything that is loaded later.
  everything: { target: 20_000, reached: 29_680 },
  // The scheduler's core module, as one linked with NO_KERNELS has it.
  'core module': { target: 12_000, reached: 11_967 },
};

// Names of properties that only the glue itself sees: the bundles have short ones. Nothing that a
// page, an engine or the other side's file may see is among them, nor what is reached by a string.
const internal = [
  ...['reach', 'refresh', 'buffers', 'freed', 'bytes', 'u8', 'i32', 'atomic', 'count', 'copy'],
  ...['place', 'owns', 'signature', 'kind', 'js', 'parameters', 'slots', 'chain', 'ended'],
  ...['batch', 'isBusy', 'isClosed', 'channel', 'root', 'stage', 'control', 'view', 'rejectAll'],
  ...['lose', 'release', 'follow', 'settle', 'again', 'onBroken', 'watch', 'look', 'finish'],
  ...['attach', 'stackBytes', 'late', 'ms', 'out', 'failure', 'work', 'flying', 'isAsking'],
  ...['onOverdue', 'unwatch', 'retries', 'makeWorker', 'isThread', 'face'],
  ...['codecOptions', 'children', 'isBroken', 'isArguments', 'isHeld', 'isOrphan', 'isSerial'],
  ...['isOver', 'isDebug', 'functions', 'observe', 'expect', 'level', 'ticket', 'held'],
  ...['present', 'starting', 'leaving', 'crew', 'whys', 'pongs', 'restarted', 'leave', 'within'],
  ...['tell', 'fail', 'urge', 'report', 'submit', 'result', 'carried', 'ending', 'runStolen'],
  ...['list', 'base', 'needs', 'host', 'span', 'isPlaced', 'keep', 'check', 'text'],
  ...['largest', 'waiting', 'adapt', 'ask', 'send', 'take', 'wake', 'controller', 'inner', 'room'],
  ...['fillOrFail', 'first', 'numbers', 'setNumber', 'isAllTold', 'isWatched', 'published'],
  ...['attend', 'onQuiet', 'bottom', 'index', 'since', 'rate', 'counted', 'restsUntil'],
  ...['gaveUp', 'onSettled', 'isMade', 'born', 'newest', 'vacant', 'sweep'],
  ...['closed', 'make', 'Arrays'],
];
// What is exported keeps its name: it may be reached through a namespace.
const exported = readdirSync(glue).flatMap((name) => {
  const text = name.endsWith('.js') ? readFileSync(at(name), 'utf8') : '';
  return [...text.matchAll(/^export (?:async )?(?:const|function\*?|class|let) (\w+)/gm)];
});
// A name that the types have belongs to programs.
for (const name of readdirSync(glue).filter((each) => each.endsWith('.d.ts'))) {
  const code = readFileSync(at(name), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
  const words = [...code.matchAll(/(\w+)\??\s*[:(<]/g)].map(([, word]) => word);
  const taken = words.filter((word) => internal.includes(word));
  if (taken.length) throw new Error(`${name} has what is to be mangled: ${taken.join(', ')}`);
}
const shortened = internal.filter((name) => !exported.some(([, other]) => other === name));
// Two files of one version may meet in one worker: what is short has the same short name in both.
const mangleCache = {};

// The minifier puts numbers in the place of their names where these begin a file; imports may as well
// end it.
const importsLast = {
  name: 'imports-last',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]js-glue[\\/][\w.]+\.js$/ }, ({ path }) => {
      const imports = [];
      const rest = readFileSync(path, 'utf8').replace(/^import [^;]*;\n/gm, (text) => {
        imports.push(text);
        return '';
      });
      return { contents: `${rest}\n${imports.join('')}` };
    });
  },
};

// In the single file the script itself is the worker.
const single = {
  name: 'single',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/(web|single_url)\.js$/ }, ({ importer }) =>
      importer.endsWith('script.js') ? undefined : { path: at('script.js') },
    );
  },
};

const options = {
  absWorkingDir: root,
  bundle: true,
  external: ['node:*'],
  format: 'esm',
  legalComments: 'none',
  mangleCache,
  mangleProps: new RegExp(`^(${shortened.join('|')})$`),
  minify: true,
  outdir: dist,
  plugins: [embedCore(), importsLast],
  target: 'es2022',
};

async function bundle(more) {
  const result = await build({ ...options, ...more });
  Object.assign(mangleCache, result.mangleCache);
  return result;
}

/**
 * A file of dist/ minified once more: this minifier sees more than the one that bundles. It inlines no
 * functions: some of ours measure the stack, or are small for the sake of speed.
 */
async function again(name) {
  const { code } = await minify(readFileSync(join(dist, name), 'utf8'), {
    module: !name.includes('iife') && name !== 'coi.js',
    ecma: 2020,
    compress: {
      inline: false,
      hoist_funs: true,
      passes: 3,
      reduce_funcs: false,
      unsafe_arrows: true,
    },
    // Node prints the whole line of an uncaught error.
    format: { max_line_len: 500 },
  });
  return code;
}

/** Writes dist/ anew. Gives the bytes that each source has in it, minified. */
async function makeDist() {
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist, { recursive: true });
  // Those that are no entries of the package stand apart, so that a program that needs nothing else
  // of it gets nothing else: bundlers drop whole files more surely than their parts.
  const modules = ['index.js', 'node.js', 'worker.js', 'errors.js', 'web.js'].map(at);
  const split = { splitting: true, chunkNames: '[name]-[hash]', metafile: true };
  const { metafile } = await bundle({ entryPoints: modules, ...split });
  // Whole, so that bundlers may copy it like a picture.
  await bundle({ entryPoints: [at('worker.entry.js'), at('single_worker.js')] });
  const entryPoints = { 'penny.iife': at('iife.js') };
  // It stands alone, a program for pages that have no other part of the package.
  await build({ ...options, mangleProps: undefined, entryPoints: [at('coi.js')], format: 'iife' });
  // Programs read it in their editors, and it is never sent anywhere.
  copyFileSync(at('vite.js'), join(dist, 'vite.js'));
  // The one import.meta is in what script.js puts its own in place of.
  const logOverride = { 'empty-import-meta': 'silent' };
  await bundle({
    entryPoints,
    format: 'iife',
    logOverride,
    plugins: [embedCore(), importsLast, single],
  });
  for (const name of readdirSync(dist)) {
    // The module with a program's tasks is known when it runs: bundlers are not to look for it. The
    // minifier drops such comments.
    if (!name.endsWith('.js') || name === 'vite.js') continue;
    const text = await again(name);
    const marked = 'import(/* @vite-ignore */ /* webpackIgnore: true */ ';
    writeFileSync(join(dist, name), withCore(text.replace(/\bimport\(\s*(?=[\w$])/g, marked)));
  }
  for (const name of ['index', 'worker', 'single_worker', 'vite'])
    copyFileSync(at(`${name}.d.ts`), join(dist, `${name}.d.ts`));
  copyFileSync(at('iife.d.ts'), join(dist, 'penny.iife.d.ts'));
  const inputs = Object.values(metafile.outputs).flatMap((output) => Object.entries(output.inputs));
  return Object.fromEntries(inputs.map(([path, { bytesInOutput }]) => [path, bytesInOutput]));
}

const gzipped = (contents) => gzipSync(contents, { level: 9 }).length;

/**
 * What a program weighs that uses dist/ in this way, in one file: what both sides share counts
 * once, and what is loaded later does not count unless `isAll`. The core module never does.
 */
async function weigh(contents, isAll = false) {
  const later = {
    name: 'later',
    setup({ onResolve }) {
      onResolve({ filter: /./ }, ({ kind, path }) =>
        kind === 'dynamic-import' && (!isAll || path.includes('core-'))
          ? { path, external: true }
          : undefined,
      );
    },
  };
  const { outputFiles } = await build({
    bundle: true,
    external: ['node:*'],
    format: 'esm',
    logLevel: 'error',
    minify: true,
    plugins: [later],
    stdin: { contents, resolveDir: dist },
    write: false,
  });
  return gzipped(outputFiles[0].contents);
}

async function check(sources) {
  let isGood = true;
  const say = (isTrue, text) => {
    console.log(`${isTrue ? 'ok' : 'not ok'} ${text}`);
    if (!isTrue) isGood = false;
  };
  const both = "export * from './index.js'; export * from './worker.js';";
  const core = gzipped(readFileSync(join(root, 'build/wasm/js-glue/core_alone.wasm')));
  const weights = { initial: await weigh(both), everything: await weigh(both, true) };
  weights['core module'] = core;
  for (const [name, { target, reached }] of Object.entries(limits)) {
    const bytes = weights[name];
    say(bytes <= reached, `size ${name}: ${bytes} bytes gzipped, at most ${reached}`);
    if (bytes > target) console.log(`target ${target} not met: ${bytes - target} bytes too many`);
  }
  const kernels = gzipped(readFileSync(at('core.wasm'))) - core;
  console.log(`the kernels of sort, scan, sum, min and max: ${kernels} bytes more`);
  const iife = readFileSync(join(dist, 'penny.iife.js'));
  console.log(`penny.iife.js: ${gzipped(iife)} bytes gzipped, the core module included`);
  const page = await weigh("export { createPool } from './index.js';");
  const worker = await weigh("export { serve, spawn } from './worker.js';");
  console.log(`createPool alone: ${page} bytes gzipped; serve and spawn alone: ${worker}`);
  const parts = Object.entries(sources).map(([path, bytes]) => `${basename(path, '.js')} ${bytes}`);
  console.log(`minified bytes of each file: ${parts.join(', ')}`);
  return isGood;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const isGood = await check(await makeDist());
  if (process.argv.includes('--check') && !isGood) process.exitCode = 1;
}
