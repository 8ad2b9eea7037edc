/*
 * lu.c: LU factors of a matrix in place, without pivots, by quadrants, after Cilk's example: factor
 * the upper left one; solve for its row and its column in parallel; subtract their product from the
 * lower right one; go on there. The steps depend on each other, so the span is long: n, not log n.
 * Matrices lie as matmul.h says. Serial twin: the same recursion and kernels.
 */
#include "../matmul/matmul.h"

#include <string.h>

enum { N = MATRIX_TILE };

/* One tile into its factors: below the diagonal L (whose diagonal is 1), the rest U. */
static void factor_tile(double *a) {
  for (int k = 0; k < N; k++)
    for (int i = k + 1; i < N; i++) {
      double l = a[i * N + k] /= a[k * N + k];
      for (int j = k + 1; j < N; j++) a[i * N + j] -= l * a[k * N + j];
    }
}

/* b = L^-1 b, for the L in the tile `l`. */
static void solve_lower_tile(double *restrict b, const double *restrict l) {
  for (int k = 0; k < N; k++)
    for (int i = k + 1; i < N; i++)
      for (int j = 0; j < N; j++) b[i * N + j] -= l[i * N + k] * b[k * N + j];
}

/* b = b U^-1, for the U in the tile `u`. */
static void solve_upper_tile(double *restrict b, const double *restrict u) {
  for (int i = 0; i < N; i++)
    for (int k = 0; k < N; k++) {
      double x = b[i * N + k] /= u[k * N + k];
      for (int j = k + 1; j < N; j++) b[i * N + j] -= x * u[k * N + j];
    }
}

#define Q matrix_quadrant

/* Column c of quadrants of b: the lower half needs the upper one. */
static void solve_lower(double *b, const double *l, int32_t n) {
  if (n == N) {
    solve_lower_tile(b, l);
    return;
  }
  for (int c = 0; c < 2; c++) {
    solve_lower(Q(b, n, c), l, n / 2);
    matrix_multiply(Q(b, n, 2 + c), Q(l, n, 2), Q(b, n, c), n / 2, MATRIX_SUBTRACT);
    solve_lower(Q(b, n, 2 + c), Q(l, n, 3), n / 2);
  }
}

static void solve_upper(double *b, const double *u, int32_t n) {
  if (n == N) {
    solve_upper_tile(b, u);
    return;
  }
  for (int r = 0; r < 4; r += 2) {
    solve_upper(Q(b, n, r), u, n / 2);
    matrix_multiply(Q(b, n, r + 1), Q(b, n, r), Q(u, n, 1), n / 2, MATRIX_SUBTRACT);
    solve_upper(Q(b, n, r + 1), Q(u, n, 3), n / 2);
  }
}

static void factor(double *a, int32_t n) {
  if (n == N) {
    factor_tile(a);
    return;
  }
  factor(a, n / 2);
  solve_lower(Q(a, n, 1), a, n / 2);
  solve_upper(Q(a, n, 2), a, n / 2);
  matrix_multiply(Q(a, n, 3), Q(a, n, 2), Q(a, n, 1), n / 2, MATRIX_SUBTRACT);
  factor(Q(a, n, 3), n / 2);
}

PENNY_DECLARE(void, bench_lu_lower, (double *, b), (const double *, l), (int32_t, n));
PENNY_DECLARE(void, bench_lu_upper, (double *, b), (const double *, u), (int32_t, n));

PENNY_TASK(void, bench_lu_column, (double *, b), (const double *, l), (int32_t, n), (int32_t, c)) {
  PENNY_CALL(bench_lu_lower, Q(b, n, c), l, n / 2);
  PENNY_CALL(bench_matmul_block, Q(b, n, 2 + c), Q(l, n, 2), Q(b, n, c), n / 2, MATRIX_SUBTRACT);
  PENNY_CALL(bench_lu_lower, Q(b, n, 2 + c), Q(l, n, 3), n / 2);
}

PENNY_TASK(void, bench_lu_lower, (double *, b), (const double *, l), (int32_t, n)) {
  if (n == N) {
    solve_lower_tile(b, l);
    return;
  }
  PENNY_SPAWN(bench_lu_column, b, l, n, 1);
  PENNY_CALL(bench_lu_column, b, l, n, 0);
  PENNY_SYNC(bench_lu_column);
}

