// Installs what is missing: Debian packages by apt-get, npm packages by npm ci. Used by `npm start` (set 'demo'), `npm test`
// (set 'test') and `npm run bench` (set 'bench'), or alone: node scripts/setup.js [demo|test|bench]. Uses Node's own modules only
// and takes well under a second when everything is there.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assetPackages, prepareAssets } from './assets.js';
import { root, run, seconds } from './run.js';

// Package and what it is for. Each set holds the ones before it.
const demoPackages = {
  'ninja-build': 'the build tool of the CMake presets',
  'clang-22': 'compiler of the web port and the sanitizer builds',
  'lld-22': 'wasm-ld',
  'llvm-22': 'llvm-ar for wasm objects',
  'libclang-rt-22-dev-wasm32': 'compiler builtins for wasm32',
  'wasi-libc': 'headers and pure functions for web modules',
  chromium: 'the browser of npm start',
  ...assetPackages,
};
const testPackages = {
  gcc: 'compiler of the native build',
  'libc6-dev': 'headers of the native build',
  'libclang-rt-22-dev': 'ThreadSanitizer and AddressSanitizer',
  emscripten: 'compiler of the Emscripten port',
  spin: 'the model checker',
  valgrind: 'counts the instructions of a spawn',
  'firefox-esr': 'a browser under test',
  'webkit2gtk-driver': 'a browser under test',
  xvfb: 'a display for WebKit',
  'clang-format': 'the formatter for C',
};
const benchPackages = {
  'libtbb-dev': 'oneTBB, which native Penny is measured against',
};
const sets = {
  demo: demoPackages,
  test: { ...demoPackages, ...testPackages },
  bench: { ...demoPackages, ...testPackages, ...benchPackages },
};

async function isInstalled(names) {
  const { output } = await run(
    'dpkg-query',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a format of dpkg-query, not of JavaScript.
    ['-W', '-f', '${Package} ${db:Status-Status}\n', ...names],
    {
      timeoutSeconds: 20,
    },
  );
  const found = new Set(output.match(/^(\S+) installed$/gm)?.map((line) => line.split(' ')[0]));
  return (name) => found.has(name);
}

async function apt(args, say, timeoutSeconds) {
  let last = 0;
  const result = await run('apt-get', args, {
    timeoutSeconds,
    env: { DEBIAN_FRONTEND: 'noninteractive' },
    logPath: join(root, 'build', 'logs', `apt-${args.at(0)}.log`),
    onOutput(text) {
      const steps = text.match(/^(Get:\d+ \S+ \S+ \S+ \S+|Unpacking \S+|Setting up \S+)/gm);
      if (!steps || performance.now() - last < 3000) return;
      last = performance.now();
      say(`  ${steps.at(-1)}`);
    },
  });
  return result.code === 0;
}

async function installDebianPackages(names, say) {
  const list = names.join(' ');
  const hint = `Install these Debian packages, then try again:\n  apt-get install --no-install-recommends ${list}`;
  if (!existsSync('/usr/bin/apt-get')) throw new Error(`There is no apt-get here. ${hint}`);
  if (process.getuid?.() !== 0)
    throw new Error(`Packages are missing and this is not root. ${hint}`);

  say(`installing ${names.length} Debian packages: ${list}`);
  const install = ['install', '-y', '--no-install-recommends', ...names];
  // The package lists may be there already; asking them first costs nothing compared with an update.
  const isListed =
    (await run('apt-get', ['install', '-s', ...install.slice(2)], { timeoutSeconds: 60 })).code ===
    0;
  if (isListed && (await apt(install, say, 900))) return;
  for (let attempt = 1; attempt <= 2; attempt++) {
    say(`fetching package lists${attempt > 1 ? ' again' : ''}`);
    await apt(['update'], say, 180);
    if (await apt(install, say, 900)) return;
  }
  throw new Error(`apt-get failed, see build/logs/apt-install.log. ${hint}`);
}

/**
 * Installs what the lock file of `folder` ('' is the root) says, unless it is there already. Where a registry has not every
 * platform's optional packages, the lock file misses those, which npm ci refuses: `verb` is then ['install', '--no-save'].
 */
async function installNodePackages(folder, verb, say) {
  const home = join(root, folder);
  const modules = join(home, 'node_modules');
  const mark = join(modules, '.penny-setup');
  const lock = createHash('sha256')
    .update(readFileSync(join(home, 'package-lock.json')))
    .digest('hex');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === lock) return;
  say(`installing npm packages (npm ${verb.join(' ')}${folder && ` in ${folder}`})`);
  const log = `npm${folder && `-${folder}`}.log`;
  const npm = () =>
    run('npm', [...verb, '--no-audit', '--no-fund'], {
      timeoutSeconds: 300,
      cwd: home,
      logPath: join(root, 'build', 'logs', log),
    });
  // A second try, because a registry hiccup must not fail a whole run.
  const isDone = (await npm()).code === 0 || (await npm()).code === 0;
  if (!isDone) throw new Error(`npm failed, see build/logs/${log}`);
  mkdirSync(modules, { recursive: true });
  writeFileSync(mark, lock);
}

/** Brings the set ('demo', 'test' or 'bench') on this machine, or throws an Error that says what a person must install. */
export async function setup(set = 'test', say = (text) => console.log(`setup: ${text}`)) {
  const start = performance.now();
  const packages = sets[set];
  if (!packages) throw new Error(`unknown set ${set}: demo, test or bench`);
  mkdirSync(join(root, 'build', 'logs'), { recursive: true });
  if (Number.parseInt(process.versions.node, 10) < 20)
    throw new Error('Node 20 or later is needed');

  const has = await isInstalled(Object.keys(packages));
  const missing = Object.keys(packages).filter((name) => !has(name));
  if ((await run('cmake', ['--version'], { timeoutSeconds: 20 })).code !== 0) missing.push('cmake');
  if (missing.length > 0) await installDebianPackages(missing, say);
  await installNodePackages('', ['ci'], say);
  // Bundlers, hosts, frameworks and the pools that Penny is measured against.
  if (set !== 'demo') await installNodePackages('e2e', ['install', '--no-save'], say);
  prepareAssets();
  say(`everything for '${set}' is there (${seconds(performance.now() - start)})`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await setup(process.argv[2] ?? 'test');
  } catch (error) {
    console.error(`setup: ${error.message}`);
    process.exitCode = 1;
  }
}
