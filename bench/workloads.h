/*
 * workloads.h: every task that the benchmarks and the demo page may call, and the table of them for
 * the native runner.
 *
 * One folder a problem. A problem has its Penny task `bench_X`, its twin `bench_X_serial` (plain C
 * on the same input, nothing of Penny inside; it is a task only so that it can be run on a worker)
 * and tasks that make inputs and check answers. Buffers are the caller's: penny_alloc natively,
 * pool.array in JavaScript (web/workloads.js describes the same problems to the page).
 */
#ifndef BENCH_WORKLOADS_H
#define BENCH_WORKLOADS_H

#include <penny.h>

/* ---- no input but a number ------------------------------------------------------------------- */

PENNY_DECLARE(int64_t, bench_fib, (int32_t, n));
PENNY_DECLARE(int64_t, bench_fib_serial, (int32_t, n));
PENNY_DECLARE(int64_t, bench_fib_plain, (int32_t, n));

/* Number of solutions for `size` queens, 1 to 16. */
PENNY_DECLARE(int64_t, bench_nqueens, (int32_t, size));
PENNY_DECLARE(int64_t, bench_nqueens_serial, (int32_t, size));

/* Number of nodes of a tree of the Unbalanced Tree Search benchmark: 1 is T1, 2 is T2, 3 is T3, 33
 * is T3L; 11, 12 and 13 are small ones. */
PENNY_DECLARE(int64_t, bench_uts, (int32_t, tree));
PENNY_DECLARE(int64_t, bench_uts_serial, (int32_t, tree));

/* A hash of memory (64-bit FNV-1a over words, and the odd bytes), to compare what two variants
 * left behind. */
PENNY_DECLARE(int64_t, bench_hash, (const uint8_t *, data), (int32_t, bytes));

/* Fills times_us[0..count-1] with the microseconds from a spawn until another worker has run the
 * task, each the mean of `rounds`, each round after a rest of rest_ms. Returns how many were stolen. */
PENNY_DECLARE(int64_t, bench_steal, (double *, times_us), (int32_t, count), (int32_t, rounds),
              (double, rest_ms));

/* Spawns tasks one in another, `depth` of them open at the deepest place, where it waits. Returns depth / 2,
 * rounded up. */
PENNY_DECLARE(int64_t, bench_depth, (int32_t, depth), (double, wait_ms));

/* ---- sorting --------------------------------------------------------------------------------- */

/* Fills and returns a checksum that does not depend on the order. */
PENNY_DECLARE(int64_t, bench_cilksort_fill, (int32_t *, data), (int32_t, count), (int32_t, seed));
/* Sort data[0..count-1]; scratch is as large. Return 0. */
PENNY_DECLARE(int64_t, bench_cilksort, (int32_t *, data), (int32_t *, scratch), (int32_t, count));
PENNY_DECLARE(int64_t, bench_cilksort_serial, (int32_t *, data), (int32_t *, scratch),
              (int32_t, count));
/* The checksum again when the data are sorted, else -1. */
PENNY_DECLARE(int64_t, bench_cilksort_check, (const int32_t *, data), (int32_t, count));

/* ---- matrices: n x n doubles, n = 64 * a power of two, in tiles (matmul.c) ------------------- */

PENNY_DECLARE(void, bench_matrix_fill, (double *, matrix), (int32_t, n), (int32_t, seed));
/* c = a * b. Return 0. */
PENNY_DECLARE(int64_t, bench_matmul, (double *, c), (const double *, a), (const double *, b),
              (int32_t, n));
PENNY_DECLARE(int64_t, bench_matmul_serial, (double *, c), (const double *, a), (const double *, b),
              (int32_t, n));
PENNY_DECLARE(int64_t, bench_strassen, (double *, c), (const double *, a), (const double *, b),
              (int32_t, n));
/* work: 2 * n * n doubles (the parallel form allocates what it needs). */
PENNY_DECLARE(int64_t, bench_strassen_serial, (double *, c), (const double *, a),
              (const double *, b), (double *, work), (int32_t, n));
/* The largest |c x - a (b x)| / n for x of -1 and 1 (Freivalds); scratch: 4 * n doubles. */
PENNY_DECLARE(double, bench_matmul_check, (const double *, c), (const double *, a),
              (const double *, b), (double *, scratch), (int32_t, n));

/* L and U in place, without pivots. Return 0. */
PENNY_DECLARE(int64_t, bench_lu, (double *, a), (int32_t, n));
PENNY_DECLARE(int64_t, bench_lu_serial, (double *, a), (int32_t, n));
PENNY_DECLARE(void, bench_lu_fill, (double *, a), (int32_t, n));
PENNY_DECLARE(void, bench_lu_copy, (double *, to), (const double *, from), (int32_t, n));
/* The largest |L (U x) - a x| / n; scratch: 4 * n doubles. */
PENNY_DECLARE(double, bench_lu_check, (const double *, factors), (const double *, a),
              (double *, scratch), (int32_t, n));

