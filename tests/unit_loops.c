/*
 * unit_loops.c: penny_for, penny_reduce, penny_scan and penny_sort against serial code, at sizes
 * around every border; float results are the same on any number of workers; sort is stable; bodies
 * that spawn, nest, fail and are cancelled.
 */
#include <string.h>

#include "test.h"

TEST_GLOBALS

enum { MANY = 300000 };

static const int32_t sizes[] = {0,    1,    2,    3,    4,     5,     7,   8,   15,
                                16,   17,   31,   33,   100,   511,   512, 513, 1000,
                                1023, 1024, 1025, 4096, 10000, 65537, MANY};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

PENNY_TASK(int64_t, fib, (int32_t, n)) {
  if (n < 2) return n;
  PENNY_SPAWN(fib, n - 1);
  int64_t a = PENNY_CALL(fib, n - 2);
  return a + PENNY_SYNC(fib);
}

static int32_t *make(int64_t count, uint64_t *random, uint32_t bound) {
  int32_t *values = penny_alloc((size_t)(count ? count : 1) * sizeof *values);
  if (!CHECK(values != NULL)) penny_fail(PENNY_ENOMEM, "the test's array");
  for (int64_t i = 0; i < count; i++) values[i] = (int32_t)test_below(random, bound);
  return values;
}

/* ---- for ---- */

static void add_one(PENNY_CONTEXT, int64_t begin, int64_t end, void *context) {
  (void)penny_w, (void)penny_head;
  CHECK(begin < end);
  int32_t *values = context;
  for (int64_t i = begin; i < end; i++) values[i]++;
}

static void add_fib(PENNY_CONTEXT, int64_t begin, int64_t end, void *context) {
  int32_t *values = context;
  for (int64_t i = begin; i < end; i++) {
    PENNY_SPAWN(fib, (int32_t)(i % 8));
    values[i] += 1;
    values[i] += (int32_t)PENNY_SYNC(fib) * 2;
  }
}

static void add_rows(PENNY_CONTEXT, int64_t begin, int64_t end, void *context) {
  int32_t *values = context;
  for (int64_t row = begin; row < end; row++)
    penny_for(row * 100, row * 100 + 100, add_one, values);
}

/* Some parts cost a thousand times as much as others. */
static void skewed(PENNY_CONTEXT, int64_t begin, int64_t end, void *context) {
  (void)penny_w, (void)penny_head;
  int32_t *values = context;
  for (int64_t i = begin; i < end; i++) {
    volatile uint32_t x = 1;
    for (uint32_t k = 0; k < (i % 512 == 0 ? 20000u : 20u); k++) x = x * 3;
    values[i]++;
  }
}

/* Each calls what it is given. */
static void call(PENNY_CONTEXT, int64_t begin, int64_t end, void *context) {
  (void)penny_w, (void)penny_head;
  const uint32_t *turns = context;
  for (int64_t i = begin; i < end; i++) {
    volatile uint32_t x = 1;
    for (uint32_t k = 0; k < *turns; k++) x = x * 3;
  }
}

/* Cheap and dear loops with one body in turn: the dear ones are shared, too. */
static void take_turns(PENNY_CONTEXT) {
  test_enter("loops of one body that take turns");
  static uint32_t cheap = 1, dear = 500;
  uint64_t publishes = 0;
  /* Again where no worker was there to ask: it is about 5 for each dear loop, none when they run as one piece. */
  for (int32_t attempt = 0; attempt < 10 && publishes < 100; attempt++) {
    publishes = 0;
    for (int32_t round = 0; round < 100; round++) {
      penny_stats_t before, after;
      penny_for(0, 1000, call, &cheap);
      penny_stats(&before);
      penny_for(0, 1000, call, &dear);
      penny_stats(&after);
      publishes += after.publishes - before.publishes;
    }
    if (penny_workers() == 1) return;
  }
  CHECK(publishes >= 100);
}