PENNY_TASK(void, bench_lu_row, (double *, b), (const double *, u), (int32_t, n), (int32_t, r)) {
  PENNY_CALL(bench_lu_upper, Q(b, n, r), u, n / 2);
  PENNY_CALL(bench_matmul_block, Q(b, n, r + 1), Q(b, n, r), Q(u, n, 1), n / 2, MATRIX_SUBTRACT);
  PENNY_CALL(bench_lu_upper, Q(b, n, r + 1), Q(u, n, 3), n / 2);
}

PENNY_TASK(void, bench_lu_upper, (double *, b), (const double *, u), (int32_t, n)) {
  if (n == N) {
    solve_upper_tile(b, u);
    return;
  }
  PENNY_SPAWN(bench_lu_row, b, u, n, 2);
  PENNY_CALL(bench_lu_row, b, u, n, 0);
  PENNY_SYNC(bench_lu_row);
}

PENNY_TASK(int64_t, bench_lu, (double *, a), (int32_t, n)) {
  if (n == N) {
    factor_tile(a);
    return 0;
  }
  PENNY_CALL(bench_lu, a, n / 2);
  PENNY_SPAWN(bench_lu_upper, Q(a, n, 2), a, n / 2);
  PENNY_CALL(bench_lu_lower, Q(a, n, 1), a, n / 2);
  PENNY_SYNC(bench_lu_upper);
  PENNY_CALL(bench_matmul_block, Q(a, n, 3), Q(a, n, 2), Q(a, n, 1), n / 2, MATRIX_SUBTRACT);
  return PENNY_CALL(bench_lu, Q(a, n, 3), n / 2);
}
PENNY_EXPORT(bench_lu)

PENNY_TASK(int64_t, bench_lu_serial, (double *, a), (int32_t, n)) {
  factor(a, n);
  return 0;
}
PENNY_EXPORT(bench_lu_serial)

PENNY_TASK(void, bench_lu_copy, (double *, to), (const double *, from), (int32_t, n)) {
  memcpy(to, from, (size_t)n * (size_t)n * sizeof *to);
}
PENNY_EXPORT(bench_lu_copy)

static void strengthen(double *a, int32_t n, double by) {
  if (n == N) {
    for (int i = 0; i < N; i++) a[i * N + i] += by;
    return;
  }
  strengthen(a, n / 2, by);
  strengthen(Q(a, n, 3), n / 2, by);
}

/* Random, with a diagonal so strong that no pivots are needed. */
PENNY_TASK(void, bench_lu_fill, (double *, a), (int32_t, n)) {
  PENNY_CALL(bench_matrix_fill, a, n, 3);
  strengthen(a, n, n);
}
PENNY_EXPORT(bench_lu_fill)

enum { WHOLE, LOWER, UPPER };

/* y += m x; of m only the part `which`, the lower one with a diagonal of ones. */
static void apply(double *y, const double *m, const double *x, int32_t n, int which) {
  if (n > N) {
    for (int q = 0; q < 4; q++) {
      if ((which == LOWER && q == 1) || (which == UPPER && q == 2)) continue;
      apply(y + (q >> 1) * (n / 2), Q(m, n, q), x + (q & 1) * (n / 2), n / 2,
            q == 0 || q == 3 ? which : WHOLE);
    }
    return;
  }
  for (int i = 0; i < N; i++) {
    int first = which == UPPER ? i : 0, last = which == LOWER ? i : N;
    for (int j = first; j < last; j++) y[i] += m[i * N + j] * x[j];
    if (which == LOWER) y[i] += x[i];
  }
}

/* The largest |L (U x) - A x| / n for x of -1 and 1; scratch: 4 * n doubles. */
PENNY_TASK(double, bench_lu_check, (const double *, factors), (const double *, a),
           (double *, scratch), (int32_t, n)) {
  double *x = scratch, *ux = x + n, *lux = ux + n, *ax = lux + n;
  uint64_t random = 11;
  double worst = 0;
  for (int round = 0; round < 3; round++) {
    for (int32_t i = 0; i < n; i++) {
      x[i] = (bench_random(&random) & 1) ? 1 : -1;
      ux[i] = lux[i] = ax[i] = 0;
    }
    apply(ux, factors, x, n, UPPER);
    apply(lux, factors, ux, n, LOWER);
    apply(ax, a, x, n, WHOLE);
    for (int32_t i = 0; i < n; i++) {
      double difference = lux[i] > ax[i] ? lux[i] - ax[i] : ax[i] - lux[i];
      /* Written so that a NaN is the worst. */
      if (!(difference <= worst)) worst = difference;
    }
  }
  return worst / n;
}
PENNY_EXPORT(bench_lu_check)
