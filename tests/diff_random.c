/*
 * diff_random.c: random fork-join programs against serial execution. A program is a tree of steps
 * made from a seed: spawn, call, sync, detach, get, work, write a part of an array. The same seed
 * is run by the pool and by plain calls; results and arrays must be equal.
 */
#include "test.h"

TEST_GLOBALS

enum { STEPS = 14, OPEN = 10, CELLS = 4096 };

typedef struct program {
  uint32_t cells[CELLS];
} program;

/* One node: its own seed, its own part [low, high) of the array, how many nodes it may make below.
 * */
static uint64_t run_serial(program *p, uint64_t seed, int32_t low, int32_t high, int32_t budget);

PENNY_DECLARE(uint64_t, node, (program *, p), (uint64_t, seed), (int32_t, low), (int32_t, high),
              (int32_t, budget));
PENNY_DECLARE(uint64_t, node_wide, (program *, p), (uint64_t, seed), (int32_t, low),
              (int32_t, high), (int32_t, budget), (double, one), (int8_t, two), (float, three));

static uint64_t work(uint64_t *random) {
  uint64_t x = 0;
  for (uint32_t i = test_below(random, 40); i > 0; i--) x = x * 31 + test_random(random);
  return x;
}

static void write_cells(program *p, uint64_t value, int32_t low, int32_t high) {
  for (int32_t i = low; i < high; i++)
    p->cells[i] = p->cells[i] * 5 + (uint32_t)(value >> 40) + (uint32_t)i;
}

/* What both runs do with their part before they split it; the child's part is cut off at the end.
 * */
static int32_t cut(uint64_t *random, int32_t low, int32_t *high) {
  if (*high - low < 2) return *high;
  int32_t middle = low + 1 + (int32_t)test_below(random, (uint32_t)(*high - low - 1));
  int32_t end = *high;
  *high = middle;
  return end;
}

/* The interpreter, once with tasks and once without: the same choices from the same seed. */
#define INTERPRET(SPAWN, SPAWN_WIDE, CALL, DETACH, SYNC, GET)             \
  uint64_t random = seed;                                                 \
  uint64_t hash = 0;                                                      \
  int32_t kinds[OPEN];                                                    \
  int32_t open = 0, detached = 0;                                         \
  int32_t steps = 1 + (int32_t)test_below(&random, STEPS);                \
  for (int32_t step = 0; step < steps; step++) {                          \
    uint32_t choice = test_below(&random, 16);                            \
    if (choice < 10 && budget > 0 && open < OPEN && high - low >= 2) {    \
      int32_t share = 1 + (int32_t)test_below(&random, (uint32_t)budget); \
      budget -= share;                                                    \
      uint64_t child_seed = test_random(&random);                         \
      int32_t middle_end = cut(&random, low, &high);                      \
      if (choice < 6) {                                                   \
        SPAWN(child_seed, high, middle_end, share - 1);                   \
        kinds[open++] = 0;                                                \
      } else if (choice < 8) {                                            \
        SPAWN_WIDE(child_seed, high, middle_end, share - 1);              \
        kinds[open++] = 1;                                                \
      } else if (choice == 8 && detached == 0) {                          \
        DETACH(child_seed, high, middle_end, share - 1);                  \
        detached = 1;                                                     \
      } else {                                                            \
        hash = hash * 17 + CALL(child_seed, high, middle_end, share - 1); \
      }                                                                   \
    } else if (choice < 13 && open > 0) {                                 \
      open--;                                                             \
      hash = hash * 19 + SYNC(kinds[open]);                               \
    } else {                                                              \
      hash += work(&random);                                              \
      write_cells(p, hash, low, high);                                    \
    }                                                                     \
  }                                                                       \
  while (open > 0) {                                                      \
    open--;                                                               \
    hash = hash * 19 + SYNC(kinds[open]);                                 \
  }                                                                       \
  if (detached) hash = hash * 23 + GET();                                 \
  write_cells(p, hash, low, high);                                        \
  return hash

