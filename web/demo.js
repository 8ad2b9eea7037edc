// demo.js: the page. Addresses: ?auto=1 runs everything by itself and tells globalThis.pennyDemo (for `npm start` and tests),
// &quick=1 takes small sizes, &workers=N and &only=name,name choose.
//   pennyDemo = { done, progress, rows: [{ workload, name, input, ok, serialMs, oneMs, allMs, speedup, steals, error? }], error? }
import { createPool, isSupported } from '../js-glue/index.js';
import { openAssets } from './assets.js';
import { measure } from './measure.js';
import { ImageView, MandelbrotView, WordsView } from './views.js';
import { workloads } from './workloads.js';

const WASM = new URL('../build/wasm/workloads.wasm', import.meta.url);
const ASSETS = new URL('../build/assets/', import.meta.url);
const MEMORY = { initialBytes: 16 * 2 ** 20, maximumBytes: 512 * 2 ** 20 };
// Painting costs time that the workers want: bars move a few times a second, not each frame.
const BAR_MS = 120;

const byId = (id) => document.getElementById(id);
const query = new URLSearchParams(location.search);
const demo = { done: false, progress: '', rows: [] };
globalThis.pennyDemo = demo;

const assets = openAssets(ASSETS);
const views = {
  mandelbrot: new MandelbrotView(byId('mandelbrot')),
  image: new ImageView((name) => byId(`image-${name}`), byId('credit')),
  words: new WordsView(byId('words')),
};

function say(text) {
  demo.progress = text;
  byId('progress').textContent = text;
}

function formatMs(ms) {
  if (ms === undefined) return '';
  return `${ms < 10 ? ms.toFixed(2) : ms < 100 ? ms.toFixed(1) : ms.toFixed(0)} ms`;
}

const barTitle = (name) =>
  ({ serial: 'plain C', one: '1 worker', all: `${workerCount} workers` })[name];

/** One workload's row: its bars, figures and button. */
class Row {
  constructor(workload, onRun) {
    this.workload = workload;
    const root = byId('row').content.firstElementChild.cloneNode(true);
    this.root = root;
    this.bars = Object.fromEntries(
      ['serial', 'one', 'all'].map((name) => [name, root.querySelector(`.bar.${name}`)]),
    );
    this.button = root.querySelector('.run');
    this.button.addEventListener('click', () => onRun(this));
    this.button.setAttribute('aria-label', `Run ${workload.title}`);
    root.querySelector('h2').textContent = workload.title;
    root.querySelector('.about').textContent = workload.about;
    this.reset('full');
  }

  reset(sizeName) {
    this.times = {};
    this.longest = 0;
    this.root.querySelector('.input').textContent = this.workload.sizes[sizeName].input;
    for (const bar of Object.values(this.bars)) {
      bar.style.setProperty('--part', 0);
      bar.querySelector('.ms').textContent = '';
      for (const name of ['role', 'aria-label']) bar.removeAttribute(name);
    }
    for (const name of ['speedup', 'steals', 'answer']) this.#figure(name, '–');
    this.root.querySelector('.answer').classList.remove('is-right', 'is-wrong');
    this.root.querySelector('.failure')?.remove();
  }

  #figure(name, text) {
    this.root.querySelector(`.${name} .value`).textContent = text;
  }

  #draw() {
    // The longest bar fills the track; while it still grows it may have some more to go.
    const longest = Math.max(this.longest, ...Object.values(this.times));
    for (const [name, ms] of Object.entries(this.times))
      this.bars[name].style.setProperty('--part', longest > 0 ? (ms / longest).toFixed(4) : 0);
  }

  /** A run begins: its bar grows until the function that this returns is called with the median so far. */
  begin(name) {
    const bar = this.bars[name];
    const label = bar.querySelector('.ms');
    const isFirst = this.times[name] === undefined;
    const start = performance.now();
    const grow = () => {
      const ms = performance.now() - start;
      this.times[name] = ms;
      this.longest = Math.max(this.longest, ms * 1.3);
      label.textContent = formatMs(ms);
      this.#draw();
    };
    const timer = isFirst ? setInterval(grow, BAR_MS) : undefined;
    return (medianMs) => {
      clearInterval(timer);
      this.longest = 0;
      this.times[name] = medianMs;
      label.textContent = formatMs(medianMs);
      // For those who do not see the colours.
      bar.setAttribute('role', 'img');
      bar.setAttribute('aria-label', `${barTitle(name)}: ${label.textContent}`);
      this.#draw();
    };
  }

  finish({ ok, speedup, steals, serialMs, oneMs }, { spawns }) {
    if (spawns) {
      const ns = ((oneMs - serialMs) * 1e6) / spawns;
      this.root.querySelector('.about').textContent =
        `${this.workload.about} ${spawns.toLocaleString('en')} of them, ${ns.toFixed(1)} ns each.`;
    }
    this.#figure('speedup', `${speedup.toFixed(2)}×`);
    this.#figure('steals', steals.toLocaleString('en'));
    this.#figure('answer', ok ? '✓' : '✗');
    this.root.querySelector('.answer').classList.add(ok ? 'is-right' : 'is-wrong');
  }

  fail(error) {
    this.#figure('answer', '✗');
    this.root.querySelector('.answer').classList.add('is-wrong');
    const line = document.createElement('p');
    line.className = 'failure';
    line.textContent = String(error?.message ?? error);
    this.root.append(line);
  }
}