static void loops(PENNY_CONTEXT, uint64_t *random) {
  test_enter("for");
  for (int32_t s = 0; s < SIZES; s++) {
    int32_t n = sizes[s];
    int32_t *values = make(n, random, 1000);
    int64_t before = 0, after = 0;
    for (int32_t i = 0; i < n; i++) before += values[i];
    for (int32_t round = 0; round < 3; round++) penny_for(0, n, add_one, values);
    for (int32_t i = 0; i < n; i++) after += values[i];
    CHECK_EQUAL(after, before + 3 * (int64_t)n);
    for (int32_t i = 0; i < n; i++) values[i] = 0;
    penny_for(n / 3, n - n / 4, add_one, values);
    for (int32_t i = 0; i < n; i++) CHECK(values[i] == (i >= n / 3 && i < n - n / 4));
    penny_free(values);
  }
  penny_for(5, 5, add_one, NULL);
  penny_for(5, -5, add_one, NULL);
  penny_for(-3, 0, add_one, (int32_t[8]){0} + 3);

  test_enter("for that spawns and nests");
  int32_t *values = make(10000, random, 1);
  penny_for(0, 10000, add_fib, values);
  static const int32_t fibs[] = {0, 1, 1, 2, 3, 5, 8, 13};
  for (int32_t i = 0; i < 10000; i++) CHECK_EQUAL(values[i], 1 + 2 * fibs[i % 8]);
  memset(values, 0, 10000 * sizeof *values);
  penny_for(0, 100, add_rows, values);
  penny_for(0, 10000, skewed, values);
  for (int32_t i = 0; i < 10000; i++) CHECK_EQUAL(values[i], 2);
  penny_free(values);
}

/* ---- reduce ---- */

static void sum_part(PENNY_CONTEXT, int64_t begin, int64_t end, void *accumulator, void *context) {
  (void)penny_w, (void)penny_head;
  const int32_t *values = context;
  for (int64_t i = begin; i < end; i++) *(int64_t *)accumulator += values[i];
}

static void sum_two(void *left, const void *right, void *context) {
  (void)context;
  *(int64_t *)left += *(const int64_t *)right;
}

static void float_part(PENNY_CONTEXT, int64_t begin, int64_t end, void *accumulator,
                       void *context) {
  (void)penny_w, (void)penny_head;
  const int32_t *values = context;
  for (int64_t i = begin; i < end; i++) *(float *)accumulator += 1.0f / (float)(values[i] + 1);
}

static void float_two(void *left, const void *right, void *context) {
  (void)context;
  *(float *)left += *(const float *)right;
}

/* A fold that is associative and not commutative: the order of the parts shows. */
typedef struct span {
  int64_t first, last, count;
  int64_t padding[20];
} span;

static void span_part(PENNY_CONTEXT, int64_t begin, int64_t end, void *accumulator, void *context) {
  (void)penny_w, (void)penny_head, (void)context;
  span *s = accumulator;
  for (int64_t i = begin; i < end; i++) {
    if (s->count && s->last + 1 != i) CHECK_EQUAL(i, s->last + 1);
    if (!s->count) s->first = i;
    s->last = i;
    s->count++;
  }
}

static void span_two(void *left, const void *right, void *context) {
  (void)context;
  span *a = left;
  const span *b = right;
  if (!b->count) return;
  if (!a->count) {
    *a = *b;
    return;
  }
  CHECK_EQUAL(b->first, a->last + 1);
  a->last = b->last;
  a->count += b->count;
}

static void reductions(PENNY_CONTEXT, uint64_t *random) {
  test_enter("reduce");
  for (int32_t s = 0; s < SIZES; s++) {
    int32_t n = sizes[s];
    int32_t *values = make(n, random, 1u << 30);
    int64_t want = 0, have = 0;
    for (int32_t i = 0; i < n; i++) want += values[i];
    penny_reduce(0, n, &have, sizeof have, sum_part, sum_two, values);
    CHECK_EQUAL(have, want);
    span all = {0};
    penny_reduce(-7, (int64_t)n - 7, &all, sizeof all, span_part, span_two, NULL);
    CHECK_EQUAL(all.count, n);
    if (n) CHECK(all.first == -7 && all.last == n - 8);
    float one = 0, two = 0;
    penny_reduce(0, n, &one, sizeof one, float_part, float_two, values);
    penny_reduce(0, n, &two, sizeof two, float_part, float_two, values);
    CHECK(memcmp(&one, &two, sizeof one) == 0);
    penny_free(values);
  }
  /* The same input in every pool: the first one's result is kept and compared in the others. */
  static float kept;
  static bool is_kept;
  uint64_t fixed = 12345;
  int32_t *values = make(MANY, &fixed, 1u << 20);
  float sum = 0;
  penny_reduce(0, MANY, &sum, sizeof sum, float_part, float_two, values);
  if (!is_kept) kept = sum;
  is_kept = true;
  CHECK(memcmp(&kept, &sum, sizeof sum) == 0);
  penny_free(values);
}

