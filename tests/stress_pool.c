/*
 * stress_pool.c: whole pools on native threads and Emscripten. Scenarios: stampede (many workers
 * on few cores), no lost wake-up (work and silence in turns), no starvation (a flood must not keep
 * a submitted task waiting), a crowd (more workers than cores), shutdown while busy, PENNY_RUN from several threads at once, a flood
 * of submissions, wrap near 2^32, an idle pool that takes no time.
 */
#include <pthread.h>
#include <time.h>

#include "test.h"

enum { THREADS = 4 };

PENNY_TASK(int64_t, fib, (int32_t, n)) {
  if (n < 2) return n;
  PENNY_SPAWN(fib, n - 1);
  int64_t a = PENNY_CALL(fib, n - 2);
  return a + PENNY_SYNC(fib);
}

PENNY_TASK(int64_t, fan, (int32_t, width), (int32_t, n)) {
  for (int32_t i = 0; i < width; i++) PENNY_SPAWN(fib, n);
  int64_t sum = 0;
  for (int32_t i = 0; i < width; i++) sum += PENNY_SYNC(fib);
  return sum;
}

static void stampede(int32_t scale) {
  static const unsigned sizes[] = {8, 16, 32};
  for (size_t i = 0; i < 3; i++) {
    test_start(sizes[i], 0, 0);
    test_enter("stampede");
    for (int32_t round = 0; round < 10 * scale; round++) {
      CHECK_EQUAL(PENNY_RUN(fib, 16), 987);
      CHECK_EQUAL(PENNY_RUN(fan, 500, 4), 1500);
    }
    test_stop();
  }
}

/* Each round waits for a random while, so that workers are asleep, falling asleep or awake when the
 * work comes. */
static void wake_ups(uint64_t *random, int32_t scale) {
  static const unsigned sizes[] = {1, 2, 3, 8};
  for (size_t i = 0; i < 4; i++) {
    test_start(sizes[i], 0, 0);
    test_enter("wake-ups");
    for (int32_t round = 0; round < 300 * scale; round++) {
      uint32_t wait = test_below(random, 4) ? test_below(random, 100) : 1000;
      test_spin_ms(wait / 1000.0);
      CHECK_EQUAL(PENNY_RUN(fan, 2, 3), 4);
    }
    test_stop();
  }
}

static int32_t submitted_ran, stop_flood;

static void submitted(PENNY_CONTEXT, void *context) {
  (void)penny_w, (void)penny_head, (void)context;
  __atomic_fetch_add(&submitted_ran, 1, __ATOMIC_SEQ_CST);
}

PENNY_TASK(void, detached) {
  __atomic_fetch_add(&submitted_ran, 0, __ATOMIC_SEQ_CST);
}

/* Never leaves the workers without spawned work until the submitted task has run. */
PENNY_TASK(int64_t, spawn_flood) {
  int64_t sum = 0;
  double end = penny_now_ms() + 20000;
  while (!__atomic_load_n(&stop_flood, __ATOMIC_SEQ_CST) && penny_now_ms() < end) {
    for (int32_t i = 0; i < 64; i++) PENNY_SPAWN(fib, 6);
    for (int32_t i = 0; i < 64; i++) sum += PENNY_SYNC(fib);
  }
  return sum;
}

/* Detaches one more for each that ran, so that the queue of roots is never empty. */
static int32_t chains;

PENNY_TASK(void, detach_flood) {
  if (!__atomic_load_n(&stop_flood, __ATOMIC_SEQ_CST)) {
    penny_future *next = PENNY_DETACH(NULL, detach_flood);
    if (CHECK(next != NULL)) {
      penny_future_free(next);
      return;
    }
  }
  __atomic_fetch_sub(&chains, 1, __ATOMIC_SEQ_CST);
}

PENNY_TASK(void, start_detach_flood) {
  for (int32_t i = 0; i < 200; i++) {
    __atomic_fetch_add(&chains, 1, __ATOMIC_SEQ_CST);
    penny_future *future = PENNY_DETACH(NULL, detach_flood);
    if (CHECK(future != NULL)) penny_future_free(future);
  }
}

