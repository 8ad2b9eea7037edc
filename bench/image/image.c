/*
 * image.c: what a photo program does to an opened picture: Gaussian blur (17 taps, across then
 * down), Sobel edges of the result and a thumbnail by area average. One loop over rows for each
 * pass. Integers only, so every platform gives the same bytes.
 */
#include "../workloads.h"

#include <string.h>

enum { RADIUS = 8, TAPS = 2 * RADIUS + 1, SHRINK = 8 };

/* A Gaussian of sigma 3 in 256ths: sums of products with bytes stay in 16 bits. */
static const uint16_t weights[TAPS] = {1, 2, 5, 9, 14, 21, 27, 32, 34, 32, 27, 21, 14, 9, 5, 2, 1};

typedef uint8_t octet __attribute__((vector_size(8)));
typedef uint16_t wide __attribute__((vector_size(16)));

typedef struct picture {
  const uint8_t *source;
  uint8_t *blurred, *edges, *thumbnail;
  int32_t width, height;
} picture;

static int32_t clamp(int32_t value, int32_t low, int32_t high) {
  return value < low ? low : value > high ? high : value;
}

/* out[b] = the weighted sum of taps[0][b] .. taps[16][b], for b of begin..end-1. */
static void blend(const uint8_t *const *taps, uint8_t *out, int32_t begin, int32_t end) {
  int32_t b = begin;
  for (; b + 8 <= end; b += 8) {
    wide sum = {128, 128, 128, 128, 128, 128, 128, 128};
    for (int k = 0; k < TAPS; k++) {
      octet bytes;
      memcpy(&bytes, taps[k] + b, sizeof bytes);
      uint16_t w = weights[k];
      sum += __builtin_convertvector(bytes, wide) * (wide){w, w, w, w, w, w, w, w};
    }
    octet result = __builtin_convertvector(sum >> 8, octet);
    memcpy(out + b, &result, sizeof result);
  }
  for (; b < end; b++) {
    uint32_t sum = 128;
    for (int k = 0; k < TAPS; k++) sum += (uint32_t)weights[k] * taps[k][b];
    out[b] = (uint8_t)(sum >> 8);
  }
}

static void blur_across(const picture *p, int64_t begin, int64_t end) {
  for (int64_t y = begin; y < end; y++) {
    const uint8_t *row = p->source + (size_t)y * (size_t)p->width * 4;
    uint8_t *out = p->edges + (size_t)y * (size_t)p->width * 4;
    const uint8_t *taps[TAPS];
    int32_t inner_begin = RADIUS < p->width ? RADIUS : p->width;
    int32_t inner_end = p->width - RADIUS > inner_begin ? p->width - RADIUS : inner_begin;
    /* Within RADIUS of the ends the taps stick to the border, pixel by pixel. */
    for (int32_t x = 0; x < p->width; x++) {
      if (x == inner_begin && inner_end < p->width) {
        for (int k = 0; k < TAPS; k++) taps[k] = row + 4 * (k - RADIUS);
        blend(taps, out, 4 * inner_begin, 4 * inner_end);
        x = inner_end;
      }
      for (int k = 0; k < TAPS; k++)
        taps[k] = row + 4 * (clamp(x + k - RADIUS, 0, p->width - 1) - x);
      blend(taps, out, 4 * x, 4 * x + 4);
    }
  }
}

static void blur_down(const picture *p, int64_t begin, int64_t end) {
  size_t stride = (size_t)p->width * 4;
  for (int64_t y = begin; y < end; y++) {
    const uint8_t *taps[TAPS];
    for (int k = 0; k < TAPS; k++)
      taps[k] = p->edges + (size_t)clamp((int32_t)y + k - RADIUS, 0, p->height - 1) * stride;
    blend(taps, p->blurred + (size_t)y * stride, 0, p->width * 4);
  }
}

static inline int32_t luma(const uint8_t *rgba) {
  return (77 * rgba[0] + 150 * rgba[1] + 29 * rgba[2]) >> 8;
}

static void put_edge(uint8_t *out, int32_t across, int32_t down) {
  /* A blurred picture has weak edges: four times the gradient is shown. */
  int32_t edge = ((across < 0 ? -across : across) + (down < 0 ? -down : down)) * 2;
  uint8_t grey = (uint8_t)(edge > 255 ? 255 : edge);
  out[0] = out[1] = out[2] = grey;
  out[3] = 255;
}

