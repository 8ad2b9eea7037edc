// Post-link step of a web module, called by penny.cmake: `node postlink.mjs WASM_OPT IN OUT`. Runs Binaryen's
// wasm-opt for the stack check, then its optimiser, and looks at what came out. A fourth argument keeps the functions' names,
// for a look at the same code (tests/spawn_budget.js).
//
// The stack check (pass --stack-check) puts a compare before every write of the shadow stack pointer and calls the import
// env.pn_port_stack_overflow(sp) when the new value is outside the limits that __set_stack_limits(top, bottom)
// set for this instance. They start as 0, 0: nothing with a frame may run before the call. A function without a frame on
// the shadow stack is left as it is. The pass finds the pointer by the name section and does nothing at all, without a
// word, when that was stripped: hence the look at the end.
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';

const [wasmOpt, input, output, keepsNames] = process.argv.slice(2);
const checked = `${output}.checked`;
// Named, because the link drops what the old libc members say about themselves.
const features = [
  'threads',
  'bulk-memory',
  'bulk-memory-opt',
  'mutable-globals',
  'sign-ext',
  'nontrapping-float-to-int',
  'simd',
  'multivalue',
  'reference-types',
].map((name) => `--enable-${name}`);

function run(args) {
  execFileSync(process.execPath, [wasmOpt, ...features, ...args], {
    stdio: 'inherit',
    timeout: 300_000,
  });
}

try {
  // --no-validation: Binaryen 132 gives the handler's call a result type in its own tree, which it then calls invalid. The
  // bytes are right, and the second run validates them.
  const handler = '--pass-arg=stack-check-handler@pn_port_stack_overflow';
  run(['--no-validation', '--debuginfo', '--stack-check', handler, input, '-o', checked]);
  run([
    // Before the optimiser, whose inliner it stops (src/port_web.c).
    '--no-inline=pn_port_wait',
    '-O3',
    keepsNames ? '--debuginfo' : '--strip-debug',
    '--strip-producers',
    '--strip-target-features',
    checked,
    '-o',
    output,
  ]);
} finally {
  rmSync(checked, { force: true });
}

const module = new WebAssembly.Module(readFileSync(output));
const exported = new Set(WebAssembly.Module.exports(module).map(({ name }) => name));
for (const name of ['__set_stack_limits', '__stack_pointer']) {
  if (exported.has(name)) continue;
  rmSync(output, { force: true });
  throw new Error(`${output}: no export ${name}: the stack check did not take place`);
}
