/*
 * test_native.c: seed, scale, watchdog and report for test programs on native threads and
 * Emscripten.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "root.h"
#include "test.h"

int32_t test_failed;
const char *test_phase = "start";

static const char *program_name;
static uint32_t program_seed;
static int32_t reported;
static unsigned limit_seconds;

int32_t test_scale(void) {
  const char *is_long = getenv("PENNY_LONG");
  return is_long && is_long[0] == '1' ? 20 : 1;
}

/* Reads what running workers write, to tell where they hang: every read is atomic, nothing is
 * followed. */
static void print_workers(void) {
  const pn_control *control = pn_pool();
  if (!control) return;
  printf("# idle %u joining %u inbox %s\n", __atomic_load_n(&control->idle, __ATOMIC_SEQ_CST),
         __atomic_load_n(&control->joining, __ATOMIC_SEQ_CST),
         __atomic_load_n(&control->inbox[PN_NORMAL].newest, __ATOMIC_SEQ_CST) ? "full" : "empty");
  for (uint32_t i = 0; i < control->max_workers; i++) {
    pn_worker *w = pn_worker_at(control, i);
    uint64_t ts = __atomic_load_n(&w->ts, __ATOMIC_SEQ_CST);
    printf("# worker %u state %u want %u top %u split %u roots %llu steals %llu parks %llu\n", i,
           __atomic_load_n(&w->state, __ATOMIC_SEQ_CST),
           __atomic_load_n(&w->want, __ATOMIC_SEQ_CST), pn_top(ts), pn_split(ts),
           (unsigned long long)__atomic_load_n(&w->roots, __ATOMIC_RELAXED),
           (unsigned long long)__atomic_load_n(&w->steals, __ATOMIC_RELAXED),
           (unsigned long long)__atomic_load_n(&w->parks, __ATOMIC_RELAXED));
  }
}

static void *watch(void *argument) {
  (void)argument;
  struct timespec second = {1, 0};
  for (unsigned i = 0; i < limit_seconds; i++) nanosleep(&second, NULL);
  printf("not ok %s: hangs in \"%s\" after %u s, seed %u\n", program_name,
         __atomic_load_n(&test_phase, __ATOMIC_RELAXED), limit_seconds, program_seed);
  print_workers();
  fflush(stdout);
  _exit(3);
}

uint32_t test_begin(const char *program, int argc, char **argv) {
  const char *given = argc > 1 ? argv[1] : getenv("PENNY_SEED");
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  program_name = program;
  program_seed = given ? (uint32_t)strtoul(given, NULL, 0)
                       : (uint32_t)now.tv_sec * 1000003u ^ (uint32_t)now.tv_nsec;
  const char *limit = getenv("PENNY_TEST_SECONDS");
  limit_seconds = limit ? (unsigned)atoi(limit) : test_scale() > 1 ? 900 : 50;
  printf("# %s seed %u\n", program, program_seed);
  fflush(stdout);
  pthread_t thread;
  if (pthread_create(&thread, NULL, watch, NULL)) abort();
  pthread_detach(thread);
  return program_seed;
}

void test_report(const char *what) {
  printf("%s %s %s\n", test_failures() == reported ? "ok" : "not ok", program_name, what);
  fflush(stdout);
  reported = test_failures();
}

int test_end(void) {
  if (test_failures())
    printf("# %s: %d failures, seed %u\n", program_name, test_failures(), program_seed);
  fflush(stdout);
  return test_failures() ? 1 : 0;
}

void test_start(unsigned workers, uint64_t memory_bytes, uint32_t index_base) {
  test_enter("penny_start");
  int error = penny_start(&(penny_options){.workers = workers,
                                           .cores = workers == 8 ? 2 : workers,
                                           .memory_bytes = memory_bytes,
                                           .test_index_base = index_base});
  if (error) {
    printf("not ok %s: penny_start with %u workers: %s\n", program_name, workers,
           penny_strerror(error));
    fflush(stdout);
    _exit(2);
  }
}

void test_stop(void) {
  test_enter("penny_stop");
  CHECK_EQUAL(penny_stop(), 0);
}
