// run_module.js: runs the test program in a web module under Node: node run_module.js MODULE.wasm [seed [workers]]. The program
// NAME.wasm exports the task test_NAME(seed, scale), which returns its number of failures; it is called in pools of several
// sizes. PENNY_LONG=1 makes it longer; a hard time limit ends a program that hangs.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { createPool } from '../js-glue/node.js';

const [path, givenSeed, onlyWorkers] = process.argv.slice(2);
const name = basename(path, '.wasm');
const isLong = process.env.PENNY_LONG === '1';
const seed = Number(givenSeed ?? process.env.PENNY_SEED ?? Date.now() % 2 ** 32) >>> 0;
const limitSeconds = Number(process.env.PENNY_TEST_SECONDS ?? (isLong ? 900 : 50));
const bytes = readFileSync(path);
let at = 'start';

console.log(`# ${name} seed ${seed}`);
setTimeout(() => {
  console.log(`not ok ${name}: hangs in ${at} after ${limitSeconds} s, seed ${seed}`);
  process.exit(3);
}, limitSeconds * 1000);

let isFailed = false;
for (const workers of [1, 2, 4, 8]) {
  if (onlyWorkers && Number(onlyWorkers) !== workers) continue;
  at = `workers=${workers}`;
  let text = '';
  try {
    const pool = await createPool({ wasm: bytes, workers, cores: workers === 8 ? 2 : workers });
    const failures = await pool.call(`test_${name}`, [(seed + workers) >>> 0, isLong ? 20 : 1]);
    if (failures !== 0) text = `${failures} failures`;
    at += ', dispose';
    await pool.dispose();
  } catch (error) {
    text = `${error.name} ${error.code ?? ''}: ${error.message}`;
  }
  if (text) isFailed = true;
  console.log(`${text ? 'not ok' : 'ok'} ${name} workers=${workers}${text && `: ${text}`}`);
}
process.exit(isFailed ? 1 : 0);
