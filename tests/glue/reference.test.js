// reference.test.js: docs/reference.md says what the types say, which leave nothing out; and
// docs/c-api.md names all that penny.h offers.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as page from '../../js-glue/index.js';
import * as worker from '../../js-glue/worker.js';
import { makeReference, target } from '../../scripts/reference.js';
import { root } from '../../scripts/run.js';

const read = (path) => readFileSync(join(root, path), 'utf8');
const header = read('src/penny.h');
const codes = [...header.matchAll(/^ {2}X\((E\w+), -\d+,/gm)].map(([, name]) => `PENNY_${name}`);
const { text, undocumented } = makeReference();

test('glue_reference_is_what_the_types_say', () => {
  assert.equal(readFileSync(target, 'utf8'), text, 'stale: node scripts/reference.js');
});

test('glue_reference_leaves_nothing_out', () => {
  assert.deepEqual(undocumented, []);
  // What a program can import is there, whatever the types call it.
  for (const [exported, start] of [
    [page, '## penny-runtime\n'],
    [worker, '## penny-runtime/worker\n'],
  ]) {
    const section = text.slice(text.indexOf(start)).split('\n## ')[0];
    const names = Object.keys(exported);
    assert.ok(names.length >= 3);
    for (const name of names) assert.ok(section.includes(`\n### ${name}\n`), `${start}${name}`);
  }
});

test('glue_reference_has_every_error_code', () => {
  const glue = readdirSync(join(root, 'js-glue')).filter((name) => name.endsWith('.js'));
  const thrown = glue.flatMap((name) => [
    ...[...read(`js-glue/${name}`).matchAll(/'(PENNY_E\w+)'/g)].map(([, code]) => code),
    ...[...read(`js-glue/${name}`).matchAll(/errorFor\(\s*'(E\w+)'/g)].map(
      ([, code]) => `PENNY_${code}`,
    ),
  ]);
  const section = text.slice(text.indexOf('### PennyError')).split('\n### ')[0];
  assert.ok(codes.length >= 12 && thrown.length >= 12);
  for (const code of [...codes, ...thrown]) assert.ok(section.includes(`- \`${code}\`: `), code);
});

test('glue_reference_c_guide_names_all_of_penny_h', () => {
  const guide = read('docs/c-api.md');
  const patterns = [
    /^#define (PENNY_[A-Z]+|penny_\w+)\b/gm,
    /^typedef [^;{]*?\b\(?\*?(penny_\w+)\)?(?:;|\()/gm,
    /^\} (penny_\w+);/gm,
    /^[A-Za-z][\w *]*?\b(penny_\w+)\(/gm,
  ];
  const found = patterns.flatMap((pattern) =>
    [...header.matchAll(pattern)].map(([, name]) => name),
  );
  // The include guard, and the table that the codes come from.
  const names = new Set([...found, ...codes].filter((name) => !/^PENNY_(H|ERROR_MAP)$/.test(name)));
  assert.ok(names.size >= 60, `${names.size} names`);
  for (const name of names) assert.match(guide, new RegExp(`\\b${name}\\b`), name);
});
