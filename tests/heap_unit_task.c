/*
 * heap_unit_task.c: heap_unit as a task, for web modules, whose programs have no main function. It
 * works on a region that it gets from the pool's own heap.
 */
#include "test.h"

int heap_unit_main(void);

TEST_GLOBALS

TEST_TASK(heap_unit) {
  (void)seed, (void)scale;
  /* Once is enough: it uses one thread. */
  return penny_workers() > 1 ? 0 : heap_unit_main();
}
TEST_PROGRAM(heap_unit);
