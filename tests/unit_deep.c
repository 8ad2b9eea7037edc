/*
 * unit_deep.c: nesting and the growth of the task stack. Thousands of nested tasks, chunk
 * boundaries passed at every depth around them, many spawns before the first sync, with and
 * without thieves.
 */
#include "test.h"

TEST_GLOBALS

enum { CHUNK = 511 };

PENNY_TASK(int64_t, nest, (int32_t, n)) {
  if (n == 0) return 0;
  PENNY_SPAWN(nest, n - 1);
  return PENNY_SYNC(nest) + 1;
}

PENNY_TASK(int64_t, leaf, (int64_t, n)) {
  return n * 3 + 1;
}

/* Nested calls with a spawn waiting at each level: the stack of tasks is as deep as the C stack. */
PENNY_TASK(int64_t, nest_with_leaf, (int32_t, n)) {
  if (n == 0) return 0;
  PENNY_SPAWN(leaf, n);
  int64_t below = PENNY_CALL(nest_with_leaf, n - 1);
  return PENNY_SYNC(leaf) + below;
}

static int64_t leaf_sum(int64_t n) {
  return 3 * (n * (n + 1) / 2) + n;
}

/* `count` spawns, then as many syncs, with the results in the right order. */
static void flat(PENNY_CONTEXT, int32_t count) {
  for (int32_t i = 0; i < count; i++) PENNY_SPAWN(leaf, i);
  for (int32_t i = count; i-- > 0;) {
    if (!CHECK_EQUAL(PENNY_SYNC(leaf), (int64_t)i * 3 + 1)) {
      while (i-- > 0) PENNY_SYNC(leaf);
      return;
    }
  }
}

/* Goes up and down around a boundary: spawns to `depth`, then `moves` times pops `width` and spawns
 * them again. */
static void see_saw(PENNY_CONTEXT, int32_t depth, int32_t width, int32_t moves) {
  for (int32_t i = 0; i < depth; i++) PENNY_SPAWN(leaf, i);
  for (int32_t move = 0; move < moves; move++) {
    for (int32_t i = 0; i < width; i++)
      CHECK_EQUAL(PENNY_SYNC(leaf), (int64_t)(depth - 1 - i) * 3 + 1);
    for (int32_t i = 0; i < width; i++) PENNY_SPAWN(leaf, depth - width + i);
  }
  for (int32_t i = depth; i-- > 0;) CHECK_EQUAL(PENNY_SYNC(leaf), (int64_t)i * 3 + 1);
}

TEST_TASK(unit_deep) {
  uint64_t random = seed;
  test_enter("5000 nested tasks");
  CHECK_EQUAL(PENNY_CALL(nest, 5000), 5000);
  CHECK_EQUAL(PENNY_CALL(nest_with_leaf, 5000), leaf_sum(5000));

  test_enter("flat, at every depth around chunk boundaries");
  static const int32_t around[] = {1, CHUNK, 2 * CHUNK, 3 * CHUNK, 512, 1024, 2 * 512 * 3};
  for (size_t k = 0; k < sizeof around / sizeof around[0]; k++) {
    for (int32_t d = -3; d <= 3; d++) {
      if (around[k] + d >= 0) flat(PENNY_HERE, around[k] + d);
    }
  }
  test_enter("see-saw over chunk boundaries");
  for (int32_t d = -2; d <= 3; d++) {
    for (int32_t width = 1; width <= 4; width++) {
      see_saw(PENNY_HERE, CHUNK + d, width, 20);
      see_saw(PENNY_HERE, 2 * CHUNK + d, width, 20);
    }
  }
  for (int32_t i = 0; i < 20 * scale; i++) {
    int32_t depth = 1 + (int32_t)test_below(&random, 4 * CHUNK);
    see_saw(PENNY_HERE, depth, 1 + (int32_t)test_below(&random, (uint32_t)depth), 3);
  }

  test_enter("many spawns before the first sync");
  flat(PENNY_HERE, 100000);
  return test_failures();
}
TEST_PROGRAM(unit_deep);
