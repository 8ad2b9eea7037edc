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

/* A range of keys in `from` that shall end, as bits, in the array, which is `from` or `to`. */
typedef struct SIZED(range) {
  KEY *from, *to;
  size_t count;
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
  KEY *keys = r->from;
  for (size_t i = 1; i < r->count; i++) {
    KEY key = keys[i];
    size_t at = i;
    for (; at > 0 && keys[at - 1] > key; at--) keys[at] = keys[at - 1];
    keys[at] = key;
  }
  SIZED(deliver)(r);
}

/* ---- a look at the range, which chooses the digit ---- */

typedef struct SIZED(survey) {
  KEY low, high, first, last;
  bool is_sorted;
} SIZED(survey);

static SIZED(survey) SIZED(look)(const KEY *from, size_t count, const SIZED(order) * order) {
  SIZED(order) o = *order;
  KEY first = SIZED(to_key)(from[0], &o);
  SIZED(survey) s = {first, first, first, first, true};
  KEY descents = 0;
  for (size_t i = 0; i < count; i++) {
    KEY key = SIZED(to_key)(from[i], &o);
    s.low = key < s.low ? key : s.low;
    s.high = key > s.high ? key : s.high;
    descents |= (KEY)(key < s.last);
    s.last = key;
  }
  s.is_sorted = descents == 0;
  return s;
}

/* The digit of key k is (k - low) >> shift, below `buckets`. */
typedef struct SIZED(digit) {
  KEY low;
  uint32_t shift, buckets;
} SIZED(digit);

static SIZED(digit) SIZED(choose)(const SIZED(survey) * s, uint32_t bits) {
  KEY width = s->high - s->low; /* not 0: an equal range is sorted */
  uint32_t used = 64 - (uint32_t)__builtin_clzll(width);
  uint32_t shift = used > bits ? used - bits : 0;
  return (SIZED(digit)){s->low, shift, (uint32_t)(width >> shift) + 1};
}

/* ---- one worker ---- */

static void SIZED(sort_range)(PENNY_CONTEXT, const SIZED(range) * r);

/* Buckets of some 8 elements where the range is that small. */
static uint32_t SIZED(digit_bits)(size_t count) {
  uint32_t bits = 64 - (uint32_t)__builtin_clzll((uint64_t)count) - 3;
  return bits < ALONE_BITS ? bits : ALONE_BITS;
}

static void SIZED(sort_alone)(PENNY_CONTEXT, const SIZED(range) * r, const SIZED(survey) * s) {
  SIZED(digit) d = SIZED(choose)(s, SIZED(digit_bits)(r->count));
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
  SIZED(range) part = {r->to, r->from, 0, !r->is_home, r->order};
  for (uint32_t b = 0, begin = 0; b < d.buckets; begin = next[b++]) {
    part.count = next[b] - begin;
    part.from = r->to + begin;
    part.to = r->from + begin;
    if (part.count > FEW)
      SIZED(sort_range)(PENNY_HERE, &part);
    else
      SIZED(sort_few)(&part);
  }
}

/* ---- all workers ---- */

typedef struct SIZED(spread) {
  const SIZED(range) * range;
  const SIZED(order) * order; /* makes keys of what the range holds: none for the next levels */
  size_t block;               /* elements of a block */
  SIZED(survey) * surveys;    /* of each block */
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
    p->surveys[b] = SIZED(look)(p->range->from + b * p->block, SIZED(block_count)(p, b), p->order);
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
  const SIZED(range) *r = p->range;
  for (int64_t b = begin; b < end; b++) {
    size_t first = b > 0 ? p->ends[b - 1] : 0;
    SIZED(range)
    part = {r->to + first, r->from + first, p->ends[b] - first, !r->is_home, r->order};
    if (part.count > 0) SIZED(sort_range)(PENNY_HERE, &part);
  }
}

/* `order` makes keys of what the range holds. False when there is no room for the counts: nothing
 * was changed. */
static bool SIZED(sort_spread)(PENNY_CONTEXT, const SIZED(range) * r, const SIZED(order) * order) {
  size_t block = (r->count + BLOCKS - 1) / BLOCKS;
  if (block < BLOCK_MIN) block = BLOCK_MIN;
  size_t blocks = (r->count + block - 1) / block;
  SIZED(spread) p = {r, order, block, NULL, {0, 0, 0}, NULL, NULL};
  p.surveys = penny_scratch(blocks * sizeof *p.surveys);
  if (!p.surveys) return false;
  penny_for(0, (int64_t)blocks, SIZED(look_blocks), &p);
  SIZED(survey) all = p.surveys[0];
  for (size_t b = 1; b < blocks; b++) {
    const SIZED(survey) *s = &p.surveys[b];
    if (s->low < all.low) all.low = s->low;
    if (s->high > all.high) all.high = s->high;
    all.is_sorted = all.is_sorted && s->is_sorted && all.last <= s->first;
    all.last = s->last;
  }
  penny_scratch_end(p.surveys);
  if (all.is_sorted) {
    /* What is still bits is in the array, where it belongs. */
    if (order != r->order) SIZED(deliver)(r);
    return true;
  }
  p.digit = SIZED(choose)(&all, SPREAD_BITS);
  size_t buckets = p.digit.buckets;
  p.counts = penny_scratch(blocks * buckets * sizeof *p.counts);
  if (!p.counts) return false;
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
  penny_scratch_end(p.counts);
  return true;
}

static void SIZED(sort_range)(PENNY_CONTEXT, const SIZED(range) * r) {
  static const SIZED(order) as_it_is = {0, 0, 0};
  if (r->count <= FEW) {
    SIZED(sort_few)(r);
    return;
  }
  /* Without room for the counts it goes on alone: half sorted is too late to fail. */
  if (r->count > ALONE_MAX && SIZED(sort_spread)(PENNY_HERE, r, &as_it_is)) return;
  SIZED(survey) s = SIZED(look)(r->from, r->count, &as_it_is);
  if (s.is_sorted)
    SIZED(deliver)(r);
  else
    SIZED(sort_alone)(PENNY_HERE, r, &s);
}

static void SIZED(sort)(PENNY_CONTEXT, void *base, size_t count, SIZED(order) order) {
  KEY *keys = base;
  SIZED(range) r = {keys, NULL, count, true, &order};
  if (count > FEW) {
    r.to = count <= UINT32_MAX ? penny_scratch(count * sizeof *keys) : NULL;
    if (!r.to) penny_fail(PENNY_ENOMEM, "sort: no room for a second copy of the array");
    if (count > ALONE_MAX && SIZED(sort_spread)(PENNY_HERE, &r, &order)) {
      penny_scratch_end(r.to);
      return;
    }
  }
  for (size_t i = 0; i < count; i++) keys[i] = SIZED(to_key)(keys[i], &order);
  SIZED(sort_range)(PENNY_HERE, &r);
  if (r.to) penny_scratch_end(r.to);
}
