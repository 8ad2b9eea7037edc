/*
 * nqueens.h: the board, the test of a square and the serial search below the cutoff: shared by all
 * variants of nqueens.
 */
#ifndef BENCH_NQUEENS_H
#define BENCH_NQUEENS_H

#include <stdbool.h>
#include <stdint.h>

/* Rows that are left to plain calls: the work below such a node is some twenty nodes. */
enum { NQUEENS_SERIAL_ROWS = 4 };

/* Is column `column` of row `row` free of the queens in rows 0..row-1? Row 0 lies lowest and is
 * `row` rows away. */
static inline bool nqueens_is_free(uint64_t board, int32_t row, int32_t column) {
  for (int32_t distance = row; distance > 0; distance--) {
    int32_t other = (int32_t)(board & 15);
    board >>= 4;
    if (other == column || other - column == distance || column - other == distance) return false;
  }
  return true;
}

static inline int64_t nqueens_place(int32_t size, int32_t row, uint64_t board) {
  if (row == size) return 1;
  int64_t solutions = 0;
  for (int32_t column = 0; column < size; column++)
    if (nqueens_is_free(board, row, column))
      solutions += nqueens_place(size, row + 1, board | (uint64_t)column << (4 * row));
  return solutions;
}

#endif
