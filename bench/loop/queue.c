/* loop/queue.c: loop on the pool with one locked queue (queue/queue.h), cut into four equal parts
 * for each thread, as one does by hand. */
#include "../queue/queue.h"
#include "../table.h"

enum { PARTS_EACH = 4, MAX_PARTS = PARTS_EACH * 256 };

typedef struct part_task {
  queue_task task;
  const bench_loop_part *loop;
  int64_t begin, end;
} part_task;

static void run(queue_task *task) {
  part_task *p = (part_task *)task;
  bench_loop_run(p->loop, p->begin, p->end);
}

int64_t bench_loop_queue(uint32_t *out, int32_t count, int32_t kind, int32_t repeats) {
  static part_task parts[MAX_PARTS];
  const bench_loop_part loop = {out, count, kind};
  int wanted = queue_workers() * PARTS_EACH;
  if (wanted > count) wanted = count;
  for (int32_t i = 0; i < repeats; i++) {
    int pending = 0;
    for (int part = 0; part < wanted; part++) {
      parts[part].loop = &loop;
      parts[part].begin = (int64_t)count * part / wanted;
      parts[part].end = (int64_t)count * (part + 1) / wanted;
      queue_push(&parts[part].task, run, &pending);
    }
    queue_wait(&pending);
  }
  return 0;
}
