// harness.js: one browser, one server and small pages for the tests of a file. PENNY_ENGINE chooses
// the engine.
import { after, before, test } from 'node:test';
import { serve } from '../scripts/serve.js';
import { launch } from './browser.js';

export const engine = process.env.PENNY_ENGINE ?? 'chromium';
/** PENNY_SINGLE=1: on pages that are not isolated, with fallback: 'single' (single.test.js). */
export const isSingle = process.env.PENNY_SINGLE === '1';
/** How many workers a pool has that asked for `count`. */
export const workersOf = (count) => (isSingle ? 1 : count);
/** By name: why a test does not apply there; and those that were met. */
export const inapplicable = new Map();
export const leftOut = new Set();
export const isLong = process.env.PENNY_LONG === '1';
const testSeconds = isLong ? 1500 : 120;

// What every script in a page may use: `penny` is the module, `start` makes a pool on the test
// tasks, `failure` gives an error as plain values, `sleep` waits.
const prelude = `
  const wasm = '/build/wasm/e2e/e2e_tasks.wasm';
  const isSingle = ${isSingle};
  const index = await import('/js-glue/index.js');
  const createPool = (options, ...rest) =>
    index.createPool(isSingle ? { fallback: 'single', ...options } : options, ...rest);
  const penny = { ...index, createPool };
  const start = (options) => penny.createPool({ wasm, workers: 2, ...options });
  const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
  const failure = async (action) => {
    try {
      const value = await action();
      return { value: String(value) };
    } catch (error) {
      return { name: error?.name, code: error?.code, message: String(error?.message ?? error), task: error?.task,
        isPenny: error instanceof penny.PennyError };
    }
  };
`;

let tests;
/** Sets up the browser for this file. Gives openPage(options of serve), closed after each file. */
export function browserTests() {
  tests ??= makeTests();
  return tests;
}

function makeTests() {
  let browser;
  const servers = new Map();
  before(async () => {
    browser = await launch(engine);
  });
  after(async () => {
    await browser?.close();
    for (const server of servers.values()) await server.close();
  });
  const open = async (given = {}, path = 'e2e/page.html') => {
    const options = isSingle ? { isolated: false, ...given } : given;
    const key = options.routes ?? JSON.stringify(options);
    if (!servers.has(key)) servers.set(key, await serve(options));
    const page = await browser.newPage(servers.get(key).url + path);
    page.server = servers.get(key);
    return page;
  };
  let shared;
  return {
    open,
    browser: () => browser,
    /** Runs a function's body in a page, with the prelude above it. */
    async inPage(fn, arg, { page, seconds = 60 } = {}) {
      shared ??= page ? undefined : await open();
      const source = `(async () => { ${prelude} return (${fn})(${JSON.stringify(arg) ?? ''}); })()`;
      return (page ?? shared).evaluate(source, undefined, seconds);
    },
    test(name, action) {
      const label = isSingle ? `${engine} single` : engine;
      if (inapplicable.has(name)) {
        leftOut.add(name);
        console.log(`${label}: left out: ${name}: ${inapplicable.get(name)}`);
        return;
      }
      test(`${label}: ${name}`, { timeout: testSeconds * 1000 }, action);
    },
  };
}
