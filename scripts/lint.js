// Checks the format and the common faults of JavaScript (Biome) and the format of C (clang-format); --fix writes what it can.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from './run.js';

const isFix = process.argv.includes('--fix');
let isClean = true;

async function check(name, command, args) {
  const { code, output } = await run(command, args, { timeoutSeconds: 60 });
  if (output.trim()) console.log(output.trimEnd());
  console.log(`${code === 0 ? 'ok' : 'not ok'} ${name}`);
  isClean &&= code === 0;
}

// The package of the platform itself, not @biomejs/biome: that one adds nothing but a script that looks for it.
const biome = join(
  root,
  'node_modules',
  '@biomejs',
  `cli-${process.platform}-${process.arch}`,
  'biome',
);
await check('biome', biome, [
  'check',
  '--error-on-warnings',
  '--max-diagnostics=50',
  ...(isFix ? ['--write'] : []),
]);

const folders = ['src', 'tests', 'bench', 'examples'].filter((name) =>
  existsSync(join(root, name)),
);
const sources = folders.flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true })
    .filter((name) => /\.[ch]$/.test(name))
    .map((name) => join(folder, name)),
);
await check('clang-format', 'clang-format', [
  ...(isFix ? ['-i'] : ['--dry-run', '--Werror']),
  ...sources,
]);
process.exitCode = isClean ? 0 : 1;