PENNY_TASK(uint64_t, node, (program *, p), (uint64_t, seed), (int32_t, low), (int32_t, high),
           (int32_t, budget)) {
  penny_future *future = NULL;
#define TASK_SPAWN(...)      PENNY_SPAWN(node, p, __VA_ARGS__)
#define TASK_SPAWN_WIDE(...) PENNY_SPAWN(node_wide, p, __VA_ARGS__, 1.0, 2, 3.0f)
#define TASK_CALL(...)       PENNY_CALL(node, p, __VA_ARGS__)
#define TASK_DETACH(...)                             \
  future = PENNY_DETACH(NULL, node, p, __VA_ARGS__); \
  if (!future) penny_fail(PENNY_ENOMEM, NULL)
#define TASK_SYNC(kind) ((kind) ? PENNY_SYNC(node_wide) : PENNY_SYNC(node))
#define TASK_GET()      PENNY_GET(node, future)
  INTERPRET(TASK_SPAWN, TASK_SPAWN_WIDE, TASK_CALL, TASK_DETACH, TASK_SYNC, TASK_GET);
}

PENNY_TASK(uint64_t, node_wide, (program *, p), (uint64_t, seed), (int32_t, low), (int32_t, high),
           (int32_t, budget), (double, one), (int8_t, two), (float, three)) {
  CHECK(one == 1.0 && two == 2 && three == 3.0f);
  return PENNY_CALL(node, p, seed, low, high, budget);
}

/* The twin keeps the results of what it "spawned" and hands them out in the same order. */
static uint64_t run_serial(program *p, uint64_t seed, int32_t low, int32_t high, int32_t budget) {
  uint64_t results[OPEN + 1];
  uint64_t future = 0;
#define TWIN_SPAWN(...)  results[open] = run_serial(p, __VA_ARGS__)
#define TWIN_CALL(...)   run_serial(p, __VA_ARGS__)
#define TWIN_DETACH(...) future = run_serial(p, __VA_ARGS__)
#define TWIN_SYNC(kind)  ((void)(kind), results[open])
#define TWIN_GET()       future
  INTERPRET(TWIN_SPAWN, TWIN_SPAWN, TWIN_CALL, TWIN_DETACH, TWIN_SYNC, TWIN_GET);
}

TEST_TASK(diff_random) {
  uint64_t random = seed;
  program *parallel = penny_alloc(sizeof *parallel);
  program *serial = penny_alloc(sizeof *serial);
  if (!CHECK(parallel && serial)) return test_failures();
  test_enter("random programs");
  int64_t nodes = 0;
  for (int32_t i = 0; i < 600 * scale && test_failures() == 0; i++) {
    uint64_t program_seed = test_random(&random);
    int32_t budget = (int32_t)test_below(&random, 1u << test_below(&random, 13));
    int32_t cells = 1 + (int32_t)test_below(&random, CELLS);
    nodes += budget;
    for (int32_t k = 0; k < CELLS; k++) parallel->cells[k] = serial->cells[k] = (uint32_t)k;
    uint64_t have = PENNY_CALL(node, parallel, program_seed, 0, cells, budget);
    uint64_t want = run_serial(serial, program_seed, 0, cells, budget);
    CHECK(have == want);
    int32_t different = -1;
    for (int32_t k = CELLS; k-- > 0;) {
      if (parallel->cells[k] != serial->cells[k]) different = k;
    }
    CHECK_EQUAL(different, -1);
    if (test_failures())
      printf("# program %d of seed %u, its seed %llu, budget %d, cells %d\n", i, seed,
             (unsigned long long)program_seed, budget, cells);
  }
  CHECK(nodes > 0);
  penny_free(parallel);
  penny_free(serial);
  return test_failures();
}
TEST_PROGRAM(diff_random);
