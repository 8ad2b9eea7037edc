// module.test.js: a web module of a project outside of this one, by find_package: a project in C++ alone, with tasks in C and
// in C++, a C file that is also a native program, every warning an error, and no build type named.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createPool } from '../../js-glue/node.js';
import { root, run } from '../../scripts/run.js';

const folder = join(root, 'build/outside');
const files = {
  'CMakeLists.txt': `cmake_minimum_required(VERSION 3.25)
project(outside CXX)
find_package(penny REQUIRED)
penny_add_module(kernels program.c plus.cpp NO_KERNELS)
target_compile_options(kernels PRIVATE -Wall -Wextra -Wconversion -Wshadow -Wundef -pedantic -Werror)
`,
  'program.c': `#include <penny.h>
#include <stdio.h>
PENNY_TASK(int64_t, fib, (int32_t, n)) {
  if (n < 2) return n;
  PENNY_SPAWN(fib, n - 1);
  int64_t a = PENNY_CALL(fib, n - 2);
  int64_t b = PENNY_SYNC(fib);
  return a + b;
}
PENNY_EXPORT(fib)
PENNY_TASK(int32_t, start) {
  return penny_start(NULL) == PENNY_ESTART && penny_stop() == PENNY_ECLOSED;
}
PENNY_EXPORT(start)
int main(void) {
  penny_start(&(penny_options){.workers = 0});
  printf("%lld\\n", (long long)PENNY_RUN(fib, 40));
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
`,
};

test('glue_module_outside_in_c_and_cpp', { timeout: 120_000 }, async () => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const built = join(folder, 'build');
  const toolchain = join(root, 'cmake/toolchain-web.cmake');
  const paths = [`-DCMAKE_TOOLCHAIN_FILE=${toolchain}`, `-DCMAKE_PREFIX_PATH=${root}`];
  for (const step of [
    ['-S', folder, '-B', built, '-G', 'Ninja', ...paths],
    ['--build', built],
  ]) {
    const { code, output } = await run('cmake', step, { timeoutSeconds: 100 });
    assert.equal(code, 0, output);
  }
  // Without a build type CMake would optimise nothing.
  assert.match(
    readFileSync(join(built, 'CMakeCache.txt'), 'utf8'),
    /^CMAKE_BUILD_TYPE:.*=Release$/m,
  );
  const pool = await createPool({ wasm: readFileSync(join(built, 'kernels.wasm')), workers: 2 });
  try {
    assert.equal(await pool.call('fib', [25]), 75025n);
    assert.equal(await pool.call('plus', [1.25, null, true]), 58.5);
    assert.equal(await pool.call('plus', [1, pool.array(Float32Array, [0.5]), false]), 57.5);
    assert.equal(await pool.call('start'), 1);
  } finally {
    await pool.dispose();
  }
});
