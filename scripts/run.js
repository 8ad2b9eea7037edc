// Runs a command with a hard time limit and takes its whole process tree down when that passes. Used by every script
// here; only Node's own modules, because nothing is installed yet when setup runs.
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * Environment of every child: modules that Debian's emcc needs, no browser downloads, and npm's bin folders off the path:
 * Emscripten would run the wasm-opt it finds there, which is far newer than its own and breaks its output.
 */
export function childEnvironment(extra = {}) {
  const bin = join('node_modules', '.bin');
  const folders = (process.env.PATH ?? '').split(delimiter).filter((name) => !name.endsWith(bin));
  return {
    ...process.env,
    PATH: folders.join(delimiter),
    NODE_PATH: join(root, 'node_modules'),
    PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD: '1',
    ...extra,
  };
}

const live = new Set();

/** Ends a child started with detached: true, and all that it started. Safe to call twice. */
export function killTree(child, signal = 'SIGKILL') {
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It has ended already, which is what was asked for.
  }
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, () => {
    for (const child of live) killTree(child);
    process.exit(1);
  });
}
process.once('exit', () => {
  for (const child of live) killTree(child);
});

/** Keeps a long-lived child on the list of what must not outlive this process. */
export function spawnGroup(command, args, options = {}) {
  const child = spawn(command, args, {
    cwd: root,
    env: childEnvironment(),
    ...options,
    detached: true,
  });
  live.add(child);
  child.once('exit', () => live.delete(child));
  child.once('error', () => live.delete(child));
  return child;
}

/**
 * Runs to the end. Settles always: { code, output, milliseconds, isTimedOut }; code is null when a signal or the limit ended
 * it, and 127 when there is no such command. onOutput gets text as it comes; logPath keeps it; inherit shows it.
 */
export function run(command, args, options = {}) {
  const { timeoutSeconds = 60, logPath, onOutput, inherit = false, env, cwd = root } = options;
  return new Promise((resolve) => {
    const start = performance.now();
    const log = logPath ? createWriteStream(logPath) : undefined;
    const child = spawnGroup(command, args, {
      cwd,
      env: childEnvironment(env),
      stdio: ['ignore', inherit ? 'inherit' : 'pipe', inherit ? 'inherit' : 'pipe'],
    });
    let output = '';
    let isTimedOut = false;
    let isSettled = false;
    const take = (chunk) => {
      const text = chunk.toString();
      output += text;
      log?.write(text);
      onOutput?.(text);
    };
    child.stdout?.on('data', take);
    child.stderr?.on('data', take);
    const timer = setTimeout(() => {
      isTimedOut = true;
      take(`\ntime limit of ${timeoutSeconds} s passed\n`);
      killTree(child);
    }, timeoutSeconds * 1000);
    const settle = (code) => {
      if (isSettled) return;
      isSettled = true;
      clearTimeout(timer);
      // What a stage left running would disturb the next one.
      killTree(child);
      const milliseconds = performance.now() - start;
      const done = () => resolve({ code, output, milliseconds, isTimedOut });
      if (log) log.end(done);
      else done();
    };
    child.once('error', (error) => {
      take(`${command}: ${error.message}\n`);
      settle(127);
    });
    child.once('exit', (code) => {
      // 'close' may never come when a grandchild holds the pipe open: give the rest of the output a moment only.
      const grace = setTimeout(() => settle(isTimedOut ? null : code), 2000);
      child.once('close', () => {
        clearTimeout(grace);
        settle(isTimedOut ? null : code);
      });
    });
  });
}

export function seconds(milliseconds) {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
