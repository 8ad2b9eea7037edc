/*
 * matmul.h: how a matrix lies in memory, and its kernel: shared by matmul.c and strassen.c.
 *
 * n x n doubles, n = 64 * a power of two, in tiles of 64 x 64 (32 KiB, row by row), the tiles in Z
 * order: a matrix is its four quadrants one after the other. So every block that the recursion
 * meets is contiguous; in a plain array of rows of 8 KiB the rows of a tile would all fall on the
 * same few lines of the cache.
 */
#ifndef BENCH_MATMUL_H
#define BENCH_MATMUL_H

#include "../workloads.h"

enum { MATRIX_TILE = 64 };

/* Quadrant 0..3 (upper left, upper right, lower left, lower right) of an n x n matrix. */
#define matrix_quadrant(matrix, n, which) \
  ((matrix) + (size_t)(which) * (size_t)((n) / 2) * (size_t)((n) / 2))

/* What a product does with c: c = a * b, c += a * b, c -= a * b. */
enum { MATRIX_SET = 0, MATRIX_ADD = 1, MATRIX_SUBTRACT = -1 };

/* One of these, serially, for blocks of any valid size. */
#ifdef __cplusplus
extern "C"
#endif
    void
    matrix_multiply(double *c, const double *a, const double *b, int32_t n, int how);

PENNY_DECLARE(void, bench_matmul_block, (double *, c), (const double *, a), (const double *, b),
              (int32_t, n), (int32_t, how));

#endif
