/*
 * workloads.c: the table of the native runner: how each problem gets its input, runs and is
 * checked. Nothing of it is in the web module. Buffers come from penny_alloc; the runner frees
 * whatever stands in state->buffer.
 */
#include "workloads.h"

#include <stdio.h>
#include <string.h>

#define BENCH_COUNT(a) ((int)(sizeof(a) / sizeof(a)[0]))

const char *bench_words_file = "build/assets/words.txt";
const char *bench_image_file = NULL;
int32_t bench_image_width = 2572, bench_image_height = 1740;

/* The misspelt words of the words workload, made from this file by web/workloads.js too. */
static const char *const queries_file = "web/misspellings.txt";

static int take(bench_state *state, int which, size_t bytes) {
  state->buffer[which] = penny_alloc(bytes);
  return state->buffer[which] ? 0 : -1;
}

/* Runs the parallel task or its twin. */
#define BENCH_RUN(variant, name, ...) \
  ((variant) == BENCH_PENNY ? PENNY_RUN(name, __VA_ARGS__) : PENNY_RUN(name##_serial, __VA_ARGS__))

static int setup_number(bench_state *state) {
  (void)state;
  return 0;
}

static int64_t run_fib(bench_state *state, bench_variant variant) {
  return BENCH_RUN(variant, bench_fib, state->size);
}

static int check_fib(bench_state *state, int64_t result, int quick) {
  (void)quick;
  int64_t a = 0, b = 1;
  for (int32_t i = 0; i < state->size; i++) {
    int64_t next = a + b;
    a = b;
    b = next;
  }
  return result == a;
}

static int64_t run_nqueens(bench_state *state, bench_variant variant) {
  return BENCH_RUN(variant, bench_nqueens, state->size);
}

static int check_nqueens(bench_state *state, int64_t result, int quick) {
  (void)quick;
  static const int64_t solutions[] = {1,   1,   0,    0,     2,     10,     4,       40,      92,
                                      352, 724, 2680, 14200, 73712, 365596, 2279184, 14772512};
  return result == solutions[state->size];
}

static int64_t run_uts(bench_state *state, bench_variant variant) {
  return BENCH_RUN(variant, bench_uts, state->size);
}

static int check_uts(bench_state *state, int64_t result, int quick) {
  (void)quick;
  /* T1 and T3 as published; the small ones as the twin counts them. */
  switch (state->size) {
  case 1: return result == 4130071;
  case 3: return result == 4112897;
  default: return result == PENNY_RUN(bench_uts_serial, state->size);
  }
}

static int setup_sort(bench_state *state) {
  size_t bytes = (size_t)state->size * sizeof(int32_t);
  return take(state, 0, bytes) || take(state, 1, bytes) ? -1 : 0;
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
    if (take(state, i, bytes)) return -1;
  if (take(state, 3, 2 * bytes)) return -1;
  PENNY_RUN(bench_matrix_fill, state->buffer[1], state->size, 1);
  PENNY_RUN(bench_matrix_fill, state->buffer[2], state->size, 2);
  return 0;
}

static void reset_matrices(bench_state *state) {
  memset(state->buffer[0], 0xFF, (size_t)state->size * (size_t)state->size * sizeof(double));
}

static int64_t run_matmul(bench_state *state, bench_variant variant) {
  return BENCH_RUN(variant, bench_matmul, state->buffer[0], state->buffer[1], state->buffer[2],
                   state->size);
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
  return take(state, 0, width * width * sizeof(double)) ||
                 take(state, 1, width * width * sizeof(double))
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
  if (take(state, 0, (4 + 2 * (size_t)state->size) * sizeof(int32_t))) return -1;
  int32_t *problem = state->buffer[0];
  PENNY_RUN(bench_knapsack_fill, problem, state->size, state->extra);
  return take(state, 1, ((size_t)problem[1] + 1) * sizeof(int32_t));
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
  return take(state, 0, pixels * sizeof(uint16_t)) || take(state, 1, pixels / 4096) ? -1 : 0;
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
  if (length < 0 || length > INT32_MAX / 2 || take(state, which, (size_t)length + 1) ||
      fread(state->buffer[which], 1, (size_t)length, file) != (size_t)length)
    length = -1;
  fclose(file);
  return (int32_t)length;
}

static int setup_words(bench_state *state) {
  enum { LINES = 400000 };
  int32_t bytes = read_file(state, 0, bench_words_file);
  int32_t query_bytes = bytes < 0 ? -1 : read_file(state, 2, queries_file);
  if (query_bytes < 0 || take(state, 1, (LINES + 1) * sizeof(uint32_t))) return -1;
  if (take(state, 3, (size_t)state->size * sizeof(bench_query))) return -1;
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
    if (take(state, 0, bytes)) return -1;
    PENNY_RUN(bench_image_fill, state->buffer[0], width, height);
  }
  return take(state, 1, bytes) || take(state, 2, bytes) || take(state, 3, bytes / 64) ? -1 : 0;
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

const bench_workload bench_workloads[] = {
    {"fib", {"fib(38)", "fib(27)"}, {38, 27}, {0, 0}, setup_number, NULL, run_fib, check_fib},
    {"nqueens",
     {"12 queens", "9 queens"},
     {12, 9},
     {0, 0},
     setup_number,
     NULL,
     run_nqueens,
     check_nqueens},
    {"cilksort",
     {"8,000,000 int32", "200,000 int32"},
     {8000000, 200000},
     {0, 0},
     setup_sort,
     reset_sort,
     run_sort,
     check_sort},
    {"matmul",
     {"1024 x 1024 double", "256 x 256 double"},
     {1024, 256},
     {0, 0},
     setup_matrices,
     reset_matrices,
     run_matmul,
     check_matrices},
    {"strassen",
     {"1024 x 1024 double", "256 x 256 double"},
     {1024, 256},
     {0, 0},
     setup_matrices,
     reset_matrices,
     run_strassen,
     check_matrices},
    {"heat",
     {"2048 x 2048, 100 steps", "256 x 256, 20 steps"},
     {2048, 256},
     {100, 20},
     setup_heat,
     reset_heat,
     run_heat,
     check_heat},
    {"knapsack",
     {"56 items", "40 items"},
     {56, 40},
     {3, 3},
     setup_knapsack,
     NULL,
     run_knapsack,
     check_knapsack},
    {"uts-t1",
     {"T1: geometric, 4,130,071 nodes", "geometric, small"},
     {1, 11},
     {0, 0},
     setup_number,
     NULL,
     run_uts,
     check_uts},
    {"uts-t3",
     {"T3: binomial, 4,112,897 nodes", "binomial, small"},
     {3, 13},
     {0, 0},
     setup_number,
     NULL,
     run_uts,
     check_uts},
    {"mandelbrot",
     {"2048 x 2048, 256 iterations", "256 x 256, 256 iterations"},
     {2048, 256},
     {256, 256},
     setup_mandelbrot,
     reset_mandelbrot,
     run_mandelbrot,
     check_mandelbrot},
    {"words",
     {"120 misspellings, 104,334 words", "8 misspellings, 104,334 words"},
     {120, 8},
     {0, 0},
     setup_words,
     NULL,
     run_words,
     check_words},
    {"image",
     {"4.5 megapixels", "200 x 200"},
     {0, 200},
     {0, 0},
     setup_image,
     NULL,
     run_image,
     check_image},
};
const int bench_workload_count = BENCH_COUNT(bench_workloads);
