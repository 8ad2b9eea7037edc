// One small way to drive the three engines from Debian: Chromium and Firefox by playwright-core, WebKitGTK by its own W3C
// WebDriver under Xvfb. Every call has a time limit, and everything started here is killed when this process ends.
//
//   const browser = await launch('firefox');
//   const page = await browser.newPage(url);
//   await page.evaluate(async (n) => n + 1, 41);
//   await browser.close();
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { killTree, spawnGroup } from '../scripts/run.js';

export const engines = ['chromium', 'firefox', 'webkit'];

const limits = { launchSeconds: 60, navigateSeconds: 60, evaluateSeconds: 120, closeSeconds: 10 };
const pollMilliseconds = 50;

const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/** Rejects when the promise takes longer: no browser may hang a test run. */
async function within(secondsAllowed, what, promise) {
  let timer;
  const limit = new Promise((_, reject) => {
    const late = () => reject(new Error(`${what}: no answer in ${secondsAllowed} s`));
    timer = setTimeout(late, secondsAllowed * 1000);
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}

/** All processes below pid, itself included, with their CPU time in clock ticks. */
function processTree(pid) {
  const all = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      // The command's name may hold spaces and brackets: the fields start after the last one.
      const text = readFileSync(`/proc/${name}/stat`, 'utf8');
      const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
      all.push({
        pid: Number(name),
        parent: Number(fields[1]),
        ticks: Number(fields[11]) + Number(fields[12]),
      });
    } catch {
      // It ended while we looked.
    }
  }
  const tree = all.filter((entry) => entry.pid === pid);
  for (let idx = 0; idx < tree.length; idx++) {
    tree.push(...all.filter((entry) => entry.parent === tree[idx].pid));
  }
  return tree;
}

function treeCpuSeconds(pid) {
  const ticksPerSecond = 100; // USER_HZ, which Linux fixes for /proc on every architecture that matters here.
  return processTree(pid).reduce((sum, entry) => sum + entry.ticks, 0) / ticksPerSecond;
}

// The source of an expression that gives a promise of the result as JSON: the same text works in every engine.
function callSource(fn, arg) {
  const body =
    typeof fn === 'function' ? `(${fn})(${JSON.stringify(arg) ?? 'undefined'})` : `(${fn}\n)`;
  return `(async () => {
    try { return JSON.stringify({ value: await ${body} }); }
    catch (error) {
      return JSON.stringify({ error: { name: error?.name ?? 'Error', code: error?.code,
        message: String(error?.message ?? error), stack: String(error?.stack ?? '') } });
    }
  })()`;
}

function unwrap(json) {
  const { value, error } = JSON.parse(json);
  if (!error) return value;
  const failure = new Error(`in the page: ${error.name}: ${error.message}`);
  failure.pageError = error;
  throw failure;
}

/** What is the same for all engines: `raw(source, seconds)` runs an async expression in the page and gives its string. */
function makePage({ raw, navigate, back, screenshot, close, messages }) {
  const page = {
    /** Console lines and uncaught errors of the page, as { type, text }; type is 'error' for both kinds of trouble. */
    messages,
    get errors() {
      return messages.filter(({ type }) => type === 'error');
    },
    navigate,
    /** In Chromium and Firefox. */
    back,
    screenshot,
    close,
    /** Runs a function (or an expression as text) in the page, awaits it, gives its JSON-able result. */
    async evaluate(fn, arg, timeoutSeconds = limits.evaluateSeconds) {
      return unwrap(
        await within(timeoutSeconds, 'evaluate', raw(callSource(fn, arg), timeoutSeconds)),
      );
    },
    /** Evaluates again and again until the result is truthy, and gives it. */
    async waitFor(fn, arg, { timeoutSeconds = 30, intervalMilliseconds = pollMilliseconds } = {}) {
      const end = performance.now() + timeoutSeconds * 1000;
      for (;;) {
        const left = Math.max(1, (end - performance.now()) / 1000);
        const value = await page.evaluate(fn, arg, left);
        if (value) return value;
        if (performance.now() > end) throw new Error(`waitFor: nothing in ${timeoutSeconds} s`);
        await sleep(intervalMilliseconds);
      }
    },
  };
  return page;
}

// ---- Chromium and Firefox --------------------------------------------------------------------------------------------

const chromiumArguments = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

function findProgram(names) {
  for (const name of names) {
    for (const folder of ['/usr/bin', '/usr/local/bin', ...(process.env.PATH ?? '').split(':')]) {
      if (existsSync(join(folder, name))) return join(folder, name);
    }
  }
  throw new Error(`no ${names.join(' or ')} here: run node scripts/setup.js`);
}