/* ---- scan ---- */

/* 2 x 2 matrices modulo 2^32: associative, not commutative. */
typedef struct matrix {
  uint32_t a, b, c, d;
} matrix;

static void multiply(void *left, const void *right, void *context) {
  (void)context;
  matrix x = *(matrix *)left, y = *(const matrix *)right;
  *(matrix *)left = (matrix){x.a * y.a + x.b * y.c, x.a * y.b + x.b * y.d, x.c * y.a + x.d * y.c,
                             x.c * y.b + x.d * y.d};
}

static void scans(PENNY_CONTEXT, uint64_t *random) {
  test_enter("scan");
  const matrix identity = {1, 0, 0, 1};
  const int64_t zero = 0;
  for (int32_t s = 0; s < SIZES; s++) {
    for (int32_t exclusive = 0; exclusive < 2; exclusive++) {
      int32_t n = sizes[s];
      size_t count = (size_t)n;
      int64_t *sums = penny_alloc((count + 1) * sizeof *sums);
      int64_t *twin = penny_alloc((count + 1) * sizeof *twin);
      matrix *products = penny_alloc((count + 1) * sizeof *products);
      if (!CHECK(sums && twin && products)) return;
      for (int32_t i = 0; i < n; i++) {
        sums[i] = twin[i] = test_below(random, 1000);
        products[i] = (matrix){test_below(random, 9), test_below(random, 9), test_below(random, 9),
                               (uint32_t)i};
      }
      matrix running = identity;
      uint64_t hash = 0, want = 0;
      for (int32_t i = 0; i < n; i++) {
        matrix next = running;
        multiply(&next, &products[i], NULL);
        matrix shown = exclusive ? running : next;
        want = want * 31 + shown.a + shown.b * 3u + shown.c * 5u + shown.d * 7u;
        running = next;
      }
      penny_scan(products, count, sizeof *products, &identity, multiply, exclusive != 0, NULL);
      for (int32_t i = 0; i < n; i++)
        hash = hash * 31 + products[i].a + products[i].b * 3u + products[i].c * 5u +
               products[i].d * 7u;
      CHECK(hash == want);
      penny_scan(sums, count, sizeof *sums, &zero, sum_two, exclusive != 0, NULL);
      int64_t sum = 0;
      for (int32_t i = 0; i < n; i++) {
        if (!exclusive) sum += twin[i];
        CHECK_EQUAL(sums[i], sum);
        if (exclusive) sum += twin[i];
      }
      penny_free(sums);
      penny_free(twin);
      penny_free(products);
    }
  }
}

/* ---- sort ---- */

static int by_value(const void *a, const void *b, void *context) {
  if (context) __atomic_fetch_add((int64_t *)context, 1, __ATOMIC_RELAXED);
  int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
  return (x > y) - (x < y);
}

typedef struct record {
  int32_t key;
  uint8_t rest[8]; /* the position at the start, and something to move */
} record;

static int by_key(const void *a, const void *b, void *context) {
  (void)context;
  int32_t x = ((const record *)a)->key, y = ((const record *)b)->key;
  return (x > y) - (x < y);
}

static int by_byte(const void *a, const void *b, void *context) {
  (void)context;
  return *(const uint8_t *)a - *(const uint8_t *)b;
}

