/*
 * kernels.c: pool.sum, min, max and scan: folds and prefix sums over typed arrays, in blocks of a
 * fixed size that are combined in a fixed order, so that results depend on the array alone.
 *
 * Integer sums are exact: narrow elements in 64 bits, those of 64 bits as two sums, of their high
 * and low halves. Float sums are compensated (Neumaier 1974, doi:10.1002/zamm.19740540106, with the
 * branch-free two-sum of Knuth), which costs nothing where memory is the limit; the two words of a
 * sum are kept apart until the end. The loops are plain C that compilers turn into SIMD, but for
 * floats, whose order of additions they may not change: those have lanes of their own, two doubles
 * each, which are the same with and without SIMD.
 */
#include "kernels.h"

#include <math.h>

enum { BLOCK = 16384 }; /* elements; at most 32768, for the 32 bit sums of 16 bit elements */

typedef double two __attribute__((vector_size(16)));
typedef float two_floats __attribute__((vector_size(8)));
enum { CHAINS = 4, STEP = 2 * CHAINS };

/* What rounding loses in a + b = sum. */
#define LOST(a, b, sum) (((a) - ((sum) - ((sum) - (a)))) + ((b) - ((sum) - (a))))

/* ---- sums of a block ---- */

static void add_folded(pn_folded *left, const pn_folded *right) {
  double sum = left->real + right->real;
  left->lost += right->lost + LOST(left->real, right->real, sum);
  left->real = sum;
}

static inline void add_real(pn_folded *all, double x) {
  double sum = all->real + x;
  all->lost += LOST(all->real, x, sum);
  all->real = sum;
}

/* The value of a compensated sum; one that overflowed has no correction. */
static inline double folded_value(double sum, double lost) {
  double value = sum + lost;
  return value == value ? value : sum;
}

#define SUM_REALS(name, T, load)                                                   \
  static pn_folded name(const void *base, size_t count) {                          \
    const T *from = base;                                                          \
    two sums[CHAINS] = {{0}}, lost[CHAINS] = {{0}};                                \
    size_t i = 0;                                                                  \
    for (; i + STEP <= count; i += STEP) {                                         \
      for (size_t c = 0; c < CHAINS; c++) {                                        \
        two x = load(from + i + 2 * c);                                            \
        two sum = sums[c] + x;                                                     \
        lost[c] += LOST(sums[c], x, sum);                                          \
        sums[c] = sum;                                                             \
      }                                                                            \
    }                                                                              \
    pn_folded all = {{0}, {0}};                                                    \
    for (size_t c = 0; c < STEP; c++)                                              \
      add_folded(&all, &(pn_folded){{sums[c / 2][c % 2]}, {lost[c / 2][c % 2]}});  \
    for (; i < count; i++) add_folded(&all, &(pn_folded){{(double)from[i]}, {0}}); \
    return all;                                                                    \
  }

static inline two load_doubles(const double *from) {
  two x;
  __builtin_memcpy(&x, from, sizeof x);
  return x;
}
static inline two load_floats(const float *from) {
  two_floats x;
  __builtin_memcpy(&x, from, sizeof x);
  return __builtin_convertvector(x, two);
}
SUM_REALS(sum_doubles, double, load_doubles)
SUM_REALS(sum_floats, float, load_floats)

#define SUM_WHOLE(name, T, S)                             \
  static pn_folded name(const void *base, size_t count) { \
    const T *from = base;                                 \
    S sum = 0;                                            \
    for (size_t i = 0; i < count; i++) sum += (S)from[i]; \
    return (pn_folded){.low = (int64_t)sum, .high = 0};   \
  }
SUM_WHOLE(sum_int8, int8_t, int32_t)
SUM_WHOLE(sum_uint8, uint8_t, int32_t)
SUM_WHOLE(sum_int16, int16_t, int32_t)
SUM_WHOLE(sum_uint16, uint16_t, int32_t)
SUM_WHOLE(sum_int32, int32_t, int64_t)
SUM_WHOLE(sum_uint32, uint32_t, int64_t)

/* T is signed or not, and so is the shift. */
#define SUM_HALVES(name, T)                               \
  static pn_folded name(const void *base, size_t count) { \
    const T *from = base;                                 \
    int64_t high = 0, low = 0;                            \
    for (size_t i = 0; i < count; i++) {                  \
      high += (int64_t)(from[i] >> 32);                   \
      low += (int64_t)((uint64_t)from[i] & UINT32_MAX);   \
    }                                                     \
    return (pn_folded){.low = low, .high = high};         \
  }
