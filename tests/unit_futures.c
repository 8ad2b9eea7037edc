/*
 * unit_futures.c: detached tasks and groups: got before they start, while they run and after;
 * nested, freed unseen, cancelled, waited for by two at once; many at a time.
 */
#include "test.h"

TEST_GLOBALS

static int32_t flag, ran, entered;

static void set(int32_t *where, int32_t value) {
  __atomic_store_n(where, value, __ATOMIC_SEQ_CST);
}

static int32_t get(const int32_t *where) {
  return __atomic_load_n(where, __ATOMIC_SEQ_CST);
}

PENNY_TASK(int64_t, fib, (int32_t, n)) {
  if (n < 2) return n;
  PENNY_SPAWN(fib, n - 1);
  int64_t a = PENNY_CALL(fib, n - 2);
  return a + PENNY_SYNC(fib);
}

PENNY_TASK(double, wide, (int32_t, a), (float, b), (double, c), (int64_t, d), (int8_t, e),
           (bool, f), (uint16_t, g), (const char *, h)) {
  return a + (double)b + c + (double)d + e + f + g + h[0];
}

PENNY_TASK(void, count) {
  __atomic_fetch_add(&ran, 1, __ATOMIC_SEQ_CST);
}

PENNY_TASK(int32_t, waits_for_flag) {
  __atomic_fetch_add(&entered, 1, __ATOMIC_SEQ_CST);
  CHECK(test_await(&flag, 1, 5000));
  return 42;
}

PENNY_TASK(int32_t, waits_for_counts) {
  __atomic_fetch_add(&entered, 1, __ATOMIC_SEQ_CST);
  CHECK(test_await(&ran, 20, 5000));
  return 43;
}

PENNY_TASK(int64_t, nested, (int32_t, depth)) {
  if (depth == 0) return 1;
  penny_future *a = PENNY_DETACH(NULL, nested, depth - 1);
  penny_future *b = PENNY_DETACH(NULL, nested, depth - 1);
  if (!CHECK(a && b)) return 0;
  PENNY_SPAWN(fib, 8);
  int64_t sum = depth % 2 ? PENNY_GET(nested, a) : PENNY_GET(nested, b);
  sum += PENNY_SYNC(fib) - 21;
  return sum + (depth % 2 ? PENNY_GET(nested, b) : PENNY_GET(nested, a));
}

/* A chain of futures that each wait for the next: 50 fit, 1000 may not, but then they fail instead
 * of hanging. */
PENNY_TASK(int32_t, chain, (int32_t, n)) {
  if (n == 0) return 0;
  penny_future *next = PENNY_DETACH(NULL, chain, n - 1);
  if (!CHECK(next != NULL)) return 0;
  return PENNY_GET(chain, next) + 1;
}

PENNY_TASK(int32_t, polls) {
  __atomic_fetch_add(&entered, 1, __ATOMIC_SEQ_CST);
  double end = penny_now_ms() + 5000;
  while (penny_now_ms() < end) penny_poll();
  CHECK_EQUAL(1, 0); /* not cancelled in 5 s */
  return 0;
}

PENNY_TASK(int32_t, spawns_until_cancelled) {
  __atomic_fetch_add(&entered, 1, __ATOMIC_SEQ_CST);
  double end = penny_now_ms() + 5000;
  while (penny_now_ms() < end) PENNY_CALL(fib, 10);
  CHECK_EQUAL(1, 0); /* not cancelled in 5 s */
  return 0;
}

PENNY_TASK(int32_t, waits_for, (penny_future *, future)) {
  return penny_future_wait(future);
}

PENNY_TASK(int32_t, fails) {
  penny_fail(-5000, "a member");
}

