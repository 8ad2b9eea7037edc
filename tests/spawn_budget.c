/*
 * spawn_budget.c: fib for spawn_budget.js, which counts its instructions: `spawn_budget N` runs
 * fib(N) on one worker, where nothing is stolen, and the same with plain calls. Each lies below a
 * function that runs once, by whose name the counting is switched on: budget_fib_pn_run and
 * plain_calls.
 */
#include <penny.h>

#include <stdio.h>
#include <stdlib.h>

PENNY_TASK(int64_t, budget_fib, (int32_t, n)) {
  if (n < 2) return n;
  PENNY_SPAWN(budget_fib, n - 1);
  int64_t a = PENNY_CALL(budget_fib, n - 2);
  int64_t b = PENNY_SYNC(budget_fib);
  return a + b;
}

static __attribute__((noinline)) int64_t plain_fib(int32_t n) {
  if (n < 2) return n;
  int64_t a = plain_fib(n - 1);
  return a + plain_fib(n - 2);
}

__attribute__((noinline)) int64_t plain_calls(int32_t n) {
  return plain_fib(n) + 1;
}

int main(int argc, char **argv) {
  int32_t n = argc > 1 ? atoi(argv[1]) : 20;
  if (penny_start(&(penny_options){.workers = 1})) return 1;
  int64_t result = PENNY_RUN(budget_fib, n);
  int64_t plain = plain_calls(n) - 1;
  if (penny_stop() != 0 || result != plain) return 1;
  printf("fib(%d) = %lld\n", n, (long long)result);
  return 0;
}
