/*
 * unit_kernels.c: sort, prefix sums, sums, minima and maxima of all eleven element types against
 * serial code that shares nothing with them, at sizes around every border and with values that are
 * hard: NaNs, both zeros, infinities, extremes, equal, sorted and reversed ones, far outliers.
 */
#include "kernels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

TEST_GLOBALS

enum { MANY = 100000, SMALL = 1000 };

static const size_t sizes[] = {0,  1,  2,    3,    4,     7,     8,     9,     23,    24,
                               25, 31, 1000, 5000, 16383, 16384, 16385, 32768, 32770, MANY};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

static const struct {
  uint8_t bytes;
  char letter; /* i, u or f */
} kinds[PN_KIND_COUNT] = {{1, 'i'}, {1, 'u'}, {1, 'u'}, {2, 'i'}, {2, 'u'}, {4, 'i'},
                          {4, 'u'}, {4, 'f'}, {8, 'f'}, {8, 'i'}, {8, 'u'}};

typedef union value {
  int64_t i;
  uint64_t u;
  double f;
} value;

static value get(const void *base, size_t at, uint32_t kind) {
#define GET(k, T)                                                   \
  case PN_OF_##k: {                                                 \
    T x = ((const T *)base)[at];                                    \
    if (kinds[kind].letter == 'f') return (value){.f = (double)x};  \
    if (kinds[kind].letter == 'i') return (value){.i = (int64_t)x}; \
    return (value){.u = (uint64_t)x};                               \
  }
  switch (kind) { PN_KINDS(GET) }
  return (value){0};
}

static void put(void *base, size_t at, uint32_t kind, uint64_t bits) {
  memcpy((char *)base + at * kinds[kind].bytes, &bits, kinds[kind].bytes); /* little endian */
}

/* The order of TypedArray.prototype.sort, as its specification says it. */
static int in_order(value a, value b, char letter) {
  if (letter == 'i') return (a.i > b.i) - (a.i < b.i);
  if (letter == 'u') return (a.u > b.u) - (a.u < b.u);
  if (a.f != a.f || b.f != b.f) return (a.f != a.f) - (b.f != b.f);
  if (a.f < b.f) return -1;
  if (a.f > b.f) return 1;
  return !!signbit(b.f) - !!signbit(a.f);
}

/* ---- hard values ---- */

enum { BITS, FEW_VALUES, RISING, FALLING, EQUAL, SPECIAL, OUTLIERS, FRACTIONS, PATTERNS };

static uint64_t float_bits(double x, uint32_t kind) {
  float f = (float)x;
  uint32_t single;
  uint64_t bits;
  memcpy(&single, &f, sizeof single);
  memcpy(&bits, &x, sizeof bits);
  return kinds[kind].bytes == 4 ? single : bits;
}

static uint64_t special(uint64_t *random, uint32_t kind) {
  uint32_t bits = kinds[kind].bytes * 8u;
  uint64_t sign = 1ull << (bits - 1);
  uint64_t infinity = bits == 32 ? 0x7F800000u : 0x7FF0000000000000u;
  const uint64_t values[] = {0,
                             sign,
                             1,
                             sign + 1,
                             sign - 1,
                             sign | (sign - 1),
                             infinity,
                             infinity | sign,
                             infinity + 1 + test_below(random, 99),
                             (infinity + 1) | sign,
                             infinity - 1};
  return values[test_below(random, kinds[kind].letter == 'f' ? 11 : 6)];
}

static uint64_t make_one(uint32_t pattern, size_t i, size_t count, uint64_t *random,
                         uint32_t kind) {
  bool is_float = kinds[kind].letter == 'f';
  double step = (double)i - (double)count / 2;
  switch (pattern) {
  case FEW_VALUES: return test_below(random, 3) * 0x4141414141414141u;
  case RISING: return is_float ? float_bits(step, kind) : i;
  case FALLING: return is_float ? float_bits(-step, kind) : 0 - (uint64_t)i;
  case EQUAL: return 0x7F7F7F7F7F7F7F7Fu;
  case SPECIAL: return special(random, kind);
  case OUTLIERS:
    if (test_below(random, 1000) == 0) return test_random(random);
    return is_float ? float_bits(1 + test_below(random, 1u << 20) * 1e-12, kind)
                    : test_below(random, 200);
  case FRACTIONS:
    return is_float ? float_bits((double)(test_random(random) >> 11) * 0x1p-53, kind)
                    : test_random(random) >> (8 * (i % 8));
  default: return test_random(random);
  }
}

static void fill(void *base, size_t count, uint32_t kind, uint32_t pattern, uint64_t *random) {
  for (size_t i = 0; i < count; i++) put(base, i, kind, make_one(pattern, i, count, random, kind));
}

