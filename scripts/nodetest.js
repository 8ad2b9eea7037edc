// Runs *.test.js files of a folder by node:test, one file at a time, and reports each test by a line of its own:
// node scripts/nodetest.js FOLDER|FILE...
import { readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { run } from 'node:test';
import { root } from './run.js';

const files = process.argv.slice(2).flatMap((path) => {
  const full = join(root, path);
  if (!statSync(full).isDirectory()) return [full];
  const names = readdirSync(full, { recursive: true });
  const isOurs = (name) => name.endsWith('.test.js') && !name.includes('node_modules');
  return names.filter(isOurs).map((name) => join(full, name));
});
// Of one file.
const seconds = process.env.PENNY_LONG === '1' ? 3000 : 300;
if (files.length === 0) throw new Error(`no *.test.js in ${process.argv.slice(2).join(' ')}`);

let failed = 0;
// One at a time: two browsers that measure disturb each other.
const stream = run({ files: files.sort(), concurrency: 1, timeout: seconds * 1000 });
// The runner reports each file as a test, too: only a file that could not run counts.
const isFile = ({ name }) => files.includes(name) || files.some((file) => basename(file) === name);
stream.on('test:pass', (event) => {
  if (isFile(event) || event.details?.type === 'suite') return;
  if (event.skip !== undefined) {
    // A skipped test is no passed test.
    failed += 1;
    console.log(`not ok ${event.name} (skipped: ${event.skip})`);
  } else {
    console.log(`ok ${event.name}`);
  }
});
stream.on('test:fail', (event) => {
  const cause = event.details?.error?.cause ?? event.details?.error;
  // A file or suite fails because a test in it did, which is counted; for any other reason it counts itself.
  if (/subtests? failed/.test(String(cause?.message ?? cause))) return;
  failed += 1;
  console.log(`not ok ${event.name}`);
  console.log(String(cause?.stack ?? cause));
});
for (const kind of ['test:stdout', 'test:stderr']) {
  stream.on(kind, ({ message }) => process.stdout.write(message));
}
stream.on('end', () => {
  process.exitCode = failed > 0 ? 1 : 0;
});
stream.resume();
