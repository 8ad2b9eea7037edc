// module.test.js: a web module of a project outside of this one, by find_package: a project in C++ alone, with tasks in C and
// in C++, a C file that is also a native program, every warning an error, and no build type named.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { instantiate } from '../../js-glue/enter.js';
import { MemoryView } from '../../js-glue/memory.js';
import { createPool } from '../../js-glue/node.js';
import { root, run } from '../../scripts/run.js';

const folder = join(root, 'build/outside');
const strict = '-Wall -Wextra -Wconversion -Wshadow -Wundef -pedantic -Werror';
const files = {
  'CMakeLists.txt': `cmake_minimum_required(VERSION 3.25)
project(outside CXX)
find_package(penny REQUIRED)
penny_add_module(kernels program.c plus.cpp NO_KERNELS)
target_compile_options(kernels PRIVATE ${strict})
`,
  'program.c': `#include <math.h>
#include <penny.h>
#include <stdio.h>
PENNY_TASK(int64_t, fib, (int32_t, n)) {
  if (n < 2) return n;
  PENNY_SPAWN(fib, n - 1);
  int64_t a = PENNY_CALL(fib, n - 2);
  int64_t b = PENNY_SYNC(fib);
  return a + b;
}
PENNY_EXPORT(fib)
PENNY_TASK(void, put, (int16_t *const, where), (const int16_t, value)) {
  *where = value;
}
PENNY_TASK(int16_t, less, (int8_t, n)) {
  int16_t one = 0;
  PENNY_SPAWN(put, &one, 1);
  PENNY_SYNC(put);
  if (n <= 0) return one;
  PENNY_SPAWN(less, (int8_t)(n - 1));
  int16_t result = PENNY_SYNC(less);
  return result;
}
PENNY_EXPORT(less)
PENNY_TASK(double, libm, (float, x)) {
  const long double y = (long double)x;
  return (double)fmaf(x, x, 1) + (double)fmal(y, y, 1) + (double)lgammaf(x) + (double)lgammal(y);
}
PENNY_EXPORT(libm)
PENNY_TASK(int64_t, get, (penny_future *, future)) {
  return PENNY_GET(fib, future);
}
PENNY_TASK(int64_t, nested) {
  PENNY_SPAWN(get, PENNY_DETACH(NULL, fib, (int32_t)PENNY_CALL(fib, (int32_t)PENNY_CALL(fib, 5))));
  return PENNY_SYNC(get);
}
PENNY_EXPORT(nested)
PENNY_TASK(int32_t, start) {
  return penny_start(NULL) == PENNY_ESTART && penny_stop() == PENNY_ECLOSED;
}
PENNY_EXPORT(start)
PENNY_TASK(void, say, (bool, fails)) {
  for (int n = 0; n < 3; n++) printf("%d ", n);
  putchar(0xc3);
  putchar(0xbc);
  puts("!");
  printf("%600d|", 1);
  printf("%d\\nnot", 2);
  if (fails) penny_fail(-1, NULL);
}
PENNY_EXPORT(say)
#ifdef __wasm__
__attribute__((export_name("on_the_page"))) int on_the_page(void) {
  const int64_t nothing = PENNY_RUN(fib, 5);
  return nothing ? 1 : penny_last_error();
}
#endif
int main(void) {
  penny_start(&(penny_options){.workers = 0});
  printf("%lld\\n", (long long)PENNY_RUN(fib, (int32_t)PENNY_RUN(fib, 9)));
  penny_stop();
}
`,
  'plus.cpp': `#include <penny.h>
PENNY_DECLARE(int64_t, fib, (int32_t, n));
template <class T> static T twice(T value) { return value + value; }
PENNY_TASK(double, plus, (double, x), (const float *, values), (bool, flag)) {
  PENNY_SPAWN(fib, 10);
  const double own = twice(x) + double(values ? values[0] : 0.0f) + flag;
  return own + double(PENNY_SYNC(fib));
}
PENNY_EXPORT(plus)
enum color { RED, GREEN, BLUE };
PENNY_TASK(color, paint, (const color, from)) {
  return from == BLUE ? GREEN : RED;
}
PENNY_EXPORT(paint)
`,
};

function write(place, texts) {
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place, { recursive: true });
  for (const [name, text] of Object.entries(texts)) writeFileSync(join(place, name), text);
}

/** The files of a native project in C; `use` is how it comes to have the package. */
const inC = (use) => ({
  'CMakeLists.txt': `cmake_minimum_required(VERSION 3.25)
project(outside C)
${use}
add_executable(prog prog.c)
target_link_libraries(prog PRIVATE penny::penny)
`,
  'prog.c': 'int main(void) { return 0; }\n',
});

/** Configures the project in `place`; `command` is cmake or what calls it. */
async function configure(place, built, { options = [], command = ['cmake'] } = {}) {
  const [program, ...rest] = command;
  const steps = [...rest, ...options, '-S', place, '-B', built, '-G', 'Ninja'];
  const { code, output } = await run(program, steps, { timeoutSeconds: 50 });
  assert.equal(code, 0, output);
}

