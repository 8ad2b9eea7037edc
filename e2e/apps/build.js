// build.js: builds the tiny program in a folder, minified, into dist/ there, as the documentation
// of each bundler says: node build.js BUNDLER FOLDER. The test runs it as a program of its own.
import { copyFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import process from 'node:process';

const [, , bundler, folder] = process.argv;
const out = join(folder, 'dist');
const html = () => copyFileSync(join(folder, 'index.html'), join(out, 'index.html'));

const bundlers = {
  async vite() {
    const { build } = await import('vite');
    const { default: penny } = await import(`${folder}/node_modules/penny-runtime/dist/vite.js`);
    await build({ root: folder, configFile: false, logLevel: 'warn', plugins: [penny()] });
  },

  async webpack() {
    const { default: webpack } = await import('webpack');
    const compiler = webpack({
      mode: 'production',
      context: folder,
      entry: './app.js',
      output: { path: out, filename: 'app.js', publicPath: 'auto' },
    });
    const stats = await new Promise((resolve, reject) => {
      compiler.run((error, result) => (error ? reject(error) : resolve(result)));
    });
    await new Promise((resolve) => compiler.close(resolve));
    if (stats.hasErrors() || stats.hasWarnings()) {
      throw new Error(stats.toString({ preset: 'errors-warnings' }));
    }
    html();
  },

  async rollup() {
    const { rollup } = await import('rollup');
    const { default: resolve } = await import('@rollup/plugin-node-resolve');
    const { importMetaAssets } = await import('@web/rollup-plugin-import-meta-assets');
    // The package's own worker is copied, as what it names by import.meta.url; the program's worker
    // is a second entry, because Rollup does not look into new Worker().
    const plugins = [resolve(), importMetaAssets({ include: '**/penny-runtime/**' })];
    const input = { app: join(folder, 'app.js'), 'penny.worker': join(folder, 'penny.worker.js') };
    const onwarn = ({ message }) => {
      throw new Error(message);
    };
    const made = await rollup({ input, plugins, onwarn });
    await made.write({ dir: out, format: 'es', entryFileNames: '[name].js' });
    copyFileSync(join(folder, 'kernels.wasm'), join(out, 'kernels.wasm'));
    html();
  },

  async esbuild() {
    const { build } = await import('esbuild');
    const { warnings } = await build({
      absWorkingDir: folder,
      bundle: true,
      entryPoints: ['app.js', 'penny.worker.js'],
      format: 'esm',
      minify: true,
      outdir: out,
      splitting: true,
    });
    if (warnings.length > 0) throw new Error(JSON.stringify(warnings));
    // esbuild leaves new URL(..., import.meta.url) alone: what it names is copied.
    copyFileSync(join(folder, 'kernels.wasm'), join(out, 'kernels.wasm'));
    const built = join(folder, 'node_modules/penny-runtime/dist');
    for (const name of ['worker.entry.js', 'single_worker.js'])
      copyFileSync(join(built, name), join(out, name));
    html();
  },

  async parcel() {
    const { Parcel } = await import('@parcel/core');
    const { resolve } = createRequire(import.meta.url);
    // Without it Parcel does not look at the exports of packages. A lock file says where a program's
    // own folder is.
    writeFileSync(join(folder, 'yarn.lock'), '');
    const settings = { private: true, '@parcel/resolver-default': { packageExports: true } };
    writeFileSync(join(folder, 'package.json'), JSON.stringify(settings));
    const made = new Parcel({
      entries: join(folder, 'index.html'),
      defaultConfig: resolve('@parcel/config-default'),
      mode: 'production',
      targets: { default: { context: 'browser', distDir: out, includeNodeModules: true } },
      defaultTargetOptions: { shouldOptimize: true, sourceMaps: false },
      shouldDisableCache: true,
      shouldPatchConsole: false,
      cacheDir: join(folder, '.parcel-cache'),
    });
    await made.run();
  },
};

await bundlers[bundler]();
// Some keep worker threads running.
process.exit(0);
