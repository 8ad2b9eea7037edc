/* treesum/queue.c: treesum on the pool with one locked queue (queue/queue.h). */
#include "../queue/queue.h"
#include "../table.h"

typedef struct sum_task {
  queue_task task;
  const bench_tree *node;
  int64_t result;
} sum_task;

static int64_t sum_of(const bench_tree *node);

static void run(queue_task *task) {
  sum_task *s = (sum_task *)task;
  s->result = sum_of(s->node);
}

static int64_t sum_of(const bench_tree *node) {
  int64_t sum = node->value;
  if (!node->left) return node->right ? sum + node->right->value : sum;
  int pending = 0;
  sum_task right = {.node = node->right};
  queue_push(&right.task, run, &pending);
  sum += sum_of(node->left);
  queue_wait(&pending);
  return sum + right.result;
}

int64_t bench_treesum_queue(const bench_tree *root, int32_t repeats) {
  int64_t sum = 0;
  for (int32_t i = 0; i < repeats; i++) sum += sum_of(root);
  return sum;
}
