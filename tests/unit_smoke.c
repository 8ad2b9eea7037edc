/*
 * unit_smoke.c: fib, spawns nested three deep, several spawns before their syncs, mutual
 * recursion, void tasks, plain helpers that spawn, results used as arguments.
 */
#include "test.h"

TEST_GLOBALS

PENNY_TASK(int64_t, fib, (int32_t, n)) {
  if (n < 2) return n;
  PENNY_SPAWN(fib, n - 1);
  int64_t a = PENNY_CALL(fib, n - 2);
  int64_t b = PENNY_SYNC(fib);
  return a + b;
}

/* A template in C: the task's name is a macro. */
#define ELEMENT     float
#define NAME_OF(T)  NAMED(sum_, T)
#define NAMED(a, b) a##b
#define SUM         NAME_OF(ELEMENT)

PENNY_TASK(ELEMENT, SUM, (const ELEMENT *, values), (int32_t, count)) {
  if (count == 1) return values[0];
  PENNY_SPAWN(SUM, values, count / 2);
  ELEMENT rest = PENNY_CALL(SUM, values + count / 2, count - count / 2);
  return rest + PENNY_SYNC(SUM);
}
PENNY_EXPORT(SUM)

PENNY_DECLARE(int32_t, is_odd, (int32_t, n));

PENNY_TASK(int32_t, is_even, (int32_t, n)) {
  if (n == 0) return 1;
  PENNY_SPAWN(is_odd, n - 1);
  return PENNY_SYNC(is_odd);
}

PENNY_TASK(int32_t, is_odd, (int32_t, n)) {
  if (n == 0) return 0;
  PENNY_SPAWN(is_even, n - 1);
  return PENNY_SYNC(is_even);
}

PENNY_TASK(void, put, (int32_t *, where), (int32_t, value)) {
  *where = value;
}

PENNY_TASK(int32_t, none) {
  return 7;
}

/* Doubles the array three levels deep, 8 ways at each. */
PENNY_TASK(void, three_deep, (int32_t *, base), (int32_t, level), (int32_t, count)) {
  if (level == 0) {
    for (int32_t i = 0; i < count; i++) base[i] = base[i] * 2 + 1;
    return;
  }
  int32_t part = count / 8;
  for (int32_t i = 0; i < 8; i++) PENNY_SPAWN(three_deep, base + i * part, level - 1, part);
  for (int32_t i = 0; i < 8; i++) PENNY_SYNC(three_deep);
}

static int64_t spawns_two(PENNY_CONTEXT, int32_t n) {
  PENNY_SPAWN(fib, n);
  PENNY_SPAWN(fib, n + 1);
  int64_t newer = PENNY_SYNC(fib);
  int64_t older = PENNY_SYNC(fib);
  CHECK(newer >= older);
  return newer * 1000 + older;
}

static int64_t spawns_by_helper(PENNY_CONTEXT, int32_t n) {
  PENNY_SPAWN(fib, n);
  int64_t inner = spawns_two(PENNY_HERE, n);
  return inner + PENNY_SYNC(fib);
}

TEST_TASK(unit_smoke) {
  (void)seed;
  const float thirds[] = {1.5f, 2.5f, 4};
  CHECK(PENNY_CALL(SUM, thirds, 3) == 8);
  for (int32_t round = 0; round < 3 * scale; round++) {
    test_enter("fib");
    CHECK_EQUAL(PENNY_CALL(fib, 24), 46368);
    PENNY_SPAWN(fib, 20);
    PENNY_SPAWN(none);
    PENNY_SPAWN(fib, 21);
    PENNY_SPAWN(is_even, 100);
    CHECK_EQUAL(PENNY_SYNC(is_even), 1);
    CHECK_EQUAL(PENNY_SYNC(fib), 10946);
    CHECK_EQUAL(PENNY_SYNC(none), 7);
    CHECK_EQUAL(PENNY_SYNC(fib), 6765);

    test_enter("mutual recursion");
    CHECK_EQUAL(PENNY_CALL(is_even, 1001), 0);

    test_enter("a sync as an argument");
    PENNY_SPAWN(fib, 10); /* 55 */
    PENNY_SPAWN(fib, PENNY_SYNC(fib) == 55 ? 7 : 8);
    CHECK_EQUAL(PENNY_SYNC(fib), 13);
    for (int32_t i = 0; i < 1000; i++) {
      /* The callee spawns: it must get the position after the sync, whatever is evaluated first. */
      PENNY_SPAWN(fib, 3);
      PENNY_SPAWN(none);
      CHECK_EQUAL(PENNY_CALL(fib, PENNY_SYNC(none)), 13);
      CHECK_EQUAL(PENNY_SYNC(fib), 2);
    }
    CHECK_EQUAL(PENNY_CALL(fib, (int32_t)PENNY_CALL(fib, 7)), 233);

    test_enter("void tasks");
    enum { COUNT = 1000 };
    int32_t values[COUNT];
    for (int32_t i = 0; i < COUNT; i++) PENNY_SPAWN(put, &values[i], i * 3);
    for (int32_t i = 0; i < COUNT; i++) PENNY_SYNC(put);
    for (int32_t i = 0; i < COUNT; i++) CHECK_EQUAL(values[i], i * 3);

    test_enter("three deep");
    static int32_t cells[8 * 8 * 8 * 4];
    const int32_t cell_count = (int32_t)(sizeof cells / sizeof cells[0]);
    for (int32_t i = 0; i < cell_count; i++) cells[i] = i;
    PENNY_CALL(three_deep, cells, 3, cell_count);
    for (int32_t i = 0; i < cell_count; i++) CHECK_EQUAL(cells[i], i * 2 + 1);

    test_enter("helpers");
    CHECK_EQUAL(spawns_by_helper(PENNY_HERE, 12), 233 * 1000 + 144 + 144);
  }
  return test_failures();
}
TEST_PROGRAM(unit_smoke);
