// static.test.js: what can be said of the glue without running a pool: generated offsets, types,
// import on a server.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { generate } from '../../scripts/layout.js';
import { root } from '../../scripts/run.js';

test('glue_layout_is_current', () => {
  assert.equal(readFileSync(join(root, 'js-glue/layout.gen.js'), 'utf8'), generate());
});

test('glue_types_compile', () => {
  const flags =
    '--noEmit --strict --exactOptionalPropertyTypes --target esnext --module nodenext --moduleResolution nodenext --types'.split(
      ' ',
    );
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  execFileSync(process.execPath, [tsc, ...flags, '', join(root, 'tests/glue/types.mts')], {
    stdio: 'pipe',
    encoding: 'utf8',
  });
});

test('glue_import_touches_no_global', async () => {
  const before = Reflect.ownKeys(globalThis).length;
  const page = await import('../../js-glue/index.js');
  const node = await import('../../js-glue/node.js');
  assert.equal(Reflect.ownKeys(globalThis).length, before);
  assert.deepEqual(page.isSupported(), { ok: false, missing: ['Worker'] });
  await assert.rejects(page.createPool(), { name: 'PennyError' });
  assert.deepEqual(node.isSupported(), { ok: true, missing: [] });
});
