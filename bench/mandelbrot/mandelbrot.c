/*
 * mandelbrot.c: iteration counts of the Mandelbrot set over [-2, 0.5] x [-1.25, 1.25], in tiles
 * whose costs differ a thousandfold. Four pixels at a time in two vectors of two doubles. The same
 * operations in the same order everywhere and no contraction (bench/CMakeLists.txt), so the sum of
 * all counts is the same number on every platform.
 */
#include "../workloads.h"

enum { TILE = 64, TILE_PIXELS = TILE * TILE, ROUND = 4 };

typedef double pair __attribute__((vector_size(16)));
typedef int64_t mask __attribute__((vector_size(16)));

typedef struct picture {
  uint16_t *counts;
  uint8_t *done;
  int32_t size, limit;
} picture;

static int64_t draw_tile(const picture *p, int32_t tile) {
  int32_t across = p->size / TILE;
  int32_t left = tile % across * TILE, top = tile / across * TILE;
  uint16_t *out = p->counts + (size_t)tile * TILE_PIXELS;
  double step = 2.5 / p->size;
  int64_t sum = 0;
  for (int32_t y = 0; y < TILE; y++) {
    double imaginary = -1.25 + (top + y) * step;
    pair ci = {imaginary, imaginary};
    for (int32_t x = 0; x < TILE; x += 4) {
      double real = -2 + (left + x) * step;
      pair cr0 = {real, real + step}, cr1 = {real + 2 * step, real + 3 * step};
      pair zr0 = {0, 0}, zi0 = zr0, zr1 = zr0, zi1 = zr0;
      mask in0 = {-1, -1}, in1 = in0, n0 = {0, 0}, n1 = n0;
      for (int32_t i = 0; i < p->limit; i += ROUND) {
        for (int32_t k = 0; k < ROUND; k++) {
          pair rr0 = zr0 * zr0, ii0 = zi0 * zi0, rr1 = zr1 * zr1, ii1 = zi1 * zi1;
          /* A pixel that left stays out: what overflows to NaN compares false. */
          in0 &= (mask)(rr0 + ii0 <= (pair){4, 4});
          in1 &= (mask)(rr1 + ii1 <= (pair){4, 4});
          n0 -= in0;
          n1 -= in1;
          pair ri0 = zr0 * zi0, ri1 = zr1 * zi1;
          zr0 = rr0 - ii0 + cr0;
          zr1 = rr1 - ii1 + cr1;
          zi0 = ri0 + ri0 + ci;
          zi1 = ri1 + ri1 + ci;
        }
        mask any = in0 | in1;
        if ((any[0] | any[1]) == 0) break;
      }
      out[0] = (uint16_t)n0[0];
      out[1] = (uint16_t)n0[1];
      out[2] = (uint16_t)n1[0];
      out[3] = (uint16_t)n1[1];
      out += 4;
      sum += n0[0] + n0[1] + n1[0] + n1[1];
    }
  }
  /* Release: pairs with the page's Atomics.load of the flag, which paints the counts while we go
   * on. */
  pn_store_release(&p->done[tile], 1);
  return sum;
}

PENNY_TASK(int64_t, bench_mandelbrot_tiles, (const void *, picture_of_it), (int32_t, begin),
           (int32_t, end)) {
  const picture *p = picture_of_it;
  if (end - begin == 1) return draw_tile(p, begin);
  int32_t middle = begin + (end - begin) / 2;
  PENNY_SPAWN(bench_mandelbrot_tiles, p, middle, end);
  int64_t sum = PENNY_CALL(bench_mandelbrot_tiles, p, begin, middle);
  sum += PENNY_SYNC(bench_mandelbrot_tiles);
  return sum;
}

PENNY_TASK(int64_t, bench_mandelbrot, (uint16_t *, counts), (uint8_t *, done), (int32_t, size),
           (int32_t, limit)) {
  if (size < TILE || size % TILE || limit % ROUND)
    penny_fail(PENNY_EINVAL, "mandelbrot: size of 64s, limit of 4s");
  picture p = {counts, done, size, limit};
  return PENNY_CALL(bench_mandelbrot_tiles, &p, 0, size / TILE * (size / TILE));
}
PENNY_EXPORT(bench_mandelbrot)

PENNY_TASK(int64_t, bench_mandelbrot_serial, (uint16_t *, counts), (uint8_t *, done),
           (int32_t, size), (int32_t, limit)) {
  picture p = {counts, done, size, limit};
  int64_t sum = 0;
  for (int32_t tile = 0; tile < size / TILE * (size / TILE); tile++) sum += draw_tile(&p, tile);
  return sum;
}
PENNY_EXPORT(bench_mandelbrot_serial)
