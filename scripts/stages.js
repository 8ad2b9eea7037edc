// What `npm test` runs, in this order. A stage is a command with a hard time limit; it says what it did by lines
//   ok NAME | not ok NAME | # port=PORT test=NAME [absent]
// and by its exit code. `long` stages run only under `npm run test:long`, which also sets PENNY_LONG=1 for every stage.
// Add a stage here and nowhere else. `node scripts/test.js NAME...` runs the stages whose names begin so.

const node = process.execPath;

const build = (preset, timeoutSeconds) => ({
  name: `build ${preset}`,
  command: [node, 'scripts/build.js', preset],
  timeoutSeconds,
});

const programs = (preset, timeoutSeconds) => ({
  name: `programs ${preset}`,
  command: [node, 'scripts/ctest.js', preset],
  timeoutSeconds,
});

const nodeTests = (name, folder, timeoutSeconds, env = {}) => ({
  name,
  command: [node, 'scripts/nodetest.js', folder],
  timeoutSeconds,
  env,
});

export const stages = [
  { name: 'lint', command: [node, 'scripts/lint.js'], timeoutSeconds: 60 },
  { name: 'lint atomics', command: [node, 'tests/lint_atomics.js'], timeoutSeconds: 30 },
  build('native', 150),
  build('tsan', 150),
  build('asan-ubsan', 150),
  build('wasm', 240),
  { name: 'bundle', command: [node, 'scripts/bundle.js', '--check'], timeoutSeconds: 60 },
  build('emscripten', 240),
  programs('native', 90),
  programs('tsan', 120),
  programs('asan-ubsan', 120),
  programs('wasm', 120),
  programs('emscripten', 120),
  { name: 'spawn budget', command: [node, 'tests/spawn_budget.js'], timeoutSeconds: 60 },
  { name: 'models', command: [node, 'tests/models/run.js'], timeoutSeconds: 120 },
  nodeTests('glue', 'tests/glue', 90),
  nodeTests('bench', 'bench', 90),
  nodeTests('package', 'tests/package', 60),
  { name: 'hosts', command: [node, 'tests/hosts/run.js'], timeoutSeconds: 130 },
  nodeTests('e2e chromium', 'e2e', 280, { PENNY_ENGINE: 'chromium' }),
  nodeTests('e2e firefox', 'e2e', 280, { PENNY_ENGINE: 'firefox' }),
  nodeTests('e2e webkit', 'e2e', 280, { PENNY_ENGINE: 'webkit' }),
];
