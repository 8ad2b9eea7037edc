/*
 * unit_faults.c: tasks that fail by penny_fail, anywhere: in a leaf, in a stolen task, while
 * siblings run, in a joined future. The failure reaches every join above, nothing else, and the
 * pool goes on.
 */
#include "test.h"

TEST_GLOBALS

enum { CODE = -77 };

PENNY_TASK(int32_t, fails, (int32_t, code)) {
  penny_fail(code, "on purpose");
}

PENNY_TASK(int64_t, fib, (int32_t, n)) {
  if (n < 2) return n;
  PENNY_SPAWN(fib, n - 1);
  int64_t a = PENNY_CALL(fib, n - 2);
  return a + PENNY_SYNC(fib);
}

/* A tree whose leaf number `bad` fails; `joined` counts the joins that returned although a task
 * below had failed. */
static int32_t joined_wrongly;

PENNY_TASK(int32_t, tree, (int32_t, depth), (int32_t, first), (int32_t, bad)) {
  if (depth == 0) {
    if (first == bad) penny_fail(CODE, "the bad leaf");
    return 1;
  }
  int32_t half = 1 << (depth - 1);
  PENNY_SPAWN(tree, depth - 1, first + half, bad);
  int32_t a = PENNY_CALL(tree, depth - 1, first, bad);
  int32_t b = PENNY_SYNC(tree);
  if (bad >= first && bad < first + 2 * half)
    __atomic_fetch_add(&joined_wrongly, 1, __ATOMIC_SEQ_CST);
  return a + b;
}

/* The error of a detached task, waited for; the future is released. */
#define ERROR_OF(...) error_of(PENNY_HERE, PENNY_DETACH(NULL, __VA_ARGS__))
static int error_of(PENNY_CONTEXT, penny_future *future) {
  if (!future) return PENNY_ENOMEM;
  int error = penny_future_wait(future);
  CHECK(penny_future_is_done(future));
  penny_future_free(future);
  return error;
}

static int32_t started;

PENNY_TASK(int32_t, fails_when_stolen, (int32_t, owner)) {
  __atomic_store_n(&started, 1, __ATOMIC_SEQ_CST);
  if (penny_worker_id() != owner) penny_fail(CODE, "stolen");
  return 1;
}

/* Offers a task until it is stolen, which fails it: the sync must not return then. */
PENNY_TASK(int32_t, spawner_of_stolen) {
  __atomic_store_n(&started, 0, __ATOMIC_SEQ_CST);
  int32_t mark = 0;
  PENNY_SPAWN(fib, 5); /* may be stolen, too, and is dropped or waited for when the other fails */
  PENNY_SPAWN(fails_when_stolen, penny_worker_id());
  double end = penny_now_ms() + 3000;
  while (!__atomic_load_n(&started, __ATOMIC_SEQ_CST) && penny_now_ms() < end) penny_poll();
  mark = PENNY_SYNC(fails_when_stolen);
  CHECK(mark == 1 && __atomic_load_n(&started, __ATOMIC_SEQ_CST)); /* it was not stolen after all */
  PENNY_SYNC(fib);
  return mark;
}

static int32_t running_siblings;

PENNY_TASK(int32_t, sibling) {
  __atomic_fetch_add(&running_siblings, 1, __ATOMIC_SEQ_CST);
  double end = penny_now_ms() + 5000;
  while (penny_now_ms() < end) penny_poll(); /* leaves here when the root has failed */
  CHECK_EQUAL(1, 0);                         /* not stopped by the failure */
  return 0;
}

PENNY_TASK(int32_t, fails_beside_siblings, (int32_t, siblings)) {
  __atomic_store_n(&running_siblings, 0, __ATOMIC_SEQ_CST);
  for (int32_t i = 0; i < siblings; i++) PENNY_SPAWN(sibling);
  double end = penny_now_ms() + 3000;
  int32_t wanted = penny_workers() > 2;
  while (__atomic_load_n(&running_siblings, __ATOMIC_SEQ_CST) < wanted && penny_now_ms() < end)
    penny_poll();
  CHECK(__atomic_load_n(&running_siblings, __ATOMIC_SEQ_CST) >= wanted);
  penny_fail(CODE, "beside siblings");
}

PENNY_TASK(int32_t, long_loop) {
  __atomic_store_n(&started, 1, __ATOMIC_SEQ_CST);
  double end = penny_now_ms() + 5000;
  while (!penny_is_cancelled()) {
    if (penny_now_ms() > end) return 2;
  }
  return 1;
}

PENNY_TASK(int32_t, fails_beside_loop) {
  __atomic_store_n(&started, 0, __ATOMIC_SEQ_CST);
  PENNY_SPAWN(long_loop);
  double end = penny_now_ms() + 3000;
  while (!__atomic_load_n(&started, __ATOMIC_SEQ_CST) && penny_now_ms() < end) penny_poll();
  penny_fail(CODE, NULL);
}