SUM_HALVES(sum_int64, int64_t)
SUM_HALVES(sum_uint64, uint64_t)

/* ---- least and greatest of a block ---- */

/* Of floats: as signed keys in their order, where -0 < +0 and NaNs are outside of the infinities. Of
 * uint64_t: its bits. */
typedef struct extremes {
  int64_t least, greatest;
} extremes;

#define AS_IT_IS(x)  (x)
#define KEY_32(bits) ((bits) ^ (((bits) >> 31) & INT32_MAX))
#define KEY_64(bits) ((bits) ^ (((bits) >> 63) & INT64_MAX))

#define EXTREMES(name, T, KEY)                                    \
  static void name(const void *base, size_t count, extremes *e) { \
    const T *from = base;                                         \
    T least = (T)e->least, greatest = (T)e->greatest;             \
    for (size_t i = 0; i < count; i++) {                          \
      T key = KEY(from[i]);                                       \
      least = key < least ? key : least;                          \
      greatest = key > greatest ? key : greatest;                 \
    }                                                             \
    *e = (extremes){(int64_t)least, (int64_t)greatest};           \
  }
EXTREMES(extremes_int8, int8_t, AS_IT_IS)
EXTREMES(extremes_uint8, uint8_t, AS_IT_IS)
EXTREMES(extremes_int16, int16_t, AS_IT_IS)
EXTREMES(extremes_uint16, uint16_t, AS_IT_IS)
EXTREMES(extremes_int32, int32_t, AS_IT_IS)
EXTREMES(extremes_uint32, uint32_t, AS_IT_IS)
EXTREMES(extremes_int64, int64_t, AS_IT_IS)
EXTREMES(extremes_uint64, uint64_t, AS_IT_IS)
EXTREMES(extremes_float32, int32_t, KEY_32)
EXTREMES(extremes_float64, int64_t, KEY_64)

/* ---- prefix sums of a block ---- */

#define SCAN(name, T, S, START, ADD, VALUE)                                                \
  static void name(void *base, size_t count, const pn_folded *before, bool is_exclusive) { \
    T *at = base;                                                                          \
    S sum = START(before);                                                                 \
    if (is_exclusive) {                                                                    \
      for (size_t i = 0; i < count; i++) {                                                 \
        T element = at[i];                                                                 \
        at[i] = (T)VALUE(sum);                                                             \
        ADD(sum, element);                                                                 \
      }                                                                                    \
    } else {                                                                               \
      for (size_t i = 0; i < count; i++) {                                                 \
        ADD(sum, at[i]);                                                                   \
        at[i] = (T)VALUE(sum);                                                             \
      }                                                                                    \
    }                                                                                      \
  }

/* Wraps: unsigned arithmetic of the element's size. */
#define WHOLE_START(before)     (((uint64_t)(before)->high << 32) + (uint64_t)(before)->low)
#define WHOLE_ADD(sum, element) ((sum) += (element))
SCAN(scan_8, uint8_t, uint8_t, (uint8_t)WHOLE_START, WHOLE_ADD, AS_IT_IS)
SCAN(scan_16, uint16_t, uint16_t, (uint16_t)WHOLE_START, WHOLE_ADD, AS_IT_IS)
SCAN(scan_32, uint32_t, uint32_t, (uint32_t)WHOLE_START, WHOLE_ADD, AS_IT_IS)
SCAN(scan_64, uint64_t, uint64_t, WHOLE_START, WHOLE_ADD, AS_IT_IS)
/* Stays at 255. */
#define CLAMP(sum)              ((sum) < UINT8_MAX ? (sum) : UINT8_MAX)
#define CLAMP_START(before)     (uint32_t) CLAMP((before)->low)
#define CLAMP_ADD(sum, element) ((sum) = CLAMP((sum) + (element)))
SCAN(scan_clamped, uint8_t, uint32_t, CLAMP_START, CLAMP_ADD, AS_IT_IS)
/* Compensated. */
#define REAL_START(before)     *(before)
#define REAL_ADD(all, element) add_real(&(all), (double)(element))
#define REAL_VALUE(all)        folded_value((all).real, (all).lost)
SCAN(scan_floats, float, pn_folded, REAL_START, REAL_ADD, REAL_VALUE)
SCAN(scan_doubles, double, pn_folded, REAL_START, REAL_ADD, REAL_VALUE)

/* ---- the kinds ---- */