static void *run_flood(void *argument) {
  (void)argument;
  (void)PENNY_RUN(spawn_flood);
  CHECK_EQUAL(penny_last_error(), 0);
  return NULL;
}

static void starvation(void) {
  for (unsigned workers = 2; workers <= 8; workers *= 2) {
    test_start(workers, 0, 0);
    test_enter("starvation by spawned tasks");
    __atomic_store_n(&stop_flood, 0, __ATOMIC_SEQ_CST);
    __atomic_store_n(&submitted_ran, 0, __ATOMIC_SEQ_CST);
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, run_flood, NULL) == 0);
    test_spin_ms(5);
    for (int32_t i = 0; i < 20; i++) {
      CHECK_EQUAL(penny_submit(submitted, NULL, NULL), 0);
      CHECK(test_await(&submitted_ran, i + 1, 10000));
    }
    __atomic_store_n(&stop_flood, 1, __ATOMIC_SEQ_CST);
    pthread_join(thread, NULL);
    test_stop();
  }
  for (unsigned workers = 1; workers <= 4; workers *= 2) {
    test_start(workers, 0, 0);
    test_enter("starvation by detached tasks");
    __atomic_store_n(&stop_flood, 0, __ATOMIC_SEQ_CST);
    __atomic_store_n(&submitted_ran, 0, __ATOMIC_SEQ_CST);
    PENNY_RUN(start_detach_flood);
    for (int32_t i = 0; i < 20; i++) {
      CHECK_EQUAL(penny_submit(submitted, NULL, NULL), 0);
      CHECK(test_await(&submitted_ran, i + 1, 10000));
      CHECK_EQUAL(PENNY_RUN(fib, 8), 21);
    }
    __atomic_store_n(&stop_flood, 1, __ATOMIC_SEQ_CST);
    double end = penny_now_ms() + 10000;
    while (__atomic_load_n(&chains, __ATOMIC_SEQ_CST) > 0 && penny_now_ms() < end) {
    }
    CHECK_EQUAL(chains, 0);
    test_stop();
  }
}

static int32_t calls_done, calls_failed, calls_begun;

static void *caller(void *argument) {
  for (int32_t i = 0; i < *(int32_t *)argument; i++) {
    __atomic_fetch_add(&calls_begun, 1, __ATOMIC_SEQ_CST);
    int64_t value = PENNY_RUN(fib, 10 + i % 4);
    int error = penny_last_error();
    if (error == 0) {
      static const int64_t want[] = {55, 89, 144, 233};
      CHECK_EQUAL(value, want[i % 4]);
      __atomic_fetch_add(&calls_done, 1, __ATOMIC_SEQ_CST);
    } else {
      CHECK(error == PENNY_ECLOSED);
      CHECK_EQUAL(value, 0);
      __atomic_fetch_add(&calls_failed, 1, __ATOMIC_SEQ_CST);
    }
  }
  return NULL;
}