/* The same for equal multisets; all NaNs are one value. */
static uint64_t hash_all(const void *base, size_t count, uint32_t kind) {
  uint64_t sum = 0;
  for (size_t i = 0; i < count; i++) {
    value v = get(base, i, kind);
    uint64_t x = kinds[kind].letter == 'f' && v.f != v.f ? 12345 : v.u;
    sum += test_random(&x);
  }
  return sum;
}

/* ---- sort ---- */

typedef struct ordered {
  value v;
  char letter;
} ordered;

static int compare(const void *a, const void *b) {
  return in_order(((const ordered *)a)->v, ((const ordered *)b)->v, ((const ordered *)a)->letter);
}

/* The whole answer by the library's sort. */
static void check_small(const void *before, const void *after, size_t count, uint32_t kind,
                        bool is_descending) {
  ordered want[SMALL];
  for (size_t i = 0; i < count; i++) want[i] = (ordered){get(before, i, kind), kinds[kind].letter};
  qsort(want, count, sizeof want[0], compare);
  for (size_t i = 0; i < count; i++) {
    value w = want[is_descending ? count - 1 - i : i].v, have = get(after, i, kind);
    bool is_nan = kinds[kind].letter == 'f' && w.f != w.f;
    CHECK(is_nan ? have.f != have.f : have.u == w.u);
  }
}

static void sort_one(PENNY_CONTEXT, unsigned char *base, size_t count, uint32_t kind,
                     uint32_t pattern, uint64_t *random) {
  static unsigned char before[SMALL * 8];
  bool is_descending = test_below(random, 2);
  size_t bytes = count * kinds[kind].bytes;
  fill(base, count, kind, pattern, random);
  base[bytes] = 0xA5;
  if (count <= SMALL) memcpy(before, base, bytes);
  uint64_t hash = hash_all(base, count, kind);
  PENNY_CALL(pn_sort_array, base, count, kind, is_descending);
  CHECK(hash_all(base, count, kind) == hash);
  CHECK_EQUAL(base[bytes], 0xA5);
  if (count <= SMALL) check_small(before, base, count, kind, is_descending);
  for (size_t i = 1; i < count; i++) {
    value a = get(base, i - 1, kind), b = get(base, i, kind);
    int c = in_order(a, b, kinds[kind].letter);
    CHECK(is_descending ? c >= 0 : c <= 0);
  }
}

static void sorts(PENNY_CONTEXT, uint64_t *random) {
  test_enter("sort");
  /* Not aligned to more than an element. */
  unsigned char *block = penny_alloc((MANY + 2) * 8);
  if (!CHECK(block != NULL)) return;
  for (uint32_t kind = 0; kind < PN_KIND_COUNT; kind++) {
    unsigned char *base = block + kinds[kind].bytes;
    for (int32_t s = 0; s < SIZES; s++) {
      uint32_t first = test_below(random, PATTERNS);
      uint32_t patterns = sizes[s] <= SMALL ? PATTERNS : 2;
      for (uint32_t p = 0; p < patterns; p++)
        sort_one(PENNY_HERE, base, sizes[s], kind, (first + p * 3) % PATTERNS, random);
    }
  }
  penny_free(block);
}

/* ---- sums ---- */

static void check_whole_sum(PENNY_CONTEXT, const void *base, size_t count, uint32_t kind) {
  __int128 want = 0;
  for (size_t i = 0; i < count; i++) {
    value v = get(base, i, kind);
    want += kinds[kind].letter == 'i' ? (__int128)v.i : (__int128)v.u;
  }
  pn_folded sum = pn_fold_array(PENNY_HERE, base, count, kind, PN_FOLD_SUM);
  CHECK((__int128)sum.high * ((__int128)1 << 32) + sum.low == want);
}

/* Multiples of 2^-20 whose sums are exact whatever their order. */
static void check_exact_sum(PENNY_CONTEXT, void *base, size_t count, uint32_t kind,
                            uint64_t *random) {
  int64_t want = 0;
  for (size_t i = 0; i < count; i++) {
    int64_t units = (int64_t)test_below(random, 1u << 24) - (1 << 23);
    put(base, i, kind, float_bits((double)units * 0x1p-20, kind));
    want += units;
  }
  pn_folded sum = pn_fold_array(PENNY_HERE, base, count, kind, PN_FOLD_SUM);
  CHECK(sum.real + sum.lost == (double)want * 0x1p-20);
}

static double sum_of(PENNY_CONTEXT, const double *from, size_t count) {
  pn_folded sum = pn_fold_array(PENNY_HERE, from, count, PN_OF_FLOAT64, PN_FOLD_SUM);
  double all = sum.real + sum.lost;
  return all == all ? all : sum.real;
}