static void find_edges(const picture *p, int64_t begin, int64_t end) {
  size_t stride = (size_t)p->width * 4;
  for (int64_t y = begin; y < end; y++) {
    const uint8_t *middle = p->blurred + (size_t)y * stride;
    const uint8_t *above = y > 0 ? middle - stride : middle;
    const uint8_t *below = y + 1 < p->height ? middle + stride : middle;
    uint8_t *out = p->edges + (size_t)y * stride;
    /* For columns x-1, x and x+1: the smoothed column, and the column's difference from above to
     * below. */
    int32_t smooth[3] = {0}, difference[3] = {0};
    for (int32_t x = -1; x <= p->width; x++) {
      size_t at = 4 * (size_t)clamp(x, 0, p->width - 1);
      int32_t high = luma(above + at), low = luma(below + at);
      smooth[0] = smooth[1];
      smooth[1] = smooth[2];
      smooth[2] = high + 2 * luma(middle + at) + low;
      difference[0] = difference[1];
      difference[1] = difference[2];
      difference[2] = low - high;
      if (x > 0)
        put_edge(out + 4 * (x - 1), smooth[2] - smooth[0],
                 difference[0] + 2 * difference[1] + difference[2]);
    }
  }
}

/* Rows begin..end-1 of the target; `factor` is at most 4096 in pixels, so sums fit. */
static void shrink(const uint8_t *source, int32_t width, uint8_t *target, int32_t target_width,
                   int32_t factor, int64_t begin, int64_t end) {
  uint32_t area = (uint32_t)factor * (uint32_t)factor;
  for (int64_t y = begin; y < end; y++) {
    for (int32_t x = 0; x < target_width; x++) {
      uint32_t sum[4] = {0};
      for (int32_t i = 0; i < factor; i++) {
        const uint8_t *row =
            source + ((size_t)(y * factor + i) * (size_t)width + (size_t)x * (size_t)factor) * 4;
        for (int32_t j = 0; j < 4 * factor; j += 4)
          for (int c = 0; c < 4; c++) sum[c] += row[j + c];
      }
      uint8_t *out = target + ((size_t)y * (size_t)target_width + (size_t)x) * 4;
      for (int c = 0; c < 4; c++) out[c] = (uint8_t)((sum[c] + area / 2) / area);
    }
  }
}

static void make_thumbnail(const picture *p, int64_t begin, int64_t end) {
  shrink(p->source, p->width, p->thumbnail, p->width / SHRINK, SHRINK, begin, end);
}

static void blur_across_part(PENNY_CONTEXT, int64_t begin, int64_t end, void *context) {
  blur_across(context, begin, end);
}
static void blur_down_part(PENNY_CONTEXT, int64_t begin, int64_t end, void *context) {
  blur_down(context, begin, end);
}
static void find_edges_part(PENNY_CONTEXT, int64_t begin, int64_t end, void *context) {
  find_edges(context, begin, end);
}
static void make_thumbnail_part(PENNY_CONTEXT, int64_t begin, int64_t end, void *context) {
  make_thumbnail(context, begin, end);
}

PENNY_TASK(int64_t, bench_image, (const uint8_t *, source), (uint8_t *, blurred),
           (uint8_t *, edges), (uint8_t *, thumbnail), (int32_t, width), (int32_t, height)) {
  picture p = {source, blurred, edges, thumbnail, width, height};
  penny_for(0, height, blur_across_part, &p);
  penny_for(0, height, blur_down_part, &p);
  penny_for(0, height, find_edges_part, &p);
  penny_for(0, height / SHRINK, make_thumbnail_part, &p);
  return 0;
}
PENNY_EXPORT(bench_image)

PENNY_TASK(int64_t, bench_image_serial, (const uint8_t *, source), (uint8_t *, blurred),
           (uint8_t *, edges), (uint8_t *, thumbnail), (int32_t, width), (int32_t, height)) {
  picture p = {source, blurred, edges, thumbnail, width, height};
  blur_across(&p, 0, height);
  blur_down(&p, 0, height);
  find_edges(&p, 0, height);
  make_thumbnail(&p, 0, height / SHRINK);
  return 0;
}
PENNY_EXPORT(bench_image_serial)

