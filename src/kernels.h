/*
 * kernels.h: sort, prefix sums, sum, minimum and maximum of arrays of JavaScript's element types, in
 * parallel: what pool.sort, scan, sum, min and max of the page call (js-glue/arrays.js). Not part of
 * the core: penny_add_module links it unless told NO_KERNELS, native programs when they use it.
 *
 * All are called inside a task. None depends on the number of workers, float results included.
 */
#ifndef PENNY_KERNELS_H
#define PENNY_KERNELS_H

#include "penny.h"

/* X(kind, C type): the element types in the order of js-glue/memory.js: arrayTypes. */
#define PN_KINDS(X)   \
  X(INT8, int8_t)     \
  X(UINT8, uint8_t)   \
  X(CLAMPED, uint8_t) \
  X(INT16, int16_t)   \
  X(UINT16, uint16_t) \
  X(INT32, int32_t)   \
  X(UINT32, uint32_t) \
  X(FLOAT32, float)   \
  X(FLOAT64, double)  \
  X(INT64, int64_t)   \
  X(UINT64, uint64_t)

#define PN_KIND_ENUM(kind, T) PN_OF_##kind,
enum pn_kind { PN_KINDS(PN_KIND_ENUM) PN_KIND_COUNT };
#undef PN_KIND_ENUM

enum pn_fold { PN_FOLD_SUM, PN_FOLD_MIN, PN_FOLD_MAX };

/* What a fold gives, in the first or in both words:
 * sum of floats: real, then what was lost in rounding it; the result is real + lost, or real where
 * that is no number. Sum of integers, exact: high * 2^32 + low. Minimum and maximum: real, or low in
 * the type's own bits (the 64 of an uint64_t). */
typedef struct pn_folded {
  union {
    double real;
    int64_t low;
  };
  union {
    double lost;
    int64_t high;
  };
} pn_folded;

/* Sorts as TypedArray.prototype.sort: -0 before +0, NaN last (its sign is not kept); descending is
 * the exact reverse. Needs as much memory again for elements of 4 and 8 bytes: fails the task with
 * PENNY_ENOMEM, the array unchanged, when there is none. O(n) for a fixed element size. */
PENNY_DECLARE(void, pn_sort_array, (void *, base), (size_t, count), (uint32_t, kind),
              (bool, descending));

/* Prefix sums in place. Integers wrap, CLAMPED stays at 255; floats are summed with compensation and
 * rounded once. */
PENNY_DECLARE(void, pn_scan_array, (void *, base), (size_t, count), (uint32_t, kind),
              (bool, exclusive));

/* Folds the array, which is not empty but for a sum; `fold` is one of enum pn_fold. The minimum and
 * the maximum are NaN when an element is; -0 < +0. */
pn_folded pn_fold_array(PENNY_CONTEXT, const void *base, size_t count, uint32_t kind,
                        uint32_t fold);

#endif