static void check_real_sums(PENNY_CONTEXT, double *base) {
  double cancels[] = {1, 1e100, 1, -1e100};
  CHECK(sum_of(PENNY_HERE, cancels, 4) == 2);
  double large[] = {1, INFINITY, 2}, both[] = {INFINITY, 1, -INFINITY}, bad[] = {1, NAN};
  CHECK(sum_of(PENNY_HERE, large, 3) == INFINITY);
  CHECK(isnan(sum_of(PENNY_HERE, both, 3)));
  CHECK(isnan(sum_of(PENNY_HERE, bad, 2)));
  double over[] = {1e308, 1e308, 1e308};
  CHECK(sum_of(PENNY_HERE, over, 3) == INFINITY);
  CHECK(sum_of(PENNY_HERE, over, 0) == 0);
  /* A tenth is none in binary: adding so many of them plainly is off by 1e-8. */
  for (size_t i = 0; i < MANY; i++) base[i] = 0.1;
  CHECK(sum_of(PENNY_HERE, base, MANY) == 10000);
  /* The last bits are the same on every port and any number of workers. */
  uint64_t random = 42;
  for (size_t i = 0; i < MANY; i++) {
    int exponent = (int)test_below(&random, 100);
    base[i] = ldexp((double)(int64_t)test_random(&random), exponent);
  }
  double sum = sum_of(PENNY_HERE, base, MANY);
  int64_t bits;
  memcpy(&bits, &sum, sizeof bits);
  CHECK_EQUAL(bits, 5358963906590988073);
}

static void sums(PENNY_CONTEXT, uint64_t *random) {
  test_enter("sum");
  void *base = penny_alloc((MANY + 1) * 8);
  if (!CHECK(base != NULL)) return;
  for (uint32_t kind = 0; kind < PN_KIND_COUNT; kind++) {
    bool is_float = kinds[kind].letter == 'f';
    for (int32_t s = 0; s < SIZES; s++) {
      if (is_float) check_exact_sum(PENNY_HERE, base, sizes[s], kind, random);
      for (uint32_t p = 0; !is_float && p < 3; p++) {
        fill(base, sizes[s], kind, p == 0 ? BITS : p == 1 ? SPECIAL : EQUAL, random);
        check_whole_sum(PENNY_HERE, base, sizes[s], kind);
      }
    }
    /* Nothing but the greatest and the least. */
    for (uint32_t p = 0; !is_float && p < 2; p++) {
      for (size_t i = 0; i < MANY; i++)
        put(base, i, kind,
            (kinds[kind].letter == 'i' ? 1ull << (kinds[kind].bytes * 8 - 1) : 0) - p);
      check_whole_sum(PENNY_HERE, base, MANY, kind);
    }
  }
  check_real_sums(PENNY_HERE, base);
  penny_free(base);
}

/* ---- least and greatest ---- */

static void check_extremes(PENNY_CONTEXT, const void *base, size_t count, uint32_t kind) {
  char letter = kinds[kind].letter;
  value least = get(base, 0, kind), greatest = least;
  bool has_nan = letter == 'f' && least.f != least.f;
  for (size_t i = 1; i < count; i++) {
    value v = get(base, i, kind);
    if (in_order(v, least, letter) < 0) least = v;
    if (in_order(v, greatest, letter) > 0) greatest = v;
    has_nan = has_nan || (letter == 'f' && v.f != v.f);
  }
  pn_folded low = pn_fold_array(PENNY_HERE, base, count, kind, PN_FOLD_MIN);
  pn_folded high = pn_fold_array(PENNY_HERE, base, count, kind, PN_FOLD_MAX);
  if (has_nan) {
    CHECK(isnan(low.real));
    CHECK(isnan(high.real));
  } else {
    CHECK_EQUAL(low.low, least.i);
    CHECK_EQUAL(high.low, greatest.i);
  }
}

static void extremes(PENNY_CONTEXT, uint64_t *random) {
  test_enter("minimum and maximum");
  unsigned char *block = penny_alloc((MANY + 1) * 8);
  if (!CHECK(block != NULL)) return;
  for (uint32_t kind = 0; kind < PN_KIND_COUNT; kind++) {
    unsigned char *base = block + kinds[kind].bytes;
    for (int32_t s = 1; s < SIZES; s++) {
      for (uint32_t p = 0; p < PATTERNS; p++) {
        fill(base, sizes[s], kind, p, random);
        check_extremes(PENNY_HERE, base, sizes[s], kind);
        /* Without the NaNs, so that both zeros and the infinities decide. */
        for (size_t i = 0; p == SPECIAL && kinds[kind].letter == 'f' && i < sizes[s]; i++) {
          uint64_t minus = test_below(random, 2) ? 0x8000000080000000u : 0;
          if (isnan(get(base, i, kind).f)) put(base, i, kind, minus);
        }
        if (p == SPECIAL) check_extremes(PENNY_HERE, base, sizes[s], kind);
      }
    }
  }
  penny_free(block);
}

