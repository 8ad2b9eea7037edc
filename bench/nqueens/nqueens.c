/*
 * nqueens.c: counts the placements of n queens, the classic way (a queen is compared with those
 * before it; bit masks would be faster, but are not what this benchmark's published figures
 * measure). A board is 4 bits a row in one 64-bit word, so that it travels in a task's arguments
 * and no memory is touched.
 */
#include "nqueens.h"

#include "../workloads.h"

PENNY_TASK(int64_t, bench_nqueens_place, (int32_t, size), (int32_t, row), (uint64_t, board)) {
  if (size - row <= NQUEENS_SERIAL_ROWS) return nqueens_place(size, row, board);
  int32_t spawned = 0;
  for (int32_t column = 0; column < size; column++) {
    if (!nqueens_is_free(board, row, column)) continue;
    PENNY_SPAWN(bench_nqueens_place, size, row + 1, board | (uint64_t)column << (4 * row));
    spawned++;
  }
  int64_t solutions = 0;
  while (spawned-- > 0) solutions += PENNY_SYNC(bench_nqueens_place);
  return solutions;
}

PENNY_TASK(int64_t, bench_nqueens, (int32_t, size)) {
  if (size < 1 || size > 16) penny_fail(PENNY_EINVAL, "nqueens: 1 to 16 queens");
  return PENNY_CALL(bench_nqueens_place, size, 0, 0);
}
PENNY_EXPORT(bench_nqueens)

PENNY_TASK(int64_t, bench_nqueens_serial, (int32_t, size)) {
  return nqueens_place(size, 0, 0);
}
PENNY_EXPORT(bench_nqueens_serial)