static const struct kind {
  uint32_t bytes;
  bool is_real;
  pn_folded (*sum)(const void *base, size_t count);
  void (*extremes)(const void *base, size_t count, extremes *e);
  void (*scan)(void *base, size_t count, const pn_folded *before, bool is_exclusive);
  extremes start; /* of a search for the extremes */
} kinds[] = {
    [PN_OF_INT8] = {1, false, sum_int8, extremes_int8, scan_8, {INT8_MAX, INT8_MIN}},
    [PN_OF_UINT8] = {1, false, sum_uint8, extremes_uint8, scan_8, {UINT8_MAX, 0}},
    [PN_OF_CLAMPED] = {1, false, sum_uint8, extremes_uint8, scan_clamped, {UINT8_MAX, 0}},
    [PN_OF_INT16] = {2, false, sum_int16, extremes_int16, scan_16, {INT16_MAX, INT16_MIN}},
    [PN_OF_UINT16] = {2, false, sum_uint16, extremes_uint16, scan_16, {UINT16_MAX, 0}},
    [PN_OF_INT32] = {4, false, sum_int32, extremes_int32, scan_32, {INT32_MAX, INT32_MIN}},
    [PN_OF_UINT32] = {4, false, sum_uint32, extremes_uint32, scan_32, {UINT32_MAX, 0}},
    [PN_OF_FLOAT32] = {4, true, sum_floats, extremes_float32, scan_floats, {INT32_MAX, INT32_MIN}},
    [PN_OF_FLOAT64] =
        {8, true, sum_doubles, extremes_float64, scan_doubles, {INT64_MAX, INT64_MIN}},
    [PN_OF_INT64] = {8, false, sum_int64, extremes_int64, scan_64, {INT64_MAX, INT64_MIN}},
    [PN_OF_UINT64] = {8, false, sum_uint64, extremes_uint64, scan_64, {-1, 0}},
};
PN_ASSERT(sizeof kinds / sizeof kinds[0] == PN_KIND_COUNT, "a row for each kind");

static const struct kind *kind_of(uint32_t kind) {
  if (kind >= PN_KIND_COUNT) penny_fail(PENNY_EINVAL, "no such kind of elements");
  return &kinds[kind];
}

/* Adds the sum of a part that comes after. */
static void add_sum(const struct kind *kind, pn_folded *left, const pn_folded *right) {
  if (kind->is_real) {
    add_folded(left, right);
  } else {
    left->low += right->low;
    left->high += right->high;
  }
}

typedef struct blocks {
  const struct kind *kind;
  unsigned char *base;
  size_t count;
  bool is_exclusive;
  pn_folded *sums; /* of each block, then of all before it */
} blocks;

static size_t blocks_of(size_t count) {
  return count / BLOCK + (count % BLOCK != 0);
}
static void *block_at(const blocks *all, size_t b) {
  return all->base + b * BLOCK * all->kind->bytes;
}
static size_t block_count(const blocks *all, size_t b) {
  size_t left = all->count - b * BLOCK;
  return left < BLOCK ? left : BLOCK;
}

/* ---- folds ---- */

static void fold_sums(PENNY_CONTEXT, int64_t begin, int64_t end, void *accumulator, void *context) {
  (void)penny_w, (void)penny_head;
  const blocks *all = context;
  for (size_t b = (size_t)begin; b < (size_t)end; b++) {
    pn_folded sum = all->kind->sum(block_at(all, b), block_count(all, b));
    add_sum(all->kind, accumulator, &sum);
  }
}
static void combine_sums(void *left, const void *right, void *context) {
  add_sum(((const blocks *)context)->kind, left, right);
}

static void fold_extremes(PENNY_CONTEXT, int64_t begin, int64_t end, void *accumulator,
                          void *context) {
  (void)penny_w, (void)penny_head;
  const blocks *all = context;
  for (size_t b = (size_t)begin; b < (size_t)end; b++)
    all->kind->extremes(block_at(all, b), block_count(all, b), accumulator);
}
static void combine_extremes(void *left, const void *right, void *context) {
  const blocks *all = context;
  extremes *a = left;
  const extremes *b = right;
  bool is_unsigned = all->kind->start.least == -1; /* only those of 64 bits look at it */
  int64_t flip = is_unsigned ? INT64_MIN : 0;
  if ((b->least ^ flip) < (a->least ^ flip)) a->least = b->least;
  if ((b->greatest ^ flip) > (a->greatest ^ flip)) a->greatest = b->greatest;
}

