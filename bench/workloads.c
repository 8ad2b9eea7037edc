/*
 * workloads.c: the first table of the native runner (table.h): the problems that the demo page shows
 * as well.
 */
#include "table.h"

#include <stdio.h>
#include <string.h>

#define BENCH_COUNT(a) ((int)(sizeof(a) / sizeof(a)[0]))

const char *bench_words_file = "build/assets/words.txt";
const char *bench_image_file = NULL;
int32_t bench_image_width = 2572, bench_image_height = 1740;

/* The misspelt words of the words workload, made from this file by web/workloads.js too. */
static const char *const queries_file = "web/misspellings.txt";

static int setup_number(bench_state *state) {
  (void)state;
  return 0;
}

static int64_t run_fib(bench_state *state, bench_variant variant) {
  if (variant == BENCH_PLAIN) return PENNY_RUN(bench_fib_plain, state->size);
  return BENCH_RUN_PEERS(variant, bench_fib, state->size);
}

static int64_t fibonacci(int32_t n) {
  int64_t a = 0, b = 1;
  for (int32_t i = 0; i < n; i++) {
    int64_t next = a + b;
    a = b;
    b = next;
  }
  return a;
}

static int check_fib(bench_state *state, int64_t result, int quick) {
  (void)quick;
  return result == fibonacci(state->size);
}

static int64_t spawns_fib(const bench_state *state) {
  return fibonacci(state->size + 1) - 1; /* the inner nodes of the tree of calls */
}

static int64_t run_nqueens(bench_state *state, bench_variant variant) {
  return BENCH_RUN_PEERS(variant, bench_nqueens, state->size);
}

static int check_nqueens(bench_state *state, int64_t result, int quick) {
  (void)quick;
  static const int64_t solutions[] = {1,   1,   0,    0,     2,     10,     4,       40,      92,
                                      352, 724, 2680, 14200, 73712, 365596, 2279184, 14772512};
  return result == solutions[state->size];
}

static int64_t run_uts(bench_state *state, bench_variant variant) {
  return BENCH_RUN_PEERS(variant, bench_uts, state->size);
}

static int check_uts(bench_state *state, int64_t result, int quick) {
  (void)quick;
  /* As published; the small ones as the twin counts them. */
  switch (state->size) {
  case 1: return result == 4130071;
  case 2: return result == 4117769;
  case 33: return result == 111345631;
  case 3: return result == 4112897;
  default: return result == PENNY_RUN(bench_uts_serial, state->size);
  }
}

static int setup_sort(bench_state *state) {
  size_t bytes = (size_t)state->size * sizeof(int32_t);
  return bench_take(state, 0, bytes) || bench_take(state, 1, bytes) ? -1 : 0;
}

static void reset_sort(bench_state *state) {
  state->number[0] = PENNY_RUN(bench_cilksort_fill, state->buffer[0], state->size, 1);
}

static int64_t run_sort(bench_state *state, bench_variant variant) {
  return BENCH_RUN(variant, bench_cilksort, state->buffer[0], state->buffer[1], state->size);
}

static int check_sort(bench_state *state, int64_t result, int quick) {
  (void)result, (void)quick;
  return PENNY_RUN(bench_cilksort_check, state->buffer[0], state->size) == state->number[0];
}

static int setup_matrices(bench_state *state) {
  size_t bytes = (size_t)state->size * (size_t)state->size * sizeof(double);
  for (int i = 0; i < 3; i++)
    if (bench_take(state, i, bytes)) return -1;
  if (bench_take(state, 3, 2 * bytes)) return -1;
  PENNY_RUN(bench_matrix_fill, state->buffer[1], state->size, 1);
  PENNY_RUN(bench_matrix_fill, state->buffer[2], state->size, 2);
  return 0;
}

static void reset_matrices(bench_state *state) {
  memset(state->buffer[0], 0xFF, (size_t)state->size * (size_t)state->size * sizeof(double));
}

static int64_t run_matmul(bench_state *state, bench_variant variant) {
  return BENCH_RUN_PEERS(variant, bench_matmul, state->buffer[0], state->buffer[1],
                         state->buffer[2], state->size);
}

static int64_t run_strassen(bench_state *state, bench_variant variant) {
  void **buffer = state->buffer;
  if (variant == BENCH_PENNY)
    return PENNY_RUN(bench_strassen, buffer[0], buffer[1], buffer[2], state->size);
  return PENNY_RUN(bench_strassen_serial, buffer[0], buffer[1], buffer[2], buffer[3], state->size);
}

static int check_matrices(bench_state *state, int64_t result, int quick) {
  (void)result, (void)quick;
  void **buffer = state->buffer;
  double error =
      PENNY_RUN(bench_matmul_check, buffer[0], buffer[1], buffer[2], buffer[3], state->size);
  return error < 1e-10;
}

