// `npm start`: sets up, builds, serves web/ with the isolation headers, runs the demo headless in Chromium, prints its table
// and keeps serving the same page for a person. `-- --once` exits after the table; `-- --port N` chooses the port.
//
// The page's side: web/index.html?auto=1 starts by itself and keeps globalThis.pennyDemo up to date:
//   { done: boolean, progress: string, error?: string, rows: [{ workload, input, ok, serialMs, oneMs, allMs, steals }] }
import { launch } from '../e2e/browser.js';
import { readArguments, readWhole } from './arguments.js';
import { root, run, seconds } from './run.js';
import { serve } from './serve.js';
import { setup } from './setup.js';

const usage = `npm start [-- --once --port N]: builds, runs the demo workloads in Chromium, prints their table and goes on serving the page
  --once     ends after the table; exit code 1 if an answer is wrong
  --port N   serves on this port, not on any that is free`;
const { values } = readArguments(usage, {
  options: { once: { type: 'boolean' }, port: { type: 'string', default: '0' } },
});
const isOnce = values.once;
const port = readWhole('port', values.port, 0, 65535, usage);
const demoSeconds = 600;

function printTable(rows) {
  const ms = (value) =>
    value === undefined || value === null ? '-' : value.toFixed(value < 100 ? 1 : 0);
  const lines = [
    [
      'workload',
      'input',
      'answer',
      'serial ms',
      '1 worker ms',
      'all workers ms',
      'speed-up',
      'steals',
    ],
    ...rows.map((row) => [
      row.workload,
      row.input,
      row.ok ? 'right' : 'WRONG',
      ms(row.serialMs),
      ms(row.oneMs),
      ms(row.allMs),
      row.serialMs && row.allMs ? (row.serialMs / row.allMs).toFixed(2) : '-',
      String(row.steals ?? '-'),
    ]),
  ];
  const widths = lines[0].map((_, idx) =>
    Math.max(...lines.map((line) => String(line[idx]).length)),
  );
  for (const line of lines) {
    const cells = line.map((cell, idx) =>
      idx < 3 ? String(cell).padEnd(widths[idx]) : String(cell).padStart(widths[idx]),
    );
    console.log(cells.join('  ').trimEnd());
  }
}

async function runDemo(url) {
  const browser = await launch('chromium');
  try {
    console.log(`running the workloads in Chromium ${browser.version}`);
    const page = await browser.newPage(`${url}web/index.html?auto=1`);
    const end = performance.now() + demoSeconds * 1000;
    let last = '';
    for (;;) {
      const demo = await page.evaluate(() => globalThis.pennyDemo ?? null);
      if (demo?.progress && demo.progress !== last) {
        last = demo.progress;
        console.log(`  ${last}`);
      }
      if (demo?.error) throw new Error(`the demo page: ${demo.error}`);
      if (demo?.done) return demo.rows;
      if (performance.now() > end) {
        const said = page.errors.map(({ text }) => `\n  ${text}`).join('');
        throw new Error(`the demo page was not done in ${demoSeconds} s${said}`);
      }
      await new Promise((done) => setTimeout(done, 200));
    }
  } finally {
    await browser.close();
  }
}

try {
  await setup('demo');
  console.log('building');
  const build = await run(process.execPath, ['scripts/build.js', 'wasm'], { timeoutSeconds: 300 });
  if (build.code !== 0) throw new Error(`the build failed:\n${build.output}`);
  console.log(`built in ${seconds(build.milliseconds)}`);

  // The page loads the glue and the modules that were built: the repository is the root, web/ a folder in it.
  const server = await serve({ port, mounts: { '/': root } });
  const rows = await runDemo(server.url);
  console.log();
  printTable(rows);
  const wrong = rows.filter(({ ok }) => !ok).length;
  if (wrong > 0 || rows.length === 0) {
    console.error(rows.length === 0 ? 'no workload ran' : `${wrong} wrong answers`);
    process.exitCode = 1;
  }
  if (isOnce) await server.close();
  else console.log(`\nserving on ${server.url}web/ : open it in a browser, end with Ctrl+C`);
} catch (error) {
  console.error(`npm start: ${error.message}`);
  process.exit(1);
}