/* The float of a key. */
static double real_of(int64_t key, bool is_single) {
  union {
    int64_t bits;
    double real;
  } d = {KEY_64(key)};
  union {
    int32_t bits;
    float real;
  } f = {KEY_32((int32_t)key)};
  return is_single ? (double)f.real : d.real;
}

static pn_folded extreme_of(const struct kind *kind, const extremes *e, bool is_max) {
  int64_t key = is_max ? e->greatest : e->least;
  if (!kind->is_real) return (pn_folded){.low = key};
  bool is_single = kind->bytes == 4;
  double least = real_of(e->least, is_single), greatest = real_of(e->greatest, is_single);
  /* A NaN is an extreme on the one or the other side. */
  if (least != least || greatest != greatest) return (pn_folded){.real = (double)NAN};
  return (pn_folded){.real = is_max ? greatest : least};
}

pn_folded pn_fold_array(PENNY_CONTEXT, const void *base, size_t count, uint32_t kind,
                        uint32_t fold) {
  blocks all = {.kind = kind_of(kind), .base = (unsigned char *)(uintptr_t)base, .count = count};
  int64_t end = (int64_t)blocks_of(count);
  if (fold == PN_FOLD_SUM) {
    pn_folded sum = {.low = 0, .high = 0}; /* and zeros as reals */
    penny_reduce(0, end, &sum, sizeof sum, fold_sums, combine_sums, &all);
    return sum;
  }
  extremes e = all.kind->start;
  penny_reduce(0, end, &e, sizeof e, fold_extremes, combine_extremes, &all);
  return extreme_of(all.kind, &e, fold == PN_FOLD_MAX);
}

/* ---- prefix sums ---- */

static void sum_blocks(PENNY_CONTEXT, int64_t begin, int64_t end, void *context) {
  (void)penny_w, (void)penny_head;
  const blocks *all = context;
  for (size_t b = (size_t)begin; b < (size_t)end; b++)
    all->sums[b] = all->kind->sum(block_at(all, b), block_count(all, b));
}
static void scan_blocks(PENNY_CONTEXT, int64_t begin, int64_t end, void *context) {
  (void)penny_w, (void)penny_head;
  const blocks *all = context;
  for (size_t b = (size_t)begin; b < (size_t)end; b++)
    all->kind->scan(block_at(all, b), block_count(all, b), &all->sums[b], all->is_exclusive);
}

PENNY_TASK(void, pn_scan_array, (void *, base), (size_t, count), (uint32_t, kind),
           (bool, exclusive)) {
  blocks all = {.kind = kind_of(kind), .base = base, .count = count, .is_exclusive = exclusive};
  size_t end = blocks_of(count);
  pn_folded before = {.low = 0, .high = 0};
  if (end <= 1) { /* the common small one needs no memory */
    all.kind->scan(base, count, &before, exclusive);
    return;
  }
  all.sums = penny_scratch(end * sizeof *all.sums);
  if (!all.sums) penny_fail(PENNY_ENOMEM, "scan: no room for the blocks' sums");
  penny_for(0, (int64_t)end, sum_blocks, &all);
  for (size_t b = 0; b < end; b++) {
    pn_folded sum = all.sums[b];
    all.sums[b] = before;
    add_sum(all.kind, &before, &sum);
  }
  penny_for(0, (int64_t)end, scan_blocks, &all);
  penny_scratch_end(all.sums);
}

/* ---- for the page ---- */

#if defined(__wasm__) && !defined(__EMSCRIPTEN__)
/* A task by hand: its result is the two words of a pn_folded, which the page reads from the root
 * before it gives that back (js-glue/arrays.js). */
static void run_fold(pn_worker *worker, pn_task *head, pn_task *task) {
  const uint64_t *arguments = (const uint64_t *)(const void *)task->payload;
  const void *base = (const void *)(uintptr_t)arguments[0];
  pn_folded folded = pn_fold_array(worker, head, base, (size_t)arguments[1], (uint32_t)arguments[2],
                                   (uint32_t)arguments[3]);
  *(pn_folded *)(void *)task->payload = folded;
}
static const pn_task_type fold_type = {run_fold, "fold", 4, PN_CODE(int64_t), {0}};

/* The type of the task that sorts (0), scans (1) or folds (2), for pn_web_call. */
__attribute__((export_name("pn_web_kernel"))) const pn_task_type *pn_web_kernel(uint32_t which) {
  return which == 0 ? &pn_sort_array_pn_type : which == 1 ? &pn_scan_array_pn_type : &fold_type;
}
#endif
