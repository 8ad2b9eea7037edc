// bundle.js: the benchmark page and its workers as a user's bundler would make them, into build/bench/page.
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { embedCore } from '../../scripts/embed.js';
import { root } from '../../scripts/run.js';

const peers = join(root, 'bench/peers');
const packages = join(root, 'e2e/node_modules');
const outdir = join(root, 'build/bench/page');
// A pool that there is only for Node.
const notForPages = ['piscina'];
// Has a build of its own, because text has to stand before it.
const poolifier = 'poolifier-web-worker';

const options = {
  outdir,
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  nodePaths: [packages],
  // The package names its module for servers first.
  alias: { [poolifier]: join(packages, poolifier, 'browser/mod.js') },
  external: ['/web/assets.js', 'node:*', 'worker_threads', 'os', 'child_process'],
  define: { 'process.env.NODE_ENV': '"production"' },
  logLevel: 'error',
  // The core module is inside, as in what is published.
  plugins: [embedCore({ isWhole: true })],
};

export async function bundlePage() {
  rmSync(outdir, { recursive: true, force: true });
  const workers = readdirSync(peers)
    .filter((name) => name.endsWith('.worker.js'))
    .map((name) => name.slice(0, -3))
    .filter((name) => ![...notForPages, poolifier].some((other) => name === `${other}.worker`));
  await build({
    ...options,
    // A peer is loaded when it is measured.
    splitting: true,
    entryPoints: { page: join(root, 'bench/harness/page.js') },
  });
  // A file for each worker: what they have in common as files of its own would have to be fetched one after another.
  await build({
    ...options,
    entryPoints: {
      ...Object.fromEntries(workers.map((name) => [name, join(peers, `${name}.js`)])),
      // multithreading looks for this beside the file that it ended up in.
      worker: join(packages, 'multithreading/src/browser/worker.js'),
    },
  });
  await build({
    ...options,
    entryPoints: [join(peers, `${poolifier}.worker.js`)],
    banner: { js: 'globalThis.window ??= globalThis;' },
  });
}
