/*
 * unit_run.c: the outside of a pool on native threads and Emscripten: options that are refused,
 * life without a pool, nested and foreign PENNY_RUN, error codes and messages, penny_submit,
 * memory that runs out, start and stop cycles.
 */
#include <pthread.h>
#include <string.h>

#include "test.h"

PENNY_TASK(int64_t, fib, (int32_t, n)) {
  if (n < 2) return n;
  PENNY_SPAWN(fib, n - 1);
  int64_t a = PENNY_CALL(fib, n - 2);
  return a + PENNY_SYNC(fib);
}

PENNY_TASK(int32_t, fails, (int32_t, code), (const char *, message)) {
  penny_fail(code, message);
}

PENNY_TASK(int32_t, fails_below, (int32_t, depth)) {
  if (depth == 0) penny_fail(-100, "deep down");
  PENNY_SPAWN(fails_below, depth - 1);
  PENNY_SPAWN(fib, 5);
  PENNY_SYNC(fib);
  return PENNY_SYNC(fails_below);
}

PENNY_TASK(int32_t, runs_inside) {
  int64_t value = PENNY_RUN(fib, 10);
  CHECK_EQUAL(value, 0);
  CHECK_EQUAL(penny_last_error(), PENNY_ENESTED);
  CHECK_EQUAL(penny_stop(), PENNY_ECLOSED);
  CHECK_EQUAL(penny_start(NULL), PENNY_EINVAL);
  return 1;
}

PENNY_TASK(double, wide, (int32_t, a), (int32_t, b), (int32_t, c), (int32_t, d), (int32_t, e),
           (int32_t, f), (int32_t, g), (double, h)) {
  return a + b + c + d + e + f + g + h;
}

PENNY_TASK(void, set, (int32_t *, where)) {
  *where = 9;
}

static void no_pool(void) {
  test_enter("no pool");
  CHECK_EQUAL(PENNY_RUN(fib, 10), 0);
  CHECK_EQUAL(penny_last_error(), PENNY_ECLOSED);
  CHECK(PENNY_RUN(wide, 1, 2, 3, 4, 5, 6, 7, 8.0) == 0);
  CHECK_EQUAL(penny_last_error(), PENNY_ECLOSED);
  CHECK_EQUAL(penny_stop(), PENNY_ECLOSED);
  CHECK_EQUAL(penny_workers(), 0);
  CHECK_EQUAL(penny_worker_id(), -1);
  CHECK(penny_alloc(10) == NULL && penny_realloc(NULL, 10) == NULL &&
        penny_aligned(64, 10) == NULL);
  CHECK(penny_local(0) == NULL);
  CHECK(penny_local_new(8) < 0);
  CHECK(!penny_is_cancelled());
  CHECK_EQUAL(penny_submit(NULL, NULL, NULL) < 0, 1);
  penny_stats_t stats;
  penny_stats(&stats);
  CHECK_EQUAL(stats.workers, 0);
}

static void options(void) {
  test_enter("options");
  static const penny_options refused[] = {{.workers = 257},
                                          {.workers = 1, .cores = 257},
                                          {.workers = 0xFFFFFFFFu},
                                          {.workers = 1, .stack_bytes = 1},
                                          {.workers = 1, .stack_bytes = 65535},
                                          {.workers = 1, .memory_bytes = 1},
                                          {.workers = 1, .memory_bytes = (1 << 20) - 1}};
  for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
    CHECK_EQUAL(penny_start(&refused[i]), PENNY_EINVAL);
    CHECK_EQUAL(penny_workers(), 0);
  }
  CHECK_EQUAL(penny_start(NULL), 0);
  CHECK(penny_workers() >= 1);
  CHECK_EQUAL(penny_start(NULL), PENNY_EINVAL);
  CHECK_EQUAL(PENNY_RUN(fib, 10), 55);
  CHECK_EQUAL(penny_stop(), 0);
  CHECK_EQUAL(penny_start(&(penny_options){.workers = 2, .memory_bytes = 1 << 20}), 0);
  CHECK_EQUAL(PENNY_RUN(fib, 15), 610);
  CHECK_EQUAL(penny_stop(), 0);
  CHECK_EQUAL(penny_start(&(penny_options){.workers = 2, .stack_bytes = 65536}), 0);
  CHECK_EQUAL(PENNY_RUN(fib, 15), 610);
  CHECK_EQUAL(penny_stop(), 0);
  /* More than the machine can give fails, and then nothing was started. */
  CHECK_EQUAL(penny_start(&(penny_options){.memory_bytes = UINT64_MAX - 65536}), PENNY_ENOMEM);
#ifndef __EMSCRIPTEN__ /* so many workers take seconds there */
  /* Not even a chunk of the task stack for each. */
  CHECK_EQUAL(penny_start(&(penny_options){.workers = 256, .memory_bytes = 1 << 20}), PENNY_ENOMEM);
