/*
 * sort.c: penny_sort, a stable parallel merge sort of elements of any size: both halves are sorted
 * in parallel into the other buffer and merged in parallel, the longer run cut in the middle and
 * the shorter where that element belongs (Cormen et al., Introduction to Algorithms, 3rd ed.,
 * 27.3). Work O(n log n), span O(log^3 n).
 */
#include "port.h"

enum { INSERTION_MAX = 12, PARALLEL_MIN = 2048 };

typedef struct order {
  penny_compare_fn compare;
  void *context;
  size_t bytes;
} order;

typedef unsigned char *run;

/* The two inner loops are compiled for elements of 4, 8 and any bytes: a constant size makes a copy
 * one load and one store. */
#define FOR_SIZE(f, bytes, ...) \
  ((bytes) == 4 ? f(4, __VA_ARGS__) : (bytes) == 8 ? f(8, __VA_ARGS__) : f((bytes), __VA_ARGS__))
#define INLINE static inline __attribute__((always_inline))

/* Elements of the sorted run that come before `key`; with `or_equal` also those that are equal to
 * it. */
static size_t rank(const unsigned char *sorted, size_t count, const unsigned char *key,
                   bool or_equal, const order *o) {
  size_t low = 0;
  while (count > 0) {
    size_t half = count / 2;
    int c = o->compare(sorted + (low + half) * o->bytes, key, o->context);
    if (c < 0 || (or_equal && c == 0)) {
      low += half + 1;
      count -= half + 1;
    } else {
      count = half;
    }
  }
  return low;
}

INLINE void merge_sized(size_t bytes, const unsigned char *a, size_t na, const unsigned char *b,
                        size_t nb, run to, const order *o) {
  while (na > 0 && nb > 0) {
    bool takes_b = o->compare(b, a, o->context) < 0; /* equal: the left one first, for stability */
    __builtin_memcpy(to, takes_b ? b : a, bytes);
    to += bytes;
    if (takes_b)
      b += bytes, nb--;
    else
      a += bytes, na--;
  }
  __builtin_memcpy(to, na ? a : b, (na + nb) * bytes);
}

static void merge_serial(const unsigned char *a, size_t na, const unsigned char *b, size_t nb,
                         run to, const order *o) {
  FOR_SIZE(merge_sized, o->bytes, a, na, b, nb, to, o);
}

PENNY_TASK(void, pn_sort_merge, (const unsigned char *, a), (size_t, na),
           (const unsigned char *, b), (size_t, nb), (unsigned char *, to), (const order *, o)) {
  if (na + nb <= PARALLEL_MIN) {
    merge_serial(a, na, b, nb, to, o);
    return;
  }
  size_t ma, mb;
  if (na >= nb) { /* equal ones of b come after a's middle */
    ma = na / 2;
    mb = rank(b, nb, a + ma * o->bytes, false, o);
  } else { /* equal ones of a come before b's middle */
    mb = nb / 2;
    ma = rank(a, na, b + mb * o->bytes, true, o);
  }
  PENNY_SPAWN(pn_sort_merge, a + ma * o->bytes, na - ma, b + mb * o->bytes, nb - mb,
              to + (ma + mb) * o->bytes, o);
  PENNY_CALL(pn_sort_merge, a, ma, b, mb, to, o);
  PENNY_SYNC(pn_sort_merge);
}

/* Insertion sort; `hole` has room for one element. */
INLINE void insert_sized(size_t bytes, run base, size_t count, run hole, const order *o) {
  for (size_t i = 1; i < count; i++) {
    run at = base + i * bytes;
    if (o->compare(at - bytes, at, o->context) <= 0) continue;
    __builtin_memcpy(hole, at, bytes);
    do {
      __builtin_memcpy(at, at - bytes, bytes);
      at -= bytes;
    } while (at != base && o->compare(at - bytes, hole, o->context) > 0);
    __builtin_memcpy(at, hole, bytes);
  }
}

static void sort_small(run base, size_t count, run hole, const order *o) {
  FOR_SIZE(insert_sized, o->bytes, base, count, hole, o);
}

/* Sorts `base`; the result ends in `other` when `into_other`, else in `base`. */
PENNY_TASK(void, pn_sort_runs, (unsigned char *, base), (unsigned char *, other), (size_t, count),
           (bool, into_other), (const order *, o)) {
  if (count <= INSERTION_MAX) {
    sort_small(base, count, other, o); /* the other buffer is free for the moving element */
    if (into_other) __builtin_memcpy(other, base, count * o->bytes);
    return;
  }
  size_t half = count / 2;
  size_t off = half * o->bytes;
  if (count > PARALLEL_MIN / 4) {
    PENNY_SPAWN(pn_sort_runs, base + off, other + off, count - half, !into_other, o);
    PENNY_CALL(pn_sort_runs, base, other, half, !into_other, o);
    PENNY_SYNC(pn_sort_runs);
  } else {
    PENNY_CALL(pn_sort_runs, base + off, other + off, count - half, !into_other, o);
    PENNY_CALL(pn_sort_runs, base, other, half, !into_other, o);
  }
  run from = into_other ? base : other;
  PENNY_CALL(pn_sort_merge, from, half, from + off, count - half, into_other ? other : base, o);
}

void pn_sort(PENNY_CONTEXT, void *base, size_t count, size_t bytes, penny_compare_fn compare,
             void *context) {
  if (count < 2 || bytes == 0) return;
  order o = {compare, context, bytes};
  unsigned char *other = count <= SIZE_MAX / bytes ? penny_scratch(count * bytes) : NULL;
  if (!other) penny_fail(PENNY_ENOMEM, "penny_sort: no room for a second copy of the array");
  PENNY_CALL(pn_sort_runs, base, other, count, false, &o);
  penny_scratch_end(other);
}
