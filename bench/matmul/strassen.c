/*
 * strassen.c: c = a * b by Strassen's seven products (DOI 10.1007/BF02165411), down to blocks of
 * 128, where eight products of tiles are faster. The four products that an output quadrant can hold
 * go there, three go to temporaries. Twin: the same products and sums in the same order, so both
 * give the same bits.
 */
#include "matmul.h"

enum { STRASSEN_LEAF = 128 };

/* Product p (0..6) is (x0 + s * x1) * (y0 + t * y1) of quadrants of a and b; a sign 0 means that
 * there is no second one. */
static const struct product {
  int8_t x0, x1, x_sign, y0, y1, y_sign;
} products[7] = {
    {0, 3, 1, 0, 3, 1},  /* m1 = (a11 + a22)(b11 + b22) */
    {2, 3, 1, 0, 0, 0},  /* m2 = (a21 + a22) b11 */
    {0, 0, 0, 1, 3, -1}, /* m3 = a11 (b12 - b22) */
    {3, 3, 0, 2, 0, -1}, /* m4 = a22 (b21 - b11) */
    {0, 1, 1, 3, 3, 0},  /* m5 = (a11 + a12) b22 */
    {2, 0, -1, 0, 1, 1}, /* m6 = (a21 - a11)(b11 + b12) */
    {1, 3, -1, 2, 3, 1}, /* m7 = (a12 - a22)(b21 + b22) */
};

static void add(double *restrict out, const double *x, const double *y, double sign, size_t count) {
  for (size_t i = 0; i < count; i++) out[i] = x[i] + sign * y[i];
}

/* One factor of a product: a quadrant itself, or a sum of two that is put into `room`. */
static const double *factor(const double *matrix, int32_t n, int first, int second, int sign,
                            double *room) {
  const double *x = matrix_quadrant(matrix, n, first);
  if (sign == 0) return x;
  add(room, x, matrix_quadrant(matrix, n, second), sign, (size_t)(n / 2) * (size_t)(n / 2));
  return room;
}

/* Where the products go: m7 m3 m2 m6 into the quadrants of c, m1 m4 m5 into temporaries. */
static double *target(double *c, double *temporaries, int32_t n, int p) {
  static const int8_t place[7] = {4, 2, 1, 5, 6, 3, 0};
  int at = place[p];
  return at < 4 ? matrix_quadrant(c, n, at) : matrix_quadrant(temporaries, n, at - 4);
}

static void combine(double *restrict c, const double *restrict temporaries, int32_t n) {
  size_t count = (size_t)(n / 2) * (size_t)(n / 2);
  double *restrict c11 = c, *restrict c12 = c + count, *restrict c21 = c + 2 * count,
                   *restrict c22 = c + 3 * count;
  const double *restrict m1 = temporaries, *restrict m4 = m1 + count, *restrict m5 = m4 + count;
  for (size_t i = 0; i < count; i++) {
    double m2 = c21[i], m3 = c12[i];
    c11[i] = m1[i] + m4[i] - m5[i] + c11[i];
    c22[i] = m1[i] - m2 + m3 + c22[i];
    c12[i] = m3 + m5[i];
    c21[i] = m2 + m4[i];
  }
}

static void strassen(double *c, const double *a, const double *b, double *work, int32_t n) {
  if (n <= STRASSEN_LEAF) {
    matrix_multiply(c, a, b, n, 0);
    return;
  }
  size_t count = (size_t)(n / 2) * (size_t)(n / 2);
  double *temporaries = work, *x_room = work + 3 * count, *y_room = work + 4 * count;
  for (int p = 0; p < 7; p++) {
    const struct product *f = &products[p];
    const double *x = factor(a, n, f->x0, f->x1, f->x_sign, x_room);
    const double *y = factor(b, n, f->y0, f->y1, f->y_sign, y_room);
    strassen(target(c, temporaries, n, p), x, y, work + 5 * count, n / 2);
  }
  combine(c, temporaries, n);
}

PENNY_DECLARE(void, bench_strassen_product, (double *, out), (const double *, a),
              (const double *, b), (int32_t, n), (int32_t, p));

static double *take(size_t count) {
  double *block = penny_alloc(count * sizeof *block);
  if (!block) penny_fail(PENNY_ENOMEM, "strassen: no memory for temporaries");
  return block;
}

PENNY_TASK(void, bench_strassen_multiply, (double *, c), (const double *, a), (const double *, b),
           (int32_t, n)) {
  if (n <= STRASSEN_LEAF) {
    PENNY_CALL(bench_matmul_block, c, a, b, n, 0);
    return;
  }
  double *temporaries = take(3 * (size_t)(n / 2) * (size_t)(n / 2));
  for (int32_t p = 6; p > 0; p--)
    PENNY_SPAWN(bench_strassen_product, target(c, temporaries, n, p), a, b, n, p);
  PENNY_CALL(bench_strassen_product, target(c, temporaries, n, 0), a, b, n, 0);
  for (int32_t p = 1; p < 7; p++) PENNY_SYNC(bench_strassen_product);
  combine(c, temporaries, n);
  penny_free(temporaries);
}

PENNY_TASK(void, bench_strassen_product, (double *, out), (const double *, a), (const double *, b),
           (int32_t, n), (int32_t, p)) {
  const struct product *f = &products[p];
  size_t count = (size_t)(n / 2) * (size_t)(n / 2);
  double *room = take(2 * count);
  const double *x = factor(a, n, f->x0, f->x1, f->x_sign, room);
  const double *y = factor(b, n, f->y0, f->y1, f->y_sign, room + count);
  PENNY_CALL(bench_strassen_multiply, out, x, y, n / 2);
  penny_free(room);
}

PENNY_TASK(int64_t, bench_strassen, (double *, c), (const double *, a), (const double *, b),
           (int32_t, n)) {
  PENNY_CALL(bench_strassen_multiply, c, a, b, n);
  return 0;
}
PENNY_EXPORT(bench_strassen)

PENNY_TASK(int64_t, bench_strassen_serial, (double *, c), (const double *, a), (const double *, b),
           (double *, work), (int32_t, n)) {
  strassen(c, a, b, work, n);
  return 0;
}
PENNY_EXPORT(bench_strassen_serial)
