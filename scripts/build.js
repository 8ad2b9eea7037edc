// Configures and builds presets: node scripts/build.js [preset...]; none means wasm, the one that the package is made of.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, run, seconds } from './run.js';

const presets = process.argv.length > 2 ? process.argv.slice(2) : ['wasm'];
const jobs = process.env.PENNY_JOBS ?? '2';
// The test programs have more time in the long run (cmake/tests.cmake).
const long = `PENNY_LONG=${process.env.PENNY_LONG === '1' ? 'ON' : 'OFF'}`;
/** As it is to be now. */
function isConfigured(folder) {
  if (!existsSync(join(folder, 'build.ninja'))) return false;
  const cache = readFileSync(join(folder, 'CMakeCache.txt'), 'utf8');
  return cache.includes(long.replace('=', ':UNINITIALIZED='));
}

for (const preset of presets) {
  const start = performance.now();
  const steps = [];
  // A configured folder re-configures itself when a CMake file changed.
  if (!isConfigured(join(root, 'build', preset))) steps.push(['--preset', preset, `-D${long}`]);
  steps.push(['--build', '--preset', preset, '-j', jobs]);
  let isDone = true;
  for (const step of steps) {
    const { code } = await run('cmake', step, { timeoutSeconds: 600, inherit: true });
    isDone = code === 0;
    if (!isDone) break;
  }
  console.log(`${isDone ? 'ok' : 'not ok'} build ${preset}`);
  console.log(`${preset}: ${seconds(performance.now() - start)}`);
  if (!isDone) process.exitCode = 1;
}