static void run_callers(int32_t rounds, bool is_stopped_early, double after_ms) {
  pthread_t threads[THREADS];
  calls_done = calls_failed = calls_begun = 0;
  for (int32_t i = 0; i < THREADS; i++)
    CHECK(pthread_create(&threads[i], NULL, caller, &rounds) == 0);
  if (is_stopped_early) {
    test_await(&calls_begun, 1, 5000);
    test_spin_ms(after_ms);
    test_stop();
  }
  for (int32_t i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  CHECK_EQUAL(calls_done + calls_failed, THREADS * rounds);
  if (!is_stopped_early) CHECK_EQUAL(calls_failed, 0);
}

static void foreign_threads(uint64_t *random, int32_t scale) {
  for (unsigned workers = 1; workers <= 4; workers *= 2) {
    test_start(workers, 0, 0);
    test_enter("PENNY_RUN from several threads");
    run_callers(300 * scale, false, 0);
    test_stop();
    for (int32_t i = 0; i < 10 * scale; i++) {
      test_start(workers, 0, 0);
      test_enter("shutdown while callers wait");
      run_callers(200, true, test_below(random, 3000) / 1000.0);
    }
  }
}

static int32_t done_ok, done_closed;

static void done(void *context, int error) {
  (void)context;
  __atomic_fetch_add(error == 0 ? &done_ok : &done_closed, 1, __ATOMIC_SEQ_CST);
  CHECK(error == 0 || error == PENNY_ECLOSED);
}

static void submitted_fib(PENNY_CONTEXT, void *context) {
  (void)context;
  (void)PENNY_CALL(fib, 4);
}

static void endless(PENNY_CONTEXT, void *context) {
  (void)context;
  for (;;) (void)PENNY_CALL(fib, 4); /* until the pool is closed */
}

static void flood_of_submissions(void) {
#ifdef TEST_SANITIZED
  const int32_t count = 20000;
#else
  const int32_t count = 100000;
#endif
  for (unsigned workers = 1; workers <= 4; workers *= 2) {
    test_start(workers, 0, 0);
    test_enter("flood of submissions");
    done_ok = done_closed = 0;
    for (int32_t i = 0; i < count; i++) CHECK_EQUAL(penny_submit(submitted_fib, done, NULL), 0);
    CHECK(test_await(&done_ok, count, 30000));
    test_stop();
    CHECK_EQUAL(done_ok, count);

    test_start(workers, 0, 0);
    test_enter("shutdown while busy");
    done_ok = done_closed = 0;
    for (int32_t i = 0; i < 5000; i++)
      CHECK_EQUAL(penny_submit(i % 1000 == 500 ? endless : submitted_fib, done, NULL), 0);
    double start = penny_now_ms();
    test_stop();
    CHECK(penny_now_ms() - start < 5000);
    CHECK_EQUAL(done_ok + done_closed, 5000);
    CHECK(done_closed >= 5);
  }
}

static void wrap(int32_t scale) {
  static const uint32_t bases[] = {0xFFFFFE00u, 0xFFFFFFFFu, 0xFFFFFC03u, 0x7FFFFF00u, 1};
  for (size_t i = 0; i < sizeof bases / sizeof bases[0]; i++) {
    for (unsigned workers = 1; workers <= 4; workers += 3) {
      test_start(workers, 0, bases[i]);
      test_enter("wrap near 2^32");
      for (int32_t round = 0; round < 3 * scale; round++) {
        CHECK_EQUAL(PENNY_RUN(fib, 16), 987);
        CHECK_EQUAL(PENNY_RUN(fan, 3000, 5), 15000);
        CHECK_EQUAL(PENNY_RUN(fan, 511, 7), 511 * 13);
      }
      test_stop();
    }
  }
}

/* ---- a crowd: 8 workers, for whom there are 2 cores (test_start) ---- */

static int32_t busy_bodies, most_busy, begun, seen_workers;

static void note_body(void) {
  int32_t now = __atomic_add_fetch(&busy_bodies, 1, __ATOMIC_SEQ_CST);
  int32_t most = __atomic_load_n(&most_busy, __ATOMIC_SEQ_CST);
  while (most < now && !__atomic_compare_exchange_n(&most_busy, &most, now, false, __ATOMIC_SEQ_CST,
                                                    __ATOMIC_SEQ_CST)) {
  }
  __atomic_fetch_or(&seen_workers, 1 << penny_worker_id(), __ATOMIC_SEQ_CST);
  test_spin_ms(0.02);
  __atomic_sub_fetch(&busy_bodies, 1, __ATOMIC_SEQ_CST);
}

PENNY_TASK(void, crowd_leaf) {
  note_body();
}

PENNY_TASK(void, crowd_root) {
  for (int32_t i = 0; i < 100; i++) PENNY_SPAWN(crowd_leaf);
  for (int32_t i = 0; i < 100; i++) PENNY_SYNC(crowd_leaf);
}

static void blocking_root(PENNY_CONTEXT, void *context) {
  (void)penny_w, (void)penny_head, (void)context;
  __atomic_fetch_add(&begun, 1, __ATOMIC_SEQ_CST);
  CHECK(test_await(&begun, 8, 10000));
  __atomic_fetch_add(&submitted_ran, 1, __ATOMIC_SEQ_CST);
}

/* Each keeps its worker until all have begun. */
PENNY_TASK(void, crowd_meet) {
  __atomic_fetch_add(&begun, 1, __ATOMIC_SEQ_CST);
  double end = penny_now_ms() + 10000;
  while (__atomic_load_n(&begun, __ATOMIC_SEQ_CST) < 8 && penny_now_ms() < end) penny_poll();
  CHECK(__atomic_load_n(&begun, __ATOMIC_SEQ_CST) >= 8);
}

PENNY_TASK(void, crowd_meeting) {
  for (int32_t i = 0; i < 7; i++) PENNY_SPAWN(crowd_meet);
  PENNY_CALL(crowd_meet);
  for (int32_t i = 0; i < 7; i++) PENNY_SYNC(crowd_meet);
}

/* Spawned tasks keep as many workers busy as there are cores, and all in their turn; roots all of them. */
static void crowd(int32_t scale) {
  test_start(8, 0, 0);
  test_enter("crowd");
  int32_t helped = 0;
  seen_workers = 0;
  for (int32_t round = 0; round < 200 * scale; round++) {
    /* The last ones of the round before may still look for work. */
    struct timespec until_they_sleep = {0, 1000000};
    nanosleep(&until_they_sleep, NULL);
    __atomic_store_n(&most_busy, 0, __ATOMIC_SEQ_CST);
    PENNY_RUN(crowd_root);
    CHECK(most_busy <=
          3); /* one more when a join ends at the moment at which another worker was woken */
    helped += most_busy > 1;
  }
  printf("# crowd: more than one busy in %d of %d rounds\n", helped, 200 * scale);
  CHECK(helped > 0);
  CHECK_EQUAL(seen_workers, 255);
  begun = submitted_ran = 0;
  for (int32_t i = 0; i < 8; i++) CHECK_EQUAL(penny_submit(blocking_root, NULL, NULL), 0);
  CHECK(test_await(&submitted_ran, 8, 10000));
  for (int32_t round = 0; round < 5; round++) {
    struct timespec until_they_sleep = {0, 5000000};
    nanosleep(&until_they_sleep, NULL);
    begun = 0;
    double start = penny_now_ms();
    PENNY_RUN(crowd_meeting);
    printf("# crowd: 8 tasks that wait for each other met after %.0f ms\n", penny_now_ms() - start);
  }
  test_stop();
}

static double process_ms(void) {
  struct timespec ts;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
  return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

/* The clock of the process counts the watchdog, too, which wakes once a second. */
static void idle(int32_t scale) {
  test_start(4, 0, 0);
  test_enter("idle");
  CHECK_EQUAL(PENNY_RUN(fib, 16), 987);
  struct timespec settle = {0, 50000000};
  nanosleep(&settle, NULL);
  int32_t seconds = scale > 1 ? 10 : 1;
  struct timespec while_idle = {seconds, 0};
  double before = process_ms();
  nanosleep(&while_idle, NULL);
  double used = process_ms() - before;
  printf("# idle: %.2f ms of processor time in %d s\n", used, seconds);
  CHECK(used < 20.0 * seconds);
  CHECK_EQUAL(PENNY_RUN(fib, 16), 987);
  test_stop();
}

int main(int argc, char **argv) {
  uint64_t random = test_begin("stress_pool", argc, argv);
  int32_t scale = test_scale();
  stampede(scale);
  test_report("stampede");
  wake_ups(&random, scale);
  test_report("no lost wake-up");
  starvation();
  test_report("no starvation");
  crowd(scale);
  test_report("crowd");
  flood_of_submissions();
  test_report("flood of submissions, shutdown while busy");
  foreign_threads(&random, scale);
  test_report("several threads, shutdown while they wait");
  wrap(scale);
  test_report("wrap near 2^32");
  idle(scale);
  test_report("idle");
  return test_end();
}
