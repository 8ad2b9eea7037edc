/*
 * unit_traps.c: tasks that the machine stops: unreachable code, division by zero, accesses out of
 * bounds, a C stack that is used up. Each fails its own root and nothing else, a thousand times in
 * a row.
 */
#include "root.h"
#include "test.h"

#if defined(__clang__) || __GNUC__ >= 12
#pragma GCC diagnostic ignored "-Winfinite-recursion"
#endif

TEST_GLOBALS

/* The faults are the point: the sanitizers shall not report them before the machine does. */
#define FAULTY \
  __attribute__((noinline, no_sanitize("undefined"), no_sanitize("address"), no_sanitize("thread")))

enum { UNREACHABLE, DIVISION, OUT_OF_BOUNDS, STORE_OUT_OF_BOUNDS, NULL_POINTER, KINDS };

static FAULTY int32_t fault(int32_t kind) {
  volatile int32_t one = 1;
  volatile int32_t zero = 0;
  volatile uintptr_t far = (uintptr_t)-4096;
  switch (kind) {
  case UNREACHABLE: __builtin_trap();
  case DIVISION: return one / zero;
  case OUT_OF_BOUNDS: return *(volatile int32_t *)far;
  case STORE_OUT_OF_BOUNDS: *(volatile int32_t *)far = 1; return 0;
#ifndef __wasm__ /* address 0 is memory there */
  case NULL_POINTER: return *(volatile int32_t *)(uintptr_t)zero;
#endif
  default: __builtin_trap();
  }
}

PENNY_TASK(int32_t, traps, (int32_t, kind)) {
  return fault(kind);
}

PENNY_TASK(int64_t, fib, (int32_t, n)) {
  if (n < 2) return n;
  PENNY_SPAWN(fib, n - 1);
  int64_t a = PENNY_CALL(fib, n - 2);
  return a + PENNY_SYNC(fib);
}

PENNY_TASK(int32_t, tree, (int32_t, depth), (int32_t, first), (int32_t, bad), (int32_t, kind)) {
  if (depth == 0) return first == bad ? fault(kind) : 1;
  int32_t half = 1 << (depth - 1);
  PENNY_SPAWN(tree, depth - 1, first + half, bad, kind);
  int32_t a = PENNY_CALL(tree, depth - 1, first, bad, kind);
  return a + PENNY_SYNC(tree);
}

/* Plain recursion without end: frames of about 1 KiB, so that ThreadSanitizer's own stack of calls
 * does not end first. */
static FAULTY int64_t recurse(int64_t n) {
  volatile char frame[1024];
  frame[n & 1023] = (char)n;
  return recurse(n + 1) + frame[(n + 1) & 1023];
}

PENNY_TASK(int64_t, recurses_plainly) {
  return recurse(0);
}

/* Frames that touch only their lowest bytes: each goes far below the last touch of the one before. */
static FAULTY int64_t recurse_widely(volatile char *above) {
  volatile char frame[200000];
  frame[0] = above[0];
  return recurse_widely(frame) + frame[0];
}

PENNY_TASK(int64_t, recurses_widely) {
  volatile char start = 1;
  return recurse_widely(&start);
}

PENNY_TASK(int64_t, recurses_by_calls, (int64_t, n)) {
  volatile char frame[512];
  frame[n & 511] = (char)n;
  PENNY_SPAWN(fib, 1);
  int64_t below = PENNY_CALL(recurses_by_calls, n + 1);
  return below + PENNY_SYNC(fib) + frame[(n + 1) & 511];
}

PENNY_TASK(int64_t, recurses_by_syncs, (int64_t, n)) {
  volatile char frame[512];
  frame[n & 511] = (char)n;
  PENNY_SPAWN(fib, 1);
  PENNY_SPAWN(recurses_by_syncs, n + 1);
  int64_t below = PENNY_SYNC(recurses_by_syncs);
  return below + PENNY_SYNC(fib) + frame[(n + 1) & 511];
}

/* ---- a stack that ends in the allocator ---- */

enum { KEPT = 3000, FRAMES_LEFT = 20 };
static void *kept[KEPT];
static int32_t kept_count;
static int32_t deepest;

