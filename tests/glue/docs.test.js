// docs.test.js: the programs of docs/c-api.md, as they are printed there, compiled with the native library and run; and
// the links of all pages.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { root, run } from '../../scripts/run.js';

const library = join(root, 'build/native/libpenny.a');
const folder = join(root, 'build/docs');
const text = readFileSync(join(root, 'docs/c-api.md'), 'utf8');
const programs = [...text.matchAll(/```c\n\/\/ example: (\w+)\n([\s\S]*?)```/g)];

test('glue_docs_has_programs', () => assert.ok(programs.length >= 9, `${programs.length}`));

test('glue_docs_links_lead_somewhere', () => {
  const folders = ['.', 'docs', 'src', 'bench', 'examples'];
  const pages = folders.flatMap((place) =>
    readdirSync(join(root, place), { recursive: place === 'examples' })
      .filter((name) => name.endsWith('.md'))
      .map((name) => join(root, place, name)),
  );
  assert.ok(pages.length >= 15, `${pages.length} pages`);
  const anchors = (page) =>
    [...readFileSync(page, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
      title
        .toLowerCase()
        .replace(/[^\w\- ]/g, '')
        .replaceAll(' ', '-'),
    );
  let count = 0;
  for (const page of pages) {
    // Code has brackets of its own.
    const prose = readFileSync(page, 'utf8').replace(/```[\s\S]*?```|`[^`]*`/g, '');
    for (const [, link] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(link)) continue;
      const [path, anchor] = link.split('#');
      const target = path ? join(dirname(page), path) : page;
      assert.ok(existsSync(target), `${page}: ${link}`);
      // A heading that is there twice gets a number the second time.
      const wanted = anchor?.replace(/-\d$/, '');
      if (anchor) assert.ok(anchors(target).includes(wanted), `${page}: ${link}`);
      count++;
    }
  }
  assert.ok(count > 80, `${count} links`);
});

test('glue_docs_say_what_the_bundlers_test_does', () => {
  const [rollup] = readFileSync(join(root, 'e2e/apps/build.js'), 'utf8').match(
    /importMetaAssets\(\{.*?\}\)/,
  );
  assert.ok(readFileSync(join(root, 'docs/hosting.md'), 'utf8').includes(rollup), rollup);
});

test('glue_docs_builds_without_cmake', { timeout: 60_000 }, async () => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'prog.c'), programs[0][2]);
  const [, command] = text.match(/```sh\ncd src\n([\s\S]*?)```/);
  const here = command.replaceAll('../prog', join(folder, 'prog'));
  const built = await run('sh', ['-c', here], { cwd: join(root, 'src'), timeoutSeconds: 50 });
  assert.equal(built.code, 0, built.output);
  const ran = await run(join(folder, 'prog'), [], { timeoutSeconds: 20 });
  assert.equal(ran.code, 0, ran.output);
});

for (const [, name, code] of programs) {
  test(`glue_docs_${name}`, { timeout: 60_000 }, async () => {
    mkdirSync(folder, { recursive: true });
    const source = join(folder, `${name}.c`);
    const program = join(folder, name);
    writeFileSync(source, code);
    const flags = ['-std=gnu11', '-O2', '-Wall', '-Wextra', '-Werror', '-pthread', `-I${root}/src`];
    const built = await run('gcc', [...flags, source, library, '-lm', '-o', program], {
      timeoutSeconds: 50,
    });
    assert.equal(built.code, 0, built.output);
    const ran = await run(program, [], { timeoutSeconds: 20 });
    assert.equal(ran.code, 0, ran.output);
  });
}
