/*
 * kernels_sort.c: pool.sort: elements of 4 and 8 bytes by radix (kernels_radix.h), of 1 and 2 bytes
 * by counting: each worker counts the values of its blocks, then writes its part of the result from
 * the sums of the counts. No scratch copy of the array there, and no comparison anywhere.
 */
#include "kernels.h"

enum {
  FEW = 24,          /* elements that are sorted by insertion */
  ALONE_MAX = 32768, /* elements that one worker sorts by itself, in its cache */
  ALONE_BITS = 9,    /* of its digits at most: the counts are on the C stack */
  SPREAD_BITS = 9,   /* of the digits that all workers sort by: more would be too many pages */
  BLOCKS = 64,       /* parts of a large range, each counted and scattered by one worker */
  BLOCK_MIN = 8192,  /* elements of a block at least */
  COUNT_BLOCKS = 16, /* of the counting sort: 256 KiB of counts each for 2 byte elements */
  COUNT_BLOCK_MIN = 65536
};

#define KEY         uint32_t
#define KEY_BITS    32
#define SIZED(name) name##_32
#include "kernels_radix.h"
#undef KEY
#undef KEY_BITS
#undef SIZED

#define KEY         uint64_t
#define KEY_BITS    64
#define SIZED(name) name##_64
#include "kernels_radix.h"

/* ---- counting sort ---- */

typedef struct counting {
  unsigned char *base;
  size_t count, block;
  bool is_wide;    /* 2 bytes, else 1 */
  uint32_t values; /* how many different ones there are */
  uint32_t flip;   /* an element's bits and its rank among the values differ by these */
  size_t blocks;
  uint32_t *counts; /* of each block; the first block's become the ends of the values' runs */
} counting;

static void count_values(PENNY_CONTEXT, int64_t begin, int64_t end, void *context) {
  (void)penny_w, (void)penny_head;
  const counting *c = context;
  for (size_t b = (size_t)begin; b < (size_t)end; b++) {
    uint32_t *counts = c->counts + b * c->values;
    size_t first = b * c->block;
    size_t last = first + c->block < c->count ? first + c->block : c->count;
    for (uint32_t v = 0; v < c->values; v++) counts[v] = 0;
    if (c->is_wide) {
      const uint16_t *from = (const uint16_t *)(void *)c->base;
      for (size_t i = first; i < last; i++) counts[from[i] ^ c->flip]++;
    } else {
      for (size_t i = first; i < last; i++) counts[c->base[i] ^ c->flip]++;
    }
  }
}

static void fill_values(PENNY_CONTEXT, int64_t begin, int64_t end, void *context) {
  (void)penny_w, (void)penny_head;
  const counting *c = context;
  size_t at = (size_t)begin * c->block;
  size_t stop = (size_t)end * c->block < c->count ? (size_t)end * c->block : c->count;
  uint32_t low = 0, high = c->values - 1; /* the first value whose run ends after `at` */
  while (low < high) {
    uint32_t middle = (low + high) / 2;
    if (c->counts[middle] > at)
      high = middle;
    else
      low = middle + 1;
  }
  for (uint32_t v = low; at < stop; v++) {
    size_t last = c->counts[v] < stop ? c->counts[v] : stop;
    if (c->is_wide) {
      uint16_t *to = (uint16_t *)(void *)c->base;
      uint16_t value = (uint16_t)(v ^ c->flip);
      for (; at < last; at++) to[at] = value;
    } else if (at < last) {
      __builtin_memset(c->base + at, (int)(v ^ c->flip), last - at);
      at = last;
    }
  }
}

static void sort_by_counting(PENNY_CONTEXT, counting *c) {
  c->block = (c->count + COUNT_BLOCKS - 1) / COUNT_BLOCKS;
  if (c->block < COUNT_BLOCK_MIN) c->block = COUNT_BLOCK_MIN;
  c->blocks = (c->count + c->block - 1) / c->block;
  c->counts = c->count <= UINT32_MAX ? penny_scratch(c->blocks * c->values * 4) : NULL;
  if (!c->counts) penny_fail(PENNY_ENOMEM, "sort: no room to count the values");
  penny_for(0, (int64_t)c->blocks, count_values, c);
  uint32_t sum = 0;
  for (uint32_t v = 0; v < c->values; v++) {
    for (size_t b = 0; b < c->blocks; b++) sum += c->counts[b * c->values + v];
    c->counts[v] = sum;
  }
  penny_for(0, (int64_t)c->blocks, fill_values, c);
  penny_scratch_end(c->counts);
}

/* ---- the task ---- */

enum { SIGNED = 1, REAL = 2 };
static const struct {
  uint8_t bytes, traits;
} kinds[] = {{1, SIGNED},
             {1, 0},
             {1, 0},
             {2, SIGNED},
             {2, 0},
             {4, SIGNED},
             {4, 0},
             {4, SIGNED | REAL},
             {8, SIGNED | REAL},
             {8, SIGNED},
             {8, 0}};
PN_ASSERT(sizeof kinds / sizeof kinds[0] == PN_KIND_COUNT, "a row for each kind");

PENNY_TASK(void, pn_sort_array, (void *, base), (size_t, count), (uint32_t, kind),
           (bool, descending)) {
  if (kind >= PN_KIND_COUNT) penny_fail(PENNY_EINVAL, "sort: no such kind of elements");
  uint32_t bits = kinds[kind].bytes * 8u;
  bool is_real = kinds[kind].traits & REAL;
  uint64_t sign = 1ull << (bits - 1);
  uint64_t flip = (kinds[kind].traits & SIGNED ? sign : 0) ^ (descending ? sign | (sign - 1) : 0);
  if (count < 2) return;
  if (bits == 32) {
    uint32_t magnitude = is_real ? INT32_MAX : 0;
    sort_32(PENNY_HERE, base, count, (order_32){magnitude, 0x7F800000u, (uint32_t)flip});
  } else if (bits == 64) {
    uint64_t magnitude = is_real ? INT64_MAX : 0;
    sort_64(PENNY_HERE, base, count, (order_64){magnitude, 0x7FF0000000000000u, flip});
  } else {
    counting c = {base, count, 0, bits == 16, 1u << bits, (uint32_t)flip, 0, NULL};
    sort_by_counting(PENNY_HERE, &c);
  }
}