/** The two pools, made at first use: one worker for the twin and the one-worker runs, and all. */
const pools = {
  one: undefined,
  all: undefined,
  async get(workers) {
    this.one ??= await createPool({ wasm: WASM, workers: 1, memory: MEMORY });
    if (this.all?.size !== workers) {
      await this.all?.dispose();
      this.all = undefined;
      this.all = await createPool({ wasm: WASM, workers, memory: MEMORY });
    }
    return { onePool: this.one, allPool: this.all };
  },
};

const cores = navigator.hardwareConcurrency || 2;
let workerCount = Math.min(256, Math.max(1, Number(query.get('workers')) || cores));
let sizeName = query.get('quick') === '1' ? 'quick' : 'full';

async function runRow(row) {
  const { workload } = row;
  const { name, title } = workload;
  const size = workload.sizes[sizeName];
  row.reset(sizeName);
  row.root.classList.add('is-running');
  const result = { workload: name, name, input: size.input, ok: false };
  try {
    say(`${title}: preparing`);
    const given = await pools.get(workerCount);
    const view = views[name];
    const measured = await measure({
      ...given,
      workload,
      size,
      assets,
      onRun(bar) {
        say(`${title}: ${barTitle(bar)}`);
        return row.begin(bar);
      },
      show: view && ((pool, state, run) => view.show(pool, state, run, assets)),
    });
    Object.assign(result, measured);
    row.finish(measured, size);
    say(`${title}: ${measured.speedup.toFixed(2)} times plain C`);
  } catch (error) {
    result.error = String(error?.message ?? error);
    row.fail(error);
    say(`${title}: ${result.error}`);
  } finally {
    row.root.classList.remove('is-running');
  }
  return result;
}

const rows = workloads.map((workload) => new Row(workload, (row) => start([row])));

function setBusy(isBusy) {
  byId('run-all').disabled = isBusy;
  byId('workers').disabled = isBusy;
  byId('size').disabled = isBusy;
  for (const { button } of rows) button.disabled = isBusy;
}

/** Runs these rows one after the other; the buttons wait. */
async function start(chosen) {
  const { activeElement } = document;
  setBusy(true);
  const results = [];
  try {
    for (const row of chosen) {
      const result = await runRow(row);
      results.push(result);
      demo.rows.push(result);
    }
    const wrong = results.filter(({ ok }) => !ok).length;
    if (chosen.length > 1)
      say(wrong ? `done: ${wrong} of ${results.length} wrong` : 'done: every answer is right');
  } finally {
    setBusy(false);
    // A button that is disabled loses the focus.
    if (document.activeElement === document.body) activeElement?.focus({ preventScroll: true });
  }
}

function showWorkerCount() {
  byId('worker-count').textContent = workerCount === 1 ? '1 worker' : `${workerCount} workers`;
}

function setUpControls() {
  const counts = new Set([1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64].filter((n) => n <= 2 * cores));
  counts.add(cores).add(workerCount);
  for (const count of [...counts].sort((one, other) => one - other))
    byId('workers').append(new Option(count === cores ? `${count} (all cores)` : count, count));
  byId('workers').value = workerCount;
  byId('workers').addEventListener('change', ({ target }) => {
    workerCount = Number(target.value);
    showWorkerCount();
    for (const row of rows) row.reset(sizeName);
  });
  byId('size').value = sizeName;
  byId('size').addEventListener('change', ({ target }) => {
    sizeName = target.value;
    for (const row of rows) row.reset(sizeName);
  });
  byId('run-all').addEventListener('click', () => start(rows));
  byId('theme').addEventListener('click', () => {
    const { dataset } = document.documentElement;
    const isDark = dataset.theme
      ? dataset.theme === 'dark'
      : matchMedia('(prefers-color-scheme: dark)').matches;
    dataset.theme = isDark ? 'light' : 'dark';
  });
  showWorkerCount();
  for (const row of rows) row.reset(sizeName);
  byId('rows').append(...rows.map(({ root }) => root));
}

function refuse(message) {
  byId('notice').textContent = message;
  byId('notice').hidden = false;
  setBusy(true);
  demo.error = message;
  demo.done = true;
}

async function main() {
  setUpControls();
  const { ok, missing } = isSupported();
  if (missing.includes('crossOriginIsolated'))
    return refuse(
      'Nothing can run here: browsers give memory that workers share only to pages that come with two headers (cross-origin isolation), and this one came without. Start it with npm start, which sends them.',
    );
  if (!ok) return refuse(`This browser is too old for this page: it lacks ${missing.join(', ')}.`);
  if (query.get('auto') !== '1') return;
  const only = query.get('only')?.split(',');
  const chosen = only ? rows.filter(({ workload }) => only.includes(workload.name)) : rows;
  try {
    await start(chosen);
    if (chosen.length === 0) demo.error = `no workload of ${only}`;
  } catch (error) {
    demo.error = String(error?.stack ?? error);
  }
  demo.done = true;
}

main();
