// commands.test.js: the commands of the README say what they take when they are given something else, before they begin.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { root, run } from '../../scripts/run.js';

const command = async (script, ...args) => {
  const path = join(root, 'scripts', `${script}.js`);
  return run(process.execPath, [path, ...args], { timeoutSeconds: 20 });
};

test('glue_commands_refuse_what_they_do_not_know', { timeout: 60_000 }, async () => {
  for (const [script, args, why] of [
    ['start', ['--onec'], /'--onec'/],
    ['start', ['--port', 'http'], /--port takes a whole number from 0 to 65535, not http/],
    ['start', ['--port', '65536'], /not 65536/],
    ['test', ['--fast'], /'--fast'/],
    ['test', ['e2e', 'nothing'], /no stage begins with nothing/],
    ['bench', ['--workers', '0'], /from 1 to 256, not 0/],
    ['bench', ['--engine', 'firefox,ie'], /--engine takes .*, not ie/],
    ['bench', ['--only', 'fib,nope'], /--only takes .*, not nope/],
    ['bench', ['fib'], /'fib'/],
  ]) {
    const { code, output } = await command(script, ...args);
    assert.equal(code, 2, output);
    assert.match(output, why);
    assert.match(output, /^npm (start|test|run bench) \[/m);
  }
});

test('glue_commands_help', { timeout: 30_000 }, async () => {
  for (const script of ['start', 'test', 'bench']) {
    const { code, output } = await command(script, '--help');
    assert.equal(code, 0, output);
    assert.match(output, /^npm (start|test|run bench) \[/);
  }
});