async function launchPlaywright(engine, { args = [], ignoreDefaultArgs }) {
  const { chromium, firefox } = await import('playwright-core');
  // launchServer is of no use (Firefox speaks BiDi here), so the browser's pid is found as our newest child.
  const before = new Set(processTree(process.pid).map(({ pid }) => pid));
  const options = { timeout: limits.launchSeconds * 1000, headless: true };
  const starting =
    engine === 'chromium'
      ? chromium.launch({
          ...options,
          executablePath: findProgram(['chromium', 'google-chrome']),
          args: [...chromiumArguments, ...args],
          ignoreDefaultArgs,
        })
      : firefox.launch({
          ...options,
          channel: 'moz-firefox',
          executablePath: findProgram(['firefox-esr', 'firefox']),
          args,
        });
  const browser = await within(limits.launchSeconds, `launch ${engine}`, starting);
  const added = processTree(process.pid).filter(
    ({ pid, parent }) => !before.has(pid) && parent === process.pid,
  );
  const pid = added[0]?.pid;
  const kill = () => {
    for (const entry of pid ? processTree(pid).reverse() : []) {
      try {
        process.kill(entry.pid, 'SIGKILL');
      } catch {
        // It ended by itself.
      }
    }
  };
  process.once('exit', kill);

  return {
    engine,
    version: browser.version(),
    pid,
    processTreeCpuSeconds: () => treeCpuSeconds(pid),
    async newPage(url, { viewport } = {}) {
      const context = await within(
        limits.navigateSeconds,
        'new context',
        browser.newContext({ viewport }),
      );
      const tab = await within(limits.navigateSeconds, 'new page', context.newPage());
      const messages = [];
      tab.on('console', (message) => messages.push({ type: message.type(), text: message.text() }));
      tab.on('pageerror', (error) =>
        messages.push({ type: 'error', text: String(error.stack ?? error) }),
      );
      tab.on('crash', () => messages.push({ type: 'error', text: 'the page crashed' }));
      const page = makePage({
        messages,
        raw: (source) => tab.evaluate(source),
        navigate: (to) => within(limits.navigateSeconds, `open ${to}`, tab.goto(to)),
        back: () => within(limits.navigateSeconds, 'go back', tab.goBack({ waitUntil: 'commit' })),
        screenshot: (path) =>
          within(limits.navigateSeconds, 'screenshot', tab.screenshot({ path })),
        close: () => within(limits.closeSeconds, 'close page', context.close()),
      });
      if (url) await page.navigate(url);
      return page;
    },
    async close() {
      await within(limits.closeSeconds, 'close', browser.close()).catch(() => {});
      kill();
      process.removeListener('exit', kill);
    },
  };
}

// ---- WebKitGTK -------------------------------------------------------------------------------------------------------

async function freePort() {
  const server = createServer();
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

/** Starts Xvfb on a display that it finds free itself. */
function startDisplay() {
  const child = spawnGroup(
    findProgram(['Xvfb']),
    ['-displayfd', '3', '-screen', '0', '1280x1024x24', '-nolisten', 'tcp'],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] },
  );
  const display = new Promise((resolve, reject) => {
    let text = '';
    child.stdio[3].on('data', (chunk) => {
      text += chunk;
      if (text.includes('\n')) resolve(`:${text.trim()}`);
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`Xvfb ended with ${code}`)));
  });
  return { child, display: within(limits.launchSeconds, 'Xvfb', display) };
}

function findMiniBrowser() {
  for (const base of ['/usr/lib', '/usr/libexec']) {
    // Debian keeps it below the folder of the architecture.
    const folders = existsSync(base)
      ? [base, ...readdirSync(base).map((name) => join(base, name))]
      : [];
    for (const folder of folders) {
      for (const version of ['webkit2gtk-4.1', 'webkit2gtk-4.0', 'webkitgtk-6.0']) {
        const path = join(folder, version, 'MiniBrowser');
        if (existsSync(path)) return path;
      }
    }
  }
  throw new Error('no MiniBrowser here: run node scripts/setup.js');
}

// WebDriver has no console: this catches what a page says from the moment the first script of ours runs in it.
const consoleHook = `if (!globalThis.pennyMessages) {
  const list = globalThis.pennyMessages = [];
  for (const type of ['log', 'info', 'warn', 'error', 'debug']) {
    const plain = console[type];
    console[type] = (...parts) => { list.push({ type, text: parts.map(String).join(' ') }); plain.apply(console, parts); };
  }
  addEventListener('error', (event) => list.push({ type: 'error', text: event.message || 'a resource did not load' }), true);
  addEventListener('unhandledrejection', (event) => list.push({ type: 'error', text: String(event.reason) }));
}`;