/* Small frames with an allocation each, so that the stack ends in one of them. */
static FAULTY int64_t allocate_on(uint32_t x) {
  volatile char here = (char)x;
  if (kept_count < KEPT) {
    void *block = penny_alloc(x % 3 == 0 ? 5000 + x % 20000 : x % 3000);
    kept[kept_count++] = block;
  }
  return allocate_on(x * 1664525u + 1013904223u) + here;
}

static FAULTY int64_t descend(int32_t n, int32_t end, uint32_t x) {
  volatile char frame[1024];
  frame[n & 1023] = (char)n;
  if (n == end) return allocate_on(x);
  if (end < 0) deepest = n;
  return descend(n + 1, end, x) + frame[(n + 1) & 1023];
}

PENNY_TASK(int64_t, overflows_in_allocator, (int32_t, end), (uint32_t, x)) {
  return descend(0, end, x);
}

static int32_t claimed_runs(void) {
  const pn_heap *heap = &pn_pool()->heap;
  int32_t claimed = 0;
  /* Relaxed, both: nobody is inside but what an idle worker may do, and runs stay where they lead. */
  for (uint32_t page = 0, word; page < heap->pages; page += word >> 12) {
    word = __atomic_load_n(&heap->map[page], __ATOMIC_RELAXED);
    if (word >> 12 == 0) break; /* the frontier */
    claimed += (word & 7) == 3; /* RUN_BUSY */
  }
  return claimed;
}

#define ERROR_OF(...) error_of(PENNY_HERE, PENNY_DETACH(NULL, __VA_ARGS__))
static int error_of(PENNY_CONTEXT, penny_future *future) {
  if (!future) return PENNY_ENOMEM;
  int error = penny_future_wait(future);
  penny_future_free(future);
  return error;
}

TEST_TASK(unit_traps) {
  uint64_t random = seed;
  test_enter("each kind");
  for (int32_t kind = 0; kind < KINDS; kind++) {
    CHECK_EQUAL(ERROR_OF(traps, kind), PENNY_ETRAP);
    for (int32_t i = 0; i < 20; i++) {
      CHECK_EQUAL(ERROR_OF(tree, 6, 0, (int32_t)test_below(&random, 64), kind), PENNY_ETRAP);
      CHECK_EQUAL(ERROR_OF(fib, 12), 0);
    }
  }
  test_enter("stack overflow, plain");
  for (int32_t i = 0; i < 3; i++) CHECK_EQUAL(ERROR_OF(recurses_plainly), PENNY_ESTACK);
  test_enter("stack overflow, wide frames");
  for (int32_t i = 0; i < 3; i++) CHECK_EQUAL(ERROR_OF(recurses_widely), PENNY_ESTACK);
  test_enter("stack overflow, calls");
  for (int32_t i = 0; i < 3; i++) CHECK_EQUAL(ERROR_OF(recurses_by_calls, 0), PENNY_ESTACK);
  test_enter("stack overflow, syncs");
  for (int32_t i = 0; i < 5 * scale; i++) CHECK_EQUAL(ERROR_OF(recurses_by_syncs, 0), PENNY_ESTACK);
  test_enter("stack overflow, in the allocator");
  CHECK_EQUAL(ERROR_OF(overflows_in_allocator, -1, 0), PENNY_ESTACK);
  for (int32_t i = 0; i < 40 * scale; i++) {
    kept_count = 0;
    uint32_t x = (uint32_t)test_random(&random);
    CHECK_EQUAL(ERROR_OF(overflows_in_allocator, deepest - FRAMES_LEFT, x), PENNY_ESTACK);
    for (int32_t k = 0; k < kept_count; k++) penny_free(kept[k]);
  }
  CHECK_EQUAL(claimed_runs(), 0);
  test_enter("1000 in a row");
  for (int32_t i = 0; i < 1000; i++)
    CHECK_EQUAL(ERROR_OF(tree, 3, 0, i % 8, i % KINDS), PENNY_ETRAP);
  CHECK_EQUAL(PENNY_CALL(fib, 18), 2584);
  return test_failures();
}
TEST_PROGRAM(unit_traps);