/* ---- transform: complex numbers as pairs of doubles, n a power of two of at least 2 ---------- */

PENNY_DECLARE(void, bench_fft_fill, (double *, in), (int32_t, n), (int32_t, seed));
/* twiddles: n complex numbers. */
PENNY_DECLARE(void, bench_fft_twiddles, (double *, twiddles), (int32_t, n));
/* out: the transform of in. Return 0. */
PENNY_DECLARE(int64_t, bench_fft, (double *, out), (const double *, in), (const double *, twiddles),
              (int32_t, n));
PENNY_DECLARE(int64_t, bench_fft_serial, (double *, out), (const double *, in),
              (const double *, twiddles), (int32_t, n));
/* How far the sum of all outputs, each turned, is from what it must be; about 1e-12. */
PENNY_DECLARE(double, bench_fft_check, (const double *, out), (const double *, in), (int32_t, n));

/* ---- tree ------------------------------------------------------------------------------------ */

typedef struct bench_tree {
  struct bench_tree *left, *right;
  int32_t value;
} bench_tree;

/* Makes a balanced tree whose root is nodes[0] and returns the sum of its values. */
PENNY_DECLARE(int64_t, bench_treesum_fill, (bench_tree *, nodes), (int32_t, count),
              (int32_t, seed));
/* The sum, `repeats` times over. */
PENNY_DECLARE(int64_t, bench_treesum, (const bench_tree *, root), (int32_t, repeats));
PENNY_DECLARE(int64_t, bench_treesum_serial, (const bench_tree *, root), (int32_t, repeats));

/* ---- graph ----------------------------------------------------------------------------------- */

enum { BENCH_BFS_EDGES = 8 };

/* vertices: a power of two; offsets: vertices + 1; targets: 2 * BENCH_BFS_EDGES * vertices. */
PENNY_DECLARE(int64_t, bench_bfs_fill, (uint32_t *, offsets), (uint32_t *, targets),
              (int32_t, vertices));
/* levels: distance of each vertex from vertex 1, or -1; queue: 2 * vertices. Return the number of
 * vertices reached. */
PENNY_DECLARE(int64_t, bench_bfs, (const uint32_t *, offsets), (const uint32_t *, targets),
              (int32_t *, levels), (uint32_t *, queue), (int32_t, vertices));
PENNY_DECLARE(int64_t, bench_bfs_serial, (const uint32_t *, offsets), (const uint32_t *, targets),
              (int32_t *, levels), (uint32_t *, queue), (int32_t, vertices));
/* Number of faults. */
PENNY_DECLARE(int64_t, bench_bfs_check, (const uint32_t *, offsets), (const uint32_t *, targets),
              (const int32_t *, levels), (int32_t, vertices));

/* ---- loops ----------------------------------------------------------------------------------- */

enum { BENCH_LOOP_EMPTY, BENCH_LOOP_UNIFORM, BENCH_LOOP_SKEWED };

typedef struct bench_loop_part {
  uint32_t *out;
  int64_t count;
  int32_t kind;
} bench_loop_part;

/* out[i] = the body's value, for `count` iterations, `repeats` times over. Return 0. */
PENNY_DECLARE(int64_t, bench_loop, (uint32_t *, out), (int32_t, count), (int32_t, kind),
              (int32_t, repeats));
PENNY_DECLARE(int64_t, bench_loop_serial, (uint32_t *, out), (int32_t, count), (int32_t, kind),
              (int32_t, repeats));
/* The same by halving down to `grain` iterations. */
PENNY_DECLARE(int64_t, bench_loop_grain, (uint32_t *, out), (int32_t, count), (int32_t, kind),
              (int32_t, repeats), (int32_t, grain));
/* Number of wrong elements, when all were 0 before. */
PENNY_DECLARE(int64_t, bench_loop_check, (const uint32_t *, out), (int32_t, count),
              (int32_t, kind));

/* ---- grids ----------------------------------------------------------------------------------- */

/* (n + 2) x (n + 2) doubles: an eigenvector of the step, so that the answer is known. */
PENNY_DECLARE(void, bench_heat_fill, (double *, grid), (double *, next), (int32_t, n));
/* `steps` (even) Jacobi steps; the answer is in grid. Return 0. */
PENNY_DECLARE(int64_t, bench_heat, (double *, grid), (double *, next), (int32_t, n),
              (int32_t, steps));
PENNY_DECLARE(int64_t, bench_heat_serial, (double *, grid), (double *, next), (int32_t, n),
              (int32_t, steps));
/* The largest difference from the known answer. */
PENNY_DECLARE(double, bench_heat_check, (const double *, grid), (int32_t, n), (int32_t, steps));

/* Iteration counts of the classic view, size x size (a multiple of 64), in tiles of 64 x 64, row
 * by row within a tile; tile t is complete once done[t] is 1. Return the sum of the counts. */