/* Stolen children hold pointers into the frame of the task that fails: it must stay until they have
 * ended. */
static int32_t readers;

PENNY_TASK(void, reads_frame, (volatile uint32_t *, frame), (int32_t, words)) {
  __atomic_fetch_add(&readers, 1, __ATOMIC_SEQ_CST);
  double end = penny_now_ms() + 1;
  do {
    for (int32_t i = 0; i < words; i++) {
      if (!CHECK_EQUAL(frame[i], 0xC0FFEE00u + (uint32_t)i)) return;
    }
  } while (penny_now_ms() < end);
}

PENNY_TASK(int32_t, fails_above_readers) {
  volatile uint32_t frame[256];
  for (uint32_t i = 0; i < 256; i++) frame[i] = 0xC0FFEE00u + i;
  __atomic_store_n(&readers, 0, __ATOMIC_SEQ_CST);
  for (int32_t i = 0; i < 4; i++) PENNY_SPAWN(reads_frame, frame, 256);
  double end = penny_now_ms() + 3000;
  while (!__atomic_load_n(&readers, __ATOMIC_SEQ_CST) && penny_now_ms() < end) penny_poll();
  penny_fail(CODE, "while its frame is read");
}

/* A failure passes through a GET with its own code. */
PENNY_TASK(int32_t, gets_failure, (int32_t, depth)) {
  if (depth == 0) penny_fail(CODE, "at the bottom");
  penny_future *future = PENNY_DETACH(NULL, gets_failure, depth - 1);
  if (!future) penny_fail(PENNY_ENOMEM, NULL);
  int32_t result = PENNY_GET(gets_failure, future);
  CHECK_EQUAL(1, 0); /* the GET of a failed task must not return */
  return result;
}

/* Spawns thousands, then fails with all of them open. */
PENNY_TASK(int32_t, fails_with_open_spawns, (int32_t, count)) {
  for (int32_t i = 0; i < count; i++) PENNY_SPAWN(fib, 3);
  penny_fail(CODE, "open spawns");
}

TEST_TASK(unit_faults) {
  uint64_t random = seed;
  test_enter("codes");
  CHECK_EQUAL(ERROR_OF(fails, CODE), CODE);
  CHECK_EQUAL(ERROR_OF(fails, PENNY_ENOMEM), PENNY_ENOMEM);
  CHECK_EQUAL(ERROR_OF(fails, 0), PENNY_EFAIL);
  CHECK_EQUAL(ERROR_OF(fails, 5), PENNY_EFAIL);
  CHECK_EQUAL(ERROR_OF(fib, 10), 0);

  test_enter("a leaf");
  for (int32_t i = 0; i < 50 * scale; i++) {
    int32_t bad = (int32_t)test_below(&random, 1024);
    CHECK_EQUAL(ERROR_OF(tree, 10, 0, bad), CODE);
    CHECK_EQUAL(ERROR_OF(tree, 10, 0, 5000), 0);
  }
  CHECK_EQUAL(joined_wrongly, 0);

  /* With more than two: the root may be on one worker and its waiter on another, and a third must
   * be there to steal. */
  if (penny_workers() > 2) {
    test_enter("a stolen task");
    for (int32_t i = 0; i < 50 * scale; i++) CHECK_EQUAL(ERROR_OF(spawner_of_stolen), CODE);
    test_enter("below readers of the frame");
    for (int32_t i = 0; i < 30 * scale; i++) CHECK_EQUAL(ERROR_OF(fails_above_readers), CODE);
    test_enter("beside a loop that asks");
    for (int32_t i = 0; i < 5; i++) CHECK_EQUAL(ERROR_OF(fails_beside_loop), CODE);
  }
  test_enter("beside siblings");
  for (int32_t i = 0; i < 10; i++) CHECK_EQUAL(ERROR_OF(fails_beside_siblings, 1 + i % 5), CODE);

  test_enter("through futures");
  CHECK_EQUAL(ERROR_OF(gets_failure, 20), CODE);

  test_enter("with open spawns");
  for (int32_t i = 0; i < 10; i++) CHECK_EQUAL(ERROR_OF(fails_with_open_spawns, 2000), CODE);
  CHECK_EQUAL(ERROR_OF(fails_with_open_spawns, 100000), CODE);

  test_enter("1000 in a row");
  for (int32_t i = 0; i < 1000; i++) CHECK_EQUAL(ERROR_OF(tree, 4, 0, i % 16), CODE);
  CHECK_EQUAL(PENNY_CALL(fib, 18), 2584);
  CHECK(!penny_is_cancelled());
  return test_failures();
}
TEST_PROGRAM(unit_faults);