async function launchWebKit({ env = {} }) {
  const { child: xvfb, display } = startDisplay();
  const profile = mkdtempSync(join(tmpdir(), 'penny-webkit-'));
  let driver;
  const stop = () => {
    if (driver) killTree(driver);
    killTree(xvfb);
    rmSync(profile, { recursive: true, force: true });
  };
  process.once('exit', stop);

  try {
    const port = await freePort();
    driver = spawnGroup(findProgram(['WebKitWebDriver']), [`--port=${port}`], {
      stdio: 'ignore',
      env: {
        ...process.env,
        DISPLAY: await display,
        // Without it MiniBrowser has no SharedArrayBuffer.
        JSC_useSharedArrayBuffer: '1',
        // As root its sandbox cannot start.
        WEBKIT_FORCE_SANDBOX: '0',
        XDG_CONFIG_HOME: profile,
        XDG_CACHE_HOME: profile,
        XDG_DATA_HOME: profile,
        NO_AT_BRIDGE: '1',
        ...env,
      },
    });
    const base = `http://127.0.0.1:${port}`;
    const request = async (method, path, body, secondsAllowed = limits.navigateSeconds) => {
      const response = await fetch(base + path, {
        method,
        body: body === undefined ? undefined : JSON.stringify(body),
        headers: { 'Content-Type': 'application/json' },
        signal: AbortSignal.timeout(secondsAllowed * 1000),
      });
      const { value } = await response.json();
      if (value?.error) throw new Error(`WebDriver: ${value.error}: ${value.message}`);
      return value;
    };

    const end = performance.now() + limits.launchSeconds * 1000;
    for (;;) {
      try {
        await request('GET', '/status', undefined, 5);
        break;
      } catch (error) {
        if (performance.now() > end) throw error;
        await sleep(pollMilliseconds);
      }
    }
    const session = await request(
      'POST',
      '/session',
      {
        capabilities: {
          alwaysMatch: {
            timeouts: {
              script: limits.evaluateSeconds * 1000,
              pageLoad: limits.navigateSeconds * 1000,
            },
            'webkitgtk:browserOptions': { binary: findMiniBrowser(), args: ['--automation'] },
          },
        },
      },
      limits.launchSeconds,
    );
    const at = `/session/${session.sessionId}`;
    let isFirstPage = true;
    // Commands go to one window at a time: pages take turns.
    let turn = Promise.resolve();
    const inWindow = (handle, action) => {
      const mine = turn.then(async () => {
        await request('POST', `${at}/window`, { handle });
        return action();
      });
      turn = mine.catch(() => {});
      return mine;
    };

    // A new window is made from a current one, and that may be the one that was closed last.
    const newWindow = async () => {
      const [handle] = await request('GET', `${at}/window/handles`);
      await request('POST', `${at}/window`, { handle });
      return (await request('POST', `${at}/window/new`, { type: 'window' })).handle;
    };

    return {
      engine: 'webkit',
      version: session.capabilities.browserVersion,
      pid: driver.pid,
      processTreeCpuSeconds: () => treeCpuSeconds(driver.pid),
      async newPage(url) {
        const handle = isFirstPage ? await request('GET', `${at}/window`) : await newWindow();
        isFirstPage = false;
        const messages = [];
        let ticket = 0;
        const script = (text, args = []) =>
          inWindow(handle, () => request('POST', `${at}/execute/sync`, { script: text, args }));
        const page = makePage({
          messages,
          // The result is polled from a global, so that pages take turns and a long call blocks no other.
          async raw(source, secondsAllowed) {
            ticket += 1;
            const key = `pennyResult${ticket}`;
            await script(
              `${consoleHook}; ${source}.then((json) => { globalThis.${key} = json; });`,
            );
            const deadline = performance.now() + secondsAllowed * 1000;
            for (let pause = 5; performance.now() < deadline; pause = Math.min(pause * 2, 100)) {
              const [json, lines] = await script(
                `const out = [globalThis.${key} ?? null, (globalThis.pennyMessages ?? []).splice(0)];
                 if (out[0] !== null) delete globalThis.${key}; return out;`,
              );
              messages.push(...lines);
              if (json !== null) return json;
              await sleep(pause);
            }
            throw new Error(`evaluate: no answer in ${secondsAllowed} s`);
          },
          async navigate(to) {
            await inWindow(handle, () => request('POST', `${at}/url`, { url: to }));
            await script(consoleHook);
          },
          async screenshot(path) {
            const data = await inWindow(handle, () => request('GET', `${at}/screenshot`));
            writeFileSync(path, Buffer.from(data, 'base64'));
          },
          async close() {
            // Closing the last window ends the session: leave it empty instead.
            const handles = await request('GET', `${at}/window/handles`);
            if (handles.length > 1) await inWindow(handle, () => request('DELETE', `${at}/window`));
            else {
              await inWindow(handle, () => request('POST', `${at}/url`, { url: 'about:blank' }));
              isFirstPage = true;
            }
          },
        });
        if (url) await page.navigate(url);
        return page;
      },
      async close() {
        await request('DELETE', at, undefined, limits.closeSeconds).catch(() => {});
        stop();
        process.removeListener('exit', stop);
      },
    };
  } catch (error) {
    stop();
    process.removeListener('exit', stop);
    throw error;
  }
}

/**
 * Starts a browser: 'chromium', 'firefox' or 'webkit'. The caller closes it.
 * @param {{args?: string[], ignoreDefaultArgs?: string[], env?: Record<string, string>}} [options] args: more flags for Chromium
 *   and Firefox; ignoreDefaultArgs: those of Playwright that Chromium is not to get; env: more environment for WebKit.
 */
export function launch(engine, options = {}) {
  if (!engines.includes(engine)) throw new RangeError(`no engine ${engine}: ${engines.join(', ')}`);
  return engine === 'webkit' ? launchWebKit(options) : launchPlaywright(engine, options);
}
