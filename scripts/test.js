// `npm test`: setup, then every stage of stages.js in order, one line each, and one summary. Goes on after a failure.
//   node scripts/test.js [--long] [NAME...]   only the stages whose names begin with NAME
// The last line is "N passed, M failed"; the exit code is 0 only when M is 0.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { readArguments, refuse } from './arguments.js';
import { root, run, seconds } from './run.js';
import { setup } from './setup.js';
import { stages } from './stages.js';

const usage = `npm test [-- NAME...]: sets up, builds and runs every stage, or those whose names begin with one of NAME
  --long     longer seeds and more cycles: npm run test:long
stages: ${stages.map(({ name }) => name).join(', ')}`;
const { values, positionals: wanted } = readArguments(usage, {
  options: { long: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const isLong = values.long;
for (const start of wanted)
  if (!stages.some(({ name }) => name.startsWith(start)))
    refuse(`no stage begins with ${start}`, usage);
const logs = join(root, 'build', 'logs');
const tailLines = 40;
// The long run does ten to twenty times as much.
const longFactor = 20;
// Every program of tests/programs.cmake must have run on each of these.
const ports = ['native', 'tsan', 'asan-ubsan', 'emscripten', 'web'];

const chosen = stages.filter(
  ({ name, long }) =>
    (isLong || !long) && (wanted.length === 0 || wanted.some((start) => name.startsWith(start))),
);

/** What a stage's output says, by the protocol in stages.js. A stage that says nothing counts as one test. */
function readReport(output, isPassed, name) {
  const passed = output.match(/^ok .+/gm)?.length ?? 0;
  const failures = output.match(/^not ok .+/gm)?.map((line) => line.slice('not ok '.length)) ?? [];
  const cells = [...output.matchAll(/^# port=(\S+) test=(\S+)( absent)?/gm)].map(
    ([, port, test, absent]) => ({ port, test, isAbsent: absent !== undefined }),
  );
  if (!isPassed && failures.length === 0) failures.push(`stage ${name}`);
  return { passed: passed + (isPassed && passed === 0 ? 1 : 0), failures, cells };
}

async function runStage(stage) {
  const { name, command, env = {} } = stage;
  const limit = stage.timeoutSeconds * (isLong ? longFactor : 1);
  const logPath = join(logs, `${name.replaceAll(' ', '-')}.log`);
  const result = await run(command[0], command.slice(1), {
    timeoutSeconds: limit,
    logPath,
    env: { ...env, ...(isLong ? { PENNY_LONG: '1' } : {}) },
  });
  const report = readReport(result.output, result.code === 0, name);
  // A failed test with exit code 0 is still a failed test.
  const isPassed = report.failures.length === 0;
  const counts = `${report.passed} passed, ${report.failures.length} failed`;
  const reason = result.isTimedOut ? `  TIME LIMIT of ${limit} s` : '';
  const time = seconds(result.milliseconds).padStart(8);
  console.log(`${isPassed ? 'pass' : 'FAIL'}  ${name.padEnd(24)} ${time}  ${counts}${reason}`);
  if (!isPassed) {
    for (const failure of report.failures.slice(0, 20)) console.log(`      failed: ${failure}`);
    const lines = result.output.trimEnd().split('\n').slice(-tailLines);
    console.log(lines.map((line) => `      | ${line.slice(0, 200)}`).join('\n'));
    console.log(`      whole log: ${logPath.slice(root.length + 1)}`);
  }
  return { name, time, isPassed, ...report };
}

/** Prints port by test and gives the missing cells. */
function printMatrix(cells, failures) {
  const tests = [...new Set(cells.map(({ test }) => test))].sort();
  if (tests.length === 0) return [];
  const state = new Map(
    cells.map(({ port, test, isAbsent }) => [`${port} ${test}`, isAbsent ? '-' : 'yes']),
  );
  const width = Math.max(...tests.map((test) => test.length)) + 2;
  console.log(`\n${'program'.padEnd(width)}${ports.map((port) => port.padEnd(12)).join('')}`);
  const missing = [];
  for (const test of tests) {
    const row = ports.map((port) => {
      const cell = state.get(`${port} ${test}`);
      if (!cell) missing.push(`${test} did not run on ${port}`);
      const text = failures.has(`${port} ${test}`) ? 'FAIL' : (cell ?? 'MISSING');
      return text.padEnd(12);
    });
    console.log(test.padEnd(width) + row.join(''));
  }
  return missing;
}

const start = performance.now();
mkdirSync(logs, { recursive: true });
let passed = 0;
let failed = 0;
try {
  await setup('test');
} catch (error) {
  console.log(`setup: ${error.message}`);
  console.log('0 passed, 1 failed');
  process.exit(1);
}
if (chosen.length === 0) console.log(`no stage begins with ${wanted.join(' or ')}`);

const results = [];
for (const stage of chosen) results.push(await runStage(stage));
for (const result of results) {
  passed += result.passed;
  failed += result.failures.length;
}
// With a choice of stages, gaps are meant.
const missing =
  wanted.length === 0
    ? printMatrix(
        results.flatMap(({ cells }) => cells),
        new Set(results.flatMap(({ failures }) => failures)),
      )
    : [];
for (const text of missing) console.log(`missing cell: ${text}`);
failed += missing.length + (chosen.length === 0 ? 1 : 0);

console.log('\nsummary');
for (const { name, time, isPassed, passed: good, failures } of results) {
  console.log(
    `  ${isPassed ? 'pass' : 'FAIL'}  ${name.padEnd(24)} ${time}  ${good} / ${good + failures.length}`,
  );
}
console.log(`  total ${seconds(performance.now() - start)}\n`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