static void gets(PENNY_CONTEXT) {
  test_enter("get at once");
  penny_future *future = PENNY_DETACH(NULL, fib, 15);
  CHECK(future != NULL && PENNY_GET(fib, future) == 610);

  test_enter("get of a task with eight arguments");
  future = PENNY_DETACH(NULL, wide, 1, 2.5f, 3.25, 1000000000000, -5, true, 65535, "x");
  CHECK(future != NULL && PENNY_GET(wide, future) == 1 + 2.5 + 3.25 + 1e12 - 5 + 1 + 65535 + 'x');

  test_enter("wait, look, get");
  future = PENNY_DETACH(NULL, fib, 16);
  CHECK_EQUAL(penny_future_wait(future), 0);
  CHECK(penny_future_is_done(future));
  CHECK_EQUAL(penny_future_wait(future), 0);
  CHECK_EQUAL(PENNY_GET(fib, future), 987);

  if (penny_workers() > 1) {
    test_enter("get while it runs");
    set(&flag, 0);
    set(&entered, 0);
    future = PENNY_DETACH(NULL, waits_for_flag);
    CHECK(test_await(&entered, 1, 5000));
    CHECK(!penny_future_is_done(future));
    penny_future *opener = PENNY_DETACH(NULL, fib, 3);
    set(&flag, 1);
    CHECK_EQUAL(PENNY_GET(waits_for_flag, future), 42);
    CHECK_EQUAL(PENNY_GET(fib, opener), 2);
  }

  if (penny_workers() > 2) {
    test_enter("others run what was spawned before a get that waits");
    set(&ran, 0);
    set(&entered, 0);
    future = PENNY_DETACH(NULL, waits_for_counts);
    CHECK(test_await(&entered, 1, 5000));
    for (int32_t i = 0; i < 20; i++) PENNY_SPAWN(count);
    CHECK_EQUAL(PENNY_GET(waits_for_counts, future), 43);
    for (int32_t i = 0; i < 20; i++) PENNY_SYNC(count);
  }

  test_enter("free unseen");
  set(&ran, 0);
  for (int32_t i = 0; i < 1000; i++) penny_future_free(PENNY_DETACH(NULL, count));
  future = PENNY_DETACH(NULL, count);
  PENNY_GET(count, future);
  /* The others are in the queue before it, but may still be in somebody's hands. */
  double end = penny_now_ms() + 5000;
  while (get(&ran) < 1001 && penny_workers() > 1 && penny_now_ms() < end) penny_yield();
  if (penny_workers() > 1) CHECK_EQUAL(get(&ran), 1001);
}

static void nests(PENNY_CONTEXT) {
  test_enter("nested futures");
  for (int32_t depth = 1; depth < 9; depth++) CHECK_EQUAL(PENNY_CALL(nested, depth), 1 << depth);
  test_enter("chain of futures");
  CHECK_EQUAL(PENNY_CALL(chain, 50), 50);
  penny_future *future = PENNY_DETACH(NULL, chain, 1000);
  int error = penny_future_wait(future);
  CHECK(error == 0 || error == PENNY_ESTACK);
  penny_future_free(future);
}