test('glue_module_header_has_no_warnings', { timeout: 60_000 }, async () => {
  write(folder, files);
  const flags = [...strict.split(' '), '-fsyntax-only', '-I', join(root, 'src')];
  for (const compiler of ['gcc', 'clang-22']) {
    for (const form of ['-std=c11', '-DPENNY_DEBUG=1']) {
      const command = [...flags, '-Wstrict-prototypes', form, join(folder, 'program.c')];
      const { code, output } = await run(compiler, command, { timeoutSeconds: 20 });
      assert.equal(code, 0, output);
    }
  }
});

test('glue_module_outside_in_c_and_cpp', { timeout: 120_000 }, async () => {
  write(folder, files);
  const built = join(folder, 'build');
  const toolchain = join(root, 'cmake/toolchain-web.cmake');
  const options = [`-DCMAKE_TOOLCHAIN_FILE=${toolchain}`, `-DCMAKE_PREFIX_PATH=${root}`];
  await configure(folder, built, { options });
  const { code, output } = await run('cmake', ['--build', built], { timeoutSeconds: 100 });
  assert.equal(code, 0, output);
  // Without a build type CMake would optimise nothing.
  assert.match(
    readFileSync(join(built, 'CMakeCache.txt'), 'utf8'),
    /^CMAKE_BUILD_TYPE:.*=Release$/m,
  );
  const bytes = readFileSync(join(built, 'kernels.wasm'));
  // The host's own instance may not wait: PENNY_EMAINTHREAD.
  const view = new MemoryView(new WebAssembly.Memory({ initial: 64, maximum: 64, shared: true }));
  const page = instantiate(new WebAssembly.Module(bytes), view);
  assert.equal(page.pn_web_create(view.memory.buffer.byteLength, 1, 1, 1, 0, 65536), 0);
  assert.equal(page.on_the_page(), -6);
  const pool = await createPool({ wasm: bytes, workers: 2 });
  try {
    assert.equal(await pool.call('fib', [25]), 75025n);
    assert.equal(await pool.call('plus', [1.25, null, true]), 58.5);
    assert.equal(await pool.call('plus', [1, pool.array(Float32Array, [0.5]), false]), 57.5);
    assert.equal(await pool.call('nested'), 5n);
    assert.equal(await pool.call('start'), 1);
    assert.equal(await pool.call('less', [9]), 1);
    assert.equal(await pool.call('libm', [2]), 10); // its parts are 5, 5, 0 and 0
    assert.equal(await pool.call('paint', [2]), 1);
  } finally {
    await pool.dispose();
  }
  // A line that is printed in pieces is one on the console; one without an end is there when its task has ended or failed.
  const program = `import { readFileSync } from 'node:fs';
import { createPool } from ${JSON.stringify(`${root}/js-glue/node.js`)};
const pool = await createPool({ wasm: readFileSync('kernels.wasm'), workers: 1 });
await pool.call('say', [false]);
await pool.call('say', [true]).catch(() => {});
await pool.dispose();
`;
  writeFileSync(join(built, 'say.mjs'), program);
  const said = await run(process.execPath, ['say.mjs'], { cwd: built, timeoutSeconds: 20 });
  const lines = ['0 1 2 ü!', `${' '.repeat(599)}1|`, '2', 'not'];
  assert.deepEqual(said.output.trimEnd().split('\n'), [...lines, ...lines]);
});

test('glue_module_emscripten_finds_the_package', { timeout: 60_000 }, async () => {
  const place = join(root, 'build/outside_emscripten');
  write(place, inC('find_package(penny REQUIRED)'));
  const ours = `-DCMAKE_TOOLCHAIN_FILE=${join(root, 'cmake/toolchain-emscripten.cmake')}`;
  const ways = {
    ours: { options: [ours, `-DCMAKE_PREFIX_PATH=${root}`] },
    theirs: { options: [`-Dpenny_DIR=${join(root, 'cmake')}`], command: ['emcmake', 'cmake'] },
  };
  for (const [name, way] of Object.entries(ways)) {
    const built = join(place, name);
    await configure(place, built, way);
    assert.match(readFileSync(join(built, 'build.ninja'), 'utf8'), /port_emscripten\.c/);
  }
});

test('glue_module_by_add_subdirectory', { timeout: 60_000 }, async () => {
  const place = join(root, 'build/outside_subdirectory');
  write(place, inC(`add_subdirectory(${root} penny)`));
  const built = join(place, 'build');
  await configure(place, built);
  // The npm package has no tests to build.
  const rules = readFileSync(join(built, 'build.ninja'), 'utf8');
  assert.match(rules, /port_native\.c/);
  assert.doesNotMatch(rules, /unit_smoke|penny_bench/);
});