/* ---- prefix sums ---- */

static void check_scan(PENNY_CONTEXT, unsigned char *base, unsigned char *twin, size_t count,
                       uint32_t kind, bool is_exclusive) {
  uint32_t bytes = kinds[kind].bytes;
  memcpy(twin, base, count * bytes);
  base[count * bytes] = 0xA5;
  PENNY_CALL(pn_scan_array, base, count, kind, is_exclusive);
  CHECK_EQUAL(base[count * bytes], 0xA5);
  value sum = {0};
  uint64_t mask = bytes == 8 ? UINT64_MAX : (1ull << (8 * bytes)) - 1;
  for (size_t i = 0; i < count; i++) {
    value v = get(twin, i, kind), have = get(base, i, kind), next = sum;
    if (kinds[kind].letter == 'f')
      next.f += v.f;
    else
      next.u += v.u;
    if (kind == PN_OF_CLAMPED && next.u > 255) next.u = 255;
    value want = is_exclusive ? sum : next;
    if (kinds[kind].letter == 'f')
      CHECK(kinds[kind].bytes == 4 ? have.f == (double)(float)want.f : have.f == want.f);
    else
      CHECK((have.u & mask) == (want.u & mask));
    sum = next;
  }
}

static void check_real_scan(PENNY_CONTEXT, double *base) {
  double hard[] = {1, INFINITY, 2, -INFINITY, 3};
  PENNY_CALL(pn_scan_array, hard, 5, PN_OF_FLOAT64, false);
  CHECK(hard[0] == 1 && hard[1] == INFINITY && hard[2] == INFINITY);
  CHECK(isnan(hard[3]) && isnan(hard[4]));
  float single[] = {3e38f, 3e38f, -3e38f};
  PENNY_CALL(pn_scan_array, single, 3, PN_OF_FLOAT32, false);
  CHECK(single[0] == 3e38f && isinf(single[1]) && single[2] == 3e38f);
  /* Sums of what is not negative never fall, across blocks either, and the last is the sum. */
  uint64_t random = 7;
  for (size_t i = 0; i < MANY; i++)
    base[i] = i % 3 ? 0 : (double)(test_random(&random) >> 11) * 0x1p-53;
  double sum = sum_of(PENNY_HERE, base, MANY);
  PENNY_CALL(pn_scan_array, base, MANY, PN_OF_FLOAT64, false);
  for (size_t i = 1; i < MANY; i++) CHECK(base[i - 1] <= base[i]);
  CHECK(base[MANY - 1] == sum);
}

static void scans(PENNY_CONTEXT, uint64_t *random) {
  test_enter("scan");
  unsigned char *block = penny_alloc((MANY + 2) * 8), *twin = penny_alloc(MANY * 8);
  if (!CHECK(block && twin)) return;
  for (uint32_t kind = 0; kind < PN_KIND_COUNT; kind++) {
    unsigned char *base = block + kinds[kind].bytes;
    for (int32_t s = 0; s < SIZES; s++) {
      for (uint32_t p = 0; p < 4; p++) {
        fill(base, sizes[s], kind, p < 2 ? BITS : FEW_VALUES, random);
        for (size_t i = 0; i < sizes[s] && kinds[kind].letter == 'f'; i++)
          put(base, i, kind, float_bits((double)test_below(random, 1u << 24) * 0x1p-20, kind));
        /* Clamped: so that the border is far in for some. */
        for (size_t i = 0; i < sizes[s] && kind == PN_OF_CLAMPED && p > 1; i++)
          put(base, i, kind, test_below(random, (uint32_t)sizes[s]) < 100);
        check_scan(PENNY_HERE, base, twin, sizes[s], kind, p & 1);
      }
    }
  }
  check_real_scan(PENNY_HERE, (double *)(void *)block);
  penny_free(block);
  penny_free(twin);
}

TEST_TASK(unit_kernels) {
  uint64_t random = seed;
  for (int32_t i = 0; i < scale; i++) {
    sorts(PENNY_HERE, &random);
    sums(PENNY_HERE, &random);
    extremes(PENNY_HERE, &random);
    scans(PENNY_HERE, &random);
  }
  return test_failures();
}
TEST_PROGRAM(unit_kernels);