#endif
  int error = penny_start(&(penny_options){.workers = 1, .memory_bytes = (uint64_t)1 << 60});
  CHECK(error == PENNY_ENOMEM || error == PENNY_EINVAL);
  CHECK_EQUAL(penny_workers(), 0);
}

static void errors(void) {
  test_enter("errors");
  test_start(2, 0, 0);
  CHECK_EQUAL(PENNY_RUN(fails, -9000, "what happened"), 0);
  CHECK_EQUAL(penny_last_error(), -9000);
  CHECK(strcmp(penny_last_message(), "what happened") == 0);
  CHECK_EQUAL(PENNY_RUN(fib, 10), 55);
  CHECK_EQUAL(penny_last_error(), 0);
  CHECK(strcmp(penny_last_message(), "") == 0);
  CHECK(strcmp(penny_last_task(), "") == 0);
  PENNY_RUN(fails, -9001, NULL);
  CHECK_EQUAL(penny_last_error(), -9001);
  CHECK(strcmp(penny_last_message(), penny_strerror(-9001)) == 0);
  CHECK(strcmp(penny_last_task(), "fails") == 0);
  char large[1000];
  memset(large, 'x', sizeof large - 1);
  large[sizeof large - 1] = 0;
  PENNY_RUN(fails, -9002, large);
  CHECK(strlen(penny_last_message()) > 50 &&
        strncmp(penny_last_message(), large, strlen(penny_last_message())) == 0);
  for (size_t i = 0; i < 4;
       i++) { /* cut, but never inside a character: of one byte, of two, three, four */
    static const char *const characters[] = {"x", "\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"};
    size_t bytes = i + 1;
    for (size_t at = 0; at + bytes < sizeof large; at += bytes)
      memcpy(large + at, characters[i], bytes);
    PENNY_RUN(fails, -9002, large);
    CHECK_EQUAL(strlen(penny_last_message()), 159 / bytes * bytes);
    CHECK(memcmp(penny_last_message(), large, 159 / bytes * bytes) == 0);
  }
  large[159] = 0; /* fits as it is */
  PENNY_RUN(fails, -9002, large);
  CHECK_EQUAL(strlen(penny_last_message()), 159);
  for (int32_t i = 0; i < 100; i++) {
    PENNY_RUN(fails_below, i % 20);
    CHECK_EQUAL(penny_last_error(), -100);
    CHECK(strcmp(penny_last_message(), "deep down") == 0);
  }
  CHECK_EQUAL(PENNY_RUN(runs_inside), 1);
  CHECK(PENNY_RUN(wide, 1, 2, 3, 4, 5, 6, 7, 8.5) == 36.5);
  int32_t cell = 0;
  PENNY_RUN(set, &cell);
  CHECK_EQUAL(cell, 9);
  test_stop();
}

/* A block that is never freed is what the balance shows. */
PENNY_TASK(void *, keeps, (int32_t, bytes)) {
  return penny_alloc((size_t)bytes);
}

static void balance(void) {
  test_enter("balance");
  test_start(2, 0, 0);
  CHECK(PENNY_RUN(keeps, 100) != NULL);
  CHECK(PENNY_RUN(keeps, 100000) != NULL);
  void *from_outside = penny_alloc(64);
  CHECK(from_outside != NULL);
  CHECK_EQUAL(penny_stop(), 3);
  test_start(2, 0, 0);
  void *block = PENNY_RUN(keeps, 100);
  penny_free(block); /* by another thread than the one that made it */
  test_stop();
}

static void submitted(PENNY_CONTEXT, void *context) {
  PENNY_SPAWN(fib, 5);
  int64_t value = PENNY_SYNC(fib);
  __atomic_fetch_add((int32_t *)context, (int32_t)value, __ATOMIC_SEQ_CST);
}

static void submitted_fails(PENNY_CONTEXT, void *context) {
  (void)context;
  penny_fail(-42, "submitted");
}

static int32_t done_count, done_error;

static void done(void *context, int error) {
  (void)context;
  if (error) __atomic_store_n(&done_error, error, __ATOMIC_SEQ_CST);
  __atomic_fetch_add(&done_count, 1, __ATOMIC_SEQ_CST);
}

static void submit(void) {
  test_enter("submit");
  test_start(2, 0, 0);
  int32_t sum = 0;
  for (int32_t i = 0; i < 1000; i++) CHECK_EQUAL(penny_submit(submitted, done, &sum), 0);
  CHECK(test_await(&done_count, 1000, 10000));
  CHECK_EQUAL(__atomic_load_n(&sum, __ATOMIC_SEQ_CST), 5000);
  CHECK_EQUAL(done_error, 0);
  CHECK_EQUAL(penny_submit(submitted_fails, done, NULL), 0);
  CHECK_EQUAL(penny_submit(submitted_fails, NULL, NULL), 0);
  CHECK(test_await(&done_count, 1001, 10000));
  CHECK_EQUAL(__atomic_load_n(&done_error, __ATOMIC_SEQ_CST), -42);
  test_stop();
}

