/*
 * kernels_radix.h: the sort of 4 and 8 byte elements; kernels_sort.c includes it once for each, with
 * KEY (the unsigned type of that size) and SIZED(name).
 *
 * A radix sort from the top (MSD) whose digit is chosen anew at each level: the range's own minimum
 * is subtracted and the highest bits that then vary are taken, so that a level of d bits divides the
 * width of the range by 2^d whatever the distribution, and a bad one costs levels, at most 64 / d,
 * never a square. Large ranges are surveyed, counted and scattered by all workers, block by block;
 * their buckets are sorted in parallel.
 *
 * Elements are sorted as keys, unsigned numbers in the wanted order (to_key); `to_key` is its own
 * inverse. Ranges move between the array and a scratch buffer, at the same place in both.
 */

/* How bits become a key: `magnitude` is all but the sign bit for floats, else 0. */
typedef struct SIZED(order) {
  KEY magnitude, infinity, flip;
} SIZED(order);

/* A negative float has all bits flipped, a positive one the sign; a NaN becomes positive first. */
static inline KEY SIZED(to_key)(KEY bits, const SIZED(order) * o) {
  if ((bits & o->magnitude) > o->infinity) bits &= o->magnitude;
  return bits ^ (((KEY)0 - (bits >> (KEY_BITS - 1))) & o->magnitude) ^ o->flip;
}
static inline KEY SIZED(to_bits)(KEY key, const SIZED(order) * o) {
  key ^= o->flip;
  return key ^ (((KEY)0 - (key >> (KEY_BITS - 1))) & o->magnitude);
}

/* A range of keys in `from` that shall end, as bits, in the array, which is `from` or `to`. All keys
 * are in low..low + width; `is_tight` when the range may well be as wide as that. */
typedef struct SIZED(range) {
  KEY *from, *to;
  size_t count;
  KEY low, width;
  bool is_tight;
  bool is_home; /* `from` is the array */
  const SIZED(order) * order;
} SIZED(range);

/* The range is in order: puts it where it belongs, as it was before it was made keys. */
static void SIZED(deliver)(const SIZED(range) * r) {
  SIZED(order) o = *r->order;
  const KEY *from = r->from;
  KEY *to = r->is_home ? r->from : r->to;
  for (size_t i = 0; i < r->count; i++) to[i] = SIZED(to_bits)(from[i], &o);
}

static void SIZED(sort_few)(const SIZED(range) * r) {
  SIZED(order) o = *r->order;
  KEY *keys = r->from, *to = r->is_home ? r->from : r->to;
  for (size_t i = 1; i < r->count; i++) {
    KEY key = keys[i];
    size_t at = i;
    for (; at > 0 && keys[at - 1] > key; at--) keys[at] = keys[at - 1];
    keys[at] = key;
  }
  for (size_t i = 0; i < r->count; i++) to[i] = SIZED(to_bits)(keys[i], &o);
}

/* Stops at the first descent, so that it costs nothing but where it helps. */
static bool SIZED(is_sorted)(const KEY *from, size_t count, const SIZED(order) * order) {
  SIZED(order) o = *order;
  KEY last = SIZED(to_key)(from[0], &o);
  for (size_t i = 1; i < count; i++) {
    KEY key = SIZED(to_key)(from[i], &o);
    if (key < last) return false;
    last = key;
  }
  return true;
}

/* The width of some keys. */
typedef struct SIZED(bounds) {
  KEY low, high;
} SIZED(bounds);

static SIZED(bounds) SIZED(look)(const KEY *from, size_t count, const SIZED(order) * order) {
  SIZED(order) o = *order;
  KEY low = (KEY)0 - 1, high = 0;
  for (size_t i = 0; i < count; i++) {
    KEY key = SIZED(to_key)(from[i], &o);
    low = key < low ? key : low;
    high = key > high ? key : high;
  }
  return (SIZED(bounds)){low, high};
}

/* The digit of key k is (k - low) >> shift, below `buckets`. */
typedef struct SIZED(digit) {
  KEY low;
  uint32_t shift, buckets;
} SIZED(digit);

static SIZED(digit) SIZED(choose)(const SIZED(range) * r, uint32_t bits) {
  uint32_t used = 64 - (uint32_t)__builtin_clzll((uint64_t)r->width | 1);
  uint32_t shift = used > bits ? used - bits : 0;
  return (SIZED(digit)){r->low, shift, (uint32_t)(r->width >> shift) + 1};
}