static void groups(PENNY_CONTEXT) {
  test_enter("group wait");
  set(&ran, 0);
  penny_group *group = penny_group_new();
  if (!CHECK(group != NULL)) return;
  CHECK_EQUAL(penny_group_wait(group), 0);
  for (int32_t i = 0; i < 500; i++) CHECK(PENNY_DETACH(group, count) != NULL);
  penny_future *member = PENNY_DETACH(group, fib, 14);
  CHECK_EQUAL(penny_group_wait(group), 0);
  CHECK_EQUAL(get(&ran), 500);
  CHECK(penny_future_is_done(member));
  CHECK(PENNY_DETACH(group, count) != NULL);
  CHECK_EQUAL(penny_group_wait(group), 0);
  CHECK_EQUAL(get(&ran), 501);
  penny_group_free(group);

  test_enter("group with a failure");
  set(&ran, 0);
  group = penny_group_new();
  for (int32_t i = 0; i < 10; i++) CHECK(PENNY_DETACH(group, count) != NULL);
  CHECK(PENNY_DETACH(group, fails) != NULL);
  for (int32_t i = 0; i < 10; i++) CHECK(PENNY_DETACH(group, count) != NULL);
  CHECK_EQUAL(penny_group_wait(group), -5000);
  CHECK_EQUAL(get(&ran), 20); /* a failure cancels nobody else */
  penny_group_free(group);

  test_enter("group cancel, queued");
  set(&ran, 0);
  group = penny_group_new();
  penny_group_cancel(group);
  for (int32_t i = 0; i < 100; i++) CHECK(PENNY_DETACH(group, count) != NULL);
  CHECK_EQUAL(penny_group_wait(group), PENNY_ECANCELLED);
  CHECK_EQUAL(get(&ran), 0);
  penny_group_free(group);

  if (penny_workers() > 1) {
    for (int32_t kind = 0; kind < 2; kind++) {
      test_enter("group cancel, running");
      set(&entered, 0);
      set(&ran, 0);
      group = penny_group_new();
      for (int32_t i = 0; i < penny_workers(); i++) {
        CHECK((kind ? PENNY_DETACH(group, polls) : PENNY_DETACH(group, spawns_until_cancelled)) !=
              NULL);
      }
      CHECK(test_await(&entered, penny_workers() - 1, 5000));
      for (int32_t i = 0; i < 10; i++) CHECK(PENNY_DETACH(group, count) != NULL);
      penny_group_cancel(group);
      CHECK_EQUAL(penny_group_wait(group), PENNY_ECANCELLED);
      CHECK(get(&ran) <= 10); /* one that a worker had begun may end well */
      penny_group_free(group);
    }
    test_enter("two wait for one");
    set(&flag, 0);
    set(&entered, 0);
    penny_future *future = PENNY_DETACH(NULL, waits_for_flag);
    CHECK(test_await(&entered, 1, 5000));
    penny_future *waiter = PENNY_DETACH(NULL, waits_for, future);
    test_spin_ms(5);
    penny_future *opener = PENNY_DETACH(NULL, fib, 10);
    set(&flag, 1);
    CHECK_EQUAL(penny_future_wait(future), 0);
    CHECK_EQUAL(PENNY_GET(waits_for, waiter), 0);
    CHECK_EQUAL(PENNY_GET(fib, opener), 55);
    CHECK_EQUAL(PENNY_GET(waits_for_flag, future), 42);
  }
}

static void many(PENNY_CONTEXT, uint64_t *random) {
  test_enter("many futures, got in any order");
  enum { MANY = 2000 };
  static penny_future *futures[MANY];
  for (int32_t i = 0; i < MANY; i++) CHECK((futures[i] = PENNY_DETACH(NULL, fib, i % 12)) != NULL);
  static const int64_t want[] = {0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89};
  for (uint32_t left = MANY; left > 0; left--) {
    uint32_t pick = test_below(random, left);
    penny_future *future = futures[pick];
    int32_t n = (int32_t)penny_future_wait(future);
    CHECK_EQUAL(n, 0);
    int64_t value = PENNY_GET(fib, future);
    bool is_known = false;
    for (int32_t i = 0; i < 12; i++) is_known |= value == want[i];
    CHECK(is_known);
    futures[pick] = futures[left - 1];
  }
}

PENNY_TASK(int32_t, leaf, (int32_t, n)) {
  for (double end = penny_now_ms() + 0.01; penny_now_ms() < end;) {
  }
  return n;
}

/* Walks a list: two workers steal from each other in turn, so that their joins nest as deep as they may; each step has a
 * future that nests nowhere. */
PENNY_TASK(int32_t, walk, (int32_t, n)) {
  if (n == 0) return 0;
  PENNY_SPAWN(walk, n - 1);
  for (double end = penny_now_ms() + 0.02; penny_now_ms() < end;) {
  }
  penny_future *future = PENNY_DETACH(NULL, leaf, 1);
  if (!CHECK(future != NULL)) penny_fail(PENNY_ENOMEM, "no future");
  int32_t one = PENNY_GET(leaf, future);
  return one + PENNY_SYNC(walk);
}

static void walks(PENNY_CONTEXT) {
  test_enter("a future in each step of a long list");
  int32_t steps = PENNY_CALL(walk, 300);
  CHECK_EQUAL(steps, 300);
}

TEST_TASK(unit_futures) {
  uint64_t random = seed;
  for (int32_t i = 0; i < 3 * scale; i++) {
    gets(PENNY_HERE);
    nests(PENNY_HERE);
    walks(PENNY_HERE);
    groups(PENNY_HERE);
    many(PENNY_HERE, &random);
  }
  return test_failures();
}
TEST_PROGRAM(unit_futures);