PENNY_TASK(void, bench_image_shrink, (const uint8_t *, source), (int32_t, width), (int32_t, height),
           (uint8_t *, target), (int32_t, factor)) {
  shrink(source, width, target, width / factor, factor, 0, height / factor);
}
PENNY_EXPORT(bench_image_shrink)

PENNY_TASK(void, bench_image_fill, (uint8_t *, rgba), (int32_t, width), (int32_t, height)) {
  for (int32_t y = 0; y < height; y++) {
    for (int32_t x = 0; x < width; x++) {
      uint8_t *out = rgba + ((size_t)y * (size_t)width + (size_t)x) * 4;
      out[0] = (uint8_t)(x * 255 / width);
      out[1] = (uint8_t)(y * 255 / height);
      out[2] = (uint8_t)((x / 40 ^ y / 40) * 32);
      out[3] = 255;
    }
  }
}
PENNY_EXPORT(bench_image_fill)

static const uint8_t *pixel(const uint8_t *rgba, const picture *p, int32_t x, int32_t y) {
  x = clamp(x, 0, p->width - 1);
  y = clamp(y, 0, p->height - 1);
  return rgba + ((size_t)y * (size_t)p->width + (size_t)x) * 4;
}

/* Channel c of a blurred pixel by the definition: all the taps around it. */
static uint32_t blurred_pixel(const picture *p, int32_t x, int32_t y, int c) {
  uint32_t sum = 128;
  for (int j = 0; j < TAPS; j++) {
    uint32_t across = 128;
    int32_t row = clamp(y + j - RADIUS, 0, p->height - 1);
    for (int i = 0; i < TAPS; i++)
      across += (uint32_t)weights[i] * pixel(p->source, p, x + i - RADIUS, row)[c];
    sum += weights[j] * (across >> 8);
  }
  return sum >> 8;
}

static int32_t edge_pixel(const picture *p, int32_t x, int32_t y) {
  static const int8_t sobel[3] = {1, 2, 1};
  int32_t across = 0, down = 0;
  for (int i = -1; i <= 1; i++) {
    across += sobel[i + 1] *
              (luma(pixel(p->blurred, p, x + 1, y + i)) - luma(pixel(p->blurred, p, x - 1, y + i)));
    down += sobel[i + 1] *
            (luma(pixel(p->blurred, p, x + i, y + 1)) - luma(pixel(p->blurred, p, x + i, y - 1)));
  }
  uint8_t out[4];
  put_edge(out, across, down);
  return out[0];
}

PENNY_TASK(int64_t, bench_image_check, (const uint8_t *, source), (const uint8_t *, blurred),
           (const uint8_t *, edges), (const uint8_t *, thumbnail), (int32_t, width),
           (int32_t, height)) {
  picture p = {source, (uint8_t *)(uintptr_t)blurred, NULL, NULL, width, height};
  int64_t wrong = 0;
  /* A step that is prime meets all columns; the corners come first. */
  int64_t pixels = (int64_t)width * height;
  for (int64_t i = 0; i < pixels; i += i < 4 * width ? 1 : 1009) {
    int32_t x = (int32_t)(i % width), y = (int32_t)(i / width);
    for (int c = 0; c < 4; c++) wrong += pixel(blurred, &p, x, y)[c] != blurred_pixel(&p, x, y, c);
    wrong += pixel(edges, &p, x, y)[0] != edge_pixel(&p, x, y);
  }
  int32_t across = width / SHRINK, down = height / SHRINK;
  for (int32_t i = 0; i < across * down; i += 101) {
    uint32_t sum = 0;
    for (int32_t j = 0; j < SHRINK * SHRINK; j++)
      sum +=
          pixel(source, &p, i % across * SHRINK + j % SHRINK, i / across * SHRINK + j / SHRINK)[1];
    wrong += thumbnail[4 * i + 1] != (sum + SHRINK * SHRINK / 2) / (SHRINK * SHRINK);
  }
  return wrong;
}
PENNY_EXPORT(bench_image_check)