static void sorts(PENNY_CONTEXT, uint64_t *random) {
  test_enter("sort");
  for (int32_t s = 0; s < SIZES; s++) {
    for (int32_t pattern = 0; pattern < 5; pattern++) {
      int32_t n = sizes[s];
      if (pattern > 1 && n > 70000) continue;
      int32_t *values = make(n, random, pattern == 1 ? 4 : 1u << 30);
      int64_t sum = 0, after = 0;
      for (int32_t i = 0; i < n; i++) {
        if (pattern == 2) values[i] = i;
        if (pattern == 3) values[i] = -i;
        if (pattern == 4) values[i] = i % 2 ? i : -i;
        sum += (int64_t)values[i] * (values[i] % 1000);
      }
      penny_sort(values, (size_t)n, sizeof *values, by_value, NULL);
      for (int32_t i = 0; i < n; i++) after += (int64_t)values[i] * (values[i] % 1000);
      CHECK_EQUAL(after, sum);
      for (int32_t i = 1; i < n; i++) CHECK(values[i - 1] <= values[i]);
      penny_free(values);
    }
  }
  test_enter("stable sort");
  for (int32_t s = 0; s < SIZES; s++) {
    int32_t n = sizes[s] > 70000 ? 70000 : sizes[s];
    record *records = penny_alloc((size_t)(n + 1) * sizeof *records);
    if (!CHECK(records != NULL)) return;
    for (int32_t i = 0; i < n; i++) {
      records[i].key = (int32_t)test_below(random, 1 + (uint32_t)n / 20);
      memcpy(records[i].rest, &i, sizeof i);
      memcpy(records[i].rest + 4, &i, sizeof i);
    }
    penny_sort(records, (size_t)n, sizeof *records, by_key, NULL);
    for (int32_t i = 0; i < n; i++) {
      int32_t position, copy, last;
      memcpy(&position, records[i].rest, sizeof position);
      memcpy(&copy, records[i].rest + 4, sizeof copy);
      CHECK_EQUAL(copy, position);
      if (i == 0) continue;
      memcpy(&last, records[i - 1].rest, sizeof last);
      CHECK(records[i - 1].key < records[i].key ||
            (records[i - 1].key == records[i].key && last < position));
    }
    penny_free(records);
  }
  uint8_t bytes[3000];
  for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)test_below(random, 256);
  penny_sort(bytes, sizeof bytes, 1, by_byte, NULL);
  for (size_t i = 1; i < sizeof bytes; i++) CHECK(bytes[i - 1] <= bytes[i]);
  int64_t compared = 0;
  int32_t *values = make(10000, random, 1u << 30);
  penny_sort(values, 10000, sizeof *values, by_value, &compared);
  CHECK(compared >= 9999 && compared < 10000 * 20);
  penny_free(values);
}

/* ---- failing ---- */

static void bad_body(PENNY_CONTEXT, int64_t begin, int64_t end, void *context) {
  (void)penny_w, (void)penny_head, (void)context;
  /* Some microseconds each, for thieves. */
  for (volatile int64_t spent = (end - begin) * 1000; spent > 0;) spent = spent - 1;
  if (begin <= 5000 && 5000 < end) penny_fail(-31, "in a body");
}

static int bad_compare(const void *a, const void *b, void *context) {
  if (*(const int32_t *)a == 77) penny_fail(-32, "in a comparison");
  return by_value(a, b, context);
}

static void bad_part(PENNY_CONTEXT, int64_t begin, int64_t end, void *accumulator, void *context) {
  (void)penny_w, (void)penny_head, (void)context, (void)accumulator;
  if (begin <= 5000 && 5000 < end) penny_fail(-33, "in a fold");
}

static void bad_combine(void *left, const void *right, void *context) {
  (void)left, (void)context;
  if (*(const int64_t *)right == 5000) penny_fail(-34, "in a combination");
}

PENNY_TASK(void, fails_in, (int32_t, which), (int32_t *, values)) {
  int64_t sum = 0;
  if (which == 0) penny_for(0, 10000, bad_body, NULL);
  if (which == 1) penny_sort(values, 10000, sizeof *values, bad_compare, NULL);
  if (which == 2) penny_reduce(0, 10000, &sum, sizeof sum, bad_part, sum_two, NULL);
  if (which == 3) {
    int64_t cells[6000];
    for (int32_t i = 0; i < 6000; i++) cells[i] = i;
    penny_scan(cells, 6000, sizeof *cells, &sum, bad_combine, false, NULL);
  }
  CHECK_EQUAL(which, -1); /* it must not get here */
}

static void failures(PENNY_CONTEXT, uint64_t *random) {
  test_enter("loops that fail");
  int32_t *values = make(10000, random, 1000);
  values[4321] = 77;
  for (int32_t i = 0; i < 40; i++) {
    penny_future *future = PENNY_DETACH(NULL, fails_in, i % 4, values);
    if (!CHECK(future != NULL)) break;
    CHECK_EQUAL(penny_future_wait(future), -31 - i % 4);
    /* Not the loop's own task, stolen or not. */
    CHECK(strcmp(future->failed_name, "fails_in") == 0);
    penny_future_free(future);
  }
  penny_free(values);
}

