/*
 * fft.c: Fourier transform of n = 2^k complex numbers, recursive and out of place (Cooley and Tukey
 * 1965, doi:10.1090/S0025-5718-1965-0178586-1): the two halves in parallel, then the butterflies
 * in a parallel loop. Its loops are short and its memory traffic is high. The check needs no
 * transform: see bench_fft_check.
 */
#include "../workloads.h"

#include <math.h>

/* Complex numbers of a transform that one task does by itself: 64 KiB of output, in the second
 * cache; and butterflies of a level worth a loop of their own. */
enum { FFT_LEAF = 4096, BUTTERFLIES = 8192 };

static const double pi = 3.14159265358979323846;

/* Twiddles e^(-2 pi i k / m) for k < m / 2, of each m up to n, those of m from number m / 2 on. */
PENNY_TASK(void, bench_fft_twiddles, (double *, twiddles), (int32_t, n)) {
  for (int32_t m = 2; m <= n; m *= 2)
    for (int32_t k = 0; k < m / 2; k++) {
      double angle = -2 * pi * k / m;
      twiddles[2 * (m / 2 + k)] = cos(angle);
      twiddles[2 * (m / 2 + k) + 1] = sin(angle);
    }
}
PENNY_EXPORT(bench_fft_twiddles)

/* Random numbers of -1 to 1. */
PENNY_TASK(void, bench_fft_fill, (double *, in), (int32_t, n), (int32_t, seed)) {
  uint64_t random = (uint64_t)(uint32_t)seed;
  for (size_t i = 0; i < 2 * (size_t)n; i++)
    in[i] = (double)(bench_random(&random) >> 12) / 2251799813685248.0 - 1;
}
PENNY_EXPORT(bench_fft_fill)

typedef struct level {
  double *out;
  const double *twiddles; /* of this length */
  int32_t half;
} level;

static inline void butterflies(const level *l, int64_t begin, int64_t end) {
  double *restrict low = l->out, *restrict high = l->out + 2 * (size_t)l->half;
  const double *restrict w = l->twiddles;
  for (size_t k = (size_t)begin; k < (size_t)end; k++) {
    double re = w[2 * k] * high[2 * k] - w[2 * k + 1] * high[2 * k + 1];
    double im = w[2 * k] * high[2 * k + 1] + w[2 * k + 1] * high[2 * k];
    high[2 * k] = low[2 * k] - re;
    high[2 * k + 1] = low[2 * k + 1] - im;
    low[2 * k] += re;
    low[2 * k + 1] += im;
  }
}

/* Transform of 2 and 4 numbers, which are all the levels below a recursion of its own. */
static inline void transform_2(double *out, const double *in, size_t stride) {
  double re = in[2 * stride], im = in[2 * stride + 1];
  out[2] = in[0] - re;
  out[3] = in[1] - im;
  out[0] = in[0] + re;
  out[1] = in[1] + im;
}

static void transform(double *out, const double *in, const double *twiddles, int32_t n,
                      int32_t stride) {
  if (n == 2) {
    transform_2(out, in, (size_t)stride);
    return;
  }
  transform(out, in, twiddles, n / 2, 2 * stride);
  transform(out + n, in + 2 * (size_t)stride, twiddles, n / 2, 2 * stride);
  const level l = {out, twiddles + n, n / 2};
  butterflies(&l, 0, n / 2);
}

static void butterfly_part(PENNY_CONTEXT, int64_t begin, int64_t end, void *context) {
  butterflies(context, begin, end);
}

PENNY_TASK(void, bench_fft_part, (double *, out), (const double *, in), (const double *, twiddles),
           (int32_t, n), (int32_t, stride)) {
  if (n <= FFT_LEAF) {
    transform(out, in, twiddles, n, stride);
    return;
  }
  PENNY_SPAWN(bench_fft_part, out + n, in + 2 * (size_t)stride, twiddles, n / 2, 2 * stride);
  PENNY_CALL(bench_fft_part, out, in, twiddles, n / 2, 2 * stride);
  PENNY_SYNC(bench_fft_part);
  level l = {out, twiddles + n, n / 2};
  if (n / 2 <= BUTTERFLIES) {
    butterflies(&l, 0, n / 2);
  } else {
    penny_for(0, n / 2, butterfly_part, &l);
  }
}

PENNY_TASK(int64_t, bench_fft, (double *, out), (const double *, in), (const double *, twiddles),
           (int32_t, n)) {
  PENNY_CALL(bench_fft_part, out, in, twiddles, n, 1);
  return 0;
}
PENNY_EXPORT(bench_fft)

PENNY_TASK(int64_t, bench_fft_serial, (double *, out), (const double *, in),
           (const double *, twiddles), (int32_t, n)) {
  transform(out, in, twiddles, n, 1);
  return 0;
}
PENNY_EXPORT(bench_fft_serial)

/* For r of length 1 the sum of out[k] r^k is, by the definition of the transform and a geometric
 * series, the sum of in[j] (1 - r^n) / (1 - r w^j) with w = e^(-2 pi i / n). So two sums of n
 * terms, in which every output counts equally, must agree. Here r = e^(pi i odd / n), for two odd
 * numbers: between the roots of unity, so r^n = -1 and no denominator is 0. The larger difference,
 * over n. */
PENNY_TASK(double, bench_fft_check, (const double *, out), (const double *, in), (int32_t, n)) {
  double worst = 0;
  for (int64_t odd = 1; odd < 2 * (int64_t)n; odd += n / 2 * 2 + n / 4 * 2) {
    double re = 0, im = 0, want_re = 0, want_im = 0;
    for (int32_t k = 0; k < n; k++) {
      double angle = pi * (double)(odd * k % (2 * (int64_t)n)) / n, c = cos(angle), s = sin(angle);
      re += out[2 * k] * c - out[2 * k + 1] * s;
      im += out[2 * k] * s + out[2 * k + 1] * c;
      /* 2 / (1 - e^(i a)) = 1 + i / tan(a / 2) */
      double turn = 1 / tan(pi * (double)(odd - 2 * (int64_t)k) / (2.0 * n));
      want_re += in[2 * k] - in[2 * k + 1] * turn;
      want_im += in[2 * k + 1] + in[2 * k] * turn;
    }
    double difference = (fabs(re - want_re) + fabs(im - want_im)) / n;
    /* Written so that a NaN is the worst. */
    if (!(difference <= worst)) worst = difference;
  }
  return worst;
}
PENNY_EXPORT(bench_fft_check)
