/*
 * heat.c: heat diffusion on a square, Jacobi steps of the five-point stencil: a loop over rows for
 * each step, with a join between steps. The start is an eigenvector of the step, sin * sin, so
 * after k steps the answer is the start times a known factor ^ k.
 */
#include "../workloads.h"

#include <math.h>
#include <string.h>

static const double waves = 64;

typedef struct step {
  const double *from;
  double *to;
  int32_t n;
} step;

static void rows(const step *s, int64_t begin, int64_t end) {
  size_t width = (size_t)s->n + 2;
  for (int64_t i = begin; i < end; i++) {
    const double *restrict row = s->from + (size_t)i * width;
    double *restrict out = s->to + (size_t)i * width;
    for (size_t j = 1; j + 1 < width; j++)
      out[j] = 0.25 * ((row[j - width] + row[j + width]) + (row[j - 1] + row[j + 1]));
  }
}

static void body(PENNY_CONTEXT, int64_t begin, int64_t end, void *context) {
  rows(context, begin, end);
}

PENNY_TASK(int64_t, bench_heat, (double *, grid), (double *, next), (int32_t, n),
           (int32_t, steps)) {
  for (int32_t i = 0; i < steps; i++) {
    step s = {i & 1 ? next : grid, i & 1 ? grid : next, n};
    penny_for(1, n + 1, body, &s);
  }
  return 0;
}
PENNY_EXPORT(bench_heat)

PENNY_TASK(int64_t, bench_heat_serial, (double *, grid), (double *, next), (int32_t, n),
           (int32_t, steps)) {
  for (int32_t i = 0; i < steps; i++) {
    step s = {i & 1 ? next : grid, i & 1 ? grid : next, n};
    rows(&s, 1, n + 1);
  }
  return 0;
}
PENNY_EXPORT(bench_heat_serial)

static double angle(int32_t n) {
  return 3.14159265358979323846 * waves / (n + 1);
}

PENNY_TASK(void, bench_heat_fill, (double *, grid), (double *, next), (int32_t, n)) {
  size_t width = (size_t)n + 2;
  memset(grid, 0, width * width * sizeof *grid);
  memset(next, 0, width * width * sizeof *next);
  /* Row 1 of `next` holds the sines for a moment. */
  for (int32_t i = 1; i <= n; i++) next[width + (size_t)i] = sin(angle(n) * i);
  for (int32_t i = 1; i <= n; i++)
    for (int32_t j = 1; j <= n; j++)
      grid[(size_t)i * width + (size_t)j] = next[width + (size_t)i] * next[width + (size_t)j];
  memset(next + width, 0, width * sizeof *next);
}
PENNY_EXPORT(bench_heat_fill)

PENNY_TASK(double, bench_heat_check, (const double *, grid), (int32_t, n), (int32_t, steps)) {
  size_t width = (size_t)n + 2;
  double scale = pow(cos(angle(n)), steps), worst = 0;
  for (int32_t i = 1; i <= n; i += 5) {
    double across = scale * sin(angle(n) * i);
    for (int32_t j = 1; j <= n; j += 7) {
      double difference = fabs(grid[(size_t)i * width + (size_t)j] - across * sin(angle(n) * j));
      /* Written so that a NaN is the worst. */
      if (!(difference <= worst)) worst = difference;
    }
  }
  return worst;
}
PENNY_EXPORT(bench_heat_check)