static int setup_heat(bench_state *state) {
  size_t width = (size_t)state->size + 2;
  return bench_take(state, 0, width * width * sizeof(double)) ||
                 bench_take(state, 1, width * width * sizeof(double))
             ? -1
             : 0;
}

static void reset_heat(bench_state *state) {
  PENNY_RUN(bench_heat_fill, state->buffer[0], state->buffer[1], state->size);
}

static int64_t run_heat(bench_state *state, bench_variant variant) {
  return BENCH_RUN(variant, bench_heat, state->buffer[0], state->buffer[1], state->size,
                   state->extra);
}

static int check_heat(bench_state *state, int64_t result, int quick) {
  (void)result, (void)quick;
  return PENNY_RUN(bench_heat_check, state->buffer[0], state->size, state->extra) < 1e-12;
}

static int setup_knapsack(bench_state *state) {
  if (bench_take(state, 0, (4 + 2 * (size_t)state->size) * sizeof(int32_t))) return -1;
  int32_t *problem = state->buffer[0];
  PENNY_RUN(bench_knapsack_fill, problem, state->size, state->extra);
  return bench_take(state, 1, ((size_t)problem[1] + 1) * sizeof(int32_t));
}

static int64_t run_knapsack(bench_state *state, bench_variant variant) {
  return BENCH_RUN(variant, bench_knapsack, state->buffer[0]);
}

static int check_knapsack(bench_state *state, int64_t result, int quick) {
  (void)quick;
  return result == PENNY_RUN(bench_knapsack_check, state->buffer[0], state->buffer[1]);
}

static int setup_mandelbrot(bench_state *state) {
  size_t pixels = (size_t)state->size * (size_t)state->size;
  return bench_take(state, 0, pixels * sizeof(uint16_t)) || bench_take(state, 1, pixels / 4096) ? -1
                                                                                                : 0;
}

static void reset_mandelbrot(bench_state *state) {
  size_t pixels = (size_t)state->size * (size_t)state->size;
  memset(state->buffer[0], 0, pixels * sizeof(uint16_t));
  memset(state->buffer[1], 0, pixels / 4096);
}

static int64_t run_mandelbrot(bench_state *state, bench_variant variant) {
  return BENCH_RUN(variant, bench_mandelbrot, state->buffer[0], state->buffer[1], state->size,
                   state->extra);
}

static int check_mandelbrot(bench_state *state, int64_t result, int quick) {
  /* The same on every platform: see mandelbrot.c. */
  if (result != (quick ? 4426010 : 282893053)) return 0;
  const uint16_t *counts = state->buffer[0];
  int64_t sum = 0;
  for (size_t i = 0; i < (size_t)state->size * (size_t)state->size; i++) sum += counts[i];
  return sum == result;
}

/* Reads a file into buffer[which], with a byte of room; returns its length or -1. */
static int32_t read_file(bench_state *state, int which, const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file) {
    fprintf(stderr, "cannot open %s (npm start makes build/assets; or say --words or --image)\n",
            path);
    return -1;
  }
  long length = -1;
  if (fseek(file, 0, SEEK_END) == 0) length = ftell(file);
  rewind(file);
  if (length < 0 || length > INT32_MAX / 2 || bench_take(state, which, (size_t)length + 1) ||
      fread(state->buffer[which], 1, (size_t)length, file) != (size_t)length)
    length = -1;
  fclose(file);
  return (int32_t)length;
}

static int setup_words(bench_state *state) {
  enum { LINES = 400000 };
  int32_t bytes = read_file(state, 0, bench_words_file);
  int32_t query_bytes = bytes < 0 ? -1 : read_file(state, 2, queries_file);
  if (query_bytes < 0 || bench_take(state, 1, (LINES + 1) * sizeof(uint32_t))) return -1;
  if (bench_take(state, 3, (size_t)state->size * sizeof(bench_query))) return -1;
  state->number[0] = PENNY_RUN(bench_words_index, state->buffer[0], bytes, state->buffer[1], LINES);
  state->number[1] =
      PENNY_RUN(bench_words_queries, state->buffer[2], query_bytes, state->buffer[3], state->size);
  return state->number[0] > 0 && state->number[1] > 0 ? 0 : -1;
}

static int64_t run_words(bench_state *state, bench_variant variant) {
  return BENCH_RUN(variant, bench_words, state->buffer[3], (int32_t)state->number[1],
                   state->buffer[0], state->buffer[1], (int32_t)state->number[0]);
}

static int check_words(bench_state *state, int64_t result, int quick) {
  (void)quick;
  return result > 0 &&
         PENNY_RUN(bench_words_check, state->buffer[3], (int32_t)state->number[1], state->buffer[0],
                   state->buffer[1], (int32_t)state->number[0]) == 0;
}

