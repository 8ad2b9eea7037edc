/* uts/queue.c: uts on the pool with one locked queue (queue/queue.h). */
#include "uts.h"

#include "../queue/queue.h"
#include "../table.h"

#include <stdlib.h>

typedef struct child_task {
  queue_task task;
  const uts_visit *parent;
  int32_t index;
  int64_t result;
} child_task;

static int64_t count(const uts_visit *v);

static void run(queue_task *task) {
  child_task *c = (child_task *)task;
  uts_visit v;
  uts_visit_child(&v, c->parent, c->index);
  c->result = count(&v);
}

static int64_t count(const uts_visit *v) {
  enum { FEW = 8 };
  int32_t children = uts_children(v);
  if (children == 0) return 1;
  child_task few[FEW];
  child_task *tasks = children > FEW ? malloc((size_t)children * sizeof *tasks) : few;
  if (!tasks) abort();
  int pending = 0;
  for (int32_t i = children - 1; i >= 0; i--) {
    tasks[i] = (child_task){.parent = v, .index = i};
    if (i > 0) queue_push(&tasks[i].task, run, &pending);
  }
  run(&tasks[0].task);
  queue_wait(&pending);
  int64_t nodes = 1;
  for (int32_t i = 0; i < children; i++) nodes += tasks[i].result;
  if (tasks != few) free(tasks);
  return nodes;
}

int64_t bench_uts_queue(int32_t number) {
  const uts_tree t = uts_tree_of(number);
  uts_visit root;
  uts_visit_root(&root, &t);
  return count(&root);
}
