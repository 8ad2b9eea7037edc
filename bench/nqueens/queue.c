/* nqueens/queue.c: nqueens on the pool with one locked queue (queue/queue.h). */
#include "nqueens.h"

#include "../queue/queue.h"
#include "../table.h"

typedef struct place_task {
  queue_task task;
  int32_t size, row;
  uint64_t board;
  int64_t result;
} place_task;

static int64_t place(int32_t size, int32_t row, uint64_t board);

static void run(queue_task *task) {
  place_task *p = (place_task *)task;
  p->result = place(p->size, p->row, p->board);
}

static int64_t place(int32_t size, int32_t row, uint64_t board) {
  if (size - row <= NQUEENS_SERIAL_ROWS) return nqueens_place(size, row, board);
  place_task children[16];
  int pending = 0, spawned = 0;
  for (int32_t column = 0; column < size; column++) {
    if (!nqueens_is_free(board, row, column)) continue;
    place_task *child = &children[spawned++];
    *child =
        (place_task){.size = size, .row = row + 1, .board = board | (uint64_t)column << (4 * row)};
    queue_push(&child->task, run, &pending);
  }
  queue_wait(&pending);
  int64_t solutions = 0;
  while (spawned > 0) solutions += children[--spawned].result;
  return solutions;
}

int64_t bench_nqueens_queue(int32_t size) {
  return place(size, 0, 0);
}