/* Bucket b of a range that was scattered by `d`: first..first + count - 1 of r->to. */
static SIZED(range)
    SIZED(bucket)(const SIZED(range) * r, SIZED(digit) d, uint32_t b, size_t first, size_t count) {
  KEY width = (KEY)((KEY)1 << d.shift) - 1;
  /* Where most went into one bucket the rest were outliers, and it may be far narrower. */
  bool is_tight = count < r->count / 8;
  return (SIZED(range)){r->to + first, r->from + first, count,       d.low + ((KEY)b << d.shift),
                        width,         is_tight,        !r->is_home, r->order};
}

/* ---- one worker ---- */

static void SIZED(sort_range)(PENNY_CONTEXT, SIZED(range) * r);

/* Buckets of some 4 to 8 elements where the range is that small. */
static uint32_t SIZED(digit_bits)(size_t count) {
  uint32_t bits = 64 - (uint32_t)__builtin_clzll((uint64_t)count) - 3;
  return bits < ALONE_BITS ? bits : ALONE_BITS;
}

static void SIZED(sort_alone)(PENNY_CONTEXT, const SIZED(range) * r) {
  SIZED(digit) d = SIZED(choose)(r, SIZED(digit_bits)(r->count));
  uint32_t next[1 << ALONE_BITS]; /* where the next element of the bucket goes; at last its end */
  const KEY *from = r->from;
  KEY *to = r->to;
  for (uint32_t b = 0; b < d.buckets; b++) next[b] = 0;
  for (size_t i = 0; i < r->count; i++) next[(from[i] - d.low) >> d.shift]++;
  for (uint32_t b = 0, at = 0; b < d.buckets; b++) {
    uint32_t count = next[b];
    next[b] = at;
    at += count;
  }
  for (size_t i = 0; i < r->count; i++) {
    KEY key = from[i];
    to[next[(key - d.low) >> d.shift]++] = key;
  }
  penny_poll();
  for (uint32_t b = 0, begin = 0; b < d.buckets; begin = next[b++]) {
    SIZED(range) part = SIZED(bucket)(r, d, b, begin, next[b] - begin);
    SIZED(sort_range)(PENNY_HERE, &part);
  }
}

/* ---- all workers ---- */

typedef struct SIZED(spread) {
  const SIZED(range) * range;
  const SIZED(order) * order; /* makes keys of what the range holds: none but at the first level */
  size_t block;               /* elements of a block */
  SIZED(bounds) * bounds;     /* of each block */
  SIZED(digit) digit;
  uint32_t *counts; /* of each block's buckets, then where its next element of the bucket goes */
  const uint32_t *ends; /* of the buckets: what the last block's counts have become */
} SIZED(spread);

static inline size_t SIZED(block_count)(const SIZED(spread) * p, size_t b) {
  size_t left = p->range->count - b * p->block;
  return left < p->block ? left : p->block;
}

static void SIZED(look_blocks)(PENNY_CONTEXT, int64_t begin, int64_t end, void *context) {
  (void)penny_w, (void)penny_head;
  const SIZED(spread) *p = context;
  for (size_t b = (size_t)begin; b < (size_t)end; b++)
    p->bounds[b] = SIZED(look)(p->range->from + b * p->block, SIZED(block_count)(p, b), p->order);
}

static void SIZED(count_blocks)(PENNY_CONTEXT, int64_t begin, int64_t end, void *context) {
  (void)penny_w, (void)penny_head;
  const SIZED(spread) *p = context;
  SIZED(order) o = *p->order;
  SIZED(digit) d = p->digit;
  for (size_t b = (size_t)begin; b < (size_t)end; b++) {
    const KEY *from = p->range->from + b * p->block;
    uint32_t *counts = p->counts + b * d.buckets;
    size_t count = SIZED(block_count)(p, b);
    for (uint32_t k = 0; k < d.buckets; k++) counts[k] = 0;
    for (size_t i = 0; i < count; i++) counts[(SIZED(to_key)(from[i], &o) - d.low) >> d.shift]++;
  }
}

static void SIZED(scatter_blocks)(PENNY_CONTEXT, int64_t begin, int64_t end, void *context) {
  (void)penny_w, (void)penny_head;
  const SIZED(spread) *p = context;
  SIZED(order) o = *p->order;
  SIZED(digit) d = p->digit;
  KEY *to = p->range->to;
  for (size_t b = (size_t)begin; b < (size_t)end; b++) {
    const KEY *from = p->range->from + b * p->block;
    uint32_t *next = p->counts + b * d.buckets;
    size_t count = SIZED(block_count)(p, b);
    for (size_t i = 0; i < count; i++) {
      KEY key = SIZED(to_key)(from[i], &o);
      to[next[(key - d.low) >> d.shift]++] = key;
    }
  }
}