/* ---- as wide as the types ---- */

static void add_width(PENNY_CONTEXT, int64_t begin, int64_t end, void *context) {
  (void)penny_w, (void)penny_head;
  CHECK(begin < end);
  __atomic_fetch_add((uint64_t *)context, (uint64_t)end - (uint64_t)begin, __ATOMIC_RELAXED);
}

static void add_part_width(PENNY_CONTEXT, int64_t begin, int64_t end, void *accumulator,
                           void *context) {
  (void)context;
  add_width(PENNY_HERE, begin, end, accumulator);
}

static void sum_widths(void *left, const void *right, void *context) {
  (void)context;
  *(uint64_t *)left += *(const uint64_t *)right;
}

/* More elements than memory has: refused before the first is touched. */
PENNY_TASK(void, too_many, (bool, sorts), (size_t, count), (int32_t *, pair)) {
  const int32_t zero = 0;
  if (sorts)
    penny_sort(pair, count, sizeof *pair, by_value, NULL);
  else
    penny_scan(pair, count, sizeof *pair, &zero, bad_combine, false, NULL);
}

static void widths(PENNY_CONTEXT) {
  test_enter("ranges and counts at the ends of their types");
  const int64_t ends[] = {INT64_MIN, INT64_MIN + 1, -INT64_MAX / 2 - 2, -1,
                          0,         INT64_MAX / 2, INT64_MAX};
  const size_t n = sizeof ends / sizeof ends[0];
  for (size_t i = 0; i < n; i++) {
    for (size_t j = 0; j < n; j++) {
      uint64_t want = i < j ? (uint64_t)ends[j] - (uint64_t)ends[i] : 0;
      uint64_t width = 0;
      penny_for(ends[i], ends[j], add_width, &width);
      CHECK_EQUAL(width, want);
      width = 0;
      penny_reduce(ends[i], ends[j], &width, sizeof width, add_part_width, sum_widths, NULL);
      CHECK_EQUAL(width, want);
    }
  }
  const size_t counts[] = {SIZE_MAX, SIZE_MAX - 511, SIZE_MAX / 4 + 1, SIZE_MAX / 4 + 2};
  for (size_t i = 0; i < 8; i++) {
    int32_t pair[] = {2, 1};
    penny_future *future = PENNY_DETACH(NULL, too_many, i % 2, counts[i / 2], pair);
    if (!CHECK(future != NULL)) break;
    CHECK_EQUAL(penny_future_wait(future), i % 2 ? PENNY_ENOMEM : PENNY_EINVAL);
    CHECK(pair[0] == 2 && pair[1] == 1);
    penny_future_free(future);
  }
}

typedef struct {
  _Alignas(64) int64_t sum;
} line_t;

static void line_part(PENNY_CONTEXT, int64_t begin, int64_t end, void *accumulator, void *context) {
  (void)context;
  CHECK((uintptr_t)accumulator % 64 == 0);
  for (int64_t i = begin; i < end; i++) ((line_t *)accumulator)->sum += i;
}
static void line_two(void *left, const void *right, void *context) {
  (void)context;
  CHECK((uintptr_t)right % 64 == 0);
  ((line_t *)left)->sum += ((const line_t *)right)->sum;
}

static void alignment(PENNY_CONTEXT) {
  test_enter("accumulators of whole lines");
  line_t all = {0};
  penny_reduce(0, 100000, &all, sizeof all, line_part, line_two, NULL);
  CHECK(all.sum == 4999950000);
}

TEST_TASK(unit_loops) {
  uint64_t random = seed;
  for (int32_t i = 0; i < scale; i++) {
    loops(PENNY_HERE, &random);
    take_turns(PENNY_HERE);
    reductions(PENNY_HERE, &random);
    scans(PENNY_HERE, &random);
    sorts(PENNY_HERE, &random);
    failures(PENNY_HERE, &random);
    widths(PENNY_HERE);
    alignment(PENNY_HERE);
  }
  return test_failures();
}
TEST_PROGRAM(unit_loops);
