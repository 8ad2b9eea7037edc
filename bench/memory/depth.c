/*
 * depth.c: tasks spawned one in another, for memory against depth: at the deepest place it waits, so that the page
 * can read what is held.
 */
#include "../workloads.h"

PENNY_TASK(int32_t, bench_depth_leaf, (int32_t, depth)) {
  return depth & 1;
}

/* Returns how many levels are odd. */
PENNY_TASK(int64_t, bench_depth, (int32_t, depth), (double, wait_ms)) {
  if (depth == 0) {
    double end_ms = penny_now_ms() + wait_ms;
    while (penny_now_ms() < end_ms) {
    }
    return 0;
  }
  PENNY_SPAWN(bench_depth_leaf, depth);
  int64_t odd = PENNY_CALL(bench_depth, depth - 1, wait_ms);
  return odd + PENNY_SYNC(bench_depth_leaf);
}
PENNY_EXPORT(bench_depth)
