/*
 * workloads_more.c: the second table of the native runner (table.h): lu, fft, bfs, and the problems
 * that are measured at several sizes, treesum and the loops. Those repeat themselves within a run
 * until there is something to time.
 */
#include "table.h"

#include <stdlib.h>
#include <string.h>

#define BENCH_COUNT(a) ((int)(sizeof(a) / sizeof(a)[0]))

/* How long a run of a problem of several sizes shall take about; quick runs a tenth. */
static const double run_ns = 2e7;

static int32_t repeats_for(const bench_state *state, double ns) {
  double times = run_ns / (ns + 100);
  if (state->extra & 256) times /= 10; /* quick: see the tables below */
  return times < 1 ? 1 : times > 100000 ? 100000 : (int32_t)times;
}

/* ---- lu -------------------------------------------------------------------------------------- */

static int setup_lu(bench_state *state) {
  size_t bytes = (size_t)state->size * (size_t)state->size * sizeof(double);
  if (bench_take(state, 0, bytes) || bench_take(state, 1, bytes) ||
      bench_take(state, 2, 4 * (size_t)state->size * sizeof(double)))
    return -1;
  PENNY_RUN(bench_lu_fill, state->buffer[1], state->size);
  return 0;
}

static void reset_lu(bench_state *state) {
  PENNY_RUN(bench_lu_copy, state->buffer[0], state->buffer[1], state->size);
}

static int64_t run_lu(bench_state *state, bench_variant variant) {
  return BENCH_RUN(variant, bench_lu, state->buffer[0], state->size);
}

static int check_lu(bench_state *state, int64_t result, int quick) {
  (void)result, (void)quick;
  return PENNY_RUN(bench_lu_check, state->buffer[0], state->buffer[1], state->buffer[2],
                   state->size) < 1e-10;
}

/* ---- fft ------------------------------------------------------------------------------------- */

static int setup_fft(bench_state *state) {
  size_t bytes = 2 * (size_t)state->size * sizeof(double);
  for (int i = 0; i < 3; i++)
    if (bench_take(state, i, bytes)) return -1;
  PENNY_RUN(bench_fft_fill, state->buffer[1], state->size, 5);
  PENNY_RUN(bench_fft_twiddles, state->buffer[2], state->size);
  return 0;
}

static int64_t run_fft(bench_state *state, bench_variant variant) {
  return BENCH_RUN(variant, bench_fft, state->buffer[0], state->buffer[1], state->buffer[2],
                   state->size);
}

static int check_fft(bench_state *state, int64_t result, int quick) {
  (void)result, (void)quick;
  return PENNY_RUN(bench_fft_check, state->buffer[0], state->buffer[1], state->size) < 1e-8;
}

/* ---- bfs ------------------------------------------------------------------------------------- */

static int setup_bfs(bench_state *state) {
  size_t n = (size_t)state->size;
  if (bench_take(state, 0, (n + 1) * sizeof(uint32_t)) ||
      bench_take(state, 1, 2 * BENCH_BFS_EDGES * n * sizeof(uint32_t)) ||
      bench_take(state, 2, n * sizeof(int32_t)) || bench_take(state, 3, 2 * n * sizeof(uint32_t)))
    return -1;
  PENNY_RUN(bench_bfs_fill, state->buffer[0], state->buffer[1], state->size);
  return 0;
}

static int64_t run_bfs(bench_state *state, bench_variant variant) {
  void **buffer = state->buffer;
  return BENCH_RUN(variant, bench_bfs, buffer[0], buffer[1], buffer[2], buffer[3], state->size);
}

static int check_bfs(bench_state *state, int64_t result, int quick) {
  (void)quick;
  void **buffer = state->buffer;
  const int32_t *levels = buffer[2];
  int64_t reached = 0;
  for (int32_t v = 0; v < state->size; v++) reached += levels[v] >= 0;
  /* Most of a graph like this hangs together: a search that gave up at once would be seen. */
  return result == reached && reached > state->size / 2 &&
         PENNY_RUN(bench_bfs_check, buffer[0], buffer[1], buffer[2], state->size) == 0;
}

/* ---- treesum --------------------------------------------------------------------------------- */

static int setup_treesum(bench_state *state) {
  if (bench_take(state, 0, (size_t)state->size * sizeof(bench_tree))) return -1;
  state->repeats = repeats_for(state, 3.0 * state->size);
  state->number[0] = PENNY_RUN(bench_treesum_fill, state->buffer[0], state->size, 1);
  return 0;
}

static int64_t run_treesum(bench_state *state, bench_variant variant) {
  return BENCH_RUN_PEERS(variant, bench_treesum, state->buffer[0], state->repeats);
}

static int check_treesum(bench_state *state, int64_t result, int quick) {
  (void)quick;
  return result == state->number[0] * state->repeats;
}

static int64_t inner_nodes(int32_t count) {
  if (count < 3) return 0; /* one child is added without a spawn */
  int32_t left = (count - 1) / 2, right = count - 1 - left;
  int64_t of_left = inner_nodes(left);
  return 1 + of_left + (left == right ? of_left : inner_nodes(right));
}

static int64_t spawns_treesum(const bench_state *state) {
  return inner_nodes(state->size);
}

