/*
 * cilksort.c: merge sort of four parts with parallel merges (Akl and Santoro's split, DOI
 * 10.1109/TC.1987.5009475), after Cilk's example. The serial twin is the same sort with plain
 * merges, which measured faster here than a quicksort of the whole.
 */
#include "../workloads.h"

#include <string.h>

enum {
  SORT_LEAF = 2048,  /* sorted in place by quicksort; 8 KiB, so it stays in the first cache */
  MERGE_LEAF = 4096, /* merged by one loop */
  INSERTION = 16,
};

static void insertion_sort(int32_t *data, int32_t count) {
  for (int32_t i = 1; i < count; i++) {
    int32_t value = data[i];
    int32_t at = i;
    for (; at > 0 && data[at - 1] > value; at--) data[at] = data[at - 1];
    data[at] = value;
  }
}

static inline void order(int32_t *a, int32_t *b) {
  int32_t low = *a < *b ? *a : *b;
  *b = *a < *b ? *b : *a;
  *a = low;
}

/* Quicksort with Lomuto's partition in its form without branches: a mispredicted one costs more
 * than three moves. */
static void quick_sort(int32_t *data, int32_t count) {
  while (count > INSERTION) {
    int32_t *middle = data + count / 2, *last = data + count - 1;
    order(data, middle);
    order(middle, last);
    order(data, middle);
    int32_t pivot = *middle;
    *middle = *last;
    *last = pivot;
    int32_t less = 0;
    for (int32_t i = 0; i < count - 1; i++) {
      int32_t value = data[i];
      data[i] = data[less];
      data[less] = value;
      less += value < pivot;
    }
    *last = data[less];
    data[less] = pivot;
    /* Elements equal to the pivot follow it without a swap, so that equal keys cost linear time. */
    int32_t more = less + 1;
    while (more < count && data[more] == pivot) more++;
    if (less < count - more) {
      quick_sort(data, less);
      data += more;
      count -= more;
    } else {
      quick_sort(data + more, count - more);
      count = less;
    }
  }
  insertion_sort(data, count);
}

static void merge(const int32_t *a, int32_t a_count, const int32_t *b, int32_t b_count,
                  int32_t *out) {
  const int32_t *a_end = a + a_count, *b_end = b + b_count;
  while (a < a_end && b < b_end) {
    int32_t x = *a, y = *b;
    int takes_b = y < x;
    *out++ = takes_b ? y : x;
    a += !takes_b;
    b += takes_b;
  }
  memcpy(out, a, (size_t)(a_end - a) * sizeof *a);
  memcpy(out + (a_end - a), b, (size_t)(b_end - b) * sizeof *b);
}

/* Number of elements of sorted data[0..count-1] below `value`. */
static int32_t count_below(const int32_t *data, int32_t count, int32_t value) {
  int32_t low = 0;
  while (count > 0) {
    int32_t half = count / 2;
    if (data[low + half] < value) {
      low += half + 1;
      count -= half + 1;
    } else {
      count = half;
    }
  }
  return low;
}

static void sort(int32_t *data, int32_t *scratch, int32_t count) {
  if (count <= SORT_LEAF) {
    quick_sort(data, count);
    return;
  }
  int32_t part = count / 4;
  for (int32_t i = 0; i < 3; i++) sort(data + i * part, scratch + i * part, part);
  sort(data + 3 * part, scratch + 3 * part, count - 3 * part);
  merge(data, part, data + part, part, scratch);
  merge(data + 2 * part, part, data + 3 * part, count - 3 * part, scratch + 2 * part);
  merge(scratch, 2 * part, scratch + 2 * part, count - 2 * part, data);
}

PENNY_TASK(void, bench_cilksort_merge, (const int32_t *, a), (int32_t, a_count),
           (const int32_t *, b), (int32_t, b_count), (int32_t *, out)) {
  if (a_count + b_count <= MERGE_LEAF) {
    merge(a, a_count, b, b_count, out);
    return;
  }
  /* The middle of the longer run splits both: all on its left is at most it, all on its right at
   * least. */
  if (a_count < b_count) {
    const int32_t *run = a;
    int32_t run_count = a_count;
    a = b;
    a_count = b_count;
    b = run;
    b_count = run_count;
  }
  int32_t a_left = a_count / 2;
  int32_t b_left = count_below(b, b_count, a[a_left]);
  PENNY_SPAWN(bench_cilksort_merge, a + a_left, a_count - a_left, b + b_left, b_count - b_left,
              out + a_left + b_left);
  PENNY_CALL(bench_cilksort_merge, a, a_left, b, b_left, out);
  PENNY_SYNC(bench_cilksort_merge);
}

PENNY_TASK(void, bench_cilksort_part, (int32_t *, data), (int32_t *, scratch), (int32_t, count)) {
  if (count <= SORT_LEAF) {
    quick_sort(data, count);
    return;
  }
  int32_t part = count / 4;
  for (int32_t i = 3; i > 0; i--)
    PENNY_SPAWN(bench_cilksort_part, data + i * part, scratch + i * part,
                i == 3 ? count - 3 * part : part);
  PENNY_CALL(bench_cilksort_part, data, scratch, part);
  for (int32_t i = 0; i < 3; i++) PENNY_SYNC(bench_cilksort_part);
  PENNY_SPAWN(bench_cilksort_merge, data + 2 * part, part, data + 3 * part, count - 3 * part,
              scratch + 2 * part);
  PENNY_CALL(bench_cilksort_merge, data, part, data + part, part, scratch);
  PENNY_SYNC(bench_cilksort_merge);
  PENNY_CALL(bench_cilksort_merge, scratch, 2 * part, scratch + 2 * part, count - 2 * part, data);
}

PENNY_TASK(int64_t, bench_cilksort, (int32_t *, data), (int32_t *, scratch), (int32_t, count)) {
  PENNY_CALL(bench_cilksort_part, data, scratch, count);
  return 0;
}
PENNY_EXPORT(bench_cilksort)

PENNY_TASK(int64_t, bench_cilksort_serial, (int32_t *, data), (int32_t *, scratch),
           (int32_t, count)) {
  sort(data, scratch, count);
  return 0;
}
PENNY_EXPORT(bench_cilksort_serial)

/* A sum over a hash of each element: equal for every order of the same elements, and hardly for
 * others. */
static int64_t checksum(const int32_t *data, int32_t count) {
  uint64_t sum = 0;
  for (int32_t i = 0; i < count; i++) {
    uint64_t x = (uint32_t)data[i] * 0x9E3779B97F4A7C15u;
    sum += x ^ x >> 29;
  }
  return (int64_t)(sum >> 1);
}

PENNY_TASK(int64_t, bench_cilksort_fill, (int32_t *, data), (int32_t, count), (int32_t, seed)) {
  uint64_t random = (uint64_t)(uint32_t)seed;
  for (int32_t i = 0; i < count; i++) data[i] = (int32_t)bench_random(&random);
  return checksum(data, count);
}
PENNY_EXPORT(bench_cilksort_fill)

PENNY_TASK(int64_t, bench_cilksort_check, (const int32_t *, data), (int32_t, count)) {
  for (int32_t i = 1; i < count; i++)
    if (data[i - 1] > data[i]) return -1;
  return checksum(data, count);
}
PENNY_EXPORT(bench_cilksort_check)
