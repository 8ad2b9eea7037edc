/*
 * matmul.c: c = a * b by quadrants, eight products in two rounds of four (the second adds to what
 * the first wrote). A leaf is a product of tiles by a kernel that keeps 4 x 4 sums in registers.
 * Serial twin: the same recursion and kernel.
 */
#include "matmul.h"

typedef double pair __attribute__((vector_size(16)));
/* For access to doubles that were not declared as pairs; 16-byte aligned as every tile row part
 * is. */
typedef double pair_in_memory __attribute__((vector_size(16), may_alias, aligned(8)));

/* c (one tile) =, += or -= a * b. */
static void multiply_tile(double *restrict c, const double *restrict a, const double *restrict b,
                          int how) {
  enum { N = MATRIX_TILE };
  for (int i = 0; i < N; i += 4) {
    for (int j = 0; j < N; j += 4) {
      pair s00 = {0, 0}, s01 = s00, s10 = s00, s11 = s00, s20 = s00, s21 = s00, s30 = s00,
           s31 = s00;
      const double *row = a + i * N;
      for (int k = 0; k < N; k++) {
        const pair_in_memory *right = (const pair_in_memory *)(const void *)(b + k * N + j);
        pair b0 = right[0], b1 = right[1];
        pair a0 = {row[k], row[k]}, a1 = {row[N + k], row[N + k]};
        pair a2 = {row[2 * N + k], row[2 * N + k]}, a3 = {row[3 * N + k], row[3 * N + k]};
        s00 += a0 * b0;
        s01 += a0 * b1;
        s10 += a1 * b0;
        s11 += a1 * b1;
        s20 += a2 * b0;
        s21 += a2 * b1;
        s30 += a3 * b0;
        s31 += a3 * b1;
      }
      pair_in_memory *to[4];
      for (int r = 0; r < 4; r++) to[r] = (pair_in_memory *)(void *)(c + (i + r) * N + j);
      if (how == MATRIX_SUBTRACT)
        s00 = -s00, s01 = -s01, s10 = -s10, s11 = -s11, s20 = -s20, s21 = -s21, s30 = -s30,
        s31 = -s31;
      if (how != MATRIX_SET) {
        s00 += to[0][0], s01 += to[0][1], s10 += to[1][0], s11 += to[1][1];
        s20 += to[2][0], s21 += to[2][1], s30 += to[3][0], s31 += to[3][1];
      }
      to[0][0] = s00, to[0][1] = s01, to[1][0] = s10, to[1][1] = s11;
      to[2][0] = s20, to[2][1] = s21, to[3][0] = s30, to[3][1] = s31;
    }
  }
}

void matrix_multiply(double *c, const double *a, const double *b, int32_t n, int how) {
  if (n == MATRIX_TILE) {
    multiply_tile(c, a, b, how);
    return;
  }
  for (int k = 0; k < 2; k++)
    for (int q = 0; q < 4; q++)
      matrix_multiply(matrix_quadrant(c, n, q), matrix_quadrant(a, n, (q & 2) + k),
                      matrix_quadrant(b, n, 2 * k + (q & 1)), n / 2, how ? how : k);
}

PENNY_TASK(void, bench_matmul_block, (double *, c), (const double *, a), (const double *, b),
           (int32_t, n), (int32_t, how)) {
  if (n == MATRIX_TILE) {
    multiply_tile(c, a, b, how);
    return;
  }
  for (int k = 0; k < 2; k++) {
    for (int q = 3; q > 0; q--)
      PENNY_SPAWN(bench_matmul_block, matrix_quadrant(c, n, q), matrix_quadrant(a, n, (q & 2) + k),
                  matrix_quadrant(b, n, 2 * k + (q & 1)), n / 2, how ? how : k);
    PENNY_CALL(bench_matmul_block, c, matrix_quadrant(a, n, k), matrix_quadrant(b, n, 2 * k), n / 2,
               how ? how : k);
    for (int q = 0; q < 3; q++) PENNY_SYNC(bench_matmul_block);
  }
}

PENNY_TASK(int64_t, bench_matmul, (double *, c), (const double *, a), (const double *, b),
           (int32_t, n)) {
  PENNY_CALL(bench_matmul_block, c, a, b, n, 0);
  return 0;
}
PENNY_EXPORT(bench_matmul)

PENNY_TASK(int64_t, bench_matmul_serial, (double *, c), (const double *, a), (const double *, b),
           (int32_t, n)) {
  matrix_multiply(c, a, b, n, 0);
  return 0;
}
PENNY_EXPORT(bench_matmul_serial)

PENNY_TASK(void, bench_matrix_fill, (double *, matrix), (int32_t, n), (int32_t, seed)) {
  uint64_t random = (uint64_t)(uint32_t)seed;
  for (size_t i = 0; i < (size_t)n * (size_t)n; i++)
    matrix[i] = (double)(int64_t)(bench_random(&random) >> 11) / 4503599627370496.0 - 1;
}
PENNY_EXPORT(bench_matrix_fill)

/* y += m * x */
static void apply(double *y, const double *m, const double *x, int32_t n) {
  if (n == MATRIX_TILE) {
    for (int i = 0; i < n; i++)
      for (int j = 0; j < n; j++) y[i] += m[i * n + j] * x[j];
    return;
  }
  for (int q = 0; q < 4; q++)
    apply(y + (q >> 1) * (n / 2), matrix_quadrant(m, n, q), x + (q & 1) * (n / 2), n / 2);
}

PENNY_TASK(double, bench_matmul_check, (const double *, c), (const double *, a),
           (const double *, b), (double *, scratch), (int32_t, n)) {
  double *x = scratch, *bx = x + n, *abx = bx + n, *cx = abx + n;
  uint64_t random = 7;
  double worst = 0;
  for (int round = 0; round < 3; round++) {
    for (int32_t i = 0; i < n; i++) {
      x[i] = (bench_random(&random) & 1) ? 1 : -1;
      bx[i] = abx[i] = cx[i] = 0;
    }
    apply(bx, b, x, n);
    apply(abx, a, bx, n);
    apply(cx, c, x, n);
    for (int32_t i = 0; i < n; i++) {
      double difference = cx[i] - abx[i];
      if (difference < 0) difference = -difference;
      /* Written so that a NaN is the worst. */
      if (!(difference <= worst)) worst = difference;
    }
  }
  return worst / n;
}
PENNY_EXPORT(bench_matmul_check)