/* ---- loops ----------------------------------------------------------------------------------- */

static int setup_loop(bench_state *state) {
  static const double ns[] = {0.4, 30, 60}; /* of a body, about */
  if (bench_take(state, 0, (size_t)state->size * sizeof(uint32_t))) return -1;
  state->repeats = repeats_for(state, state->size * ns[state->extra & 15]);
  return 0;
}

static void reset_loop(bench_state *state) {
  memset(state->buffer[0], 0, (size_t)state->size * sizeof(uint32_t));
}

static int64_t run_grain(bench_state *state, int32_t grain) {
  return PENNY_RUN(bench_loop_grain, state->buffer[0], state->size, state->extra & 15,
                   state->repeats, grain);
}

/* number[0..3]: the grains tuned for 1, 2, 4, and more workers. */
static int64_t *grain_for(bench_state *state, int workers) {
  return &state->number[workers < 2 ? 0 : workers < 4 ? 1 : workers < 8 ? 2 : 3];
}

static int64_t run_loop(bench_state *state, bench_variant variant) {
  if (variant == BENCH_GRAIN) return run_grain(state, (int32_t)*grain_for(state, penny_workers()));
  return BENCH_RUN_PEERS(variant, bench_loop, state->buffer[0], state->size, state->extra & 15,
                         state->repeats);
}

/* The tuning by hand: every power of eight, each three times, and the best one stays. */
static void prepare_loop(bench_state *state, bench_variant variant, int workers) {
  int64_t *grain = grain_for(state, workers);
  if (variant != BENCH_GRAIN || *grain) return;
  double best_ms = 1e30;
  for (int32_t candidate = 16; candidate <= 1 << 22; candidate *= 8) {
    for (int run = 0; run < 3; run++) {
      double start = penny_now_ms();
      run_grain(state, candidate);
      double ms = penny_now_ms() - start;
      if (ms < best_ms) {
        best_ms = ms;
        *grain = candidate;
      }
    }
    if (candidate >= state->size) break;
  }
}

static int check_loop(bench_state *state, int64_t result, int quick) {
  (void)quick;
  return result == 0 &&
         PENNY_RUN(bench_loop_check, state->buffer[0], state->size, state->extra & 15) == 0;
}

/* extra: the kind, and 256 in a quick run. `quick` is NULL for what a quick run leaves out. */
#define TREESUM(count, text, quick)                                                                \
  {                                                                                                \
    .name = "treesum", .input = {text " nodes", quick}, .size = {count, count}, .extra = {0, 256}, \
    .point = count, .variants = BENCH_PEERS, .setup = setup_treesum, .run = run_treesum,           \
    .check = check_treesum, .spawns = spawns_treesum                                               \
  }
#define LOOP(problem, kind, more, count, text, quick)                                           \
  {                                                                                             \
    .name = problem, .input = {text " iterations", quick}, .size = {count, count},              \
    .extra = {kind, (kind) | 256}, .point = count, .variants = BENCH_HAS(BENCH_GRAIN) | (more), \
    .setup = setup_loop, .reset = reset_loop, .run = run_loop, .check = check_loop,             \
    .prepare = prepare_loop                                                                     \
  }
#define LOOPS(problem, kind, more)                                              \
  LOOP(problem, kind, 0, 1, "1", NULL), LOOP(problem, kind, 0, 10, "10", NULL), \
      LOOP(problem, kind, 0, 100, "100", NULL),                                 \
      LOOP(problem, kind, 0, 1000, "1,000", "1,000 iterations"),                \
      LOOP(problem, kind, more, 10000, "10,000", NULL),                         \
      LOOP(problem, kind, 0, 100000, "100,000", "100,000 iterations"),          \
      LOOP(problem, kind, more, 1000000, "1,000,000", NULL),                    \
      LOOP(problem, kind, 0, 10000000, "10,000,000", NULL)

/* clang-format off */
const bench_workload bench_workloads_more[] = {
    {.name = "lu", .input = {"1024 x 1024 double", "256 x 256 double"}, .size = {1024, 256},
     .setup = setup_lu, .reset = reset_lu, .run = run_lu, .check = check_lu},
    {.name = "fft", .input = {"2^20 complex", "2^14 complex"}, .size = {1 << 20, 1 << 14},
     .setup = setup_fft, .run = run_fft, .check = check_fft},
    {.name = "bfs", .input = {"2^20 vertices, 2^23 edges", "2^14 vertices, 2^17 edges"}, .size = {1 << 20, 1 << 14},
     .setup = setup_bfs, .run = run_bfs, .check = check_bfs},
    TREESUM(10000000, "10,000,000", NULL),
    TREESUM(1000000, "1,000,000", "1,000,000 nodes"),
    TREESUM(100000, "100,000", NULL),
    TREESUM(10000, "10,000", NULL),
    TREESUM(1000, "1,000", "1,000 nodes"),
    LOOPS("loop", BENCH_LOOP_UNIFORM, BENCH_PEERS),
    LOOPS("loop-empty", BENCH_LOOP_EMPTY, BENCH_PEERS),
    LOOPS("skewed", BENCH_LOOP_SKEWED, BENCH_PEERS),
};
/* clang-format on */
const int bench_workload_more_count = BENCH_COUNT(bench_workloads_more);
