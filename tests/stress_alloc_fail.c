/*
 * stress_alloc_fail.c: every allocation of a program fails once. The n-th and all later
 * allocations fail, for n = 0, 1, 2, ... until the program no longer gets that far: each run
 * either gives the right answer or says PENNY_ENOMEM, the pool goes on afterwards, and nothing is
 * lost when it closes. Built with the core and PENNY_FAULT_INJECTION.
 */
#include <string.h>

#include "root.h"
#include "test.h"

#ifdef TEST_SANITIZED
enum { COUNT = 1500, SURE = 40, STEP = 23 };
#else
enum { COUNT = 3000, SURE = 100, STEP = 7 };
#endif

PENNY_TASK(int32_t, leaf, (int32_t, n)) {
  return n;
}

PENNY_TASK(int32_t, wide, (int32_t, a), (int32_t, b), (int32_t, c), (int32_t, d), (int32_t, e),
           (int32_t, f), (int32_t, g)) {
  return a + b + c + d + e + f + g;
}

PENNY_TASK(int32_t, spawns) {
  int32_t sum = 0;
  for (int32_t i = 0; i < COUNT; i++) PENNY_SPAWN(leaf, 1);
  for (int32_t i = 0; i < COUNT; i++) PENNY_SPAWN(wide, 1, 0, 0, 0, 0, 0, i);
  for (int32_t i = 0; i < COUNT; i++) sum += PENNY_SYNC(wide) - (COUNT - 1 - i);
  for (int32_t i = 0; i < COUNT; i++) sum += PENNY_SYNC(leaf);
  return sum;
}

PENNY_TASK(int32_t, futures, (int32_t, depth)) {
  if (depth == 0) return 1;
  penny_future *future = PENNY_DETACH(NULL, futures, depth - 1);
  if (!future) penny_fail(PENNY_ENOMEM, "no future");
  return PENNY_GET(futures, future) + 1;
}

PENNY_TASK(int32_t, fails) {
  penny_fail(-500, "with a message that is copied");
}

static int by_value(const void *a, const void *b, void *context) {
  (void)context;
  int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
  return (x > y) - (x < y);
}

static void add(void *left, const void *right, void *context) {
  (void)context;
  *(int32_t *)left += *(const int32_t *)right;
}

static void add_part(PENNY_CONTEXT, int64_t begin, int64_t end, void *accumulator, void *context) {
  (void)context;
  PENNY_SPAWN(leaf, (int32_t)(end - begin));
  *(int32_t *)accumulator += PENNY_SYNC(leaf);
}

PENNY_TASK(int32_t, loops) {
  int32_t values[COUNT];
  for (int32_t i = 0; i < COUNT; i++) values[i] = (i * 7919) % COUNT;
  penny_sort(values, COUNT, sizeof *values, by_value, NULL);
  for (int32_t i = 0; i < COUNT; i++) CHECK_EQUAL(values[i], i);
  const int32_t zero = 0;
  penny_scan(values, COUNT, sizeof *values, &zero, add, false, NULL);
  CHECK_EQUAL(values[COUNT - 1], COUNT * (COUNT - 1) / 2);
  int32_t sum = 0;
  penny_reduce(0, COUNT, &sum, sizeof sum, add_part, add, NULL);
  return sum;
}

/* Runs one part as a root of its own, so that this task keeps what it holds whatever happens there.
 * */
static bool is_right(PENNY_CONTEXT, penny_future *future, int32_t want_error, bool *is_short) {
  if (!future) return *is_short = true;
  int error = penny_future_wait(future);
  penny_future_free(future);
  if (error == PENNY_ENOMEM) *is_short = true;
  return error == want_error || error == PENNY_ENOMEM;
}

