/* matmul/queue.c: matmul on the pool with one locked queue (queue/queue.h). */
#include "matmul.h"

#include "../queue/queue.h"
#include "../table.h"

typedef struct block_task {
  queue_task task;
  double *c;
  const double *a, *b;
  int32_t n;
  int how;
} block_task;

static void multiply(double *c, const double *a, const double *b, int32_t n, int how);

static void run(queue_task *task) {
  block_task *t = (block_task *)task;
  multiply(t->c, t->a, t->b, t->n, t->how);
}

static void multiply(double *c, const double *a, const double *b, int32_t n, int how) {
  if (n == MATRIX_TILE) {
    matrix_multiply(c, a, b, n, how);
    return;
  }
  for (int k = 0; k < 2; k++) {
    block_task tasks[4];
    int pending = 0;
    for (int q = 0; q < 4; q++) {
      tasks[q] = (block_task){.c = matrix_quadrant(c, n, q),
                              .a = matrix_quadrant(a, n, (q & 2) + k),
                              .b = matrix_quadrant(b, n, 2 * k + (q & 1)),
                              .n = n / 2,
                              .how = how ? how : k};
      if (q > 0) queue_push(&tasks[q].task, run, &pending);
    }
    run(&tasks[0].task);
    queue_wait(&pending);
  }
}

int64_t bench_matmul_queue(double *c, const double *a, const double *b, int32_t n) {
  multiply(c, a, b, n, MATRIX_SET);
  return 0;
}
