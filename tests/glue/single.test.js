// single.test.js: the parts of a pool without shared memory that can be looked at alone: a module that is
// made one for an unshared memory, and two copies of an array that are kept alike. The pool itself is tested
// by tests/hosts and e2e/single.test.js.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { LAYOUT_HASH } from '../../js-glue/layout.gen.js';
import { difference, patch, wordsOf } from '../../js-glue/patch.js';
import { unshare } from '../../js-glue/unshare.js';
import { root } from '../../scripts/run.js';

const modules = ['js-glue/core', 'js-glue/core_alone', 'e2e/e2e_tasks'];
const read = (name) => new Uint8Array(readFileSync(join(root, `build/wasm/${name}.wasm`)));

test('glue_single_module_changes_by_one_bit', () => {
  for (const name of modules) {
    const before = read(name);
    const bytes = before.slice();
    const least = unshare(bytes);
    const changed = [...bytes.keys()].filter((at) => bytes[at] !== before[at]);
    assert.equal(changed.length, 1);
    assert.equal(before[changed[0]] ^ bytes[changed[0]], 2);
    const module = new WebAssembly.Module(bytes);
    const imports = {};
    for (const { name, kind } of WebAssembly.Module.imports(module))
      if (kind === 'function') imports[name] = () => 0;
    const instance = (initial) => {
      imports.memory = new WebAssembly.Memory({ initial, maximum: initial });
      return new WebAssembly.Instance(module, { env: imports });
    };
    assert.equal(instance(least).exports.pn_web_layout_hash() >>> 0, LAYOUT_HASH);
    assert.throws(() => instance(least - 1), WebAssembly.LinkError);
    // Once more: it is not shared any more.
    assert.throws(() => unshare(bytes), /not shared/);
  }
});

test('glue_single_bytes_that_are_no_module_end', () => {
  const bytes = read(modules[0]);
  const empty = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
  assert.throws(() => unshare(empty), /imports no memory/);
  // Cut off anywhere, or with wrong lengths: an error, never an endless loop.
  for (let length = 8; length < 400; length++) {
    try {
      unshare(bytes.slice(0, length));
    } catch (error) {
      assert.ok(error instanceof Error);
    }
    const wrong = bytes.slice(0, 400);
    wrong[length] = 255;
    try {
      unshare(wrong);
    } catch (error) {
      assert.ok(error instanceof Error);
    }
  }
});

/** Numbers from 0 to below `end`, always the same ones. */
function randoms(seed) {
  let state = seed;
  return (end) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * end);
  };
}

test('glue_single_copies_get_what_either_side_has_written', () => {
  const random = randoms(7);
  for (let round = 0; round < 300; round++) {
    const length = random(70);
    const here = Uint8Array.from({ length }, () => random(256));
    const there = here.slice();
    const sides = [
      { bytes: here, had: wordsOf(here) },
      { bytes: there, had: wordsOf(there) },
    ];
    const expected = here.slice();
    // Each byte belongs to one side, which may change it; what they send crosses.
    for (let turn = 0; turn < 3; turn++) {
      for (let at = 0; at < length; at++) {
        if (random(3)) continue;
        expected[at] = random(256);
        sides[at % 2].bytes[at] = expected[at];
      }
      const sent = sides.map(({ bytes, had }) => difference(bytes, had));
      for (const [idx, { bytes, had }] of sides.entries())
        if (sent[1 - idx]) patch(bytes, sent[1 - idx], had);
      for (const { bytes, had } of sides) {
        assert.deepEqual(bytes, expected);
        assert.deepEqual(had, wordsOf(expected));
      }
    }
    assert.equal(difference(here, sides[0].had), undefined);
  }
});
