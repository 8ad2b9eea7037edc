/*
 * unit_cpp.c: a C program with tasks in C++ (unit_cpp_tasks.cpp).
 */
#include "unit_cpp.h"

#include "test.h"

TEST_GLOBALS

PENNY_TASK(int64_t, c_fib, (int32_t, n)) {
  if (n < 2) return n;
  PENNY_SPAWN(cpp_fib, n - 1);
  int64_t a = PENNY_CALL(c_fib, n - 2);
  return a + PENNY_SYNC(cpp_fib);
}

TEST_TASK(unit_cpp) {
  (void)seed;
  CHECK_EQUAL(PENNY_CALL(c_fib, 18), 2584);
  PENNY_SPAWN(cpp_all, 20 * scale);
  CHECK_EQUAL(PENNY_SYNC(cpp_all), 0);
  return test_failures();
}
TEST_PROGRAM(unit_cpp);
