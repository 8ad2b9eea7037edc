/*
 * fib.c: the price of a spawn. No cutoff: every call spawns one.
 *
 * Two serial twins: compilers inline this recursion a few levels deep (the honest baseline), and
 * bench_fib_plain, which they may not inline, has the calls that the parallel form has.
 */
#include "../workloads.h"

PENNY_TASK(int64_t, bench_fib, (int32_t, n)) {
  if (n < 2) return n;
  PENNY_SPAWN(bench_fib, n - 1);
  int64_t a = PENNY_CALL(bench_fib, n - 2);
  int64_t b = PENNY_SYNC(bench_fib);
  return a + b;
}
PENNY_EXPORT(bench_fib)

static int64_t fib(int32_t n) {
  return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

PENNY_TASK(int64_t, bench_fib_serial, (int32_t, n)) {
  return fib(n);
}
PENNY_EXPORT(bench_fib_serial)

static __attribute__((noinline)) int64_t fib_plain(int32_t n) {
  if (n < 2) return n;
  int64_t a = fib_plain(n - 1);
  return a + fib_plain(n - 2);
}

PENNY_TASK(int64_t, bench_fib_plain, (int32_t, n)) {
  return fib_plain(n);
}
PENNY_EXPORT(bench_fib_plain)