PENNY_TASK(int32_t, spawns_many, (int32_t, count)) {
  for (int32_t i = 0; i < count; i++) PENNY_SPAWN(fib, i & 1);
  int32_t ones = 0;
  for (int32_t i = 0; i < count; i++) ones += (int32_t)PENNY_SYNC(fib);
  return ones;
}

PENNY_TASK(int32_t, spawns_many_wide, (int32_t, count)) {
  for (int32_t i = 0; i < count; i++) PENNY_SPAWN(wide, 1, 2, 3, 4, 5, 6, 7, i);
  double sum = 0;
  for (int32_t i = 0; i < count; i++) sum += PENNY_SYNC(wide);
  return (int32_t)(sum - 28.0 * count - (double)count * (count - 1) / 2);
}

static void memory_runs_out(void) {
  for (unsigned workers = 1; workers <= 4; workers *= 2) {
    test_enter("memory runs out");
    test_start(workers, 4 << 20, 0);
    for (int32_t i = 0; i < 20; i++) {
      PENNY_RUN(spawns_many, 10000000);
      CHECK_EQUAL(penny_last_error(), PENNY_ENOMEM);
      CHECK_EQUAL(PENNY_RUN(spawns_many, 10000), 5000);
      CHECK_EQUAL(penny_last_error(), 0);
      PENNY_RUN(spawns_many_wide, 10000000);
      CHECK_EQUAL(penny_last_error(), PENNY_ENOMEM);
      CHECK_EQUAL(PENNY_RUN(spawns_many_wide, 5000), 0);
      CHECK_EQUAL(penny_last_error(), 0);
      void *block = penny_alloc(1 << 20); /* the failed task holds no memory */
      CHECK(block != NULL);
      penny_free(block);
    }
    CHECK_EQUAL(PENNY_RUN(fib, 20), 6765);
    test_stop();
  }
  test_enter("ten million spawns");
#ifdef TEST_SANITIZED
  const int32_t many = 1000000; /* a sanitizer's shadow of the rest would be gigabytes */
#else
  const int32_t many = 10000000;
#endif
  test_start(2, 1 << 30, 0);
  CHECK_EQUAL(PENNY_RUN(spawns_many, many), many / 2);
  CHECK_EQUAL(penny_last_error(), 0);
  test_stop();
}

static void cycles(int32_t scale) {
  test_enter("start and stop");
  for (int32_t i = 0; i < 100 * scale; i++) {
    test_start(1 + (unsigned)i % 8, 0, (uint32_t)i * 0x10001u);
    if (i % 3) CHECK_EQUAL(PENNY_RUN(fib, i % 16 + 2) > 0, 1);
    test_stop();
  }
}

static pthread_barrier_t both;

static void *stops(void *result) {
  pthread_barrier_wait(&both);
  *(int64_t *)result = penny_stop();
  return NULL;
}

static void *starts(void *result) {
  pthread_barrier_wait(&both);
  *(int64_t *)result = penny_start(&(penny_options){.workers = 1});
  return NULL;
}

static void two_at_once(void *(*change)(void *), int64_t refusal) {
  int64_t results[2];
  pthread_t threads[2];
  pthread_barrier_init(&both, NULL, 2);
  for (int i = 0; i < 2; i++)
    CHECK_EQUAL(pthread_create(&threads[i], NULL, change, &results[i]), 0);
  for (int i = 0; i < 2; i++) CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
  pthread_barrier_destroy(&both);
  CHECK((results[0] == 0 && results[1] == refusal) || (results[1] == 0 && results[0] == refusal));
}

static void from_two_threads(void) {
  test_enter("start and stop from two threads at once");
  for (int32_t i = 0; i < 20; i++) {
    two_at_once(starts, PENNY_EINVAL);
    CHECK_EQUAL(PENNY_RUN(fib, 5), 5);
    two_at_once(stops, PENNY_ECLOSED);
  }
  test_enter(
      "a large pool after small ones"); /* Emscripten gives its memory out again, all of it */
  test_start(1, 900 << 20, 0);
  test_stop();
}

int main(int argc, char **argv) {
  test_begin("unit_run", argc, argv);
  no_pool();
  options();
  test_report("options");
  errors();
  test_report("errors");
  balance();
  test_report("balance");
  submit();
  test_report("submit");
  memory_runs_out();
  test_report("memory runs out");
  cycles(test_scale());
  from_two_threads();
  no_pool();
  test_report("start and stop");
  return test_end();
}