PENNY_DECLARE(int64_t, bench_mandelbrot, (uint16_t *, counts), (uint8_t *, done), (int32_t, size),
              (int32_t, limit));
PENNY_DECLARE(int64_t, bench_mandelbrot_serial, (uint16_t *, counts), (uint8_t *, done),
              (int32_t, size), (int32_t, limit));

/* ---- search ---------------------------------------------------------------------------------- */

/* problem: 4 + 2 * items int32: number, capacity, best, 0, then value and weight of each. */
PENNY_DECLARE(void, bench_knapsack_fill, (int32_t *, problem), (int32_t, items), (int32_t, seed));
PENNY_DECLARE(int64_t, bench_knapsack, (int32_t *, problem));
PENNY_DECLARE(int64_t, bench_knapsack_serial, (int32_t *, problem));
/* The optimum by dynamic programming; scratch: capacity + 1 int32. */
PENNY_DECLARE(int64_t, bench_knapsack_check, (const int32_t *, problem), (int32_t *, scratch));

/* ---- words ----------------------------------------------------------------------------------- */

enum { BENCH_WORD_BEST = 5, BENCH_WORD_LONGEST = 63 };

/* One misspelt word. 64-bit fields first, so that both sides see one layout. */
typedef struct bench_query {
  uint64_t match[256]; /* Myers: bit i is set where character i of the word is this one */
  uint32_t best
      [BENCH_WORD_BEST]; /* distance << 24 | word number, ascending; UINT32_MAX where there is none */
  uint32_t length;
  uint32_t reserved[2];
} bench_query;

/* Makes UTF-8 lines Latin-1 in place; starts (room for `lines` + 1) gets the first byte of each
 * word. Returns the number of words. */
PENNY_DECLARE(int64_t, bench_words_index, (uint8_t *, text), (int32_t, bytes), (uint32_t *, starts),
              (int32_t, lines));
/* The same for the queries, made ready for bench_words. */
PENNY_DECLARE(int64_t, bench_words_queries, (uint8_t *, text), (int32_t, bytes),
              (bench_query *, queries), (int32_t, room));
/* Finds the nearest words of all queries. Return the sum of the best distances. */
PENNY_DECLARE(int64_t, bench_words, (bench_query *, queries), (int32_t, count),
              (const uint8_t *, text), (const uint32_t *, starts), (int32_t, words));
PENNY_DECLARE(int64_t, bench_words_serial, (bench_query *, queries), (int32_t, count),
              (const uint8_t *, text), (const uint32_t *, starts), (int32_t, words));
/* Number of wrong answers: some queries again, by the textbook's table. */
PENNY_DECLARE(int64_t, bench_words_check, (const bench_query *, queries), (int32_t, count),
              (const uint8_t *, text), (const uint32_t *, starts), (int32_t, words));

/* ---- image ----------------------------------------------------------------------------------- */

/* A stand-in for a photograph, for runs without one. */
PENNY_DECLARE(void, bench_image_fill, (uint8_t *, rgba), (int32_t, width), (int32_t, height));
/* source -> blurred -> edges, and source -> thumbnail of (width / 8) x (height / 8); all RGBA of
 * 4 bytes. edges serves as scratch of the blur before. Return 0. */
PENNY_DECLARE(int64_t, bench_image, (const uint8_t *, source), (uint8_t *, blurred),
              (uint8_t *, edges), (uint8_t *, thumbnail), (int32_t, width), (int32_t, height));
PENNY_DECLARE(int64_t, bench_image_serial, (const uint8_t *, source), (uint8_t *, blurred),
              (uint8_t *, edges), (uint8_t *, thumbnail), (int32_t, width), (int32_t, height));
/* Area average for a preview: every output pixel is the mean of factor x factor. */
PENNY_DECLARE(void, bench_image_shrink, (const uint8_t *, source), (int32_t, width),
              (int32_t, height), (uint8_t *, target), (int32_t, factor));
/* Number of wrong pixels of a sample, computed again by the definitions. */
PENNY_DECLARE(int64_t, bench_image_check, (const uint8_t *, source), (const uint8_t *, blurred),
              (const uint8_t *, edges), (const uint8_t *, thumbnail), (int32_t, width),
              (int32_t, height));

/* ---- what the peers share with the problems -------------------------------------------------- */

#ifdef __cplusplus
extern "C" {
#endif
int64_t bench_treesum_plain(const bench_tree *node);
void bench_loop_run(const bench_loop_part *loop, int64_t begin, int64_t end);
#ifdef __cplusplus
}
#endif

/* ---- for the problems ------------------------------------------------------------------------ */

/* A small generator (splitmix64) so that inputs are equal on every platform. */
static inline uint64_t bench_random(uint64_t *state) {
  uint64_t z = (*state += 0x9E3779B97F4A7C15u);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

#endif