static int setup_image(bench_state *state) {
  /* The quick size is a part of a picture that is there only as a whole: so it is a made one. */
  int is_file = bench_image_file != NULL && state->size == 0;
  int32_t width = state->size ? state->size : bench_image_width,
          height = state->size ? state->size : bench_image_height;
  size_t bytes = (size_t)width * (size_t)height * 4;
  state->number[0] = width;
  state->number[1] = height;
  if (is_file) {
    if (read_file(state, 0, bench_image_file) != (int32_t)bytes) return -1;
  } else {
    if (bench_take(state, 0, bytes)) return -1;
    PENNY_RUN(bench_image_fill, state->buffer[0], width, height);
  }
  return bench_take(state, 1, bytes) || bench_take(state, 2, bytes) ||
                 bench_take(state, 3, bytes / 64)
             ? -1
             : 0;
}

static int64_t run_image(bench_state *state, bench_variant variant) {
  return BENCH_RUN(variant, bench_image, state->buffer[0], state->buffer[1], state->buffer[2],
                   state->buffer[3], (int32_t)state->number[0], (int32_t)state->number[1]);
}

static int check_image(bench_state *state, int64_t result, int quick) {
  (void)quick;
  void **buffer = state->buffer;
  return result == 0 && PENNY_RUN(bench_image_check, buffer[0], buffer[1], buffer[2], buffer[3],
                                  (int32_t)state->number[0], (int32_t)state->number[1]) == 0;
}

/* clang-format off */
const bench_workload bench_workloads[] = {
    {.name = "fib", .input = {"fib(38)", "fib(27)"}, .size = {38, 27}, .variants = BENCH_HAS(BENCH_PLAIN),
     .setup = setup_number, .run = run_fib, .check = check_fib, .spawns = spawns_fib},
    /* Peers that need 100 ns and more for a spawn would take minutes for the one above. */
    {.name = "fib", .input = {"fib(30)", "fib(22)"}, .size = {30, 22}, .point = 30, .variants = BENCH_PEERS,
     .setup = setup_number, .run = run_fib, .check = check_fib, .spawns = spawns_fib},
    {.name = "nqueens", .input = {"12 queens", "9 queens"}, .size = {12, 9}, .variants = BENCH_PEERS,
     .setup = setup_number, .run = run_nqueens, .check = check_nqueens},
    {.name = "cilksort", .input = {"8,000,000 int32", "200,000 int32"}, .size = {8000000, 200000},
     .setup = setup_sort, .reset = reset_sort, .run = run_sort, .check = check_sort},
    {.name = "matmul", .input = {"1024 x 1024 double", "256 x 256 double"}, .size = {1024, 256}, .variants = BENCH_PEERS,
     .setup = setup_matrices, .reset = reset_matrices, .run = run_matmul, .check = check_matrices},
    {.name = "strassen", .input = {"1024 x 1024 double", "256 x 256 double"}, .size = {1024, 256},
     .setup = setup_matrices, .reset = reset_matrices, .run = run_strassen, .check = check_matrices},
    {.name = "heat", .input = {"2048 x 2048, 100 steps", "256 x 256, 20 steps"}, .size = {2048, 256}, .extra = {100, 20},
     .setup = setup_heat, .reset = reset_heat, .run = run_heat, .check = check_heat},
    {.name = "knapsack", .input = {"56 items", "40 items"}, .size = {56, 40}, .extra = {3, 3},
     .setup = setup_knapsack, .run = run_knapsack, .check = check_knapsack},
    {.name = "uts-t1", .input = {"T1: geometric, 4,130,071 nodes", "geometric, small"}, .size = {1, 11},
     .setup = setup_number, .run = run_uts, .check = check_uts},
    {.name = "uts-t2", .input = {"T2: cyclic, 4,117,769 nodes", "cyclic, small"}, .size = {2, 12},
     .setup = setup_number, .run = run_uts, .check = check_uts},
    {.name = "uts-t3", .input = {"T3: binomial, 4,112,897 nodes", "binomial, small"}, .size = {3, 13}, .variants = BENCH_PEERS,
     .setup = setup_number, .run = run_uts, .check = check_uts},
    {.name = "uts-t3l", .input = {"T3L: binomial, 111,345,631 nodes"}, .size = {33, 13}, .is_extra = 1,
     .setup = setup_number, .run = run_uts, .check = check_uts},
    {.name = "mandelbrot", .input = {"2048 x 2048, 256 iterations", "256 x 256, 256 iterations"}, .size = {2048, 256},
     .extra = {256, 256},
     .setup = setup_mandelbrot, .reset = reset_mandelbrot, .run = run_mandelbrot, .check = check_mandelbrot},
    {.name = "words", .input = {"120 misspellings, 104,334 words", "8 misspellings, 104,334 words"}, .size = {120, 8},
     .setup = setup_words, .run = run_words, .check = check_words},
    {.name = "image", .input = {"4.5 megapixels", "200 x 200"}, .size = {0, 200},
     .setup = setup_image, .run = run_image, .check = check_image},
};
/* clang-format on */
const int bench_workload_count = BENCH_COUNT(bench_workloads);
