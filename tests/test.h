/*
 * test.h: what the test programs share. A portable program is one task `test_NAME(seed, scale)`
 * that returns its number of failures, closed by TEST_PROGRAM(NAME). Native and Emscripten
 * programs get their main function from main_native.c, which runs the task in pools of 1, 2, 4 and
 * 8 workers; on the web, run_module.js calls the exported task. A program that starts pools itself
 * has a main function of its own and links test_native.c.
 *
 * `scale` is 1, or 20 under PENNY_LONG=1: a multiplier for the rounds of a stress test.
 */
#ifndef PENNY_TEST_H
#define PENNY_TEST_H

#include <penny.h>
#include <stdio.h>

#if defined(__wasm__) && !defined(__EMSCRIPTEN__)
#define TEST_WEB 1
#endif

/* Which sanitizer, for the few cases that one of them ends the program for. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TEST_TSAN 1
#endif
#if __has_feature(address_sanitizer)
#define TEST_ASAN 1
#endif
#endif
#ifdef __SANITIZE_THREAD__
#define TEST_TSAN 1
#endif
#ifdef __SANITIZE_ADDRESS__
#define TEST_ASAN 1
#endif
#if defined(TEST_TSAN) || defined(TEST_ASAN)
#define TEST_SANITIZED 1
#endif

/* The head of the program's task. */
#define TEST_TASK(name) PENNY_TASK(int32_t, test_##name, (uint32_t, seed), (int32_t, scale))
#define TEST_PROGRAM(name)  \
  PENNY_EXPORT(test_##name) \
  TEST_ENTRY(name)
#ifdef TEST_WEB
#define TEST_ENTRY(name) typedef int test_program_##name
#else
#define TEST_ENTRY(name)                             \
  extern const char *const test_program;             \
  int32_t test_entry(uint32_t seed, int32_t scale);  \
  const char *const test_program = #name;            \
  int32_t test_entry(uint32_t seed, int32_t scale) { \
    return PENNY_RUN(test_##name, seed, scale);      \
  }                                                  \
  typedef int test_program_##name
#endif

/* One count for the whole program: several files and several workers report into it. */
extern int32_t test_failed;
/* What the program is doing: the watchdog prints it when it hangs. */
extern const char *test_phase;
#ifdef TEST_WEB
#define TEST_GLOBALS   \
  int32_t test_failed; \
  const char *test_phase = "start";
#else
#define TEST_GLOBALS typedef int test_globals_are_in_test_native_c;
#endif

static inline int32_t test_failures(void) {
  return __atomic_load_n(&test_failed, __ATOMIC_SEQ_CST);
}
static inline void test_enter(const char *phase) {
  __atomic_store_n(&test_phase, phase, __ATOMIC_RELAXED);
}

#define CHECK(condition) test_check((condition), #condition, __FILE__, __LINE__)
#define CHECK_EQUAL(have, want) \
  test_equal((int64_t)(have), (int64_t)(want), #have, __FILE__, __LINE__)

static inline bool test_check(bool holds, const char *what, const char *file, int line) {
  if (holds) return true;
  /* The first few say enough. */
  if (__atomic_fetch_add(&test_failed, 1, __ATOMIC_SEQ_CST) < 10)
    printf("# %s:%d: %s, worker %d of %d\n", file, line, what, penny_worker_id(), penny_workers());
  return false;
}

static inline bool test_equal(int64_t have, int64_t want, const char *what, const char *file,
                              int line) {
  if (have == want) return true;
  if (__atomic_fetch_add(&test_failed, 1, __ATOMIC_SEQ_CST) < 10)
    printf("# %s:%d: %s is %lld, not %lld, worker %d of %d\n", file, line, what, (long long)have,
           (long long)want, penny_worker_id(), penny_workers());
  return false;
}

/* Splitmix64, Steele, Lea and Flood 2014 (doi:10.1145/2660193.2660195). */
static inline uint64_t test_random(uint64_t *state) {
  uint64_t x = *state += 0x9E3779B97F4A7C15u;
  x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
  x = (x ^ x >> 27) * 0x94D049BB133111EBu;
  return x ^ x >> 31;
}

/* Below `bound`, which is small. */
static inline uint32_t test_below(uint64_t *state, uint32_t bound) {
  return (uint32_t)(test_random(state) >> 33) % bound;
}

/* Spins, so that the calling worker is busy without spawning or polling. */
static inline void test_spin_ms(double ms) {
  double end = penny_now_ms() + ms;
  while (penny_now_ms() < end) {
  }
}

/* Spins until *flag is at least `value`; false after `ms`. */
static inline bool test_await(const int32_t *flag, int32_t value, double ms) {
  double end = penny_now_ms() + ms;
  while (__atomic_load_n(flag, __ATOMIC_SEQ_CST) < value) {
    if (penny_now_ms() > end) return false;
  }
  return true;
}

#ifndef TEST_WEB
/* test_native.c: prints the seed, starts the watchdog; gives the seed (first argument, PENNY_SEED,
 * or the clock). */
uint32_t test_begin(const char *program, int argc, char **argv);
int32_t test_scale(void);
/* Prints `ok` or `not ok` for what failed since the last report. */
void test_report(const char *what);
/* The exit code of main. */
int test_end(void);
/* Starts a pool that must start, as if there were a core for each worker; for eight of them there are two. */
void test_start(unsigned workers, uint64_t memory_bytes, uint32_t index_base);
/* Stops it and checks that the heap's balance is exact. */
void test_stop(void);
#endif

#endif
