// Runs the test programs of one preset and reports them one by one: node scripts/ctest.js PRESET [-- ctest arguments].
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from './run.js';

const [preset, ...rest] = process.argv.slice(2);
// The summary's column; the presets of the native port are columns of their own.
const port = preset === 'wasm' ? 'web' : preset;
const more = rest[0] === '--' ? rest.slice(1) : rest;

const { code, output } = await run('ctest', ['--preset', preset, '--no-tests=error', ...more], {
  timeoutSeconds: process.env.PENNY_LONG === '1' ? 3000 : 900,
  onOutput: (text) => process.stdout.write(text),
});
console.log();
const seen = new Set();
for (const [, name, verdict] of output.matchAll(/^ *\d+\/\d+ Test +#\d+: (\S+) \.*(.*)/gm)) {
  const isPassed = /\bPassed\b/.test(verdict);
  if (!seen.has(name)) console.log(`# port=${port} test=${name}`);
  seen.add(name);
  console.log(`${isPassed ? 'ok' : 'not ok'} ${port} ${name}`);
}
const absent = join(root, 'build', preset, 'absent-tests.txt');
if (existsSync(absent)) {
  for (const name of readFileSync(absent, 'utf8').split('\n').filter(Boolean)) {
    console.log(`# port=${port} test=${name} absent`);
  }
}
process.exitCode = code === 0 && seen.size > 0 ? 0 : 1;
