/*
 * stress_steal.c: the task stack under thieves. Scenarios: the last item, the border between
 * private and public while it is published and taken back, chunk boundaries under steals, growth
 * under steals, spawn/sync loops without nesting, long leaves, tasks that are stolen again and
 * again, results and arguments that must not mix.
 */
#include "test.h"

TEST_GLOBALS

enum { CHUNK = 511 };

/* Burns a little time that the compiler cannot remove. */
static uint32_t work(uint32_t rounds) {
  volatile uint32_t x = rounds | 1u;
  for (uint32_t i = 0; i < rounds; i++) x = x * 1664525u + 1013904223u;
  return x;
}

PENNY_TASK(uint64_t, mix, (uint32_t, id), (uint32_t, rounds)) {
  return (uint64_t)id << 32 | (work(rounds) & 0xFFFFu);
}

static bool is_mix(uint64_t result, uint32_t id, uint32_t rounds) {
  return result == ((uint64_t)id << 32 | (work(rounds) & 0xFFFFu));
}

/* One task on the stack: the owner and the thieves race for the last item. */
static void last_item(PENNY_CONTEXT, uint64_t *random, int32_t rounds) {
  for (int32_t i = 0; i < rounds; i++) {
    uint32_t delay = test_below(random, 400);
    PENNY_SPAWN(mix, (uint32_t)i, 20);
    work(delay);
    CHECK(is_mix(PENNY_SYNC(mix), (uint32_t)i, 20));
  }
}

/* A few tasks, spawned and synced in random order: the border moves all the time. */
static void border(PENNY_CONTEXT, uint64_t *random, int32_t depth_limit, int32_t moves) {
  int32_t depth = 0;
  for (int32_t i = 0; i < moves || depth > 0; i++) {
    bool is_spawn = depth == 0 || (depth < depth_limit && i < moves && test_below(random, 2));
    if (is_spawn) {
      PENNY_SPAWN(mix, (uint32_t)depth * 7, (uint32_t)depth % 50);
      depth++;
    } else {
      depth--;
      CHECK(is_mix(PENNY_SYNC(mix), (uint32_t)depth * 7, (uint32_t)depth % 50));
    }
    work(test_below(random, 60));
  }
}

/* The same border at a stack that is `below` tasks deep already, near the end of a chunk. */
PENNY_TASK(void, border_at, (uint64_t, seed), (int32_t, below), (int32_t, moves)) {
  for (int32_t i = 0; i < below; i++) PENNY_SPAWN(mix, (uint32_t)i, 5);
  border(PENNY_HERE, &seed, 8, moves);
  for (int32_t i = below; i-- > 0;) CHECK(is_mix(PENNY_SYNC(mix), (uint32_t)i, 5));
}

PENNY_TASK(int64_t, tree, (uint64_t, seed), (int32_t, depth)) {
  uint64_t random = seed;
  if (depth == 0) {
    work(test_below(&random, 200));
    return 1;
  }
  int32_t children = 1 + (int32_t)test_below(&random, 4);
  for (int32_t i = 0; i < children; i++) PENNY_SPAWN(tree, test_random(&random), depth - 1);
  int64_t sum = 1;
  for (int32_t i = 0; i < children; i++) sum += PENNY_SYNC(tree);
  return sum;
}

static int64_t serial_tree(uint64_t seed, int32_t depth) {
  uint64_t random = seed;
  if (depth == 0) return 1;
  int32_t children = 1 + (int32_t)test_below(&random, 4);
  int64_t sum = 1;
  for (int32_t i = 0; i < children; i++) sum += serial_tree(test_random(&random), depth - 1);
  return sum;
}

/* Long leaves: their owner does not come by for a while, and requests wait. */
PENNY_TASK(int32_t, long_leaves, (int32_t, depth)) {
  if (depth == 0) {
    work(200000);
    return 1;
  }
  PENNY_SPAWN(long_leaves, depth - 1);
  int32_t a = PENNY_CALL(long_leaves, depth - 1);
  return a + PENNY_SYNC(long_leaves);
}

/* A chain: whoever steals the rest leaves the old owner with nothing but a wait. */
PENNY_TASK(int32_t, chain, (int32_t, n)) {
  if (n == 0) return 0;
  PENNY_SPAWN(chain, n - 1);
  work(300);
  return PENNY_SYNC(chain) + 1;
}

/* Grows over several chunks while thieves take from the old end, then shrinks. */
static void growth(PENNY_CONTEXT, uint64_t *random, int32_t count) {
  for (int32_t i = 0; i < count; i++) {
    PENNY_SPAWN(mix, (uint32_t)i, 40);
    if (test_below(random, 64) == 0) work(300);
  }
  for (int32_t i = count; i-- > 0;) CHECK(is_mix(PENNY_SYNC(mix), (uint32_t)i, 40));
}

TEST_TASK(stress_steal) {
  uint64_t random = seed;
  penny_stats_t before, after;
  penny_stats(&before);
  for (int32_t round = 0; round < scale; round++) {
    test_enter("last item");
    last_item(PENNY_HERE, &random, 3000);
    test_enter("border");
    border(PENNY_HERE, &random, 3, 5000);
    border(PENNY_HERE, &random, 40, 5000);
    test_enter("border at chunk ends");
    for (int32_t d = -9; d <= 1; d += 2) {
      PENNY_SPAWN(border_at, test_random(&random), CHUNK + d, 100);
      PENNY_SPAWN(border_at, test_random(&random), 2 * CHUNK + d, 100);
    }
    for (int32_t i = 0; i < 12; i++) PENNY_SYNC(border_at);
    test_enter("growth");
    growth(PENNY_HERE, &random, 5000);
    growth(PENNY_HERE, &random, 3 * CHUNK);
    test_enter("random trees");
    for (int32_t i = 0; i < 20; i++) {
      uint64_t tree_seed = test_random(&random);
      CHECK_EQUAL(PENNY_CALL(tree, tree_seed, 8), serial_tree(tree_seed, 8));
    }
    test_enter("long leaves");
    CHECK_EQUAL(PENNY_CALL(long_leaves, 5), 32);
    test_enter("chain");
    for (int32_t i = 0; i < 20; i++) CHECK_EQUAL(PENNY_CALL(chain, 200), 200);
  }
  /* On a busy machine the other workers may have slept through most of it: give them time to come. */
  test_enter("steals");
  penny_stats(&after);
  for (int32_t i = 0; i < 100 && penny_workers() > 1 && after.steals <= before.steals + 10; i++) {
    CHECK_EQUAL(PENNY_CALL(long_leaves, 5), 32);
    penny_stats(&after);
  }
  if (penny_workers() > 1) CHECK(after.steals > before.steals + 10);
  return test_failures();
}
TEST_PROGRAM(stress_steal);