static void SIZED(sort_buckets)(PENNY_CONTEXT, int64_t begin, int64_t end, void *context) {
  const SIZED(spread) *p = context;
  for (uint32_t b = (uint32_t)begin; b < (uint32_t)end; b++) {
    uint32_t first = b > 0 ? p->ends[b - 1] : 0;
    SIZED(range) part = SIZED(bucket)(p->range, p->digit, b, first, p->ends[b] - first);
    SIZED(sort_range)(PENNY_HERE, &part);
  }
}

/* Finds the range's own bounds. */
static void SIZED(tighten)(PENNY_CONTEXT, SIZED(range) * r, SIZED(spread) * p, size_t blocks) {
  penny_for(0, (int64_t)blocks, SIZED(look_blocks), p);
  KEY low = p->bounds[0].low, high = p->bounds[0].high;
  for (size_t b = 1; b < blocks; b++) {
    if (p->bounds[b].low < low) low = p->bounds[b].low;
    if (p->bounds[b].high > high) high = p->bounds[b].high;
  }
  r->low = low;
  r->width = high - low;
}

/* `order` makes keys of what the range holds. False when there is no room for the counts: nothing
 * was changed. */
static bool SIZED(sort_spread)(PENNY_CONTEXT, SIZED(range) * r, const SIZED(order) * order) {
  size_t block = (r->count + BLOCKS - 1) / BLOCKS;
  if (block < BLOCK_MIN) block = BLOCK_MIN;
  size_t blocks = (r->count + block - 1) / block;
  /* The counts take more room than the bounds, which are read before. */
  void *room = penny_scratch(blocks << (SPREAD_BITS + 2));
  if (!room) return false;
  SIZED(spread) p = {.range = r, .order = order, .block = block, .bounds = room, .counts = room};
  if (!r->is_tight) SIZED(tighten)(PENNY_HERE, r, &p, blocks);
  p.digit = SIZED(choose)(r, SPREAD_BITS);
  size_t buckets = p.digit.buckets;
  penny_for(0, (int64_t)blocks, SIZED(count_blocks), &p);
  uint32_t at = 0;
  for (size_t k = 0; k < buckets; k++) {
    for (size_t b = 0; b < blocks; b++) {
      uint32_t count = p.counts[b * buckets + k];
      p.counts[b * buckets + k] = at;
      at += count;
    }
  }
  penny_for(0, (int64_t)blocks, SIZED(scatter_blocks), &p);
  p.ends = p.counts + (blocks - 1) * buckets;
  penny_for(0, (int64_t)buckets, SIZED(sort_buckets), &p);
  penny_scratch_end(room);
  return true;
}

static void SIZED(sort_range)(PENNY_CONTEXT, SIZED(range) * r) {
  static const SIZED(order) as_it_is = {0, 0, 0};
  if (r->count <= FEW) {
    SIZED(sort_few)(r);
    return;
  }
  if (SIZED(is_sorted)(r->from, r->count, &as_it_is)) {
    SIZED(deliver)(r);
    return;
  }
  /* Without room for the counts it goes on alone: half sorted is too late to fail. */
  if (r->count > ALONE_MAX && SIZED(sort_spread)(PENNY_HERE, r, &as_it_is)) return;
  if (!r->is_tight) {
    SIZED(bounds) bounds = SIZED(look)(r->from, r->count, &as_it_is);
    r->low = bounds.low;
    r->width = bounds.high - bounds.low;
  }
  SIZED(sort_alone)(PENNY_HERE, r);
}

static void SIZED(sort)(PENNY_CONTEXT, void *base, size_t count, SIZED(order) order) {
  if (SIZED(is_sorted)(base, count, &order)) return;
  SIZED(range) r = {.from = base, .count = count, .is_home = true, .order = &order};
  if (count > FEW) {
    r.to = count <= UINT32_MAX ? penny_scratch(count * sizeof(KEY)) : NULL;
    if (!r.to) penny_fail(PENNY_ENOMEM, "sort: no room for a second copy of the array");
    if (count > ALONE_MAX && SIZED(sort_spread)(PENNY_HERE, &r, &order)) {
      penny_scratch_end(r.to);
      return;
    }
  }
  for (size_t i = 0; i < count; i++) r.from[i] = SIZED(to_key)(r.from[i], &order);
  SIZED(sort_range)(PENNY_HERE, &r);
  if (r.to) penny_scratch_end(r.to);
}