/* 1: all of it worked; 0: something said that memory was short. */
PENNY_TASK(int32_t, everything) {
  bool is_short = false;
  CHECK(is_right(PENNY_HERE, PENNY_DETACH(NULL, spawns), 0, &is_short));
  CHECK(is_right(PENNY_HERE, PENNY_DETACH(NULL, futures, 10), 0, &is_short));
  CHECK(is_right(PENNY_HERE, PENNY_DETACH(NULL, fails), -500, &is_short));
  CHECK(is_right(PENNY_HERE, PENNY_DETACH(NULL, loops), 0, &is_short));
  penny_group *group = penny_group_new();
  if (group) {
    int32_t made = 0;
    for (int32_t i = 0; i < 20; i++) made += PENNY_DETACH(group, spawns) != NULL;
    int error = penny_group_wait(group);
    CHECK(error == 0 || error == PENNY_ENOMEM);
    if (made < 20 || error) is_short = true;
    penny_group_free(group);
  } else {
    is_short = true;
  }
  char *block = penny_alloc(100);
  char *grown = block ? penny_realloc(block, 100000) : NULL;
  if (!grown) is_short = true;
  penny_free(grown ? grown : block);
  return !is_short;
}

static int32_t done_count;

static void done(void *context, int error) {
  (void)context;
  CHECK(error == 0 || error == PENNY_ENOMEM);
  __atomic_fetch_add(&done_count, 1, __ATOMIC_SEQ_CST);
}

static void submitted(PENNY_CONTEXT, void *context) {
  (void)context;
  (void)PENNY_CALL(spawns);
}

/* True when the program was over before its n-th allocation. */
static bool run(unsigned workers, uint64_t n) {
  test_start(workers, 16 << 20, 0);
  test_enter("allocations fail");
  pn_heap *heap = &pn_pool()->heap;
  pn_heap_fail_after(heap, n);
  int32_t result = PENNY_RUN(everything);
  int error = penny_last_error();
  CHECK(error == 0 || error == PENNY_ENOMEM);
  done_count = 0;
  int32_t submissions = 0;
  for (int32_t i = 0; i < 3; i++) {
    int outcome = penny_submit(submitted, done, NULL);
    CHECK(outcome == 0 || outcome == PENNY_ENOMEM);
    submissions += outcome == 0;
  }
  CHECK(test_await(&done_count, submissions, 10000));
  bool is_over = __atomic_load_n(&heap->attempts, __ATOMIC_SEQ_CST) < n;
  if (is_over) CHECK(result == 1 && error == 0);

  test_enter("after failed allocations");
  pn_heap_fail_after(heap, UINT64_MAX);
  CHECK_EQUAL(PENNY_RUN(everything), 1);
  CHECK_EQUAL(penny_last_error(), 0);
  test_stop();
  return is_over;
}

/* Roots for which a root deque has no room stay in the inbox; a worker that takes them asks for room once, not for each:
 * the heap is searched to its end each time. */
PENNY_TASK(int32_t, floods_inbox) {
  for (int32_t i = 0; i < COUNT; i++) {
    penny_future *future = PENNY_DETACH(NULL, leaf, i);
    if (!CHECK(future != NULL)) return 0;
    penny_future_free(future);
  }
  pn_heap_fail_after(&pn_pool()->heap, 0);
  return 1;
}

static void full_deque(void) {
  test_start(1, 16 << 20, 0);
  test_enter("no room for a longer deque");
  pn_heap *heap = &pn_pool()->heap;
  CHECK_EQUAL(PENNY_RUN(floods_inbox), 1);
  double end_ms = penny_now_ms() + 10000;
  penny_stats_t stats = {0};
  while (stats.roots < COUNT + 1 && penny_now_ms() < end_ms) penny_stats(&stats);
  CHECK_EQUAL(stats.roots, COUNT + 1);
  CHECK(__atomic_load_n(&heap->attempts, __ATOMIC_SEQ_CST) < 2 * COUNT);
  pn_heap_fail_after(heap, UINT64_MAX);
  test_stop();
  test_report("no room for a longer deque");
}

int main(int argc, char **argv) {
  test_begin("stress_alloc_fail", argc, argv);
  for (unsigned workers = 1; workers <= 4; workers *= 2) {
    /* One after the other at first, then in steps: a long run takes every one. */
    uint64_t n = 0;
    while (!run(workers, n) && test_failures() == 0 && n < 5000)
      n += n < SURE || test_scale() > 1 ? 1 : STEP;
    CHECK(n > 20 && n < 5000); /* something failed, and the end was reached */
    char what[64];
    snprintf(what, sizeof what, "workers=%u, %u allocations", workers, (unsigned)n);
    test_report(what);
  }
  full_deque();
  return test_end();
}
