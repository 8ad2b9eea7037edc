/* fib/queue.c: fib on the pool with one locked queue (queue/queue.h). */
#include "../queue/queue.h"
#include "../table.h"

typedef struct fib_task {
  queue_task task;
  int32_t n;
  int64_t result;
} fib_task;

static void run(queue_task *task) {
  fib_task *f = (fib_task *)task;
  f->result = bench_fib_queue(f->n);
}

int64_t bench_fib_queue(int32_t n) {
  if (n < 2) return n;
  int pending = 0;
  fib_task other = {.n = n - 1};
  queue_push(&other.task, run, &pending);
  int64_t a = bench_fib_queue(n - 2);
  queue_wait(&pending);
  return a + other.result;
}
